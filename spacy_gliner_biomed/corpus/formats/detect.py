"""Which format is this? By what a file holds, and by its name where that says nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import List, Optional, Tuple

from .conll import is_tag
from .lines import head_of
from .naming import BESIDE, BY_SUFFIX, FORMATS, may_be_corpus

_PUBTATOR = re.compile(r"[^\t|]+\|[a-z]\|")
_LOOKED_AT = 50  # non-blank lines


def detect_format(path: Path) -> str:
    """Find out the format of a corpus.

    path (Path): a file, or a folder of files of one format.
    RETURNS (str): one of `FORMATS`.
    RAISES (ValueError): where it cannot be told, or a folder holds several formats.
    RAISES (FileNotFoundError): where there is nothing.
    """
    path = Path(path)
    if path.is_dir():
        if any(path.glob("*.ann")) or any(path.glob("*.a1")):
            return "brat"
        formats = sorted({found for file in plain_files(path) if (found := _format_of_file(file)) is not None})
        if len(formats) == 1:
            return formats[0]
        holds = f"holds several formats ({', '.join(formats)})" if formats else "holds no corpus"
        raise ValueError(f"The folder '{path}' {holds}; name one file, or the format: {', '.join(FORMATS)}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no corpus at '{path}'; name a file, or a folder of files of one format.")
    found = _format_of_file(path)
    if found is None:
        raise ValueError(f"The format of '{path}' cannot be told; name it: {', '.join(FORMATS)}.")
    return found


def plain_files(folder: Path) -> List[Path]:
    """RETURNS (List[Path]): the files of a folder in the order of their names, without hidden ones and those of `BESIDE`."""
    files = (file for file in folder.iterdir() if not file.name.startswith(".") and not file.name.endswith(BESIDE))
    return sorted(file for file in files if file.is_file())


def files_of_format(folder: Path, format: str) -> Tuple[List[Path], List[Path]]:
    """RETURNS (tuple): the files of a folder that are of one format, and those whose format cannot be told though they may be
    corpora; both in the order of their names.
    """
    found = [(file, _format_of_file(file)) for file in plain_files(folder)]
    untold = [file for file, its_format in found if its_format is None and may_be_corpus(file)]
    return [file for file, its_format in found if its_format == format], untold


def _format_of_file(path: Path) -> Optional[str]:
    plain = path.name.removesuffix(".gz").lower()
    suffix = "." + plain.rpartition(".")[2]
    if suffix == ".spacy":
        return "docbin"
    if suffix == ".txt" and any(path.with_suffix(other).is_file() for other in (".ann", ".a1")):
        return "brat"
    if suffix in (".ann", ".a1"):
        return "brat"
    try:
        head = _head(path)
    except ValueError:  # a damaged gzip file: the reader of its suffix says so
        return BY_SUFFIX.get(suffix)
    return _by_content(head) or BY_SUFFIX.get(suffix)


def _head(path: Path) -> List[str]:
    """RETURNS (List[str]): the first lines that are not blank; the last may be cut off where it is the only one."""
    text = head_of(path)
    lines = text.split("\n")
    whole = lines[:-1] if len(lines) > 1 and lines[-1] else lines
    return [line.rstrip("\r") for line in whole if line.strip()][:_LOOKED_AT] or [line for line in lines if line.strip()]


def _by_content(head: List[str]) -> Optional[str]:
    if not head:
        return None
    first = head[0].lstrip()
    if first.startswith("<"):
        return "bioc" if re.search("<collection|<document|BioC", "".join(head)) else None
    if first.startswith("["):
        return "gliner_rows" if '"tokenized_text"' in "".join(head) or '"ner"' in "".join(head) else None
    if first.startswith("{"):
        return _by_object(head)
    if _PUBTATOR.match(first):
        return "pubtator"
    rows = [line.split() for line in head if not line.startswith(("-DOCSTART-", "#"))]
    # Most lines, as a line may lack its tag: the reader says which
    if 2 * sum(len(row) > 1 and is_tag(row[-1]) for row in rows) > len(rows):
        return "conll"
    return None


def _by_object(head: List[str]) -> Optional[str]:
    """A JSON object a line, or one object over many lines."""
    try:
        row = json.loads(head[0])
    except (ValueError, RecursionError):
        text = "".join(head)
        for key, found in (("tokenized_text", "gliner_rows"), ("documents", "bioc"), ("passages", "bioc")):
            if f'"{key}"' in text:
                return found
        return None
    if not isinstance(row, dict):
        return None
    if "tokenized_text" in row:
        return "gliner_rows"
    return "bioc" if "documents" in row or "passages" in row else "jsonl" if "text" in row else None

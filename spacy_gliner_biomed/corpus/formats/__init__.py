"""Annotated corpora in every format we read → `AnnotatedPassage`, one at a time, character offsets kept.

| format | what it is |
|---|---|
| `jsonl` | the uniform format: a JSON object a line, plain or gzipped |
| `brat` | BRAT standoff: a folder of `.txt` with `.ann` (or BioNLP's `.a1`) beside them, or one such file |
| `pubtator` | PubTator: `id|t|title`, `id|a|abstract`, mentions in columns separated by tabs |
| `bioc` | BioC, XML or JSON (a collection, or a document a line) |
| `conll` | a token a line, the tag last: IOB, IOB2, BILOU, BIOES |
| `gliner_rows` | GLiNER's training rows: `tokenized_text`, `ner`, `negatives`; a JSON list or JSON Lines |
| `docbin` | spaCy's `.spacy` |

A mention that does not fit its text is a problem with file and line: raised, or left out, listed and counted.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, Optional

from ..passage import AnnotatedPassage
from .detect import detect_format, files_of_format
from .jsonl import to_row, write_jsonl
from .naming import FORMATS, corpus_name
from .problems import Problem, Problems, RaisedProblems, choose_problems
from .renaming import read_label_map, rename_labels

__all__ = [
    "FORMATS",
    "Problem",
    "Problems",
    "corpus_name",
    "detect_format",
    "read",
    "read_label_map",
    "rename_labels",
    "to_row",
    "write_jsonl",
]


def read(
    path: Path,
    format: Optional[str] = None,
    on_problem: str = "raise",
    problems: Optional[Problems] = None,
    label_map: Optional[Mapping[str, Optional[str]]] = None,
) -> Iterator[AnnotatedPassage]:
    """Read an annotated corpus, one passage at a time.

    path (Path): a file, or a folder of files of one format, which are read in the order of their names.
    format (str): one of `FORMATS`; None finds it out with `detect_format`.
    on_problem (str): what becomes of a mention (or a passage) that does not fit: "raise" stops with file and line,
        "report" leaves it out and adds it to `problems`.
    problems (Problems): collects them under "report"; None counts them nowhere.
    label_map (Mapping[str, Optional[str]]): the file's own label → the one wanted; None as a value leaves the label's
        mentions out. Labels that it does not hold stay as they are.
    RETURNS (Iterator[AnnotatedPassage]): in file order. Mentions are sorted; those in pieces stay apart in
        `discontinuous` (see `corpus.discontinuous.resolve`).
    RAISES (ValueError, OSError): where `path` or `format` is none, at once; while reading, for a damaged file, and for
        problems under "raise".
    """
    path = Path(path)
    sink = choose_problems(on_problem, problems)
    chosen = detect_format(path) if format is None else format
    if chosen not in FORMATS:
        raise ValueError(f"There is no format {chosen!r}; those there are: {', '.join(FORMATS)}.")
    if not path.exists():
        raise FileNotFoundError(f"There is no corpus at '{path}'; name a file, or a folder of files of one format.")
    files = [path]
    if path.is_dir() and chosen != "brat":
        files, untold = files_of_format(path, chosen)
        if not files:
            raise ValueError(f"The folder '{path}' holds no file of the format {chosen}.")
        for file in untold:
            _tell(file, sink)
    return _passages(files, chosen, sink, label_map)


def _passages(
    files: List[Path], format: str, problems: Problems, label_map: Optional[Mapping[str, Optional[str]]]
) -> Iterator[AnnotatedPassage]:
    reader = _reader(format)
    for file in files:
        for passage in reader(file, problems):
            yield passage if label_map is None else rename_labels(passage, label_map)


def _tell(file: Path, problems: Problems) -> None:
    """Say that a file is left out; what merely lies beside a corpus is no reason to stop."""
    message = "the format of this file cannot be told, and it is left out; name it by itself, with its format, to have it read."
    if isinstance(problems, RaisedProblems):
        warnings.warn(f"{file}: {message}", UserWarning, stacklevel=3)
    else:
        problems.add(str(file), message)


def _reader(format: str) -> Callable[[Path, Problems], Iterator[AnnotatedPassage]]:
    module = import_module(f".{format}", __name__)
    return getattr(module, f"read_{format}")

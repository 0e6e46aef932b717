"""What the user wants annotated, as a stream of passages: a text, a file of text or of lines, JSON lines, or stdin."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Dict, Iterator, Optional, Sequence

STDIN = "-"
FORMATS = ("auto", "text", "lines", "jsonl")
JSONL_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
#: Endings of files, of those too that are not read here: no text ends like this.
FILE_SUFFIXES = (
    *JSONL_SUFFIXES,
    *(".txt", ".gz", ".zip", ".json", ".csv", ".tsv", ".xls", ".xlsx", ".xml", ".nxml", ".ann", ".spacy"),
    *(".htm", ".html", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".md", ".tex"),
)
PATH_STARTS = ("/", "./", "../", "~/")


@dataclass(frozen=True)
class Passage:
    """One text to annotate.

    text (str): exactly as it stands in its source, so that character offsets hold there.
    name (str): says where it came from: "text 1", a file, or a file and line.
    row (dict): the JSON object that held the text; None for other sources.
    """

    text: str
    name: str
    row: Optional[Dict[str, Any]] = None


def read_inputs(
    inputs: Sequence[str], text_key: str = "text", input_format: str = "auto", hint: str = "name the field with --text-key"
) -> Iterator[Passage]:
    """Read every input, in order, holding one passage at a time.

    inputs (Sequence[str]): each a file, `-` for stdin, or else a text. Files that end in `.gz` are unpacked.
    text_key (str): the field of a JSON row that holds its text.
    input_format (str): `text` (a file is one passage), `lines` (each line is one), `jsonl`, or `auto`: JSON lines where
        the file's name says so, otherwise text.
    hint (str): the way out for a row that holds no text, as the command that reads it has one.
    YIELDS (Passage): the passages; blank lines of JSONL are passed over, blank lines of text are empty passages.
    RAISES (ValueError): for bytes that are not UTF-8, halves of surrogate pairs, and rows that hold no text; names the file and
        line.
    RAISES (FileNotFoundError): for an input that looks like a file's name and is none.
    """
    if input_format not in FORMATS:
        raise ValueError(f"The input format '{input_format}' is unknown; it is one of {', '.join(FORMATS)}.")
    n_texts = 0
    for given in inputs:
        if given == STDIN:
            yield from _read_stream(sys.stdin.buffer, "stdin", text_key, input_format, hint)
        elif _is_file(given):
            with _open(Path(given)) as stream:
                yield from _read_stream(stream, given, text_key, _format_of(given, input_format), hint)
        else:
            n_texts += 1
            _check_characters(given, f"text {n_texts}")
            yield Passage(given, f"text {n_texts}")


def check_inputs(inputs: Sequence[str]) -> None:
    """Look at every input before the work begins, so that a misspelt name does not end it half-way.

    inputs (Sequence[str]): as for `read_inputs`.
    RAISES (ValueError): where there is none, or one is a folder.
    RAISES (FileNotFoundError): for an input that looks like a file's name and is none.
    """
    if not inputs:
        raise ValueError("There is nothing to annotate; give a text, files, or '-' for stdin.")
    for given in inputs:
        if given != STDIN:
            _is_file(given)


def _is_file(given: str) -> bool:
    try:
        path = Path(given)
        if path.is_dir():
            raise ValueError(f"'{given}' is a folder; name its files, for instance {given.rstrip('/')}/*.txt")
        if path.is_file():
            return True
    except OSError:  # a text longer than a file name may be
        return False
    if _looks_like_a_path(given):
        raise FileNotFoundError(f"There is no file '{given}'; check its name, or give a text that looks like one on stdin ('-').")
    return False


def _looks_like_a_path(given: str) -> bool:
    """RETURNS (bool): whether a line ends as files do, or one word leads into a folder; "IL-2/STAT5" and "E.coli" do not."""
    if len(given.splitlines()) == 1 and given.lower().endswith(FILE_SUFFIXES):
        return True
    if "/" not in given or any(character.isspace() for character in given):
        return False
    return given.startswith(PATH_STARTS) or Path(given).parent.is_dir()


def _format_of(name: str, input_format: str) -> str:
    if input_format != "auto":
        return input_format
    return "jsonl" if name.lower().endswith(JSONL_SUFFIXES) else "text"


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _read_stream(stream: IO[bytes], name: str, text_key: str, input_format: str, hint: str) -> Iterator[Passage]:
    if input_format in ("auto", "text"):
        yield Passage(_decode(stream.read(), name), name)
        return
    for number, line in enumerate(stream, start=1):
        where = f"{name}, line {number}"
        text = _decode(line, where)
        if input_format == "lines":
            yield Passage(text.rstrip("\r\n"), where)
        elif text.strip():
            row = _parse_row(text, where)
            if not isinstance(row.get(text_key), str):
                raise ValueError(f"{where}: no text under '{text_key}'; {hint}.")
            _check_characters(json.dumps(row, ensure_ascii=False), where)
            yield Passage(row[text_key], where, row)


def _decode(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: byte {error.start} is not UTF-8; convert the file to UTF-8 first.") from error


def _check_characters(text: str, where: str) -> None:
    """Refuse halves of surrogate pairs, which no output can hold: JSON's escapes and bytes of a command line bring them in."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise ValueError(f"{where}: {half!r} is half a surrogate pair, which is no character; leave it out.") from error


def _parse_row(text: str, where: str) -> Dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON ({error}); every line must be one JSON object.") from error
    if not isinstance(row, dict):
        raise ValueError(f"{where}: a {type(row).__name__} instead of a JSON object; every line must be one object.")
    return row

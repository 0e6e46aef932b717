"""Unlabelled text, a document at a time, in passages of at most so many words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

from ...annotate.inputs import JSONL_SUFFIXES, Passage, read_inputs

MOST_WORDS = 300  # white-space words, as the annotated corpora have them
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\s*\n\s*")
WORD = re.compile(r"\S+")
LAST_NUMBERS = re.compile(r"([.\-#]\d+)+$")


@dataclass(frozen=True)
class UnlabelledPassage:
    """A stretch of text that nobody annotated.

    id (str): unique in all files: file, line and piece.
    document (str): its document, as far as the source's ids tell.
    text (str): the text.
    corpus (str): `silver_` and the file's name.
    source, license (str): as the file says.
    source_id (str): the file's own id.
    offset (int): where `text` begins in the file's text, in characters.
    """

    id: str
    document: str
    text: str
    corpus: str
    source: str = ""
    license: str = ""
    source_id: str = ""
    offset: int = 0


def text_files(paths: Sequence[Path]) -> List[Path]:
    """The files of unlabelled text.

    paths (sequence): files, and folders whose JSON Lines files are meant.
    RETURNS (list): in the order given, those of a folder by name.
    RAISES (FileNotFoundError): for a path that is not there, and for a folder without such a file.
    """
    files: List[Path] = []
    for path in paths:
        found = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.name.endswith(JSONL_SUFFIXES))
        if not found:
            raise FileNotFoundError(f"There is no JSON Lines file at '{path}'; name a file or a folder of them.")
        files += found
    return files


def file_stem(file: Path) -> str:
    """RETURNS (str): a file's name without the suffixes of JSON Lines."""
    return re.sub(r"\.(jsonl|ndjson)(\.gz)?$", "", file.name)


def read_rows(file: Path, text_key: str = "text") -> Iterator[Passage]:
    """Read the rows of a JSON Lines file, each with a text.

    file (Path): plain, or gzipped. text_key (str): the field that must hold a text.
    YIELDS (Passage): one a row.
    RAISES (ValueError): for a row without that text; names the file and line.
    """
    return read_inputs([str(file)], text_key, "jsonl", hint="every row needs it, as a string")


def read_documents(files: Sequence[Path], most_words: int = MOST_WORDS) -> Iterator[List[UnlabelledPassage]]:
    """Read unlabelled text.

    files (sequence): JSON Lines with `text`, and optionally `id`, `doc_id`, `source` and `license`.
    most_words (int): longest passage, in white-space words; longer ones are cut at the ends of sentences.
    YIELDS (list): the passages of a document; passages of one document must follow each other.
    RAISES (ValueError): for a row without text; names the file and line.
    """
    for _, passages in groupby(_read(files, most_words), key=lambda passage: (passage.corpus, passage.document)):
        yield list(passages)


def document_of(passage_id: str) -> str:
    """RETURNS (str): the id without the numbers of the passage: "PMC101395.0" → "PMC101395"."""
    return LAST_NUMBERS.sub("", passage_id)


def cut(text: str, most_words: int = MOST_WORDS) -> Iterator[Tuple[int, int]]:
    """Cut a text at the ends of sentences, or within one that is too long by itself.

    text (str): any text.
    most_words (int): white-space words in a piece.
    YIELDS (tuple): first character and end of each piece, white space around it left out; nothing for a blank text.
    """
    begin: Optional[int] = None
    end = n_words = 0
    for start, stop in _sentences(text, most_words):
        n_own = len(WORD.findall(text, start, stop))
        if begin is not None and n_words + n_own > most_words:
            yield begin, end
            begin, n_words = None, 0
        begin = start if begin is None else begin
        end, n_words = stop, n_words + n_own
    if begin is not None:
        yield begin, end


def _sentences(text: str, most_words: int) -> Iterator[Tuple[int, int]]:
    """Sentences without the blanks around them; those that are too long in runs of words."""
    begin = 0
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    for stop in [*ends, len(text)]:
        words = [match.span() for match in WORD.finditer(text, begin, stop)]
        for first in range(0, len(words), most_words):
            run = words[first : first + most_words]
            yield run[0][0], run[-1][1]
        begin = stop


def _read(files: Sequence[Path], most_words: int) -> Iterator[UnlabelledPassage]:
    for file in files:
        name = file_stem(file)
        for number, given in enumerate(read_rows(file), start=1):
            row = given.row or {}
            own_id, source = str(row.get("id", number)), str(row.get("source", ""))
            # Ids are only unique within a source, which may share its file with others
            document = str(row.get("doc_id") or f"{source} {document_of(own_id)}".strip())
            for piece, (start, stop) in enumerate(cut(given.text, most_words)):
                yield UnlabelledPassage(
                    f"{name}:{number}.{piece}",
                    document,
                    given.text[start:stop],
                    f"silver_{name}",
                    source,
                    str(row.get("license", "")),
                    own_id,
                    start,
                )

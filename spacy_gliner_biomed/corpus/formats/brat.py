"""BRAT standoff: a text in one file, its annotations in another of the same name.

    T1<TAB>Drug 0 7<TAB>Aspirin
    T2<TAB>Disease 12 19;24 29<TAB>hepatic … renal

Only text-bound annotations (T) are read; relations, events, attributes and notes say nothing about mentions.
https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ..passage import AnnotatedPassage
from .checks import annotation, split_kinds
from .lines import numbered_lines, read_text
from .problems import Problems

ANNOTATION_SUFFIXES = (".ann", ".a1")
_HEAD = re.compile(r"(?P<label>.*?) +(?P<spans>-?\d+ +-?\d+(?: *; *-?\d+ +-?\d+)*) *")
_NOT_MENTIONS = ("R", "E", "A", "M", "N", "#", "*")


class _Line(NamedTuple):
    where: str
    label: str
    pieces: List[Tuple[int, int]]
    surface: Optional[str]


def read_brat(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a folder of BRAT documents, or one of them.

    path (Path): a folder of `.txt` with `.ann` (or `.a1`) beside them, or a file of either kind.
    problems (Problems): told of lines that are no annotation, and of mentions that do not fit or read otherwise.
    YIELDS (AnnotatedPassage): one a document, in the order of the files' names; a text without annotations beside it was
        not annotated, and is none.
    RAISES (ValueError): where a file is not UTF-8, or a folder holds no annotations.
    """
    for file in _annotation_files(path):
        text_file = file.with_suffix(".txt")
        if not text_file.is_file():
            problems.add(str(file), f"the text '{text_file.name}' that it annotates is not beside it.")
            continue
        lines = list(_text_bound(file, problems))
        text = _text_that_fits(read_text(text_file), lines)
        found = (annotation(text, line.pieces, line.label, line.surface, line.where, problems) for line in lines)
        mentions, discontinuous = split_kinds(found)
        yield AnnotatedPassage(
            id=file.stem,
            text=text,
            mentions=mentions,
            doc_id=file.stem,
            corpus=file.resolve().parent.name,
            discontinuous=discontinuous,
            where=str(text_file),
        )


def _annotation_files(path: Path) -> List[Path]:
    for suffix in ANNOTATION_SUFFIXES:
        if path.is_dir():
            files = sorted(path.glob("*" + suffix))
        else:
            files = [file for file in [path.with_suffix(suffix)] if file.is_file()]
        if files:
            return files
    raise ValueError(f"There is no .ann or .a1 file at '{path}'; name a folder of BRAT's files, or one of them.")


def _text_bound(file: Path, problems: Problems) -> Iterator[_Line]:
    for number, line in numbered_lines(file):
        if not line.strip() or line.startswith(_NOT_MENTIONS):
            continue
        where = f"{file}, line {number}"
        columns = line.split("\t", 2)
        head = _HEAD.fullmatch(columns[1]) if len(columns) > 1 else None
        if head is None or not columns[0].startswith("T"):
            problems.add(where, f"this is no annotation such as 'T1<TAB>Label 0 5<TAB>words': {line[:80]!r}.")
            continue
        pieces = [tuple(map(int, piece.split())) for piece in head["spans"].split(";")]
        yield _Line(where, head["label"], [(start, end) for start, end in pieces], (columns + [None, None])[2])


def _text_that_fits(text: str, lines: List[_Line]) -> str:
    """Tools differ in whether a Windows line end counts as one character or two; the mentions' words tell."""
    if "\r\n" not in text:
        return text
    return max((text, text.replace("\r\n", "\n")), key=lambda reading: _agreeing(reading, lines))


def _agreeing(text: str, lines: List[_Line]) -> int:
    unheard = Problems(keep=0)
    for line in lines:
        annotation(text, line.pieces, line.label, line.surface, line.where, unheard)
    return -len(unheard)

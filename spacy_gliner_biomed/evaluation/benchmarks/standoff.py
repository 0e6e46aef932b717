"""Standoff files as CHIA and CADEC publish them, which the plain BRAT reader would have to complain about.

CADEC keeps its texts and its annotations in two folders. In CHIA a mention over several lines goes on over the lines of
its `.ann` file, and some offsets are off by a few characters; the words beside them say where the mention is, and it is
moved to the nearest place, at most 100 characters off, where the text reads so (as the `bigbio` loader, which the paper
used, does).

Chia: Kury et al. 2020 (Scientific Data 7:281). CADEC: Karimi et al. 2015 (J. Biomedical Informatics 55).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Tuple

from ...corpus.formats.checks import annotation, split_kinds
from ...corpus.formats.lines import numbered_lines, read_text
from ...corpus.formats.problems import Problems
from ...corpus.passage import AnnotatedPassage

FURTHEST = 100  # characters that an offset may be off
TEXT_BOUND = re.compile(r"T\d+\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)", re.DOTALL)
OTHER = re.compile(r"(?:[REAMN]\d+|\*|#\d*)\t")


class Line(NamedTuple):
    """One text-bound annotation: file and line, label, start and end of its pieces, and the words it marks."""

    where: str
    label: str
    pieces: Tuple[Tuple[int, int], ...]
    surface: str


def read_pair(text_file: Path, annotations: Path, document: str, problems: Problems) -> AnnotatedPassage:
    """Read one text and its annotations.

    text_file, annotations (Path): a `.txt` and an `.ann` file, wherever they lie.
    document (str): the document's id; the passage is called as the text file is.
    problems (Problems): takes mentions that do not fit, and lines that are none.
    RETURNS (AnnotatedPassage): with the release's own labels.
    RAISES (ValueError): where a file is not UTF-8.
    """
    lines = list(text_bound(annotations, problems))
    written = read_text(text_file)
    # Some tools count a Windows line end as one character, others as two
    readings = list(dict.fromkeys([written, written.replace("\r\n", "\n")]))
    text = max(readings, key=lambda reading: sum(_reads(reading, line.pieces, line.surface) for line in lines))
    mentions, discontinuous = split_kinds(
        annotation(text, move(text, line), line.label, line.surface, line.where, problems) for line in lines
    )
    return AnnotatedPassage(
        id=text_file.stem,
        text=text,
        mentions=mentions,
        doc_id=document,
        discontinuous=discontinuous,
        where=str(text_file),
    )


def text_bound(path: Path, problems: Problems) -> Iterator[Line]:
    """Read the text-bound annotations of an `.ann` file; relations, attributes and notes say nothing about mentions.

    path (Path): the file.
    problems (Problems): takes lines that are no annotation.
    YIELDS (Line): in file order; one that goes on over several lines comes as one.
    """
    for number, written in _joined(numbered_lines(path)):
        found = TEXT_BOUND.fullmatch(written)
        if found is None:
            if written.strip() and not OTHER.match(written):
                problems.add(f"{path}, line {number}", f"{written[:60]!r} is no annotation such as 'T1<TAB>Label 0 5<TAB>words'.")
            continue
        label, spans, surface = found.groups()
        pieces = tuple((int(start), int(end)) for start, end in (span.split() for span in spans.split(";")))
        yield Line(f"{path}, line {number}", label, pieces, surface)


def move(text: str, line: Line, furthest: int = FURTHEST) -> Tuple[Tuple[int, int], ...]:
    """Put a mention where its words are.

    text (str): the text.
    line (Line): the annotation.
    furthest (int): characters to look to either side; of two places as near, the left one is taken.
    RETURNS (tuple): start and end of its pieces; as they were where the text reads so nowhere near.
    """
    for distance in range(furthest + 1):
        for shift in dict.fromkeys((-distance, distance)):
            moved = tuple((start + shift, end + shift) for start, end in line.pieces)
            if _reads(text, moved, line.surface):
                return moved
    return line.pieces


def _reads(text: str, pieces: Iterable[Tuple[int, int]], surface: str) -> bool:
    pieces = list(pieces)
    if min(start for start, _ in pieces) < 0 or max(end for _, end in pieces) > len(text):
        return False
    return "".join("".join(text[start:end] for start, end in pieces).split()) == "".join(surface.split())


def _joined(lines: Iterable[Tuple[int, str]]) -> Iterator[Tuple[int, str]]:
    """Put a text-bound annotation and the lines it goes on over together: those without a tab."""
    held: List[Tuple[int, str]] = []
    for number, line in lines:
        if held and held[-1][1].startswith("T") and line.strip() and "\t" not in line:
            held[-1] = (held[-1][0], f"{held[-1][1]}\n{line}")
            continue
        yield from held
        held = [(number, line)]
    yield from held

"""PubTator: title and abstract of a document, then its mentions in columns separated by tabs.

    10491763|t|Hepatocyte nuclear factor-6
    10491763|a|The transcription factor …
    10491763<TAB>0<TAB>27<TAB>Hepatocyte nuclear factor-6<TAB>GeneOrGeneProduct<TAB>3175

Offsets count the characters of title, one blank, abstract. https://www.ncbi.nlm.nih.gov/research/pubtator/ ("Export format").
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set, Tuple

from ..passage import AnnotatedPassage
from .checks import Annotation, annotation, split_kinds
from .lines import numbered_lines
from .naming import corpus_name
from .problems import Problems

_SECTION = re.compile(r"(?P<id>[^\t|]+)\|(?P<kind>[a-z])\|(?P<text>.*)")
_NUMBER = re.compile(r"-?\d+")
_DIGITS = tuple("-0123456789")


class _Document:
    """A document whose lines are being read."""

    def __init__(self, identifier: str, where: str) -> None:
        self.identifier = identifier
        self.where = where
        self.sections: List[str] = []
        self.kinds: Set[str] = set()
        self.mentions: List[Tuple[List[str], str]] = []  # columns, and file and line

    @property
    def text(self) -> str:
        """Its sections, one blank between two."""
        return " ".join(self.sections)


def read_pubtator(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a PubTator file, a document at a time.

    path (Path): the file; `.gz` is unpacked.
    problems (Problems): told of lines that are neither section, mention nor relation, and of mentions that do not fit, read
        otherwise, or name another document.
    YIELDS (AnnotatedPassage): one a document. A document met again (the training part of NCBI Disease holds one twice) gets
        `id` "ID#2" and keeps its `doc_id`.
    RAISES (ValueError): where the file is damaged.
    """
    corpus = corpus_name(path)
    met: Dict[str, int] = {}
    for document in _documents(path, problems):
        met[document.identifier] = times = met.get(document.identifier, 0) + 1
        found = (_mention(document, columns, where, problems) for columns, where in document.mentions)
        mentions, discontinuous = split_kinds(found)
        yield AnnotatedPassage(
            id=document.identifier if times == 1 else f"{document.identifier}#{times}",
            text=document.text,
            mentions=mentions,
            doc_id=document.identifier,
            corpus=corpus,
            discontinuous=discontinuous,
            where=document.where,
        )


def _documents(path: Path, problems: Problems) -> Iterator[_Document]:
    document: Optional[_Document] = None
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        section = _SECTION.fullmatch(line)
        if section is not None:
            # A section of a kind already met begins the same document anew.
            if document is None or document.identifier != section["id"] or section["kind"] in document.kinds:
                if document is not None:
                    yield document
                document = _Document(section["id"], where)
            document.sections.append(section["text"])
            document.kinds.add(section["kind"])
        elif document is None:
            problems.add(where, f"this comes before any title 'ID|t|…': {line[:80]!r}.")
        else:
            document.mentions.append((line.split("\t"), where))
    if document is not None:
        yield document


def _mention(document: _Document, columns: List[str], where: str, problems: Problems) -> Optional[Annotation]:
    numbers = [column.strip() for column in columns[1:3]]
    if len(numbers) == 2 and numbers[0] and not numbers[0].startswith(_DIGITS):
        return None  # a relation: ID, its type, and two concepts
    if len(columns) < 5 or not all(map(_NUMBER.fullmatch, numbers)):
        problems.add(where, f"a mention needs ID, start, end, words and type, separated by tabs: {columns!r}.")
        return None
    if columns[0] != document.identifier:
        problems.add(where, f"this mention is of document {columns[0]!r}, but stands in {document.identifier!r}.")
        return None
    start, end = map(int, numbers)
    return annotation(document.text, [(start, end)], columns[4], columns[3], where, problems)

"""Drops passages that a model will be tested on: of a test text's document, or with thirteen words in a row in common.

The comparison is `evaluation.overlap`'s, the other way round: the test texts become hashes in memory, the collected passages
stream past.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ...evaluation.overlap import TrainingTexts
from ..assets import sha256
from ..formats import Problems, detect_format, read
from ..formats.lines import json_lines
from ..passage import AnnotatedPassage
from .counts import Counts
from .passages import Passage

VERSION = 2  # to be raised when the step drops other passages
DOCUMENT, WORDS = "document of a test text", "words of a test text"
PREFIX = re.compile(r"(pmid|pubmed)\s*[:_-]?\s*(?=\d)", re.IGNORECASE)
PIECE = re.compile(r"([.\-#_]\d{1,3})+$")
PUBLIC_ID = re.compile(r"(?<![A-Za-z0-9])(?:NCT\d{8}|PMC\d{5,})(?![0-9])", re.IGNORECASE)
NUMBERED = re.compile(r"\d{5}")
SUFFIXES = (".jsonl", ".jsonl.gz")
IDS = ("id", "doc_id", "document")  # the last in collected passages


@dataclass(frozen=True)
class TestTexts:
    """What no collected passage may hold.

    texts (TrainingTexts): the n-grams.
    documents (frozenset): names of the documents.
    passages (int): how many test passages were read.
    problems (Problems): what in their files could not be.
    empty (tuple): files of folders that hold no test passage.
    """

    __test__ = False  # not a class of tests

    texts: TrainingTexts
    documents: FrozenSet[str]
    passages: int
    problems: Problems = field(default_factory=Problems)
    empty: Tuple[Path, ...] = ()

    def sentences(self) -> List[str]:
        """RETURNS (list): how many were read, and what was lost, in plain words."""
        told = [f"Test passages that were read: {self.passages:,}."]
        if self.problems:
            told.append(f"Problems in their files: {len(self.problems):,}, the first: {self.problems.listed[0]}")
        if self.empty:
            told.append(f"Files that hold no test passage: {', '.join(map(str, self.empty))}")
        return told


def test_files(paths: Sequence[Path]) -> List[Path]:
    """The corpora of test texts.

    paths (sequence): annotated corpora of any format that `corpus.formats` reads, or folders; every JSON Lines file in or
        below a folder counts, as `gliner-biomed benchmarks convert` leaves them; a folder without one is read as a corpus.
    RETURNS (list): in the order given, those of a folder by name.
    RAISES (FileNotFoundError): for a path that is not there.
    """
    files: List[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"There are no test texts at '{path}'; name a corpus or a folder of them.")
        found = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and p.is_file()) if path.is_dir() else []
        files += found or [path]
    return files


test_files.__test__ = False  # type: ignore[attr-defined]


def read_test_texts(paths: Tuple[Path, ...], n: int) -> TestTexts:
    """Read test texts.

    paths (tuple): corpora or folders, as for `test_files`.
    n (int): words in an n-gram.
    RETURNS (TestTexts): hashes of 8 bytes a word, and document names.
    RAISES (ValueError): where a corpus cannot be read, or a path holds no passage; a file in a folder may hold something else,
        and a mention that does not fit its text does not matter here.
    """
    texts, documents, n_passages, problems = TrainingTexts(n), set(), 0, Problems()
    empty: List[Path] = []
    for path in paths:
        before = n_passages, len(problems)
        for file in test_files([path]):
            n_earlier = n_passages
            for text, ids in _texts(file, problems):
                texts.add(text)
                documents |= document_names(*ids)
                n_passages += 1
            if n_passages == n_earlier:
                empty.append(file)
        if n_passages == before[0]:
            new = problems.listed[before[1] :]
            raise ValueError(f"'{path}' holds no test passage; name a corpus.{f' Its first problem: {new[0]}' if new else ''}")
    return TestTexts(texts, frozenset(documents), n_passages, problems, tuple(empty))


def _texts(file: Path, problems: Problems) -> Iterator[Tuple[str, Tuple[str, ...]]]:
    """YIELDS (tuple): each text of a corpus, and the ids it goes by. JSON Lines need no annotations here."""
    if file.is_dir() or detect_format(file) != "jsonl":
        for passage in read(file, on_problem="report", problems=problems):
            yield passage.text, (passage.document, passage.id)
        return
    for where, row in json_lines(file, problems):
        if isinstance(row, dict) and isinstance(row.get("text"), str):
            yield row["text"], tuple(str(row[key]) for key in IDS if row.get(key) is not None)
        else:
            problems.add(where, "a test passage needs a 'text'.")


def load_test_texts(paths: Tuple[Path, ...], settings: Mapping[str, Any]) -> TestTexts:
    """RETURNS (TestTexts): as `read_test_texts`, which is done once in a process for the same settings of the step."""
    return _cached_test_texts(paths, settings["n"], json.dumps(settings["test_texts"]))


@lru_cache(maxsize=1)
def _cached_test_texts(paths: Tuple[Path, ...], n: int, hashes: str) -> TestTexts:
    return read_test_texts(paths, n)


def decontaminate_settings(files: Sequence[Path], n: int) -> Dict[str, Any]:
    """RETURNS (dict): the settings of the step: `n`, and the SHA-256 of each file of test texts (of all files of a folder).

    RAISES (ValueError): where `n` is below 1.
    """
    TrainingTexts(n)
    hashes = []
    for file in files:
        parts = sorted(p for p in file.rglob("*") if p.is_file()) if file.is_dir() else [file]
        hashes += [{"name": part.name, "sha256": sha256(part)} for part in parts]
    return {"n": n, "test_texts": hashes}


def decontaminate_step(
    passages: Iterator[Passage], settings: Mapping[str, Any], counts: Counts, files: Tuple[Path, ...] = ()
) -> Iterator[Passage]:
    """A step: drops passages that share a document or words with a test text.

    passages (iterator): any passages.
    settings (mapping): as `decontaminate_settings` gives them.
    counts (Counts): takes what is dropped, with the shared words as a note.
    files (tuple): where the test texts are, files or folders; given with `functools.partial`.
    YIELDS (Passage): the others.
    """
    test_texts = load_test_texts(files, settings)
    for passage in passages:
        reason, note = contamination(passage, test_texts)
        if reason is None:
            yield passage
        else:
            counts.drop(passage, reason, note=note)


def contamination(passage: Passage, test_texts: TestTexts) -> Tuple[Optional[str], str]:
    """Whether a passage is too close to a test text.

    passage (Passage): the passage.
    test_texts (TestTexts): what it is compared with.
    RETURNS (tuple): the reason, or None; and what they share.
    """
    names = document_names(passage.document, passage.id) & test_texts.documents
    if names:
        return DOCUMENT, min(names)
    found = test_texts.texts.compare([AnnotatedPassage(passage.id, passage.text)])
    if found.passages_shared:
        return WORDS, found.examples[0][1]
    return None, ""


def document_names(*ids: str) -> Set[str]:
    """The names by which corpora know the same document.

    ids (str): ids of documents and passages, as "PMID:10091616", "10091616.2", "NCT06370819.0" or "PMC101395".
    RETURNS (set): in lower case: the id, the id without "PMID:", both without the numbers of a piece at the end, and every
        trial's or PubMed Central's number in it. Ids without a number of five digits are left out: they name nothing in
        another corpus.
    """
    names: Set[str] = set()
    for given in ids:
        bare = PREFIX.sub("", given, count=1)
        for name in (given, bare):
            names |= {name.lower(), PIECE.sub("", name).lower()}
        names |= {match.lower() for match in PUBLIC_ID.findall(given)}
    return {name for name in names if NUMBERED.search(name)}

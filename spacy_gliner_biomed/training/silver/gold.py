"""Gold passages as the teacher learns from them, and what they say about a silver mention."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from ...corpus.formats import read
from ...corpus.passage import Mention
from ...evaluation.corpora import GoldCorpus, find_corpora
from .labels import label_table, right_labels

LONE_SENTENCES = 50  # in a row that share a half, where a corpus has lost its documents


class Judgement(StrEnum):
    """What gold says about a mention."""

    right = "right"  # the same characters, a right label
    near = "near"  # shares characters with a gold mention of a right label
    wrong = "wrong"


@dataclass(frozen=True)
class GoldText:
    """A gold passage.

    corpus (str): its file's name.
    document (str): its document; its passages are in the same half.
    text (str): the text.
    mentions (tuple): sorted by start.
    inventory (tuple): the labels its corpus annotates.
    half (int): 0 or 1.
    """

    corpus: str
    document: str
    text: str
    mentions: Tuple[Mention, ...]
    inventory: Tuple[str, ...]
    half: int


def read_gold(folder: Path, part: str = "train", leave_out: Sequence[str] = ()) -> Iterator[GoldText]:
    """Read the annotated corpora that can judge a label of the lexicon.

    folder (Path): holds a folder named `part`, and `MANIFEST.json` where there is one.
    part (str): the part of it to read.
    leave_out (sequence): corpora that must not be looked at, by file name with or without its part (`lct`, `lct.train`).
    YIELDS (GoldText): corpora in alphabetical order, passages in file order.
    RAISES (FileNotFoundError): where there is no corpus.
    RAISES (ValueError): for a corpus to leave out that is not there, and for broken rows.
    """
    corpora = find_corpora(folder, part)
    for name in leave_out:
        if not any(_is_named(corpus.name, name) for corpus in corpora):
            known = ", ".join(corpus.name for corpus in corpora)
            raise ValueError(f"There is no corpus '{name}' to leave out in '{folder / part}'; it holds {known}.")
    judging = {label for row in label_table().values() for label in row.judged_by}
    for corpus in corpora:
        if any(_is_named(corpus.name, name) for name in leave_out) or not judging & set(corpus.labels):
            continue
        yield from _read_corpus(corpus)


def half_of(document: str, number: int, corpus: str) -> int:
    """Which half a document is in: the same one in every corpus that holds it.

    Corpora that were handed on as lone sentences name them after themselves ("mtl_bc2gm-train-12"): neighbours are
    likely of one abstract, and share a half in runs of `LONE_SENTENCES`.

    document (str): its id.
    number (int): of the passage in its file, from 0.
    corpus (str): its name.
    RETURNS (int): 0 or 1.
    """
    stem = re.split(r"[.]", corpus)[0]
    unit = f"{corpus} {number // LONE_SENTENCES}" if document.startswith(stem) else document
    return zlib.crc32(unit.encode("utf-8", "surrogatepass")) >> 7 & 1


class GoldJudge:
    """Says what gold thinks of a mention; remembers which labels a corpus can judge."""

    def __init__(self) -> None:
        self._right: Dict[Tuple[str, str], FrozenSet[str]] = {}
        self._typed = {label for row in label_table().values() for label in row.judged_by}

    def right_labels(self, label: str, gold: GoldText) -> FrozenSet[str]:
        """RETURNS (frozenset): gold labels of the corpus that make a mention of `label` right; empty: it cannot say."""
        place = (label, gold.corpus)
        if place not in self._right:
            self._right[place] = right_labels(label, gold.corpus, gold.inventory)
        return self._right[place]

    def judge(self, start: int, end: int, label: str, gold: GoldText) -> Optional[Judgement]:
        """RETURNS (Optional[Judgement]): of a mention at characters start–end; None where the corpus cannot say."""
        right = self.right_labels(label, gold)
        if not right:
            return None
        verdict = Judgement.wrong
        for mention in gold.mentions:
            if mention.start >= end:
                break
            if mention.end > start and mention.label in right:
                if (mention.start, mention.end) == (start, end):
                    return Judgement.right
                verdict = Judgement.near
        return verdict

    def contradicts(self, start: int, end: int, gold: GoldText) -> bool:
        """RETURNS (bool): whether gold has a mention of another kind on exactly these characters.

        For labels that the corpus cannot judge: "APC" in a disease corpus is the disease, not the gene.
        """
        return any((m.start, m.end) == (start, end) and m.label in self._typed for m in gold.mentions)


def _read_corpus(corpus: GoldCorpus) -> Iterator[GoldText]:
    for number, passage in enumerate(read(corpus.path, "jsonl")):
        half = half_of(passage.document, number, corpus.name)
        mentions: List[Mention] = sorted(passage.mentions)
        yield GoldText(corpus.name, passage.document, passage.text, tuple(mentions), tuple(corpus.labels), half)


def _is_named(corpus: str, name: str) -> bool:
    return name in (corpus, corpus.split(".")[0])

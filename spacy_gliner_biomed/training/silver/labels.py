"""The labels of the lexicon: which labels of annotated corpora judge them, and which wider or finer labels hold as well.

`labels.tsv` says for a label of the lexicon which corpus labels count as right (a corpus that has none of them in its
inventory says nothing about the label), which corpora must not judge it all the same (they annotate it only here and
there), which broader labels every such mention also has, and its family: labels of one family may hold for the same
mention, so that one of them says nothing about the others. `head_words.tsv` says which last words of a mention give
it a finer label by definition: every carcinoma is a cancer, every word in -ase that names a protein an enzyme.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, FrozenSet, List, Mapping, Sequence, Tuple

LABEL_TABLE = Path(__file__).with_name("labels.tsv")
HEAD_WORD_TABLE = Path(__file__).with_name("head_words.tsv")
COMMON_WORDS = Path(__file__).with_name("common_words.tsv")
ENDING = "*"  # marks a last word that is given by its ending
NOT_AN_ENZYME = frozenset(["base", "phase", "release", "increase", "decrease", "disease", "case", "database"])
# Labels whose names are mostly symbols, which mean something else in every other field.
SYMBOL_LABELS = frozenset(["gene", "non-coding RNA gene", "protein", "peptide or protein", "enzyme or coenzyme"])


@dataclass(frozen=True)
class LabelRow:
    """What the table says about a label of the lexicon.

    family (str): labels of other families cannot hold for the same mention.
    judged_by (frozenset): labels of annotated corpora that make a mention of it right.
    broader (tuple): wider labels that every mention of it has as well.
    not_judged_by (frozenset): corpora (file names without suffix) that say nothing about it.
    """

    family: str = ""
    judged_by: FrozenSet[str] = frozenset()
    broader: Tuple[str, ...] = ()
    not_judged_by: FrozenSet[str] = frozenset()


@lru_cache(maxsize=1)
def label_table() -> Mapping[str, LabelRow]:
    """RETURNS (mapping): label of the lexicon → its row; labels without a row are judged by no corpus."""
    return {
        row["lexicon_label"]: LabelRow(
            row["family"],
            frozenset(_split(row["judged_by"])),
            tuple(_split(row["broader"])),
            frozenset(_split(row["not_judged_by"])),
        )
        for row in _rows(LABEL_TABLE)
    }


@lru_cache(maxsize=1)
def common_words() -> FrozenSet[str]:
    """RETURNS (frozenset): frequent English words, in lower case; none of them is a name for its own sake."""
    return frozenset(row["word"] for row in _rows(COMMON_WORDS))


def family(label: str) -> str:
    """RETURNS (str): the family of a label of the lexicon; a label without a row is its own."""
    row = label_table().get(label)
    return row.family if row else label


def right_labels(label: str, corpus: str, inventory: Sequence[str]) -> FrozenSet[str]:
    """Which gold labels make a mention right.

    label (str): of the lexicon.
    corpus (str): the corpus' name.
    inventory (sequence): the labels that the corpus annotates.
    RETURNS (frozenset): those of the inventory; empty where this corpus cannot judge the label.
    """
    row = label_table().get(label)
    if row is None or corpus in row.not_judged_by:
        return frozenset()
    return row.judged_by & frozenset(inventory)


def other_labels(label: str, mention: str) -> List[str]:
    """Labels that a mention has besides its own.

    label (str): of the lexicon.
    mention (str): its text; the last word may give it a finer label.
    RETURNS (list): finer labels, then broader ones.
    """
    finer = _finer(label, mention.split()[-1].lower().rstrip(".")) if mention.split() else []
    row = label_table().get(label)
    return [*finer, *(row.broader if row else ())]


def _finer(label: str, last: str) -> List[str]:
    found = []
    for last_word in {last, last[:-1] if last.endswith("s") else last}:
        for ending, finer in _head_words().get(label, ()):
            if last_word == ending or (
                ending.startswith(ENDING)
                and last_word.endswith(ending[1:])
                and last_word not in NOT_AN_ENZYME
                and len(last_word) > 5
            ):
                found.append(finer)
    return sorted(set(found))


@lru_cache(maxsize=1)
def _head_words() -> Dict[str, List[Tuple[str, str]]]:
    table: Dict[str, List[Tuple[str, str]]] = {}
    for row in _rows(HEAD_WORD_TABLE):
        table.setdefault(row["lexicon_label"], []).append((row["last_word"], row["finer"]))
    return table


def _rows(path: Path) -> List[Dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [dict(row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _split(cell: str) -> List[str]:
    return [part for part in cell.split("|") if part]

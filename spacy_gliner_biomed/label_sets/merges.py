"""What each corpus annotates, and which of its labels together cover a broader one.

A model that is asked for "anatomical entity" must find cells, organs and tumours alike. Where a corpus has all of these,
their union is gold for the broader label, and what lies outside the union is a fair negative. Merges that would be
unfair in this sense are left out: BioNLP13CG's cancers, say, are not all its diseases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

MERGES_FILE = Path(__file__).with_name("merges.jsonl")
INVENTORIES_FILE = Path(__file__).with_name("inventories.json")


class Merge(NamedTuple):
    """Labels of one corpus whose union is a broader label.

    corpus (str): the corpus' name without its part, as in `load_inventories`.
    into (str): the broader label; it has a wording.
    labels (tuple): two or more labels of the corpus.
    scope (str): why the union covers the broader label, and where it does not quite.
    """

    corpus: str
    into: str
    labels: Tuple[str, ...]
    scope: str


def load_merges() -> Tuple[Merge, ...]:
    """RETURNS (tuple): the merges, grouped by corpus."""
    with MERGES_FILE.open(encoding="utf8") as lines:
        rows = [json.loads(line) for line in lines]
    return tuple(Merge(row["corpus"], row["into"], tuple(row["from"]), row["scope"]) for row in rows)


def load_inventories() -> Dict[str, Tuple[str, ...]]:
    """RETURNS (dict): the labels that each corpus annotates, most frequent first, by the corpus' name without its part
    ("bc5cdr", "lct"); "lexicon" stands for the names that silver annotation matches."""
    rows = json.loads(INVENTORIES_FILE.read_text(encoding="utf8"))
    return {corpus: tuple(labels) for corpus, labels in rows.items()}

"""The 127 semantic types of the UMLS Semantic Network (NLM), with their groups and place in the hierarchy."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple, Tuple

UMLS_FILE = Path(__file__).with_name("umls.tsv")


class SemanticType(NamedTuple):
    """A UMLS semantic type.

    tui (str): its identifier, such as T047.
    name (str): such as "Disease or Syndrome".
    group, group_name (str): its semantic group, such as DISO, "Disorders".
    parent (str): the name of the type it is a kind of; empty for the roots, Entity and Event.
    """

    tui: str
    name: str
    group: str
    group_name: str
    parent: str


def load_umls() -> Tuple[SemanticType, ...]:
    """RETURNS (tuple): the 127 semantic types, by identifier."""
    with UMLS_FILE.open(encoding="utf8", newline="") as file:
        return tuple(SemanticType(**row) for row in csv.DictReader(file, delimiter="\t"))

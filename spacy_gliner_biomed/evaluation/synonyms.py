"""Labels that mean the same: `label_synonyms.tsv`, a table of meanings and the strings that stand for them.

It holds the labels of the public biomedical corpora and of the eight benchmarks, with their plain variants. A string may
stand for several meanings ("gene or gene product" for gene and for protein), so that sameness does not carry over.
The table errs on the generous side: a model is not credited with an unseen label that it knows by another name.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Mapping, Optional, Set

TABLE = Path(__file__).with_name("label_synonyms.tsv")


def fold_label(label: str) -> str:
    """RETURNS (str): the label without case and punctuation: "GENE_OR_GENE_PRODUCT" is "gene or gene product"."""
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()


class Synonyms:
    """Answers whether two labels mean the same.

    meanings (Mapping[str, Iterable[str]]): meaning → the labels that stand for it.
    """

    def __init__(self, meanings: Mapping[str, Iterable[str]]) -> None:
        found: Dict[str, Set[str]] = defaultdict(set)
        for meaning, labels in meanings.items():
            for label in labels:
                found[fold_label(label)].add(meaning)
        self._meanings: Dict[str, FrozenSet[str]] = {label: frozenset(names) for label, names in found.items()}

    @classmethod
    def read(cls, path: Path = TABLE) -> Synonyms:
        """Read a table.

        path (Path): tab-separated with the columns `meaning` and `label`, one label a row.
        RETURNS (Synonyms): its content.
        RAISES (ValueError): for a row without both; names file and line.
        """
        meanings: Dict[str, Set[str]] = defaultdict(set)
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            for row in rows:
                if not row.get("meaning") or not row.get("label"):
                    raise ValueError(f"{path}, line {rows.line_num}: a row needs both 'meaning' and 'label'.")
                meanings[row["meaning"]].add(row["label"])
        return cls(meanings)

    def same(self, one: str, other: str) -> bool:
        """RETURNS (bool): whether two labels are equal but for case and punctuation, or share a meaning."""
        one, other = fold_label(one), fold_label(other)
        return one == other or not self._meanings.get(one, frozenset()).isdisjoint(self._meanings.get(other, ()))

    def match(self, label: str, among: Iterable[str]) -> Optional[str]:
        """Find a label's counterpart.

        label (str): the label to look for.
        among (Iterable[str]): the candidates.
        RETURNS (str): the label itself where it is among them, else the first that equals it but for case and punctuation,
            else the first that shares a meaning; None where none is there.
        """
        candidates = list(among)
        if label in candidates:
            return label
        folded = fold_label(label)
        for candidate in candidates:
            if fold_label(candidate) == folded:
                return candidate
        return next((candidate for candidate in candidates if self.same(label, candidate)), None)

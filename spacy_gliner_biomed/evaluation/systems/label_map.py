"""The label strings of another system → those of the gold mentions."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

from ..synonyms import Synonyms


class LabelMap:
    """Maps a system's labels to the labels asked for.

    What the table says holds. A label that it leaves out is mapped to the label asked for that equals it but for case and
    punctuation ("CELL_LINE" → "cell line"), or else means the same.

    labels (Sequence[str]): the labels asked for.
    table (Mapping[str, str]): system label → label; an empty string leaves the label out.
    synonyms (Synonyms): which labels mean the same; None for the table of the package.
    """

    def __init__(
        self, labels: Sequence[str], table: Optional[Mapping[str, str]] = None, synonyms: Optional[Synonyms] = None
    ) -> None:
        self._labels, self._table = tuple(labels), dict(table or {})
        self._synonyms = synonyms or Synonyms.read()
        self._found: Dict[str, Optional[str]] = {}

    def __call__(self, label: str) -> Optional[str]:
        """RETURNS (str): the label asked for that `label` stands for; None where there is none."""
        if label not in self._found:
            if label in self._table:
                wanted = self._table[label]
                self._found[label] = wanted if wanted in self._labels else None
            else:
                self._found[label] = self._synonyms.match(label, self._labels)
        return self._found[label]


def read_label_map(path: Path) -> Dict[str, str]:
    """Read a map of labels.

    path (Path): a JSON object, or a table of two tab-separated columns: the system's label, and the label it stands for
        (nothing to leave it out).
    RETURNS (Dict[str, str]): its rows.
    RAISES (ValueError): for other content, and for a label given twice; names file and line.
    """
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"'{path}' is not JSON ({error}); a map of labels is an object label → label.") from None
        if not isinstance(content, dict) or not all(isinstance(label, str) for label in content.values()):
            raise ValueError(f"'{path}' must hold an object label → label.")
        return content
    table: Dict[str, str] = {}
    for number, columns in enumerate(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
        if not columns or not columns[0].strip():
            continue
        label, wanted = columns[0].strip(), columns[1].strip() if len(columns) == 2 else None
        if wanted is None or label in table:
            reason = "two tab-separated labels are needed" if wanted is None else f"'{label}' was mapped before"
            raise ValueError(f"{path}, line {number}: {reason}.")
        table[label] = wanted
    return table

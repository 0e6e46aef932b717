"""A corpus' own labels → the ones wanted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Optional

from ..passage import AnnotatedPassage

LabelMap = Mapping[str, Optional[str]]


def rename_labels(passage: AnnotatedPassage, label_map: LabelMap) -> AnnotatedPassage:
    """RETURNS (AnnotatedPassage): the passage with its labels renamed, in mentions, mentions in pieces and `labels`; those
    renamed to None are left out everywhere, those not in the map stay.
    """

    def wanted(label: str) -> Optional[str]:
        return label_map.get(label, label)

    mentions = [each._replace(label=name) for each in passage.mentions if (name := wanted(each.label)) is not None]
    pieces = [each._replace(label=name) for each in passage.discontinuous if (name := wanted(each.label)) is not None]
    labels: Optional[List[str]] = None
    if passage.labels is not None:
        labels = [name for label in passage.labels if (name := wanted(label)) is not None]
    return replace(
        passage,
        mentions=tuple(sorted(mentions)),
        discontinuous=tuple(sorted(pieces)),
        labels=None if labels is None else tuple(dict.fromkeys(labels)),
    )


def read_label_map(path: Path) -> Dict[str, Optional[str]]:
    """Read a map of labels from a JSON file.

    path (Path): a JSON object from the corpus' label to the one wanted; null leaves its mentions out.
    RETURNS (dict): the map.
    RAISES (ValueError): where it is none.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: this is not JSON ({error}).") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a map of labels is a JSON object from the corpus' label to the one wanted, or null.")
    for label, name in content.items():
        if name is not None and not (isinstance(name, str) and name.strip()):
            raise ValueError(f"{path}: the label {label!r} is mapped to {name!r}; map it to a label, or null to leave it out.")
    return content

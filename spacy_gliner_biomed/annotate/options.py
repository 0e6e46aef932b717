"""Labels and thresholds as they are typed on a command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

Labels = Union[List[str], Dict[str, str]]
Threshold = Union[float, Dict[str, float]]

LABEL_FILES = (".json", ".tsv", ".txt")


def parse_labels(values: Sequence[str]) -> Optional[Labels]:
    """Labels from the values of a repeatable option: names, comma-separated names, or files.

    values (Sequence[str]): each `disease`, `disease,chemical`, or a file: JSON (a list of names, or an object name →
        description), TSV (name, and description where there is one) or TXT (a name a line). A name that holds a comma
        needs a file.
    RETURNS (Union[List[str], Dict[str, str]]): a dict where any label has a description, a list otherwise; None where
        `values` is empty.
    RAISES (ValueError): for a file that cannot be read this way, and where only blanks are given.
    """
    if not values:
        return None
    labels: Dict[str, str] = {}
    for value in values:
        if value.lower().endswith(LABEL_FILES):
            found = _read_labels(Path(value))
        else:
            found = {name.strip(): "" for name in value.split(",") if name.strip()}
        for name, description in found.items():
            labels[name] = description or labels.get(name, "")
    if not labels:
        raise ValueError(f"No label in {' '.join(values)!r}; write for instance --labels disease,chemical")
    return labels if any(labels.values()) else list(labels)


def parse_threshold(values: Sequence[str]) -> Optional[Threshold]:
    """A threshold from the values of a repeatable option.

    values (Sequence[str]): each a number from 0 to 1 for all labels, or `label=number`.
    RETURNS (Union[float, Dict[str, float]]): a number, or label → number with `*` for the rest; None where empty.
    RAISES (ValueError): for anything else.
    """
    if not values:
        return None
    by_label: Dict[str, float] = {}
    for value in values:
        label, equals, number = value.rpartition("=")
        if equals and not label.strip():
            raise ValueError(f"The threshold '{value}' names no label; write a number, or label=number.")
        by_label[label.strip() or "*"] = _parse_number(number, value)
    return by_label["*"] if set(by_label) == {"*"} else by_label


def _parse_number(number: str, value: str) -> float:
    try:
        threshold = float(number)
    except ValueError:
        threshold = -1.0
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"The threshold '{value}' is not a number from 0 to 1; write 0.4, or label=0.4.")
    return threshold


def _read_labels(path: Path) -> Dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"Cannot read labels from '{path}' ({error.strerror}); check the file's name.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"The labels in '{path}' are not UTF-8; convert the file first.") from error
    if path.suffix.lower() == ".json":
        return _parse_json_labels(text, path)
    labels: Dict[str, str] = {}
    if path.suffix.lower() == ".txt":
        labels = {line.strip(): "" for line in text.splitlines()}
    else:
        for columns in csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            if columns:
                labels[columns[0].strip()] = columns[1].strip() if len(columns) > 1 else ""
    labels.pop("", None)
    return labels


def _parse_json_labels(text: str, path: Path) -> Dict[str, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' is not JSON ({error}); mend it, or write a name a line in a .txt file.") from error
    if isinstance(content, list):
        content = dict.fromkeys(content, "") if all(isinstance(name, str) for name in content) else None
    if not isinstance(content, dict) or not all(isinstance(description, str) for description in content.values()):
        raise ValueError(f"'{path}' must hold a list of names, or an object name → description.")
    return content

"""The rules: which patterns find which type. `types.tsv`, `rules.tsv`, `parts.tsv` and `lists.tsv` hold them, this reads them.

A rule is a regular expression. `@name@` in it stands for a part of `parts.tsv` or a word list of `lists.tsv`. Where it has a
group `m`, the group is the mention and the rest its context. How a rule reads text:

    any     any case of letters, whole words
    exact   as written, whole words
    raw     as written, wherever it stands
    not     any case; a mention that shares characters with a match (with its named groups, if any took part) is none
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, List, Pattern, Tuple

from .trie import words_pattern

FOLDER = Path(__file__).parent
RULE_FILES = tuple(FOLDER / name for name in ("types.tsv", "rules.tsv", "parts.tsv", "lists.tsv"))
FULL, PARTIAL = "full", "partial"
MENTION = "m"
_REFERENCE = re.compile(r"@(\w+)@")
_WHOLE = r"(?<!\w)(?<!\w-)(?:{})(?!-?\w)"


@dataclass(frozen=True)
class PatternType:
    """A type and its rules.

    label (str): in plain words; it has a wording in `label_sets`.
    is_full (bool): whether the rules find nearly all there is, so that the rest of a passage is a fair negative.
    find, exclude (tuple): compiled; what is a mention, and what is none although it looks like one.
    """

    label: str
    is_full: bool
    find: Tuple[Pattern[str], ...]
    exclude: Tuple[Pattern[str], ...]


@lru_cache(maxsize=1)
def load_types() -> Tuple[PatternType, ...]:
    """RETURNS (tuple): all types, in the order of `types.tsv`.

    RAISES (ValueError): for a rule that is broken or belongs to no type, and for a type without rules.
    """
    parts = _parts()
    find: Dict[str, List[Pattern[str]]] = {row["label"]: [] for row in _rows("types.tsv")}
    exclude: Dict[str, List[Pattern[str]]] = {label: [] for label in find}
    for number, row in enumerate(_rows("rules.tsv"), start=2):
        where = f"{FOLDER / 'rules.tsv'}, line {number}"
        if row["label"] not in find:
            raise ValueError(f"{where}: {row['label']!r} is no type; add it to types.tsv.")
        pattern = compile_rule(row["reads"], row["pattern"], parts, where)
        (exclude if row["reads"] == "not" else find)[row["label"]].append(pattern)
    for label, patterns in find.items():
        if not patterns:
            raise ValueError(f"The type {label!r} has no rule that finds it; add one to {FOLDER / 'rules.tsv'}.")
    return tuple(
        PatternType(row["label"], row["coverage"] == FULL, tuple(find[row["label"]]), tuple(exclude[row["label"]]))
        for row in _rows("types.tsv")
    )


def compile_rule(reads: str, pattern: str, parts: Dict[str, str], where: str = "") -> Pattern[str]:
    """Compile a rule.

    reads (str): "any", "exact", "raw" or "not".
    pattern (str): with references to parts.
    parts (dict): name → pattern without references.
    where (str): file and line, for messages.
    RETURNS (Pattern): ready to search with.
    RAISES (ValueError): for another way of reading, a part that is not there, and a broken pattern.
    """
    if reads not in ("any", "exact", "raw", "not"):
        raise ValueError(f"{where}: a rule reads 'any', 'exact', 'raw' or 'not', not {reads!r}.")
    whole = expand(pattern, parts, where)
    if reads in ("any", "exact"):
        whole = _WHOLE.format(whole)
    try:
        return re.compile(whole, re.IGNORECASE if reads in ("any", "not") else 0)
    except re.error as error:
        raise ValueError(f"{where}: the pattern {pattern!r} is broken ({error}).") from None


def expand(pattern: str, parts: Dict[str, str], where: str = "") -> str:
    """RETURNS (str): a pattern with its parts put in. RAISES (ValueError): for a part that is not there."""
    for name in _REFERENCE.findall(pattern):
        if name not in parts:
            raise ValueError(f"{where}: there is no part or list {name!r}; add it to parts.tsv or lists.tsv.")
    return _REFERENCE.sub(lambda match: parts[match.group(1)], pattern)


def _parts() -> Dict[str, str]:
    """Lists first, then parts in file order: a part may use those above it."""
    parts = {row["list"]: words_pattern(row["words"].split("|")) for row in _rows("lists.tsv")}
    for number, row in enumerate(_rows("parts.tsv"), start=2):
        parts[row["part"]] = "(?:" + expand(row["pattern"], parts, f"{FOLDER / 'parts.tsv'}, line {number}") + ")"
    return parts


def _rows(name: str) -> Iterator[Dict[str, str]]:
    with (FOLDER / name).open(encoding="utf8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)

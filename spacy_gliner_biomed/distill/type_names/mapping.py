"""Every type that an annotator wrote → the type that it becomes, in a file that a person can edit and run again.

    type                becomes             mentions  why
    Adverse Reactions   adverse reaction         412  plural
    side effect         adverse reaction         120  synonym 0.91
    Miscellaneous                                  7  left out

The column `becomes` is what counts: a person writes another type there, or nothing to leave the type's mentions out. What the
file says is kept when it is made again, with further columns; types that it does not know yet are added, and a new spelling
or number of a type that it knows becomes what that type becomes.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, Mapping, NamedTuple, Optional, Tuple

from ...annotate.output import text_file
from .clusters import THRESHOLD, Embed, cluster
from .plurals import singular
from .spelling import tidy

COLUMNS = ("type", "becomes", "mentions", "why")
CASE, PLURAL, SYNONYM, LEFT_OUT, AS_IT_IS = "case", "plural", "synonym", "left out", ""


class Becomes(NamedTuple):
    """What a type becomes.

    name (str): the type of the data set, "" to leave it out.
    why (str): the last thing that changed it.
    more (tuple): what a person wrote into further columns, as (column, text) pairs.
    """

    name: str
    why: str
    more: Tuple[Tuple[str, str], ...] = ()


Mapping_ = Dict[str, Becomes]


def build_mapping(
    counts: Mapping[str, int],
    embed: Optional[Embed] = None,
    threshold: float = THRESHOLD,
    known: Optional[Mapping[str, Becomes]] = None,
) -> Mapping_:
    """Decide what each type becomes.

    counts (mapping): type as it was written → its mentions.
    embed (callable): the vectors of names, for synonyms; None leaves synonyms apart.
    threshold (float): least cosine of synonyms.
    known (mapping): what is decided already; it is kept, and its targets lead their clusters.
    RETURNS (dict): all types of `counts` and of `known`, the most frequent first.
    """
    known = known or {}
    mapping = dict(known)
    decided = _decided(known, counts)
    new: Dict[str, int] = {}
    for name, count in counts.items():
        if name in known:
            continue
        found = _as_decided(name, *decided)
        if found is None:
            new[name] = count
        else:
            mapping[name] = found
    spelt = _one_spelling({name: tidy(name) for name in new}, new)
    single = _one_spelling({name: singular(spelling) for name, spelling in spelt.items()}, new)
    merged: Counter[str] = Counter()
    for name, target in single.items():
        merged[target] += new[name]
    targets = dict.fromkeys(each.name for each in known.values() if each.name)
    # what a person has decided leads; the rest follows by frequency
    order = [*targets, *(name for name, _ in sorted(merged.items(), key=lambda item: (-item[1], item[0])) if name not in targets)]
    joined = cluster(order, embed, threshold) if embed is not None and new else {}
    for name in new:
        target, why = single[name], AS_IT_IS
        if spelt[name] != name:
            why = CASE
        if target != spelt[name]:
            why = PLURAL
        if target in joined and target not in targets:
            target, likeness = joined[target]
            why = f"{SYNONYM} {likeness:.2f}"
        mapping[name] = Becomes(target, why)
    return {name: mapping[name] for name in sorted(mapping, key=lambda name: (-counts.get(name, 0), name))}


def write_mapping(path: Path, mapping: Mapping[str, Becomes], counts: Mapping[str, int]) -> None:
    """Write a mapping as tab-separated values, the most frequent type first.

    path (Path): the file. counts (mapping): mentions by type.
    """
    with text_file(path) as stream:
        plain = csv.writer(stream, delimiter="\t", lineterminator="\n")
        quoted = csv.writer(stream, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
        further = list(dict.fromkeys(column for each in mapping.values() for column, _ in each.more))
        plain.writerow([*COLUMNS, *further])
        for name, (target, why, more) in mapping.items():
            row = [name, target, str(counts.get(name, 0)), why if target or why else LEFT_OUT]
            row += [dict(more).get(column, "") for column in further]
            # csv does not quote a carriage return by itself, and reads it as a line's end
            (quoted if "\r" in "".join(row) else plain).writerow(row)


def read_mapping(path: Path) -> Mapping_:
    """Read a mapping, edited or not.

    path (Path): tab-separated, with the columns `type` and `becomes`; others are kept and not looked at, but for `mentions`.
    RETURNS (dict): type → what it becomes. Its reason is kept where the row is as it was written.
    RAISES (ValueError): for a missing column, a type that comes twice, a text under no column, a chain (a type becomes one that
        becomes another); with file and line.
    """
    mapping: Mapping_ = {}
    lines: Dict[str, int] = {}
    for number, row in _rows(path):
        name, target = row["type"], " ".join((row["becomes"] or "").split())
        if not name or not name.strip():
            raise ValueError(f"{path}, line {number}: the column 'type' is empty.")
        if name in mapping:
            raise ValueError(f"{path}, line {number}: the type '{name}' is there twice, first in line {lines[name]}.")
        if any(row.pop(None, ())):  # type: ignore[call-overload]
            raise ValueError(f"{path}, line {number}: there is a text under no column; name its column in line 1.")
        more = tuple((column, text) for column, text in row.items() if column not in COLUMNS and text)
        mapping[name] = Becomes(target, row.get("why") or AS_IT_IS, more)
        lines[name] = number
    for name, (target, *_) in mapping.items():
        if target in mapping and mapping[target].name not in (target, ""):
            raise ValueError(
                f"{path}, line {lines[name]}: '{name}' becomes '{target}', which becomes '{mapping[target].name}' in line "
                f"{lines[target]}; write '{mapping[target].name}' in both."
            )
    return mapping


def _rows(path: Path) -> Iterator[Tuple[int, Dict[str, str]]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t")
        for column in COLUMNS[:2]:
            if column not in (rows.fieldnames or ()):
                raise ValueError(f"{path}, line 1: the mapping lacks the column '{column}'; its first line must name it.")
        try:
            for row in rows:
                yield rows.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}, line {rows.line_num + 1}: this is no row of a table ({error}).") from None


def _decided(known: Mapping[str, Becomes], counts: Mapping[str, int]) -> Tuple[Dict[str, str], Dict[str, str]]:
    """What a spelling becomes by what is decided already, and what a singular does.

    A spelling that is a target becomes itself; any other what the most frequent type of that spelling becomes.
    """
    rising = sorted(known, key=lambda name: (counts.get(name, 0), name))
    spelt = {_key(tidy(name)): known[name].name for name in rising}
    spelt.update((_key(tidy(each.name)), each.name) for each in known.values() if each.name)
    return spelt, {_key(singular(tidy(name))): known[name].name for name in rising}


def _as_decided(name: str, spelt: Mapping[str, str], single: Mapping[str, str]) -> Optional[Becomes]:
    """What a new type becomes where it is decided already for its spelling, or its singular; None where it is not."""
    spelling, one = _key(tidy(name)), _key(singular(tidy(name)))
    for table, key, why in ((spelt, spelling, CASE), (spelt, one, PLURAL), (single, one, PLURAL)):
        if key in table:
            target = table[key]
            return Becomes(target, AS_IT_IS if target == name else why if target else LEFT_OUT)
    return None


def _one_spelling(spelt: Mapping[str, str], counts: Mapping[str, int]) -> Dict[str, str]:
    """Types that are equal but for case and hyphens get the spelling of the most frequent."""
    votes: Dict[str, Counter[str]] = {}
    for name, spelling in spelt.items():
        votes.setdefault(_key(spelling), Counter())[spelling] += counts[name]
    leading = {key: min(own, key=lambda spelling: (-own[spelling], spelling)) for key, own in votes.items()}
    return {name: leading[_key(spelling)] for name, spelling in spelt.items()}


def _key(spelling: str) -> str:
    return " ".join(spelling.casefold().replace("-", " ").split())

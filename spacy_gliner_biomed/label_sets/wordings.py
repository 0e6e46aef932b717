"""The wordings of each label: short names that mean the same, its plural, and descriptions.

`wordings.jsonl` holds one object a label: the label of every corpus and lexicon named in `inventories.json`, the 127 UMLS
semantic types (spelt as the UMLS does: "Tissue" is theirs, "tissue" a corpus' own) and the uniting labels of
`merges.jsonl`. Corpora use a label in their own way; the descriptions follow that use. Labels that only benchmarks know
are left out on purpose, also as synonyms, so that they stay unseen. `pattern_wordings.jsonl` holds, in the same form, the
everyday types that `training.silver.patterns` finds by rules, `general_wordings.jsonl` the wide types ("anatomical part") of
the passages that were annotated for all of them. `more_names.jsonl` adds further names to labels of both: what
people of many trades might type, singular and plural mixed, written without knowledge of the paraphrases that test a model and
then cleared of those that are among them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterable, Mapping, Optional, Tuple, Union

WORDINGS_FILE = Path(__file__).with_name("wordings.jsonl")
PATTERN_WORDINGS_FILE = Path(__file__).with_name("pattern_wordings.jsonl")
GENERAL_WORDINGS_FILE = Path(__file__).with_name("general_wordings.jsonl")
MORE_NAMES_FILE = Path(__file__).with_name("more_names.jsonl")


@dataclass(frozen=True)
class Wording:
    """How one label may be put.

    label (str): the label itself, as corpora have it.
    synonyms (tuple): other short names, none of them the wording of a second label of the same corpus.
    plural (str): the label in the plural; the label itself where it has none.
    descriptions (tuple): sentences of 5 to 25 words that say what it is, list kinds, ask for it or tell what to mark.
    parents (tuple): broader labels that have wordings too, nearest first.
    """

    label: str
    synonyms: Tuple[str, ...]
    plural: str
    descriptions: Tuple[str, ...]
    parents: Tuple[str, ...]

    @property
    def names(self) -> Tuple[str, ...]:
        """All short names, each once: the label, its synonyms, its plural."""
        return tuple(dict.fromkeys((self.label, *self.synonyms, self.plural)))


@dataclass(frozen=True)
class TestWording:
    """How one label is put when a model's dependence on wording is measured; never seen in training.

    label (str): the label itself, as corpora have it.
    paraphrases (tuple): other names for it, none of them a name in `wordings.jsonl`.
    description (str): a sentence that defines it, worded unlike its descriptions in `wordings.jsonl`; "" for none.
    """

    # Its name begins as those of test classes do; pytest would collect it from the tests that import it.
    __test__ = False

    label: str
    paraphrases: Tuple[str, ...]
    description: str = ""


def load_wordings() -> Dict[str, Wording]:
    """RETURNS (dict): every label's wording, by label."""
    wordings = {}
    with MORE_NAMES_FILE.open(encoding="utf8") as lines:
        more = {row["label"]: row["names"] for row in map(json.loads, lines)}
    for file in (WORDINGS_FILE, PATTERN_WORDINGS_FILE, GENERAL_WORDINGS_FILE):
        with file.open(encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                wordings[row["label"]] = Wording(
                    label=row["label"],
                    synonyms=(*row["synonyms"], *more.get(row["label"], ())),
                    plural=row["plural"],
                    descriptions=tuple(row["descriptions"]),
                    parents=tuple(row["parents"]),
                )
    return wordings


def hold_out(wordings: Mapping[str, Wording], labels: Iterable[str]) -> Dict[str, Wording]:
    """The wordings that a training run may use when some labels are to stay unseen.

    wordings (Mapping): as `load_wordings` gives them.
    labels (Iterable[str]): the labels held out, in any case of letters.
    RETURNS (dict): without these labels, and with none of them (nor their plurals) left as a synonym, plural or parent of
        another label. Descriptions of other labels are kept, even where they use the word.
    """
    unseen = {label.casefold() for label in labels}
    unseen |= {wording.plural.casefold() for wording in wordings.values() if wording.label.casefold() in unseen}

    def seen(names: Iterable[str]) -> Tuple[str, ...]:
        return tuple(name for name in names if name.casefold() not in unseen)

    return {
        label: replace(
            wording,
            synonyms=seen(wording.synonyms),
            plural=label if wording.plural.casefold() in unseen else wording.plural,
            parents=seen(wording.parents),
        )
        for label, wording in wordings.items()
        if label.casefold() not in unseen
    }


def read_test_wordings(path: Union[str, Path]) -> Dict[str, TestWording]:
    """Read the wordings with which invariance to wording is measured and which training never sees.

    path (str or Path): JSON lines, each `{"label": …, "paraphrases": [name, …], "description": sentence}`, the description
        optional; the project's own list is `project/assets/label_paraphrases.jsonl`.
    RETURNS (dict): each label's wording, by label, in file order.
    RAISES (OSError): for a file that cannot be read.
    RAISES (ValueError): for a line of another form, and for a label listed twice; names file and line.
    """
    wordings: Dict[str, TestWording] = {}
    # Lines are decoded one by one, so that one that is no UTF-8 is named like any other broken line.
    with Path(path).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            wording = _test_wording(line)
            if wording is None:
                raise ValueError(
                    f"{where}: {line.decode('utf8', 'replace').strip()[:60]!r} is no list of paraphrases; "
                    'write {"label": "disease", "paraphrases": ["illness"], "description": "What a patient suffers from."} '
                    "(the description may be left out)."
                )
            if wording.label in wordings:
                raise ValueError(f"{where}: the label {wording.label!r} is listed twice; join its paraphrases in one line.")
            wordings[wording.label] = wording
    return wordings


def read_paraphrases(path: Union[str, Path]) -> Dict[str, Tuple[str, ...]]:
    """The other names alone, of a file that `read_test_wordings` reads; raises what that raises.

    path (str or Path): the file.
    RETURNS (dict): each label's paraphrases, in file order.
    """
    return {label: wording.paraphrases for label, wording in read_test_wordings(path).items()}


def _test_wording(line: bytes) -> Optional[TestWording]:
    """RETURNS (TestWording or None): what the line says; None where it is no object of the form asked for."""
    try:
        row = json.loads(line.decode("utf8"))
        label, names = row["label"], row["paraphrases"]
    except (ValueError, TypeError, KeyError):
        return None
    if not _is_text(label) or not isinstance(names, list) or not names or not all(map(_is_text, names)):
        return None
    if "description" in row and not _is_text(row["description"]):
        return None
    return TestWording(label, tuple(names), row.get("description", ""))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())

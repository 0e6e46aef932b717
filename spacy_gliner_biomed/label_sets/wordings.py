"""The wordings of each label: short names that mean the same, its plural, and descriptions.

`wordings.jsonl` holds one object a label: the label of every corpus and lexicon named in `inventories.json`, the 127 UMLS
semantic types (spelt as the UMLS does: "Tissue" is theirs, "tissue" a corpus' own) and the uniting labels of
`merges.jsonl`. Corpora use a label in their own way; the descriptions follow that use. Labels that only benchmarks know
are left out on purpose, also as synonyms, so that they stay unseen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterable, Mapping, Tuple, Union

WORDINGS_FILE = Path(__file__).with_name("wordings.jsonl")


@dataclass(frozen=True)
class Wording:
    """How one label may be put.

    label (str): the label itself, as corpora have it.
    synonyms (tuple): other short names in the singular, none of them the wording of a second label of the same corpus.
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


def load_wordings() -> Dict[str, Wording]:
    """RETURNS (dict): every label's wording, by label."""
    wordings = {}
    with WORDINGS_FILE.open(encoding="utf8") as lines:
        for line in lines:
            row = json.loads(line)
            wordings[row["label"]] = Wording(
                label=row["label"],
                synonyms=tuple(row["synonyms"]),
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


def read_paraphrases(path: Union[str, Path]) -> Dict[str, Tuple[str, ...]]:
    """Read paraphrases of labels, with which invariance to wording is measured and which training never sees.

    path (str or Path): JSON lines, each `{"label": …, "paraphrases": [name, …]}`; the project's own list is
        `project/assets/label_paraphrases.jsonl`.
    RETURNS (dict): each label's paraphrases, in file order.
    RAISES (OSError): for a file that cannot be read.
    RAISES (ValueError): for a line of another form, and for a label listed twice; names file and line.
    """
    paraphrases: Dict[str, Tuple[str, ...]] = {}
    with Path(path).open(encoding="utf8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
                label, names = row["label"], row["paraphrases"]
            except (ValueError, TypeError, KeyError):
                label, names = None, None
            if not isinstance(label, str) or not _are_names(names):
                raise ValueError(
                    f"{where}: {line.strip()[:60]!r} is no list of paraphrases; "
                    'write {"label": "disease", "paraphrases": ["illness"]}.'
                )
            if label in paraphrases:
                raise ValueError(f"{where}: the label {label!r} is listed twice; join its paraphrases in one line.")
            paraphrases[label] = tuple(names)
    return paraphrases


def _are_names(names: object) -> bool:
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) and name.strip() for name in names)

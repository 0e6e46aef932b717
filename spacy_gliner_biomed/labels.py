"""Labels in plain words: names, optional descriptions, thresholds, and the sets that ship with the package."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

LabelsInput = Union[Sequence[str], Mapping[str, str]]
ThresholdInput = Union[float, Mapping[str, float]]

#: The labels of a pipe that was given none.
DEFAULT_LABELS: Tuple[str, ...] = (
    "disease",
    "chemical",
    "gene or gene product",
    "organism",
    "cell type",
    "cell line",
    "anatomical structure",
    "biological process",
    "medical procedure",
    "sequence variant",
)

#: displaCy's colours for the default labels and a few neighbours.
DISPLACY_COLORS: Dict[str, str] = {
    "disease": "#f4a6a0",
    "medical condition": "#f4a6a0",
    "chemical": "#a8d5f2",
    "drug": "#a8d5f2",
    "gene or gene product": "#b8e0b0",
    "gene": "#b8e0b0",
    "protein": "#c9e8c3",
    "organism": "#f2d49b",
    "species": "#f2d49b",
    "cell type": "#d9c2ec",
    "cell line": "#c7b0e3",
    "anatomical structure": "#f6c6de",
    "biological process": "#bfe6e2",
    "medical procedure": "#f7e08b",
    "sequence variant": "#d6d6a5",
}

LONG_LABEL_WORDS = 8  # the longest label name in the corpora of the published models' kind has about this many words


@dataclass(frozen=True)
class LabelSet:
    """Distinct labels in the user's order.

    names (tuple): what `span.label_` says.
    descriptions (tuple): one a name, empty where there is none.
    """

    names: Tuple[str, ...]
    descriptions: Tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, labels: Optional[LabelsInput]) -> LabelSet:
        """Build a set from a list of names or a mapping from name to description; None gives `DEFAULT_LABELS`.

        RAISES (ValueError): for a label that is blank or no text, for a single text instead of a list, and for two names with
            one description, which the model could not tell apart.
        """
        if labels is None:
            labels = DEFAULT_LABELS
        if isinstance(labels, str):
            raise ValueError(f"Labels come as a list, not as the single text {labels!r}; write [{labels!r}].")
        pairs = list(labels.items()) if isinstance(labels, Mapping) else [(name, "") for name in labels]
        for name, description in pairs:
            if not isinstance(name, str) or not name.strip():
                raise ValueError(f"The label {name!r} is blank; give every label some letters.")
            if not isinstance(description, str):
                raise ValueError(f"The description of {name!r} is {description!r}; it must be a text (or empty).")
        distinct: Dict[str, str] = {}
        for name, description in pairs:
            if name in distinct:
                warnings.warn(f"The label {name!r} is listed twice; it is used once.", UserWarning, stacklevel=2)
            else:
                distinct[name] = description.strip()
        readings: Dict[str, str] = {}
        for name, description in distinct.items():
            reading = description or name
            if reading in readings:
                raise ValueError(
                    f"The labels {readings[reading]!r} and {name!r} read the same: {reading!r}; tell them apart."
                )
            readings[reading] = name
        return cls(tuple(distinct), tuple(distinct.values()))

    def to_config(self) -> Union[List[str], Dict[str, str]]:
        """RETURNS (list or dict): the form that `of` reads."""
        if any(self.descriptions):
            return dict(zip(self.names, self.descriptions, strict=True))
        return list(self.names)

    def long_texts(self) -> List[str]:
        """RETURNS (list): labels that look like descriptions: those with one, and names of more than eight words."""
        return [
            name
            for name, description in zip(self.names, self.descriptions, strict=True)
            if len((description or name).split()) > LONG_LABEL_WORDS
        ]


def check_threshold(threshold: ThresholdInput) -> Union[float, Dict[str, float]]:
    """Coerce a threshold, or thresholds by label.

    RAISES (ValueError): for anything but numbers between 0 and 1.
    """
    if isinstance(threshold, Mapping):
        if isinstance(threshold.get("labels"), Mapping):
            raise ValueError(
                "These thresholds are the content of a file, with those by label under 'labels'; take read_thresholds(path, "
                "pipe.labels) of spacy_gliner_biomed.labels instead."
            )
        return {str(label): _probability(value, f"threshold of {label!r}") for label, value in threshold.items()}
    return _probability(threshold, "threshold")


def thresholds_for(threshold: ThresholdInput, names: Sequence[str], known_only: bool = True) -> List[float]:
    """RETURNS (list): one threshold a label; a mapping's `*` serves labels that it does not name, 0.5 where it lacks `*`.

    known_only (bool): refuse a mapping with labels that are not asked for; such a label is more often a slip than a plan.
    RAISES (ValueError): as `check_threshold`, and for a label in the mapping that is not among `names`.
    """
    checked = check_threshold(threshold)
    if isinstance(checked, float):
        return [checked] * len(names)
    unknown = [label for label in checked if label != "*" and label not in names]
    if unknown and known_only:
        raise ValueError(
            f"There is a threshold for {unknown[0]!r}, which is not one of the labels {list(names)}; leave it out, as "
            "narrow_thresholds(pipe.threshold, pipe.labels) of spacy_gliner_biomed.labels does, or add the label."
        )
    return [checked.get(name, checked.get("*", 0.5)) for name in names]


def narrow_thresholds(threshold: ThresholdInput, names: Sequence[str]) -> Union[float, Dict[str, float]]:
    """RETURNS (float or dict): the thresholds without those of labels that are not among `names`; `*` stays.

    RAISES (ValueError): as `check_threshold`.
    """
    checked = check_threshold(threshold)
    if isinstance(checked, float):
        return checked
    return {label: value for label, value in checked.items() if label == "*" or label in names}


def overriding_thresholds(base: ThresholdInput, changes: Optional[ThresholdInput]) -> Union[float, Dict[str, float]]:
    """RETURNS (float or dict): `changes` where it serves all labels (a number, or a mapping with `*`), else `base` with the
        labels that `changes` names changed.

    RAISES (ValueError): as `check_threshold`.
    """
    start = check_threshold(base)
    if changes is None:
        return start
    wanted = check_threshold(changes)
    if isinstance(wanted, float) or "*" in wanted:
        return wanted
    return {**({"*": start} if isinstance(start, float) else start), **wanted}


def read_thresholds(path: Union[str, Path], names: Optional[Sequence[str]] = None) -> Union[float, Dict[str, float]]:
    """The thresholds that `gliner-biomed calibrate` wrote: `pipe.threshold = read_thresholds(path, pipe.labels)`.

    path (str or Path): a JSON object: `threshold`, a number for all labels, and `labels`, an object label → number; one of the
        two may be missing.
    names (Sequence[str]): the pipe's labels, as a pipe refuses thresholds of others; None keeps all.
    RETURNS (float or dict): a number where none is left by label, otherwise label → number with `*` for the rest.
    RAISES (ValueError): for any other content; names the file.
    RAISES (OSError): where it cannot be read.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' is not JSON ({error}); make it anew with gliner-biomed calibrate.") from None
    by_label = content.get("labels", {}) if isinstance(content, dict) else None
    if not isinstance(by_label, dict) or not ("threshold" in content or by_label):
        raise ValueError(f"'{path}' holds no thresholds; it must be an object with 'threshold', 'labels', or both.")
    try:
        common = _probability(content.get("threshold", 0.5), "threshold")
        found = {label: _probability(value, f"threshold of {label!r}") for label, value in by_label.items()}
    except ValueError as error:
        raise ValueError(f"In '{path}': {error}") from None
    kept = {label: value for label, value in found.items() if names is None or label in names}
    return {**kept, "*": common} if kept else common


def _probability(value: object, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0.0 <= number <= 1.0:
        raise ValueError(f"The {what} is {value!r}; it must be a number from 0 to 1.")
    return number

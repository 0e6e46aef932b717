"""What a model was trained on, as it travels in the model folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Dict, FrozenSet, List


@dataclass(frozen=True)
class TrainingCard:
    """The provenance of a model's weights: what it has seen, and how it was taught to read a label.

    trained_on (str): "names", "descriptions" or "both": the kind of label text seen in training.
    label_template (str): how a label that has a description is put into words, with the fields `{name}` and `{description}`.
        Published GLiNER checkpoints read the description alone.
    corpora (list): one mapping a corpus: name, licence, passages, and whatever else its attribution needs.
    labels (dict): corpus name → the label strings that corpus was annotated for.
    """

    trained_on: str = "names"
    label_template: str = "{description}"
    corpora: List[Dict[str, Any]] = field(default_factory=list)
    labels: Dict[str, List[str]] = field(default_factory=dict)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): the card as JSON-able values."""
        return asdict(self)

    def knows(self, name: str) -> bool:
        """Whether a label was among those trained on, whatever its case; "cell_line" is "cell line"."""
        return _plain(name) in self._plain_labels

    @cached_property
    def _plain_labels(self) -> FrozenSet[str]:
        return frozenset(_plain(label) for labels in self.labels.values() for label in labels)

    def put_into_words(self, name: str, description: str) -> str:
        """RETURNS (str): the text that the model reads for one label."""
        if not description:
            return name
        return self.label_template.replace("{name}", name).replace("{description}", description)


def _plain(label: str) -> str:
    return label.replace("_", " ").casefold()

"""`spacy_gliner_biomed.json`: what GLiNER's files have no place for."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Dict, Optional

from ..scorer.card import TrainingCard
from ..scorer.config import ScorerConfig
from ..scorer.label_choice import LABEL_CHOICES
from ..scorer.words import WORD_PATTERNS
from . import limits
from .errors import CheckpointError
from .files import Files
from .json_text import Fields, dump_object, parse_object, strings
from .layout import TRAINING

FORMAT = 1


@dataclass(frozen=True)
class OwnPart:
    """What no file of GLiNER's tells.

    tied_encoders (bool): text and labels share one encoder. card (TrainingCard): what the model was trained on.
    words (str): how texts are cut into words, label_choice (str): which label takes a span; both as in `ScorerConfig`.
    """

    tied_encoders: bool = False
    card: TrainingCard = field(default_factory=TrainingCard)
    words: str = ScorerConfig.words
    label_choice: str = ScorerConfig.label_choice


def read_own_part(files: Files) -> OwnPart:
    """RETURNS (OwnPart): its content, or for a checkpoint that isn't ours the defaults: trained on label names.

    RAISES (CheckpointError): for another format version, unknown fields, and values of the wrong type.
    """
    data = files.read(TRAINING, limits.CONFIG_BYTES)
    if data is None:
        return OwnPart()
    where = files.where(TRAINING)
    values = Fields(parse_object(data, where), where)
    if values.values.get("format") != FORMAT:
        raise values.wrong("format", f"{FORMAT}; a newer spacy-gliner-biomed may read it")
    values.only(("format", "tied_encoders", "words", "label_choice", "training"))
    return OwnPart(
        values.boolean("tied_encoders", False),
        _read_card(values.object("training"), f"'training' in {where}"),
        values.choice("words", OwnPart.words, tuple(WORD_PATTERNS)),
        values.choice("label_choice", OwnPart.label_choice, LABEL_CHOICES),
    )


def _read_card(values: Optional[Dict[str, Any]], where: str) -> TrainingCard:
    card = Fields(values or {}, where)
    card.only([known.name for known in fields(TrainingCard)])
    corpora, labels = card.values.get("corpora", []), card.object("labels") or {}
    if not isinstance(corpora, list) or not all(isinstance(corpus, dict) for corpus in corpora):
        raise card.wrong("corpora", "a list of objects")
    inventory = {name: strings(value) for name, value in labels.items()}
    if None in inventory.values():
        raise card.wrong("labels", "an object of lists of strings")
    default = TrainingCard()
    return TrainingCard(
        trained_on=card.choice("trained_on", default.trained_on, ("names", "descriptions", "both")),
        label_template=card.text("label_template", default.label_template, 1000),
        corpora=corpora,
        labels={name: list(value or ()) for name, value in inventory.items()},
    )


def write_own_part(part: OwnPart) -> bytes:
    """RETURNS (bytes): the file's content.

    RAISES (CheckpointError): for a card that isn't JSON.
    """
    values: Dict[str, Any] = {"format": FORMAT, "tied_encoders": part.tied_encoders}
    if part.words != OwnPart.words:  # earlier versions read what does not have it
        values["words"] = part.words
    if part.label_choice != OwnPart.label_choice:
        values["label_choice"] = part.label_choice
    values["training"] = part.card.to_dict()
    try:
        return dump_object(values)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The training card can't be written as JSON: {error}.") from None

"""A training as a TOML file: `[model]`, `[[sources]]`, `[stream]`, `[dev]`, `[loss]`, `[training]`.

    [model]
    encoder = "sentence-transformers/all-MiniLM-L6-v2"
    [[sources]]
    path = "train"
    [training]
    steps = 2000

The keys are the fields of `settings.py`; everything but the model and one source has a default. A source's path starts at the
folder of corpora, or, with a leading "./" or "../", at the recipe's own folder.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union, get_type_hints

from .settings import (
    DevSettings,
    LossSettings,
    ModelSettings,
    SourceSettings,
    StreamSettings,
    TrainingSettings,
)

if TYPE_CHECKING:
    from ..scorer.scorer import SpanScorer

T = TypeVar("T")
_SECTIONS: Dict[str, type] = {
    "model": ModelSettings, "stream": StreamSettings, "dev": DevSettings, "loss": LossSettings, "training": TrainingSettings
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """All settings of a training. dev (DevSettings): None trains unwatched."""

    model: ModelSettings
    sources: Tuple[SourceSettings, ...]
    stream: StreamSettings
    dev: Optional[DevSettings]
    loss: LossSettings
    training: TrainingSettings


def read_recipe(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    changes (list): "section.key=value", such as "training.steps=100" or "sources.0.path=silver"; values are read as TOML, and
        what is none as text. "dev=none" trains unwatched.
    RAISES (ValueError): for a file that is no recipe, and for a key or value that a recipe doesn't have.
    """
    try:
        with path.open("rb") as stream:
            values = tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML file ({error}).") from None
    _beside(values.get("sources"), path.parent)
    for change in changes:
        _change(values, change)
    return make_recipe(values, str(path))


def _beside(sources: Any, folder: Path) -> None:
    """A source that the recipe names by a path with a leading dot stands beside the recipe, not among the corpora."""
    for source in sources if isinstance(sources, list) else ():
        named = source.get("path") if isinstance(source, dict) else None
        if isinstance(named, str) and named.startswith(("./", "../")):
            source["path"] = str((folder / named).resolve())


def make_recipe(values: Mapping[str, Any], where: str) -> Recipe:
    """RETURNS (Recipe): from the values of a file. where (str): the file, for messages.

    RAISES (ValueError): as `read_recipe`.
    """
    _check_keys(values, [*_SECTIONS, "sources"], "", where)
    sources = values.get("sources", [])
    if not isinstance(sources, list) or not sources or not all(isinstance(source, dict) for source in sources):
        raise ValueError(f"{where} needs at least one [[sources]] with a path.")
    sections: Dict[str, Any] = {name: _fill(kind, values.get(name) or {}, name, where) for name, kind in _SECTIONS.items()}
    filled = tuple(_fill(SourceSettings, source, f"sources.{n}", where) for n, source in enumerate(sources))
    if values.get("dev") is None:
        sections["dev"] = None
    return Recipe(sources=filled, **sections)


def build_scorer(settings: ModelSettings) -> SpanScorer:
    """RETURNS (SpanScorer): what a training begins with.

    RAISES (CheckpointError): when a checkpoint or encoder can't be found or read.
    """
    from ..checkpoint import load
    from ..checkpoint.untrained import Untrained

    if settings.start is not None:
        scorer = load(settings.start, settings.revision)
        scorer.set_own(settings.words, settings.label_choice)
        return scorer
    bi_encoder = settings.kind == "bi"
    assert settings.encoder is not None
    untrained = Untrained(
        encoder=settings.encoder,
        revision=settings.revision,
        label_encoder=settings.label_encoder,
        bi_encoder=bi_encoder,
        hidden_size=settings.hidden_size,
        max_width=settings.max_width,
        max_len=settings.max_len,
        num_rnn_layers=0 if bi_encoder else settings.num_rnn_layers,
        dropout=settings.dropout,
        attention_dropout=settings.attention_dropout,
        seed=settings.seed,
    )
    scorer = untrained()
    scorer.set_own(settings.words, settings.label_choice)
    return scorer


def _fill(kind: Type[T], values: Mapping[str, Any], section: str, where: str) -> T:
    if not isinstance(values, Mapping):
        raise ValueError(f"In {where}, {section} must be a table, not {values!r}.")
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    _check_keys(values, names, section + ".", where)
    typed = {name: _typed(value, hints[name], f"{section}.{name}", where) for name, value in values.items()}
    try:
        return kind(**typed)
    except TypeError:
        raise ValueError(f"In {where}, {section} lacks its 'path'.") from None


def _typed(value: Any, hint: Any, name: str, where: str) -> Any:
    """A TOML value as a field wants it."""
    allowed = hint.__args__ if getattr(hint, "__origin__", None) is Union else (hint,)
    if value is None and type(None) in allowed:
        return None
    for kind in allowed:
        if getattr(kind, "__origin__", None) is tuple:
            if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
                return tuple(value)
        elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        elif kind is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        elif kind in (str, bool) and isinstance(value, kind):
            return value
    wanted = " or ".join("a list of texts" if hasattr(kind, "__origin__") else kind.__name__ for kind in allowed)
    raise ValueError(f"In {where}, {name} is {value!r}; it must be {wanted.replace('NoneType', 'none')}.")


def _check_keys(values: Mapping[str, Any], known: Sequence[str], prefix: str, where: str) -> None:
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {prefix}{close[0]}?" if close else f"choose from {', '.join(known)}."
            raise ValueError(f"{where} has no setting {prefix}{key}; {hint}")


def _change(values: Dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    if not equals:
        raise ValueError(f"The change {change!r} lacks its value; write it as section.key=value.")
    place: Any = values
    *path, key = name.strip().split(".")
    try:
        for part in path:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        place[int(key) if isinstance(place, list) else key] = _value(text.strip())
    except (IndexError, ValueError, TypeError, AttributeError):
        raise ValueError(f"The change {change!r} names nothing in this recipe.") from None


def _value(text: str) -> Any:
    if text == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text

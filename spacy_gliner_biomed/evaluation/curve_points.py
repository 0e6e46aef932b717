"""The points of an F1–speed curve: one model computed and cut in several ways, and what else a user could choose."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..windows import check_window
from .systems.spec import COMPONENT, parse_spec

if TYPE_CHECKING:
    from ..scorer.scorer import SpanScorer

PRECISIONS, WINDOWS, LAYERS = ("float32", "bfloat16", "int8"), (64, 128), (5, 4, 3)
GLINER, LEXICON, GIVEN = "gliner", "lexicon", "other models"
WINDOW, LAYER = "window", "layers kept, not trained again"
FAMILIES = ("precision", WINDOW, LAYER, GIVEN, LEXICON, GLINER)
MADE = (WINDOW, LAYER, GLINER)  # families whose checkpoints are made for the curve
MODEL_FOLDER = Path(__file__).resolve().parents[1] / "models"


@dataclass(frozen=True)
class Point:
    """name (str): as tables and the figure call it. family (str): one of `FAMILIES`.
    system (str): what `systems.open_system` takes. place (Path): what has to be on disk for it; None for a Hub id."""

    name: str
    family: str
    system: str
    place: Optional[Path]

    @property
    def bytes(self) -> Optional[int]:
        """Its size on disk; None where that is not known."""
        if self.place is None or not self.place.exists():
            return None
        files = self.place.rglob("*") if self.place.is_dir() else [self.place]
        return sum(file.stat().st_size for file in files if file.is_file() and "__pycache__" not in file.parts)


def make_points(
    model: str,
    folder: Path,
    precisions: Sequence[str] = PRECISIONS,
    windows: Sequence[int] = WINDOWS,
    layers: Sequence[int] = LAYERS,
    others: Sequence[str] = (),
    lexicon: Optional[Path] = None,
    gliner: bool = True,
) -> List[Point]:
    """Make the points of a model.

    model (str): `mini`, a model folder or a Hub id. folder (Path): gets the checkpoints that are made of it.
    precisions (list): how it is computed. windows (list): most words that it reads at a time, in float32.
    layers (list): numbers of encoder layers to keep, in float32; see `keep_layers`.
    others (list): further systems, as `systems.open_system` takes them. lexicon (Path): of the lexicon matcher.
    gliner (bool): the same model under the `gliner` library.
    RETURNS (list): in the order of `FAMILIES`.
    RAISES (ValueError, OSError): as `checkpoint.load` and `keep_layers`, and for two points of one name.
    RAISES (ImportError): where `gliner` is wanted and not installed.
    """
    from importlib.util import find_spec

    from ..checkpoint import export, load, save

    if gliner and find_spec("gliner") is None:
        raise ImportError("The comparison needs the gliner library: pip install gliner; or leave it out with --no-gliner.")
    scorer = load(model)
    points = [
        Point(precision, "precision", f"{precision}={model},precision={precision}", _place(model)) for precision in precisions
    ]
    for window in windows:
        check_window(window, None, scorer.config.max_width)
        place = folder / f"window-{window}"
        save(with_window(scorer, window), place)
        points.append(_point(f"window {window}", WINDOW, place))
    for count in layers:
        place = folder / f"layers-{count}"
        save(keep_layers(scorer, count), place)
        points.append(_point(f"{count} of {scorer.config.text_encoder.num_hidden_layers} layers", LAYER, place))
    for text in others:
        spec = parse_spec(text)
        points.append(Point(spec.name, GIVEN, text, _place(spec.target) if spec.kind == COMPONENT else Path(spec.target)))
    if lexicon is not None:
        points.append(Point(LEXICON, LEXICON, f"{LEXICON}=lexicon:{lexicon}", lexicon))
    if gliner:
        export(scorer, folder / GLINER)
        points.append(Point(GLINER, GLINER, f"{GLINER}=gliner:{folder / GLINER}", folder / GLINER))
    names = [point.name for point in points]
    for each in names:
        if names.count(each) > 1:
            raise ValueError(f"Two points are called '{each}'; name one of the systems: other=…")
    return points


def remove_made(points: Sequence[Point], folder: Path) -> None:
    """Remove the checkpoints that `make_points` has made, and their folder where nothing else lies in it.

    points (list): as `make_points` returns them. folder (Path): the folder it was given.
    """
    for point in points:
        if point.place is not None and point.family in MADE:
            shutil.rmtree(point.place, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def with_window(scorer: SpanScorer, max_len: int) -> SpanScorer:
    """RETURNS (SpanScorer): the same weights, reading so many words at a time."""
    return _made(scorer, replace(scorer.config, max_len=max_len), scorer.module)


def keep_layers(scorer: SpanScorer, count: int) -> SpanScorer:
    """Drop the last layers of the text encoder, and of a label encoder that is one with it. Nothing is trained again: what the
    head then reads are states it has never seen, so that F1 falls further than it would after a training.

    count (int): layers to keep, the first ones.
    RETURNS (SpanScorer): a smaller scorer; the weights are copies.
    RAISES (ValueError): for a number that is not below the encoder's own.
    """
    from ..scorer.model import build_module

    config = scorer.config
    own = config.text_encoder.num_hidden_layers
    if not 1 <= count < own:
        raise ValueError(f"Of an encoder of {own} layers {count} cannot be kept; give a number from 1 to {own - 1}.")
    label = config.label_encoder
    if label is not None and config.tied_encoders:
        label = replace(label, num_hidden_layers=count)
    smaller = replace(config, text_encoder=replace(config.text_encoder, num_hidden_layers=count), label_encoder=label)
    module = build_module(smaller)
    state = scorer.module.state_dict()
    module.load_state_dict({name: state[name] for name in module.state_dict()})
    return _made(scorer, smaller, module)


def _made(scorer: SpanScorer, config: object, module: object) -> SpanScorer:
    from ..scorer.scorer import SpanScorer

    return SpanScorer(
        config, module, scorer.subwords, scorer.label_subwords, scorer.card, scorer.storage_scales  # type: ignore[arg-type]
    )  # fmt: skip


def _point(name: str, family: str, place: Path) -> Point:
    return Point(name, family, f"{name}={place},precision=float32", place)


def _place(model: str) -> Optional[Path]:
    embedded = MODEL_FOLDER / model
    place = Path(model) if Path(model).exists() else embedded
    return place if place.exists() else None

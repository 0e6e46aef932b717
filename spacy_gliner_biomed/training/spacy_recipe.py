"""A recipe inside `spacy train`: the same model, batches and optimiser as the plain engine's, under registered names.

    [components.gliner_biomed.model]
    @architectures = "spacy_gliner_biomed.Recipe.v1"
    recipe = "configs/train/mini.toml"

    [corpora.train]
    @readers = "spacy_gliner_biomed.TrainingStream.v1"
    recipe = "configs/train/mini.toml"
    corpora = "corpora"

`configs/recipe.cfg` is a whole config of this kind.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example

from ..scorer.loss import SpanLoss
from ..scorer.scorer import SpanScorer
from ..scorer.training import TrainingWindow
from ..thinc_model import ScorerModel, scorer_model
from .examples import WINDOW
from .optimisation import rate_factor
from .optimizer import AdamW, TwoRateAdamW
from .recipe import build_scorer, read_recipe
from .sampling import TrainingStream
from .settings import ModelSettings, TrainingSettings
from .sources import open_stream


class StreamMember(NamedTuple):
    """What the reference of an example carries: the number of its batch, and its window."""

    step: int
    window: TrainingWindow


@dataclass(frozen=True)
class _Build:
    """`build_scorer`, later; a value, so that a pipeline that holds it can be copied."""

    settings: ModelSettings

    def __call__(self) -> SpanScorer:
        return build_scorer(self.settings)


def RecipeModel(recipe: Union[str, Path], changes: Sequence[str] = ()) -> ScorerModel:
    """Registered as the architecture `spacy_gliner_biomed.Recipe.v1`: the model and the loss of a recipe.

    recipe (Path): a TOML file. changes (list): as for `read_recipe`.
    """
    read = read_recipe(Path(recipe), changes)
    return scorer_model(_Build(read.model), SpanLoss(**asdict(read.loss)), read.training.mixed_precision)


def RecipeAdamW(recipe: Union[str, Path], changes: Sequence[str] = ()) -> TwoRateAdamW:
    """Registered as the optimiser `spacy_gliner_biomed.RecipeAdamW.v1`: rates, schedule, decay and clipping of a recipe.

    Averages of the weights, where the recipe wants them, are thinc's, whose decay grows towards 0.9999.
    """
    settings = read_recipe(Path(recipe), changes).training
    return AdamW(
        _rates(settings),
        encoder_scale=settings.encoder_learn_rate / settings.learn_rate if settings.learn_rate else 0.0,
        L2=settings.decay,
        encoder_L2=settings.encoder_decay,
        beta1=settings.beta1,
        beta2=settings.beta2,
        eps=settings.eps,
        grad_clip=0.0,
        clip_norm=settings.clip,
        use_averages=settings.average > 0,
    )


def _rates(settings: TrainingSettings) -> Iterator[float]:
    for step in range(settings.steps):
        yield settings.learn_rate * rate_factor(step, settings)


def create_stream_reader(
    recipe: Union[str, Path],
    corpora: Union[str, Path],
    changes: Sequence[str] = (),
    spans_key: str = "gliner",
    limit: int = 0,
) -> Callable[[Language], Iterator[Example]]:
    """Registered as the reader `spacy_gliner_biomed.TrainingStream.v1`: the batches of a recipe, window by window.

    Its examples carry windows that are ready for the scorer, and no text: other components learn nothing from them. They need
    the batcher `spacy_gliner_biomed.StreamBatches.v1` and `max_epochs = -1`.

    corpora (Path): the folder that the recipe's paths start from.
    limit (int): batches to read; 0 for as many as the recipe has steps.
    RAISES (ValueError): for a pipeline without the component.
    """
    read = read_recipe(Path(recipe), changes)
    made: List[Tuple[str, TrainingStream]] = []

    def examples(nlp: Language) -> Iterator[Example]:
        scorer = _scorer_of(nlp)
        if not made or made[0][0] != scorer.subwords.json:  # encoded once for each tokenizer
            stream = open_stream(read.sources, read.stream, scorer, Path(corpora), read.training.seed)
            made[:] = [(scorer.subwords.json, stream)]
        _check_steps(nlp, read.training.steps)
        stream = made[0][1]
        for step in range(limit or read.training.steps):
            for window in stream.batch(step):
                yield _example(nlp, StreamMember(step, window), stream.store.labels, spans_key)

    return examples


def create_stream_batcher() -> Callable[[Iterable[Example]], Iterator[List[Example]]]:
    """Registered as the batcher `spacy_gliner_biomed.StreamBatches.v1`: keeps the batches of a `TrainingStream.v1` together.

    RAISES (ValueError): for examples from elsewhere, and for shuffled ones.
    """

    def batches(examples: Iterable[Example]) -> Iterator[List[Example]]:
        batch: List[Example] = []
        current: Optional[int] = None
        for example in examples:
            member = example.reference.user_data.get(WINDOW)
            if member is None:
                raise ValueError(
                    "The batcher spacy_gliner_biomed.StreamBatches.v1 takes the examples of TrainingStream.v1 alone."
                )
            if current is not None and member.step not in (current, current + 1):
                raise ValueError("The batches of TrainingStream.v1 were shuffled; set training.max_epochs = -1.")
            if member.step != current and batch:
                yield batch
                batch = []
            current = member.step
            batch.append(example)
        if batch:
            yield batch

    return batches


def _scorer_of(nlp: Language) -> SpanScorer:
    for _, pipe in nlp.pipeline:
        if hasattr(pipe, "span_scorer"):
            return pipe.span_scorer
    raise ValueError("The reader TrainingStream.v1 needs the component gliner_biomed in the pipeline, whose words it reads.")


def _check_steps(nlp: Language, steps: int) -> None:
    wanted: Any = nlp.config.get("training", {}).get("max_steps")
    if isinstance(wanted, int) and wanted and wanted != steps:
        warnings.warn(
            f"training.max_steps is {wanted} and the recipe's training.steps {steps}: the learning rate goes by the latter.",
            UserWarning,
            stacklevel=3,
        )


def _example(nlp: Language, member: StreamMember, labels: Sequence[str], spans_key: str) -> Example:
    """A Doc of as many nameless words as the window has; `annotated_labels` are those of the whole stream."""
    words = ["_"] * len(member.window.words)
    reference = Doc(nlp.vocab, words=words)
    attrs = {"offsets": np.zeros((0, 2), dtype=np.int64), "annotated_labels": list(labels)}
    reference.spans[spans_key] = SpanGroup(reference, name=spans_key, attrs=attrs, spans=[])
    reference.user_data[WINDOW] = member
    return Example(Doc(nlp.vocab, words=words), reference)

"""Everything a training can be told, as plain frozen values with defaults; `recipe.py` reads them from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

SCHEDULES = ("cosine", "linear", "constant")
KINDS = ("bi", "uni")
WORDS = ("whitespace", "punctuation")  # the keys of `WORD_PATTERNS`, which loads torch
LABEL_CHOICES = ("score", "lift")  # as in `scorer.label_choice`


@dataclass(frozen=True)
class ModelSettings:
    """The scorer that a training begins with: a trained one (`start`), or an untrained head on a pre-trained encoder.

    start (str): "mini", a model folder or a Hub id; then the fields below it play no part.
    encoder, label_encoder (str): folders or Hub ids. A bi-encoder without `label_encoder` reads labels with its text encoder.
    kind (str): "bi" or "uni".
    hidden_size … dropout: as `ScorerConfig`. attention_dropout (float): overrides the encoder's own.
    seed (int): of the head's first weights.
    words (str): how texts are cut into words, as `ScorerConfig.words`; None for what the model has, or "whitespace".
    label_choice (str): "score" or "lift", which of several labels takes a span, as `ScorerConfig.label_choice`; None for what
        the model has, or "score".
    """

    start: Optional[str] = None
    revision: Optional[str] = None
    encoder: Optional[str] = None
    label_encoder: Optional[str] = None
    kind: str = "bi"
    hidden_size: int = 512
    max_width: int = 12
    max_len: int = 384
    num_rnn_layers: int = 1
    dropout: float = 0.4
    attention_dropout: Optional[float] = None
    seed: int = 0
    words: Optional[str] = None
    label_choice: Optional[str] = None

    def __post_init__(self) -> None:
        if self.words not in (None, *WORDS):
            raise ValueError(f"The setting model.words is {self.words!r}; choose from {list(WORDS)}.")
        if self.label_choice not in (None, *LABEL_CHOICES):
            raise ValueError(f"The setting model.label_choice is {self.label_choice!r}; choose from {list(LABEL_CHOICES)}.")
        if (self.start is None) == (self.encoder is None):
            raise ValueError("A training begins with either model.start or model.encoder; give one of the two.")
        if self.kind not in KINDS:
            raise ValueError(f"The setting model.kind is {self.kind!r}; choose from {list(KINDS)}.")

    @property
    def head_seed(self) -> Optional[int]:
        """What an untrained head is drawn by; None for a trained one."""
        return self.seed if self.start is None else None


@dataclass(frozen=True)
class SourceSettings:
    """Annotated text to learn from.

    path (str): a file or folder of any format of `corpus.formats`; relative to the folder of corpora, in a recipe's file also
        to that file (`recipe.py`).
    format (str): the format, where it should not be found out.
    weight (float): factor on the share of words that temperature gives each corpus of this source.
    only, exclude (list): corpora by name (of the rows' `corpus`, or of the file): those to take, and those to leave out.
    exclude_labels (list): labels that this source is taken not to annotate.
    partial (bool): treat all rows as annotated in part; None goes by the rows.
    words (int): most words to take, evenly from the whole; 0 for all.
    empty (float): share of the windows without any mention that a round reads, 0 to 1.
    """

    path: str
    format: Optional[str] = None
    weight: float = 1.0
    only: Tuple[str, ...] = ()
    exclude: Tuple[str, ...] = ()
    exclude_labels: Tuple[str, ...] = ()
    partial: Optional[bool] = None
    words: int = 0
    empty: float = 1.0

    def __post_init__(self) -> None:
        _within("sources.weight", self.weight, 0.0, None)
        _within("sources.empty", self.empty, 0.0, 1.0)


@dataclass(frozen=True)
class StreamSettings:
    """How batches are drawn from the sources, and what their labels look like.

    batch_words (int): words a batch, about.
    window (int): most words a window; None for the model's `max_len`.
    temperature (float): a corpus is read by its number of words to this power; 1 reads everything once a round.
    max_labels (int): most label texts a batch.
    label_dropout (float): probability that a label is unknown in a batch.
    absent (float): share of `max_labels` that labels without a mention in the batch keep where there are more labels than that;
        without it, those with mentions take all places, and the model is seldom asked for what is not there.
    negatives (float): probability that a label of a passage's corpus without a mention in the batch is asked for.
    annotated_only (bool): what a passage was not annotated for is unknown in it; without, it counts as absent there.
    nested (bool): keep mentions inside other mentions; without, only the outermost are.
    merge (float): probability that a corpus' labels are replaced by a broader one in a batch (`label_sets`' merges).
    wordings_per_label (int): different texts of one label in a batch.
    name, synonym, plural, description, name_and_description (float): how likely each kind of wording is, relative to the others.
        A label that lacks one takes its name. "name: description" follows `LABEL_TEMPLATE`.
    frame (float): probability that words are put around a name, synonym or plural ("kind of …", "… mentioned in the text").
    case (float): probability that a name, synonym or plural is written in another case.
    withhold (list): label texts that are never shown, whatever the case: those a zero-shot test will ask for. Passages of any
        source count as not annotated for labels of these names.
    prompt_subwords (int): sub-words of a window that a uni-encoder with absolute positions keeps for its labels.
    """

    batch_words: int = 1500
    window: Optional[int] = None
    temperature: float = 0.6
    max_labels: int = 40
    label_dropout: float = 0.1
    absent: float = 0.0
    negatives: float = 1.0
    annotated_only: bool = True
    nested: bool = True
    merge: float = 0.1
    wordings_per_label: int = 1
    name: float = 0.4
    synonym: float = 0.25
    plural: float = 0.08
    description: float = 0.15
    name_and_description: float = 0.12
    frame: float = 0.0
    case: float = 0.15
    withhold: Tuple[str, ...] = ()
    prompt_subwords: int = 192

    def __post_init__(self) -> None:
        for name in ("label_dropout", "absent", "negatives", "merge", "frame", "case"):
            _within(f"stream.{name}", getattr(self, name), 0.0, 1.0)
        for name in ("batch_words", "max_labels", "wordings_per_label"):
            _within(f"stream.{name}", getattr(self, name), 1, None)
        for name in ("name", "synonym", "plural", "description", "name_and_description"):
            _within(f"stream.{name}", getattr(self, name), 0.0, None)
        if not self.name + self.synonym + self.plural + self.description + self.name_and_description > 0:
            raise ValueError("All kinds of wording have probability 0; give stream.name or another one above 0.")

    @property
    def reads_wordings(self) -> bool:
        """Whether any wording but the plain name can be drawn."""
        return self.synonym + self.plural + self.description + self.name_and_description > 0

    @property
    def trained_on(self) -> str:
        """What a `TrainingCard` says: "names", "descriptions" or "both"."""
        if not self.description + self.name_and_description:
            return "names"
        return "both" if self.name + self.synonym + self.plural else "descriptions"


@dataclass(frozen=True)
class DevSettings:
    """The annotated text that a training is watched on.

    path (str): a file or folder; relative to the folder of corpora.
    only, exclude (list): corpora by name.
    words (int): most words of each corpus, evenly from the whole; 0 for all.
    threshold (float): the score a span must exceed.
    """

    path: str = "dev"
    format: Optional[str] = None
    only: Tuple[str, ...] = ()
    exclude: Tuple[str, ...] = ()
    words: int = 5000
    threshold: float = 0.5


@dataclass(frozen=True)
class LossSettings:
    """The fields of `SpanLoss`."""

    alpha: float = -1.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    prob_margin: float = 0.0
    reduction: str = "sum"
    floor: float = 1e-6


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation.

    steps (int): updates of the weights.
    learn_rate, encoder_learn_rate (float): highest rates of the head, and of what lies in the encoders.
    decay, encoder_decay (float): decoupled weight decay; layer norms and biases have none.
    warmup (float): updates with a rising rate: a share of all below 1, else a number.
    schedule (str): "cosine", "linear" (both down to 0) or "constant".
    clip (float): largest norm of the whole gradient; 0 for none.
    accumulate (int): parts that a batch is computed in, one after the other, to save memory.
    average (float): decay of the moving average of the weights that is evaluated and kept, such as 0.999; 0 for none.
    mixed_precision (bool): products of dense layers in bfloat16.
    dropout (float): inside the span head and the label head; None for the model's own.
    seed (int): of everything that is drawn, apart from a new head's weights.
    device (str): "cpu", "cuda", "cuda:1"; None for CUDA where there is one.
    log_every, evaluate_every, checkpoint_every (int): in updates; 0 for never.
    keep (int): checkpoints to keep.
    patience (int): stop after so many evaluations without a better one; 0 for never.
    """

    steps: int = 1000
    learn_rate: float = 3e-4
    encoder_learn_rate: float = 1e-4
    decay: float = 0.01
    encoder_decay: float = 0.01
    warmup: float = 0.05
    schedule: str = "linear"
    clip: float = 1.0
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    accumulate: int = 1
    average: float = 0.0
    mixed_precision: bool = True
    dropout: Optional[float] = None
    seed: int = 0
    device: Optional[str] = None
    log_every: int = 10
    evaluate_every: int = 500
    checkpoint_every: int = 250
    keep: int = 2
    patience: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ValueError(f"The setting training.schedule is {self.schedule!r}; choose from {list(SCHEDULES)}.")
        for name in ("steps", "accumulate", "keep"):
            _within(f"training.{name}", getattr(self, name), 1, None)
        _within("training.average", self.average, 0.0, 1.0)
        _within("training.warmup", self.warmup, 0.0, None)


def _within(name: str, value: float, least: float, most: Optional[float]) -> None:
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"The setting {name} is {value!r}; it must be {limits}.")

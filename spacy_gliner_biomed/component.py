"""The pipe: open named entity recognition with labels in plain words."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples, validate_get_examples
from thinc.api import Model, Optimizer

from .device import resolve_device
from .labels import LabelSet, LabelsInput, ThresholdInput, check_threshold, thresholds_for
from .placement import ALIGNMENT_MODES, Hits, get_score, place, set_entities, set_score
from .reading import Reading, read_docs
from .scorer.decode import OVERLAPS
from .scorer.label_choice import LABEL_CHOICES
from .scorer.linear import PRECISIONS
from .scorer.scorer import Settings, SpanScorer
from .scorer.words import WORD_PATTERNS
from .thinc_model import shim_of
from .training.examples import GoldReport, to_windows
from .training.reader import annotated_labels, gold_spans
from .windows import check_window

EntsFilter = Callable[[Iterable[Span], Iterable[Span]], Sequence[Span]]


class GlinerBiomed(TrainablePipe):
    """Finds entities with any labels and writes them to `doc.spans[spans_key]` and `doc.ents`.

    labels (list or dict): names, or name → description; None for the default biomedical labels.
    threshold (float or dict): a score must exceed it; a mapping goes by label, `*` for the others.
    spans_key (str): name of the span group. It holds all hits, sorted by start, end and label, with `attrs["scores"]`,
        *shape* `(n,)`, and the model's own character offsets in `attrs["offsets"]`, *shape* `(n, 2)`.
    annotate_ents (bool): also write the best-scoring spans that don't overlap to `doc.ents`, and every hit's score to
        `span._.score`.
    ents_filter (callable): (earlier entities, new spans with the best first) → entities.
    overwrite (bool): drop earlier entities instead of keeping them.
    overlap (str): "flat" (no two spans share a word) or "nested" (one may lie inside another).
    multi_label (bool): whether one span may carry several labels.
    alignment_mode (str): how hits are put on tokens, as in `Doc.char_span`.
    window, stride (int): words read at a time, and from one window to the next; None for the checkpoint's window.
    batch_size (int): documents at a time where the pipe is called by itself (`pipe.pipe`, `pipe.annotate`); `nlp.pipe` passes its
        own. max_batch_tokens (int): sub-words per forward pass; None for 1,024 on a CPU and 16,384 on a GPU.
    device (str): "cpu", "cuda", "cuda:1"; None follows spaCy, or else takes the CPU. It belongs to the machine and is not stored
        with the pipe: in a saved pipeline, its config names it.
    precision (str): "float32", "bfloat16" or "int8" (CPU).
    words (str): where spans may begin and end: "whitespace" for GLiNER's words, "punctuation" for words that end at hyphens;
        None for the checkpoint's own. The model is trained on such words too.
    label_choice (str): without `multi_label`, which of several labels above their thresholds takes a span: "score", the
        best-scoring one, as in GLiNER; or, in bi-encoders, "lift": where the model does not know all labels that it is asked for,
        the one that is likelier here than on any mention by the most. None for the checkpoint's own.
    scorer (callable): as for every pipe.
    RAISES (ValueError): for a setting outside its range; the message names it.
    """

    def __init__(
        self,
        vocab: Any,
        model: Model,
        name: str = "gliner_biomed",
        *,
        labels: Optional[LabelsInput] = None,
        threshold: ThresholdInput = 0.5,
        spans_key: str = "gliner",
        annotate_ents: bool = True,
        ents_filter: Optional[EntsFilter] = None,
        overwrite: bool = False,
        overlap: str = "nested",
        multi_label: bool = False,
        alignment_mode: str = "expand",
        window: Optional[int] = None,
        stride: Optional[int] = None,
        batch_size: int = 32,
        max_batch_tokens: Optional[int] = None,
        device: Optional[str] = None,
        precision: str = "float32",
        words: Optional[str] = None,
        label_choice: Optional[str] = None,
        scorer: Optional[Callable] = None,
    ) -> None:
        from .placement import best_score_filter

        shim_of(model)
        _choice("overlap", overlap, OVERLAPS)
        _choice("alignment_mode", alignment_mode, ALIGNMENT_MODES)
        _choice("precision", precision, PRECISIONS)
        if words is not None:
            _choice("words", words, tuple(WORD_PATTERNS))
        if label_choice is not None:
            _choice("label_choice", label_choice, LABEL_CHOICES)
        _at_least_one("batch_size", batch_size)
        if max_batch_tokens is not None:
            _at_least_one("max_batch_tokens", max_batch_tokens)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.ents_filter = ents_filter or best_score_filter
        self.gold_report = GoldReport()
        self._warned_for: Optional[Tuple[str, ...]] = None
        self.cfg: Dict[str, Any] = {
            "labels": None if labels is None else LabelSet.of(labels).to_config(),
            "threshold": check_threshold(threshold),
            "spans_key": spans_key,
            "annotate_ents": annotate_ents,
            "overwrite": overwrite,
            "overlap": overlap,
            "multi_label": multi_label,
            "alignment_mode": alignment_mode,
            "window": window,
            "stride": stride,
            "batch_size": batch_size,
            "max_batch_tokens": max_batch_tokens,
            "device": device,
            "precision": precision,
            "words": words,
            "label_choice": label_choice,
        }
        if not Span.has_extension("score"):
            Span.set_extension("score", getter=get_score, setter=set_score)

    # -- settings that change at run time -----------------------------------------------------------------------------------

    @property
    def label_set(self) -> LabelSet:
        """The labels with their descriptions."""
        return LabelSet.of(self.cfg["labels"])

    @property
    def labels(self) -> Tuple[str, ...]:
        """The label names. Assign a list of names or a mapping from name to description."""
        return self.label_set.names

    @labels.setter
    def labels(self, labels: Optional[LabelsInput]) -> None:
        self.cfg["labels"] = None if labels is None else LabelSet.of(labels).to_config()

    @property
    def label_data(self) -> Tuple[str, ...]:
        """What `spacy init labels` stores."""
        return self.labels

    @property
    def threshold(self) -> Union[float, Dict[str, float]]:
        """The threshold, or thresholds by label with `*` for the others; of those, single ones may be assigned."""
        threshold = self.cfg["threshold"]
        return threshold if isinstance(threshold, dict) else check_threshold(threshold)

    @threshold.setter
    def threshold(self, threshold: ThresholdInput) -> None:
        self.cfg["threshold"] = check_threshold(threshold)

    def add_label(self, label: str, description: str = "") -> int:
        """Add a label. RETURNS (int): 1 if it is new, else 0."""
        known = self.label_set
        if label in known.names:
            return 0
        labels = dict(zip(known.names, known.descriptions, strict=True))
        self.labels = {**labels, label: description}
        return 1

    @property
    def span_scorer(self) -> SpanScorer:
        """The network with its tokenizers, on the device and in the precision of this pipe; loads the weights if need be."""
        scorer = shim_of(self.model).scorer
        device = resolve_device(self.cfg["device"], self.model)
        budget = self.cfg["max_batch_tokens"] or (1024 if device == "cpu" else 16_384)
        settings = Settings(self.cfg["precision"], device, int(budget))
        if scorer.settings != settings:
            scorer.configure(settings)
        scorer.set_own(self.cfg.get("words"), self.cfg.get("label_choice"))  # pipelines of earlier versions lack them
        return scorer

    # -- reading ----------------------------------------------------------------------------------------------------------------

    def __call__(
        self, doc: Doc, *, labels: Optional[LabelsInput] = None, threshold: Optional[ThresholdInput] = None
    ) -> Doc:
        """Annotate a document, with other labels or another threshold for this call alone if they are given."""
        error_handler = self.get_error_handler()
        try:
            self.set_annotations([doc], self.predict([doc], labels=labels, threshold=threshold))
        except Exception as error:
            error_handler(self.name, self, [doc], error)
        return doc

    def pipe(
        self,
        stream: Iterable[Doc],
        *,
        batch_size: Optional[int] = None,
        labels: Optional[LabelsInput] = None,
        threshold: Optional[ThresholdInput] = None,
    ) -> Iterator[Doc]:
        """Annotate a stream of documents, `batch_size` of them at a time."""
        error_handler = self.get_error_handler()
        for docs in util.minibatch(stream, size=batch_size or self.cfg["batch_size"]):
            docs = list(docs)
            try:
                self.set_annotations(docs, self.predict(docs, labels=labels, threshold=threshold))
            except Exception as error:
                error_handler(self.name, self, docs, error)
                continue
            yield from docs

    def annotate(
        self,
        docs: Union[Doc, Iterable[Doc]],
        *,
        labels: Optional[LabelsInput] = None,
        threshold: Optional[ThresholdInput] = None,
    ) -> List[Doc]:
        """Annotate documents in place, outside the pipeline. RETURNS (list): the documents."""
        return list(self.pipe([docs] if isinstance(docs, Doc) else docs, labels=labels, threshold=threshold))

    def predict(
        self,
        docs: Iterable[Doc],
        *,
        labels: Optional[LabelsInput] = None,
        threshold: Optional[ThresholdInput] = None,
    ) -> List[Hits]:
        """Find entities without touching the documents.

        RETURNS (list): the hits of each document.
        RAISES (ValueError): for labels that the model can't tell apart from nothing, or that don't fit its prompt.
        """
        docs = list(docs)
        wanted = self.label_set if labels is None else LabelSet.of(labels)
        # The pipe's own thresholds may name labels that this call does not ask for
        own_only = labels is None or threshold is not None
        limits = thresholds_for(self.threshold if threshold is None else threshold, wanted.names, own_only)
        if not len(wanted) or not any(doc.text.strip() for doc in docs):
            return [Hits.none(wanted.names) for _ in docs]
        scorer = self.span_scorer
        reading = self._reading(scorer, wanted, limits)
        return self._read(scorer, docs, reading)

    def set_annotations(self, docs: Iterable[Doc], hits: Iterable[Hits]) -> None:
        """Write hits to the documents: the only place that changes them."""
        cfg = self.cfg
        for doc, found in zip(docs, hits, strict=True):
            group = place(doc, found, cfg["spans_key"], cfg["alignment_mode"], cfg["overlap"], cfg["multi_label"])
            doc.spans[cfg["spans_key"]] = group
            if cfg["annotate_ents"]:
                set_entities(doc, group, cfg["overwrite"], self.ents_filter)

    def _read(self, scorer: SpanScorer, docs: Sequence[Doc], reading: Reading) -> List[Hits]:
        return read_docs(scorer, [doc.text for doc in docs], reading)

    def _reading(self, scorer: SpanScorer, wanted: LabelSet, limits: List[float]) -> Reading:
        texts = [scorer.card.put_into_words(*pair) for pair in zip(wanted.names, wanted.descriptions, strict=True)]
        scorer.check_labels(texts)
        self._warn_of_descriptions(scorer, wanted)
        window, stride = self._window(scorer)
        return Reading(
            names=wanted.names,
            texts=tuple(texts),
            thresholds=tuple(limits),
            overlap=self.cfg["overlap"],
            multi_label=self.cfg["multi_label"],
            window=window,
            stride=stride,
        )

    def _window(self, scorer: SpanScorer) -> Tuple[int, int]:
        window = scorer.config.max_len if self.cfg["window"] is None else int(self.cfg["window"])
        return window, check_window(window, self.cfg["stride"], scorer.config.max_width)

    def _warn_of_descriptions(self, scorer: SpanScorer, wanted: LabelSet) -> None:
        long = tuple(wanted.long_texts())
        if scorer.card.trained_on != "names" or not long or long == self._warned_for:
            return
        self._warned_for = long
        warnings.warn(
            f"The label {long[0]!r} reads like a description, and this model was trained on short names only: long texts "
            "break such a model. Use a short name, or a model trained on descriptions.",
            UserWarning,
            stacklevel=2,
        )

    # -- training ---------------------------------------------------------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Union[List[str], Dict[str, str]]] = None,
    ) -> None:
        """Load the weights; take the labels from `labels`, from the config, or else from the first 1,000 examples."""
        validate_get_examples(get_examples, "GlinerBiomed.initialize")
        if labels is not None:
            self.labels = labels
        elif self.cfg["labels"] is None:
            found: Dict[str, None] = {}
            for _, example in zip(range(1000), get_examples(), strict=False):
                known = annotated_labels(example.reference, self.cfg["spans_key"])
                gold = [label for _, _, label in gold_spans(example.reference, self.cfg["spans_key"])]
                found.update(dict.fromkeys([*(known or []), *gold]))
            if found:
                self.labels = sorted(found)
        self._initialize_model(get_examples)
        self.span_scorer  # noqa: B018  so that a wrong device or precision is told now

    def _initialize_model(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        self.model.initialize()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """One training step (without `sgd`: gradients add up until `finish_update`).

        Labels that a passage was not annotated for are unknown there, never negative. `drop` is the dropout of the span head.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "GlinerBiomed.update")
        windows = self._training_windows(examples)
        if windows:
            shim_of(self.model).set_head_dropout(drop)
            loss, backprop = self.model.begin_update(windows)
            backprop(1.0)
            losses[self.name] += float(loss)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def get_loss(self, examples: Iterable[Example], scores: Any = None) -> Tuple[float, float]:
        """RETURNS (tuple): the loss of examples without dropout, and its gradient with respect to itself, 1."""
        examples = list(examples)
        validate_examples(examples, "GlinerBiomed.get_loss")
        windows = self._training_windows(examples)
        return (float(self.model.predict(windows)) if windows else 0.0), 1.0

    def _training_windows(self, examples: List[Example]) -> Any:
        scorer = self.span_scorer
        known = self.label_set
        descriptions = dict(zip(known.names, known.descriptions, strict=True))
        return to_windows(
            examples,
            scorer,
            lambda name: scorer.card.put_into_words(name, descriptions.get(name, "")),
            known.names,
            self.cfg["spans_key"],
            self._window(scorer)[0],
            self.gold_report,
        )

    # -- storage ----------------------------------------------------------------------------------------------------------------

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Write settings and model folder; the folder `model` is in GLiNER's published layout."""
        writers: Dict[str, Callable[[Path], None]] = {
            "cfg": lambda p: srsly.write_json(p, _stored(self.cfg)),
            "model": self._save_model,
        }
        util.to_disk(Path(path), writers, exclude)

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> GlinerBiomed:
        """Read what `to_disk` wrote."""
        # srsly's own parser reads 0.3 as 0.30000000000000004
        readers: Dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self.cfg.update(_stored(json.loads(p.read_text(encoding="utf-8")))),
            "model": self._load_model,
        }
        util.from_disk(Path(path), readers, exclude)
        return self

    def _save_model(self, folder: Path) -> None:
        shim_of(self.model).to_folder(folder)

    def _load_model(self, folder: Path) -> None:
        shim_of(self.model).from_folder(folder)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): settings and model folder."""
        writers: Dict[str, Callable[[], Any]] = {
            "cfg": lambda: srsly.json_dumps(_stored(self.cfg)),
            "model": lambda: self.model.to_bytes(),
        }
        return util.to_bytes(writers, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> GlinerBiomed:
        """Take what `to_bytes` made."""
        readers: Dict[str, Callable[[bytes], Any]] = {
            "cfg": lambda b: self.cfg.update(_stored(json.loads(b))),
            "model": lambda b: self.model.from_bytes(b),
        }
        util.from_bytes(bytes_data, readers, exclude)
        return self


def _stored(cfg: Dict[str, Any]) -> Dict[str, Any]:
    """What travels of the settings: the device is that of a machine, which another need not have."""
    return {name: value for name, value in cfg.items() if name != "device"}


def _choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"The setting {name} is {value!r}; choose from {list(choices)}.")


def _at_least_one(name: str, value: int) -> None:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"The setting {name} is {value!r}; it must be a whole number of at least 1.")

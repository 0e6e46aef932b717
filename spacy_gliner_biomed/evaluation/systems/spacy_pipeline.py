"""Any spaCy pipeline that writes entities or span groups, such as scispaCy's."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ...corpus.passage import AnnotatedPassage
from ...scorer.card import TrainingCard
from .base import Clock, ScoredMention
from .label_map import LabelMap

ZONE_BATCHES = 32  # batches between two clearances of the words that spaCy's vocabulary has gathered


class SpacySystem:
    """Predicts with `doc.ents`, or with a span group; labels are mapped to those asked for (see `LabelMap`).

    name (str): how tables call it.
    nlp (Language): the pipeline.
    spans_key (str): the span group to read; None for `doc.ents`.
    label_map (Mapping[str, str]): pipeline label → label, for labels that are not found by their names.
    batch_size (int): documents at a time.
    details (dict): what it was made from.
    """

    kind = "spacy"

    def __init__(
        self,
        name: str,
        nlp: Language,
        spans_key: Optional[str] = None,
        label_map: Optional[Mapping[str, str]] = None,
        batch_size: int = 32,
        details: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.name, self.nlp, self.spans_key, self.batch_size = name, nlp, spans_key, batch_size
        self._table = dict(label_map or {})
        meta = {"pipeline": f"{nlp.meta.get('lang')}_{nlp.meta.get('name')} {nlp.meta.get('version')}"}
        self.details: Dict[str, Any] = {**meta, **(details or {})}
        self.notes: List[str] = []
        self._clock = Clock()

    @property
    def card(self) -> Optional[TrainingCard]:
        """None: spaCy pipelines do not say what they were trained on."""
        return None

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words a second of the last `predict`, without loading."""
        return self._clock.words_per_second

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): the labels that some label of the pipeline stands for; all where it declares none."""
        own = self._own_labels()
        if not own:
            return tuple(labels)
        mapped = LabelMap(labels, self._table)
        known = {mapped(label) for label in own}
        return tuple(label for label in labels if label in known)

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`; "flat" keeps the longest of overlapping spans of a group."""
        mapped = LabelMap(labels, self._table)
        clock = self._clock = Clock()
        return clock.time(self._zones(clock.count(passages), mapped, overlap == "flat"))

    def _zones(self, passages: Iterator[AnnotatedPassage], mapped: LabelMap, flat: bool) -> Iterator[List[ScoredMention]]:
        for head in passages:
            zone = islice(chain([head], passages), self.batch_size * ZONE_BATCHES)
            with self.nlp.memory_zone():
                for doc in self.nlp.pipe((passage.text for passage in zone), batch_size=self.batch_size):
                    yield self._read(doc, mapped, flat)

    def _read(self, doc: Doc, mapped: LabelMap, flat: bool) -> List[ScoredMention]:
        scores: Dict[Span, float] = {}
        if self.spans_key is None:
            spans: List[Span] = list(doc.ents)
        elif self.spans_key in doc.spans:
            group = doc.spans[self.spans_key]
            spans = list(group)
            given = group.attrs.get("scores", ())
            if len(given) == len(spans):
                scores = {span: float(score) for span, score in zip(spans, given, strict=True)}
        else:
            kept = ", ".join(doc.spans) or "none"
            raise ValueError(f"'{self.name}' writes no span group '{self.spans_key}' (its groups: {kept}).")
        wanted = [span for span in spans if mapped(span.label_) is not None]
        return [
            ScoredMention(span.start_char, span.end_char, mapped(span.label_) or "", scores.get(span, 1.0))
            for span in (filter_spans(wanted) if flat else wanted)
        ]

    def _own_labels(self) -> Set[str]:
        written = "doc.ents" if self.spans_key is None else "doc.spans"
        return {
            label
            for name in self.nlp.pipe_names
            if written in self.nlp.get_pipe_meta(name).assigns
            for label in getattr(self.nlp.get_pipe(name), "labels", ())
        }

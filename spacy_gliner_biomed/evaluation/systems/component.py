"""Our component: any pipeline with a `gliner_biomed` pipe."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from spacy.language import Language

from ...annotate.inputs import Passage
from ...annotate.pipeline import find_pipe
from ...annotate.run import WARM_UP, annotate_stream
from ...corpus.passage import AnnotatedPassage
from ...labels import ThresholdInput, check_threshold, narrow_thresholds
from ...scorer.card import TrainingCard
from .base import Clock, ScoredMention


class ComponentSystem:
    """Predicts with the pipe, whose labels, threshold and overlap each `predict` sets.

    What is scored are the model's own character offsets, not those of spaCy's tokens.

    name (str): how tables call it.
    nlp (Language): a pipeline with a `gliner_biomed` pipe.
    threshold (float or dict): for all labels or by label; those of labels that a corpus lacks are left aside there. None
        keeps the pipe's own.
    batch_size (int): documents at a time.
    details (dict): what it was made from.
    RAISES (ValueError): where the pipeline has no such pipe.
    """

    kind = "gliner_biomed"

    def __init__(
        self,
        name: str,
        nlp: Language,
        threshold: Optional[ThresholdInput] = None,
        batch_size: int = 32,
        details: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.name, self.nlp, self.batch_size = name, nlp, batch_size
        self.pipe = find_pipe(nlp, name)
        self.threshold = self.pipe.threshold if threshold is None else check_threshold(threshold)
        self.details: Dict[str, Any] = {**(details or {}), "threshold": self.threshold}
        self.notes: List[str] = []
        self._clock = Clock()

    @property
    def card(self) -> Optional[TrainingCard]:
        """What the model was trained on; reads the weights if need be."""
        return self.pipe.span_scorer.card

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words a second of the last `predict`, without loading."""
        return self._clock.words_per_second

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): all of them: labels are free text here."""
        return tuple(labels)

    def ask(self, labels: Sequence[str]) -> None:
        """Set the pipe's labels."""
        self.pipe.labels = list(labels)

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`."""
        self.pipe.threshold = narrow_thresholds(self.threshold, labels)
        self.ask(labels)
        self.pipe.cfg["overlap"] = overlap
        self.nlp(WARM_UP)  # reads the weights, so that the clock below does not
        clock = self._clock = Clock()
        texts = (Passage(passage.text, passage.id) for passage in clock.count(passages))
        for _, _, entities in clock.time(annotate_stream(self.nlp, texts, self.batch_size)):
            yield [ScoredMention(entity.start, entity.end, entity.label, entity.score) for entity in entities]

"""The registered scorer: precision, recall and F1 of entities and of the span group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional

from spacy.scorer import PRFScore, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from .offsets import labelled_characters


def make_scorer(spans_key: Optional[str] = None) -> Callable[..., Dict[str, Any]]:
    """Registered as `spacy_gliner_biomed.Scorer.v1`. spans_key (str): the span group to score; None for that of the pipe."""
    return EntityAndSpanScorer(spans_key)


@dataclass(frozen=True)
class EntityAndSpanScorer:
    """Scores with one span group's name. A class and not a closure, so that pipelines can be pickled by their users."""

    spans_key: Optional[str]

    def __call__(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        # spaCy passes the settings of the pipe
        spans_key = kwargs.get("spans_key", "gliner") if self.spans_key is None else self.spans_key
        return score_entities_and_spans(list(examples), spans_key)


def score_entities_and_spans(examples: List[Example], spans_key: str) -> Dict[str, Any]:
    """Score `doc.ents` as spaCy's own NER does, and `doc.spans[spans_key]` strictly, by characters and label.

    Where the reference says which labels its passage was annotated for (`attrs["annotated_labels"]`), predictions with other
    labels are unknown, not wrong, and do not count.
    RETURNS (dict): `ents_p/r/f/per_type` where the references have entities, `spans_<key>_p/r/f/per_type` where they have the
        span group.
    """
    scores: Dict[str, Any] = {}
    if any(example.reference.has_annotation("ENT_IOB") for example in examples):
        scores.update(get_ner_prf(examples))
    graded = [example for example in examples if spans_key in example.reference.spans]
    if not graded:
        return scores
    total = PRFScore()
    by_label: Dict[str, PRFScore] = {}
    for example in graded:
        group = example.reference.spans[spans_key]
        annotated = group.attrs.get("annotated_labels")
        gold = spans_of(example.reference, spans_key)
        found = spans_of(example.predicted, spans_key)
        if annotated is not None:
            found = {span for span in found if span[2] in set(annotated)}
        total.score_set(found, gold)
        for label in {span[2] for span in gold | found}:
            by_label.setdefault(label, PRFScore()).score_set(
                {span for span in found if span[2] == label}, {span for span in gold if span[2] == label}
            )
    prefix = f"spans_{spans_key}"
    scores.update({f"{prefix}_p": total.precision, f"{prefix}_r": total.recall, f"{prefix}_f": total.fscore})
    scores[f"{prefix}_per_type"] = {label: prf.to_dict() for label, prf in sorted(by_label.items())}
    return scores


def spans_of(doc: Doc, spans_key: str) -> set:
    """RETURNS (set): (first character, end character, label) of a document's spans, by the group's offsets where they fit."""
    return set(labelled_characters(doc.spans[spans_key])) if spans_key in doc.spans else set()

"""Generated passages, and counts of hand-made ones."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.evaluation.metrics.matching import MATCHINGS, PassageMatcher

LABELS = ("gene", "drug", "disease")
LENGTH = 12

_spans = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 5)).map(lambda span: (span[0], min(sum(span), LENGTH)))
nested = st.lists(st.builds(lambda span, label: (*span, label), _spans, st.sampled_from(LABELS)), max_size=9)
texts = st.text(alphabet="ab \n", min_size=LENGTH, max_size=LENGTH)


@st.composite
def _flat(draw: st.DrawFn) -> List[Tuple[int, int, str]]:
    """Mentions in text order of which no two overlap; some touch."""
    mentions, at = [], 0
    while at < LENGTH and draw(st.integers(0, 5)):
        start = at + draw(st.integers(0, 2))
        at = start + draw(st.integers(1, 4))
        if at <= LENGTH:
            mentions.append((start, at, draw(st.sampled_from(LABELS))))
    return mentions


flat = _flat()


def passage_of(gold: Sequence[tuple], text: str = "x" * LENGTH, name: str = "1", document: str = "") -> AnnotatedPassage:
    """A passage with these mentions in text order."""
    return AnnotatedPassage(name, text, doc_id=document).with_mentions(tuple(Mention(*mention) for mention in gold))


def counts_of(gold: Sequence[tuple], predicted: Sequence[tuple], text: str = "x" * LENGTH) -> Dict[str, List[float]]:
    """True positives, false positives and false negatives over all labels, for each matching."""
    counts = PassageMatcher(LABELS).counts(passage_of(gold, text), predicted)
    return {matching: counts[place].sum(axis=0).tolist() for place, matching in enumerate(MATCHINGS)}

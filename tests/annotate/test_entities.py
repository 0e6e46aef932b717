"""What a pipeline found, as plain values."""

from __future__ import annotations

import numpy as np
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.annotate.entities import read_entities
from spacy_gliner_biomed.placement import set_score


def group(doc: Doc, *spans: tuple[int, int, str]) -> SpanGroup:
    """RETURNS (SpanGroup): spans by tokens, with the offsets and scores of "BRCA1" and "aspirin"."""
    attrs = {"offsets": np.asarray([(0, 5), (17, 24)]), "scores": np.asarray([0.5, 0.75], dtype=np.float32)}
    return SpanGroup(doc, name="gliner", attrs=attrs, spans=[Span(doc, *span) for span in spans])


def test_tokens_that_were_merged() -> None:
    """spaCy leaves the group as it is, whose spans still cover the same characters."""
    doc = Doc(spacy.blank("en").vocab, words=["BRCA1", "and", "a", "drug", "aspirin", "."])
    attrs = {"offsets": np.asarray([(0, 5), (17, 24)]), "scores": np.asarray([0.5, 0.75], dtype=np.float32)}
    doc.spans["gliner"] = SpanGroup(doc, attrs=attrs, spans=[Span(doc, 0, 1, "gene"), Span(doc, 4, 5, "drug")])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3])
    assert [0.5, 0.75] == [entity.score for entity in read_entities(doc)]


def test_a_group_that_was_filtered() -> None:
    """A new group has lost the model's attributes; the score of a span is still known."""
    doc = Doc(spacy.blank("en").vocab, words=["BRCA1", "aspirin"])
    spans = [Span(doc, 0, 1, "gene"), Span(doc, 1, 2, "drug")]
    for span, score in zip(spans, (0.5, 0.75), strict=True):
        set_score(span, score)
    doc.spans["gliner"] = spans[1:]
    assert [("drug", 0.75)] == [(entity.label, entity.score) for entity in read_entities(doc)]


def read(*spans: tuple[int, int, str]) -> list[tuple[str, str, float]]:
    """RETURNS (list): text, label and score of what is read."""
    doc = Doc(spacy.blank("en").vocab, words=["BRCA1-positive", "-", "aspirin", "."])
    doc.spans["gliner"] = group(doc, *spans)
    return [(doc.text[entity.start : entity.end], entity.label, entity.score) for entity in read_entities(doc)]


GENE, DRUG = (0, 1, "gene"), (2, 3, "drug")


def test_the_model_s_own_characters() -> None:
    """Within a token, too."""
    assert [("BRCA1", "gene", 0.5), ("aspirin", "drug", 0.75)] == read(GENE, DRUG)


def test_spans_of_other_components() -> None:
    """Those added behind, moved, or left over have their own characters and no score of the model's."""
    assert [("BRCA1", "gene", 0.5), ("aspirin", "drug", 0.75), (".", "end", 1.0)] == read(GENE, DRUG, (3, 4, "end"))
    assert [("BRCA1", "gene", 0.5), ("- aspirin", "drug", 1.0)] == read(GENE, (1, 3, "drug"))
    assert [("aspirin", "drug", 1.0)] == read(DRUG)

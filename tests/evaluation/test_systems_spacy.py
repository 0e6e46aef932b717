"""Any spaCy pipeline as a system, and how its labels are mapped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.systems.base import ScoredMention
from spacy_gliner_biomed.evaluation.systems.label_map import LabelMap, read_label_map
from spacy_gliner_biomed.evaluation.systems.spacy_pipeline import SpacySystem

PASSAGES = [AnnotatedPassage("1", "Aspirin for breast cancer."), AnnotatedPassage("2", "Nothing."), AnnotatedPassage("3", "")]


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    patterns = [("CHEMICAL", "Aspirin"), ("Disease_Or_Disorder", "breast cancer"), ("VERB_PHRASE", "for")]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": text} for label, text in patterns])
    return nlp


@Language.factory("test_nested_spans", assigns=["doc.spans"])
def make_nested_spans(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    def add(doc: Doc) -> Doc:
        spans = [doc.char_span(12, 25, "DISEASE"), doc.char_span(12, 18, "ORGAN")] if len(doc) > 4 else []
        scores = np.asarray([0.75, 0.5][: len(spans)])
        doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": scores})
        return doc

    return add


def test_entities_under_the_labels_asked_for(nlp: Language) -> None:
    """By name or meaning; labels without a counterpart are left out."""
    system = SpacySystem("rules", nlp)
    found = list(system.predict(PASSAGES, ["disease", "chemical"]))
    assert [[ScoredMention(0, 7, "chemical", 1.0), ScoredMention(12, 25, "disease", 1.0)], [], []] == found
    assert (system.words_per_second or 0) > 0


def test_labels_it_knows(nlp: Language) -> None:
    """Those that some label of the pipeline stands for."""
    system = SpacySystem("rules", nlp)
    assert ("medical condition", "chemical") == system.known_labels(["medical condition", "gene", "chemical"])
    assert ("gene",) == SpacySystem("rules", spacy.blank("en")).known_labels(["gene"])


def test_a_map_of_labels_goes_first(nlp: Language) -> None:
    """And an empty entry leaves a label out."""
    system = SpacySystem("rules", nlp, label_map={"VERB_PHRASE": "drug", "CHEMICAL": ""})
    assert [[ScoredMention(8, 11, "drug", 1.0)], [], []] == list(system.predict(PASSAGES, ["drug", "chemical"]))


@pytest.mark.parametrize(("overlap", "expected"), [("nested", [(12, 25, 0.75), (12, 18, 0.5)]), ("flat", [(12, 25, 0.75)])])
def test_a_span_group(overlap: str, expected: list[tuple[int, int, float]]) -> None:
    """With its scores; flat keeps the longest."""
    nlp = spacy.blank("en")
    nlp.add_pipe("test_nested_spans")
    system = SpacySystem("spans", nlp, spans_key="sc")
    found = list(system.predict(PASSAGES, ["disease", "organ"], overlap))
    assert [expected, [], []] == [[(m.start, m.end, m.score) for m in mentions] for mentions in found]


def test_a_missing_span_group(nlp: Language) -> None:
    """One sentence."""
    with pytest.raises(ValueError, match=r"'rules' writes no span group 'sc' \(its groups: none\)."):
        list(SpacySystem("rules", nlp, spans_key="sc").predict(PASSAGES, ["disease"]))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("CELL_LINE", "cell line"),
        ("GENE_OR_GENE_PRODUCT", "gene or gene product"),
        ("TAXON", "organism"),
        ("ORGANISM_SUBSTANCE", "body fluid or organism substance"),
        ("SO", None),
    ],
)
def test_labels_of_published_pipelines(label: str, expected: str | None) -> None:
    """scispaCy's spellings of the labels of known corpora."""
    labels = ["organism", "cell line", "body fluid or organism substance", "gene or gene product", "protein"]
    assert expected == LabelMap(labels)(label)


def test_label_maps(tmp_path: Path) -> None:
    """As JSON and as a table."""
    table, mapping = tmp_path / "map.tsv", tmp_path / "map.json"
    table.write_text("A\tdisease\n\nB\t\n")
    mapping.write_text('{"A": "disease", "B": ""}')
    assert {"A": "disease", "B": ""} == read_label_map(table) == read_label_map(mapping)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.tsv", "A\tx\nB\n", "line 2: two tab-separated labels are needed."),
        ("m.tsv", "A\tx\nA\ty\n", "line 2: 'A' was mapped before."),
        ("m.json", "[", "is not JSON"),
        ("m.json", '{"a": 1}', "must hold an object label → label."),
    ],
)
def test_broken_label_maps(tmp_path: Path, name: str, content: str, message: str) -> None:
    """One sentence each."""
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_label_map(tmp_path / name)

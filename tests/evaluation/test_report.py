"""A model on corpora, beside the lexicon matcher."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.pipeline import build_pipeline, find_pipe
from spacy_gliner_biomed.evaluation.corpora import find_corpora
from spacy_gliner_biomed.evaluation.report import LEXICON_FILE, evaluate_corpora, markdown_table, write_json
from spacy_gliner_biomed.evaluation.strict import Counts
from tests.evaluation.support import ROW, write_corpus, write_lexicon

pytestmark = pytest.mark.usefixtures("dictionary")

MISSED = {"id": "p2", "text": "Rash after codeine", "entities": [{"start": 0, "end": 4, "label": "disease"}]}
LINES = {"id": "p3", "text": "HeLa", "entities": [{"start": 0, "end": 4, "label": "cell line"}]}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Two corpora: one whose labels the lexicon shares, one of cell lines."""
    write_corpus(tmp_path, "dev", "a", [ROW, MISSED])
    write_corpus(tmp_path, "dev", "b", [LINES])
    write_lexicon(tmp_path / LEXICON_FILE.parent / "plain.tsv", ("disease", "rash", ""), ("drug", "codeine", ""))
    return tmp_path


def test_a_model_is_asked_for_the_labels_of_each_corpus(corpora: Path) -> None:
    """And scored on its own offsets."""
    nlp = build_pipeline()
    a, b = evaluate_corpora(nlp, find_corpora(corpora))
    assert Counts(2, 0, 1) == a.score.micro
    assert (2, 6) == (a.passages, a.words)
    assert Counts(0, 0, 1) == b.score.micro
    assert ("cell line",) == find_pipe(nlp).labels


def test_the_lexicon_is_scored_on_shared_labels(corpora: Path) -> None:
    """A corpus without any is left out of the comparison."""
    lexicon = corpora / "lexicon" / "plain.tsv"
    a, b = evaluate_corpora(build_pipeline(), find_corpora(corpora), lexicon)
    assert Counts(1, 1, 2) == a.lexicon.micro
    assert ("disease", "drug") == a.shared_labels
    assert ((), None) == (b.shared_labels, b.lexicon)


def test_the_table(corpora: Path) -> None:
    """Per cents, one row a corpus, empty cells where nothing can be compared."""
    results = evaluate_corpora(build_pipeline(), find_corpora(corpora), corpora / "lexicon" / "plain.tsv")
    header, _, a, b = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in markdown_table(results).splitlines()
    )
    assert ["corpus", "labels", "P", "R", "F1", "words/s"] == header[:6]
    assert ["a", "2", "100.0", "66.7", "80.0"] == a[:5]
    assert ["2", "80.0", "50.0", "33.3", "40.0"] == a[6:]
    assert ["b", "1", "0.0", "0.0", "0.0"] == b[:5]
    assert [""] * 5 == b[6:]


def test_the_table_without_a_lexicon(corpora: Path) -> None:
    """Has six columns."""
    lines = markdown_table(evaluate_corpora(build_pipeline(), find_corpora(corpora))).splitlines()
    assert {7} == {line.count("|") for line in lines}


def test_the_json_file(corpora: Path, tmp_path: Path) -> None:
    """All figures, by label too, with the settings."""
    results = evaluate_corpora(build_pipeline(), find_corpora(corpora), corpora / "lexicon" / "plain.tsv")
    write_json(results, tmp_path / "out.json", model="mini")
    written = json.loads((tmp_path / "out.json").read_text())
    first = written["corpora"][0]
    assert "mini" == written["model"]
    assert 0.5 == first["model"]["per_label"]["disease"]["recall"]
    assert 0.5 == first["lexicon"]["micro"]["precision"]
    assert first["model"]["micro"] == first["model_on_shared_labels"]

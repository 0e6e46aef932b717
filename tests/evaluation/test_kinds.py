"""What kind of figure a score is, and which labels mean the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation.benchmarks.entries import BENCHMARKS
from spacy_gliner_biomed.evaluation.kinds import KINDS, corpus_key, group_labels, kind_of
from spacy_gliner_biomed.evaluation.synonyms import Synonyms, fold_label
from spacy_gliner_biomed.scorer.card import TrainingCard

CARD = TrainingCard(
    corpora=[{"name": "bc5cdr.train"}, {"name": "mtl_bc2gm.train"}, {"name": "silent.train"}],
    labels={"bc5cdr.train": ["chemical", "disease"], "mtl_bc2gm.train": ["gene"]},
)


@pytest.mark.parametrize(
    ("corpus", "label", "kind"),
    [
        ("bc5cdr.dev", "disease", "in-schema"),
        ("bc5cdr", "Disease", "in-schema"),
        ("BC5CDR.test.jsonl.gz", "disorder", "in-schema"),
        ("bc2gm.test", "gene", "in-schema"),
        ("bc5cdr.dev", "gene", "unseen corpus"),
        ("ncbi_disease.dev", "disease", "unseen corpus"),
        ("chia", "Condition", "unseen corpus"),
        ("biored.dev", "gene or gene product", "unseen corpus"),
        ("craft.dev", "protein", "unseen label"),
        ("bc5cdr.dev", "cell line", "unseen label"),
        ("silent.dev", "anything", "in-schema"),
    ],
)
def test_kinds(corpus: str, label: str, kind: str) -> None:
    """By corpus, label and synonym; a training corpus without a known inventory counts as seen."""
    assert kind == kind_of(CARD, corpus, label)


@pytest.mark.parametrize("card", [None, TrainingCard()])
def test_nothing_known_about_the_model(card: TrainingCard | None) -> None:
    """Nothing is claimed."""
    assert "unknown" == kind_of(card, "bc5cdr.dev", "disease")
    assert {"unknown": ("disease", "gene")} == group_labels(card, "bc5cdr.dev", ["disease", "gene"])


def test_groups() -> None:
    """In the order of the kinds and of the labels; kinds without a label are left out."""
    labels = ["cell line", "disease", "gene", "chemical"]
    groups = group_labels(CARD, "bc5cdr.dev", labels)
    assert {"in-schema": ("disease", "chemical"), "unseen corpus": ("gene",), "unseen label": ("cell line",)} == groups
    assert list(KINDS[:3]) == list(groups)
    assert ["unseen corpus", "unseen label"] == list(group_labels(CARD, "craft.dev", labels))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mtl_jnlpba.dev", "jnlpba"),
        ("JNLPBA", "jnlpba"),
        ("ncbi-disease.train.jsonl.gz", "ncbidisease"),
        ("gnormplus.test", "gnormplus"),
        ("BC5CDR_test", "bc5cdr"),
        ("testis", "testis"),
    ],
)
def test_names_of_corpora(name: str, key: str) -> None:
    """Without part, file suffix, collection and punctuation."""
    assert key == corpus_key(name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("disease", "Disorder", True),
        ("gene", "gene or gene product", True),
        ("protein", "Gene or gene product", True),
        ("gene", "protein", False),
        ("drug", "chemical", False),
        ("cell", "cell line", False),
        ("DNA", "RNA", False),
        ("an unheard-of label", "An unheard of LABEL", True),
    ],
)
def test_sameness(one: str, other: str, same: bool) -> None:
    """Is mutual, and does not carry over."""
    table = Synonyms.read()
    assert (same, same) == (table.same(one, other), table.same(other, one))


def test_equal_names_go_before_synonyms() -> None:
    """In the order of the candidates."""
    table = Synonyms.read()
    assert "disease" == table.match("DISEASE", ["disorder", "disease"])
    assert "disorder" == table.match("illness", ["gene", "disorder", "disease"])
    assert table.match("illness", ["gene"]) is None


def test_the_table() -> None:
    """Holds no label twice in one meaning, and no meaning with a single label, which would say nothing."""
    path = Path(__file__).parents[2] / "spacy_gliner_biomed" / "evaluation" / "label_synonyms.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    folded = [(meaning, fold_label(label)) for meaning, label in rows]
    assert len(folded) == len(set(folded))
    meanings = [meaning for meaning, _ in folded]
    assert all(meanings.count(meaning) > 1 for meaning in meanings)


def test_a_broken_table(tmp_path: Path) -> None:
    """File and line."""
    (tmp_path / "t.tsv").write_text("meaning\tlabel\na\tb\na\t\n")
    with pytest.raises(ValueError, match="t.tsv, line 3: a row needs both"):
        Synonyms.read(tmp_path / "t.tsv")


def test_the_embedded_model_on_the_benchmarks() -> None:
    """Its three training corpora among the eight are never called unseen."""
    model = Path(__file__).parents[2] / "spacy_gliner_biomed" / "models" / "mini" / "spacy_gliner_biomed.json"
    card = TrainingCard(**json.loads(model.read_text(encoding="utf-8"))["training"])
    for name in ("ncbi_disease", "bc5cdr", "biored"):
        assert ["in-schema"] == list(group_labels(card, name, BENCHMARKS[name].labels))
    for name in ("chia", "cadec", "tac"):
        assert "in-schema" not in group_labels(card, name, BENCHMARKS[name].labels)

"""The few-shot protocol, over a random model that a dictionary answers for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.evaluation.corpora import find_corpora, open_corpus
from spacy_gliner_biomed.evaluation.few_shot import FewShotSettings, gains, run_few_shot
from spacy_gliner_biomed.evaluation.few_shot_corpora import FewShotCorpus, pair_corpora
from spacy_gliner_biomed.evaluation.few_shot_sampling import choose_passages, count_mentions
from spacy_gliner_biomed.evaluation.html_report.schema import check_result
from spacy_gliner_biomed.evaluation.html_report.verdict import verdict
from spacy_gliner_biomed.evaluation.run import envelope
from spacy_gliner_biomed.scorer import TrainingCard
from tests.evaluation.support import write_corpus
from tests.scorer.tiny import make_scorer
from tests.support.dictionary import find

TABLES = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 4))
)


@given(TABLES, st.integers(1, 9), st.integers(0, 3))
def test_as_many_as_are_needed(counts: np.ndarray, k: int, seed: int) -> None:
    """Each label gets k mentions, or all there are; no passage can be left out; and it is the same again."""
    chosen = choose_passages(counts, k, seed)
    wanted = np.minimum(counts.sum(axis=0), k)
    assert chosen == sorted(set(chosen)) == choose_passages(counts.copy(), k, seed)
    assert (counts[chosen].sum(axis=0) >= wanted).all()
    for number in chosen:
        rest = [other for other in chosen if other != number]
        assert (counts[rest].sum(axis=0) < wanted).any()


def test_seeds_draw_differently() -> None:
    """One passage of many alike."""
    counts = np.ones((30, 1), dtype=np.int32)
    assert len({tuple(choose_passages(counts, 1, seed)) for seed in range(8)}) > 2


def test_mentions_are_counted() -> None:
    """By passage and label, other labels not."""
    passages = [
        AnnotatedPassage("1", "abc", (Mention(0, 1, "x"), Mention(1, 2, "x"), Mention(2, 3, "other"))),
        AnnotatedPassage("2", "abc", (Mention(0, 1, "y"),)),
    ]
    assert count_mentions(passages, ["y", "x"]).tolist() == [[0, 2], [1, 0]]
    assert count_mentions([], ["y", "x"]).shape == (0, 2)


# -- runs -------------------------------------------------------------------------------------------------------------------------


def row(number: int, text: str, gold: str, doc: int | None = None) -> dict[str, Any]:
    """RETURNS (dict): a passage; `gold` lists "words|label", separated by commas."""
    entities = []
    for mark in filter(None, gold.split(",")):
        words, label = mark.split("|")
        entities.append({"start": text.index(words), "end": text.index(words) + len(words), "label": label})
    return {"id": f"p{number}", "doc_id": f"d{number if doc is None else doc}", "text": text, "entities": entities}


TRAIN = [row(n, f"codeine and rash {n}", "codeine|drug,rash|disease") for n in range(8)]
DEV = [
    row(0, "Aspirin for fever.", "Aspirin|drug,fever|disease"),
    row(1, "aspirin, not codeine", "codeine|drug"),
    row(2, "JAK2", "JAK2|disease"),
    row(3, "breast cancer", "breast cancer|disease"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """RETURNS (str): a random model that says it knows drugs from corpus b, and corpus c as a whole."""
    card = TrainingCard(corpora=[{"name": "b.train"}, {"name": "c"}], labels={"b.train": ["drug"]})
    path = tmp_path_factory.mktemp("tiny") / "model"
    checkpoint.save(make_scorer("bi", card=card), path)
    return str(path)


@pytest.fixture
def corpora(tmp_path: Path) -> list[FewShotCorpus]:
    """Corpus a, in two parts, and b, which replay may take."""
    write_corpus(tmp_path, "train", "a.train", TRAIN)
    write_corpus(tmp_path, "train", "b.train", [row(0, "HeLa and aspirin", "HeLa|cell line,aspirin|drug")])
    write_corpus(tmp_path, "dev", "a.dev", DEV)
    return pair_corpora(find_corpora(tmp_path, "train"), find_corpora(tmp_path, "dev"))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, dictionary: None) -> list[dict[str, Any]]:
    """RETURNS (list): what each training was asked for; none is run."""
    asked: list[dict[str, Any]] = []

    def remember(nlp, passages, labels, **options):
        asked.append({"passages": list(passages), "labels": tuple(labels), **options})
        return nlp

    monkeypatch.setattr("spacy_gliner_biomed.training.finetune.fine_tune", remember)
    return asked


QUICK = FewShotSettings(k=(1, 3), seeds=2, training={"steps": 7})


def run(model: str, corpora: list[FewShotCorpus], folder: Path, settings: FewShotSettings = QUICK, **options: Any):
    """RETURNS (dict): the result, checked."""
    result = run_few_shot(model, corpora, folder / "runs", settings, progress=False, **options)
    check_result({**envelope("t", "c", {}), **result})
    return result


def test_every_cell_once(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """A second run trains nothing and says the same; a file a cell, and a changed setting makes new ones."""
    first = run(model, corpora, tmp_path)
    assert [(len(asked["passages"]), asked["seed"], asked["steps"]) for asked in trainings] == [
        (1, 0, 7), (1, 1, 7), (3, 0, 7), (3, 1, 7)
    ]  # fmt: skip
    assert len(list((tmp_path / "runs").iterdir())) == 5
    assert run(model, corpora, tmp_path) == first
    assert len(trainings) == 4
    next((tmp_path / "runs").glob("*-k3-seed1-*")).write_text("{")
    run(model, corpora, tmp_path)
    assert len(trainings) == 5
    run(model, corpora, tmp_path, FewShotSettings(k=(1,), seeds=1, training={"steps": 8}))
    assert len(trainings) == 6


def test_another_rule_for_steps_makes_other_cells(
    model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no number of steps is set, the rule that says it decides about a cell as a number would."""
    from spacy_gliner_biomed.training import finetune

    settings = FewShotSettings(k=(1,), seeds=1)
    run(model, corpora, tmp_path, settings)
    run(model, corpora, tmp_path, settings)
    assert len(trainings) == 1
    monkeypatch.setattr(finetune, "STEPS_RULE", (1, 1, 1, 1))
    run(model, corpora, tmp_path, settings)
    assert len(trainings) == 2


def test_a_broken_off_run_goes_on(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path, monkeypatch) -> None:
    """Cells that were done are not made again."""
    from spacy_gliner_biomed.training import finetune

    remember = finetune.fine_tune

    def stop(*arguments, **options):
        if len(trainings) == 2:
            raise KeyboardInterrupt
        return remember(*arguments, **options)

    monkeypatch.setattr(finetune, "fine_tune", stop)
    with pytest.raises(KeyboardInterrupt):
        run(model, corpora, tmp_path)
    monkeypatch.setattr(finetune, "fine_tune", remember)
    run(model, corpora, tmp_path)
    assert len(trainings) == 4


def test_figures_and_kinds(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Strict micro F1, apart for labels that the model knew from elsewhere and those it did not."""
    found = {(entry["kind"], entry["k"]): entry for entry in run(model, corpora, tmp_path)["few_shot"]}
    assert set(found) == {(kind, k) for kind in ("unseen corpus", "unseen label") for k in (1, 3)}
    for kind, label in (("unseen corpus", "drug"), ("unseen label", "disease")):
        gold = {(r["id"], e["start"], e["end"]) for r in DEV for e in r["entities"] if e["label"] == label}
        predicted = {(r["id"], *mention[:2]) for r in DEV for mention in find(r["text"], [label])}
        f1 = 2 * len(gold & predicted) / (len(gold) + len(predicted))
        assert 0 < f1 < 1
        entry = found[kind, 3]
        assert entry["labels"] == [label]
        assert entry["f1"] == [f1] * 2
        assert entry["f1_zero_shot"] == f1
        assert entry["mentions"] == [{label: 3}] * 2


def test_examples_are_annotated_for_all_labels(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Under the corpus' name; only those labels where labels are named, and what is scarce is told."""
    settings = FewShotSettings(k=(50,), seeds=1, labels=("disease",))
    result = run(model, corpora, tmp_path, settings)
    assert [passage.corpus for passage in trainings[0]["passages"]] == ["a.dev"] * 8
    assert trainings[0]["labels"] == ("disease",)
    assert ["a.dev has fewer than 50 mentions to learn from of: disease (8)."] == result["systems"][0]["notes"]
    assert result["corpora"][0]["mentions"] == 3


def test_what_examples_were_annotated_for(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Stays with them: other labels are unknown there, not absent."""
    path = write_corpus(tmp_path, "other", "a.train", [{**row(0, "a rash", "rash|disease"), "labels": ["disease"]}])
    corpus = FewShotCorpus("a.dev", open_corpus(path), corpora[0].test)
    run(model, [corpus], tmp_path, FewShotSettings(k=(1,), seeds=1))
    assert [("disease",)] == [passage.labels for passage in trainings[0]["passages"]]


def test_a_label_named_twice(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Is one label."""
    run(model, corpora, tmp_path, FewShotSettings(k=(1,), seeds=1, labels=("disease", "drug", "disease")))
    assert ("disease", "drug") == trainings[0]["labels"]


def test_labels_without_a_gold_mention(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Have no part in the gains, nor in what is said."""
    path = write_corpus(tmp_path, "other", "a.dev", [{**row(0, "no aspirin", ""), "labels": ["drug", "disease"]}])
    corpus = FewShotCorpus("a.dev", corpora[0].examples, open_corpus(path))
    result = run(model, [corpus], tmp_path, FewShotSettings(k=(1,), seeds=1))
    assert [0, 0] == [entry["support"] for entry in result["few_shot"]]
    assert [] == result["few_shot_gains"]
    assert "Nothing was measured." == verdict(result).headline


def test_replay_leaves_the_corpus_out(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Passages of the others, each with its corpus' labels; runs with and without it are kept apart."""
    settings = FewShotSettings(k=(1,), seeds=1)
    run(model, corpora, tmp_path, settings, replay=tmp_path)
    (replayed,) = trainings[0]["replay"]
    assert ("b.train", {"cell line", "drug"}) == (replayed.corpus, set(replayed.labels))
    run(model, corpora, tmp_path, settings)
    assert [] == trainings[1]["replay"]
    write_corpus(tmp_path, "train", "c.train", [{**row(1, "aspirin again", ""), "labels": []}])
    run(model, corpora, tmp_path / "again", settings, replay=tmp_path)
    assert [()] == [passage.labels for passage in trainings[2]["replay"] if passage.corpus == "c.train"]  # for nothing at all


def test_a_limit_is_spread(model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path) -> None:
    """Over the whole corpus."""
    result = run(model, corpora, tmp_path, FewShotSettings(k=(1,), seeds=1, limit=2))
    assert (2, 3) == (result["corpora"][0]["passages"], result["corpora"][0]["mentions"])


def test_one_file_is_divided(tmp_path: Path) -> None:
    """By documents: both sides together are the file, and no document is on both."""
    path = write_corpus(tmp_path, "x", "c", [row(n, f"aspirin {n}", "aspirin|drug", n // 2) for n in range(40)])
    one = open_corpus(path)
    corpus = FewShotCorpus("c", one, one)
    sides = [[(p.document, p.id) for p in side] for side in (corpus.learnable(), corpus.scored())]
    assert sorted(sides[0] + sides[1]) == sorted((p.document, p.id) for p in one.passages())
    assert not {document for document, _ in sides[0]} & {document for document, _ in sides[1]}
    assert min(map(len, sides)) > 10


def test_pairs(tmp_path: Path) -> None:
    """By name without part and collection; none at all is one sentence."""
    for part, name in (("train", "mtl_jnlpba.train"), ("dev", "jnlpba.dev"), ("dev", "lonely.dev")):
        write_corpus(tmp_path, part, name, TRAIN)
    train, dev = find_corpora(tmp_path, "train"), find_corpora(tmp_path, "dev")
    assert [("jnlpba.dev", "mtl_jnlpba.train")] == [(pair.name, pair.examples.name) for pair in pair_corpora(train, dev)]
    with pytest.raises(ValueError, match="There are no training passages for lonely.dev; name a file"):
        pair_corpora(train, dev[1:])


def test_gains_keep_kinds_apart() -> None:
    """Means over corpora, of one kind and k."""
    entries = [
        {"kind": kind, "k": 1, "f1": [f1, f1 + 0.2], "f1_zero_shot": before}
        for kind, f1, before in (("in-schema", 0.5, 0.5), ("unseen label", 0.3, 0.1), ("unseen label", 0.5, 0.1))
    ]
    assert [(mean["kind"], round(mean["gain"], 6), mean["n_corpora"]) for mean in gains(entries)] == [
        ("in-schema", 0.1, 1), ("unseen label", 0.4, 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([row(0, "aspirin", "aspirin|drug")], ("gene",), "'gene' is no label of a.dev; it has drug."),
        ([], (), "has no label at all; there is nothing to find in it."),
        ([{**row(0, "aspirin", ""), "labels": ["gene"]}], (), "has no mention of gene to learn from."),
    ],
)
def test_one_sentence(
    model: str, corpora: list[FewShotCorpus], trainings: list, tmp_path: Path, rows: list, labels: tuple, message: str
) -> None:
    """For what cannot be learnt."""
    path = write_corpus(tmp_path, "other", "a.dev", rows)
    corpus = FewShotCorpus("a.dev", corpora[0].examples, open_corpus(path))
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        run(model, [corpus], tmp_path, FewShotSettings(k=(1,), seeds=1, labels=labels))


@pytest.mark.parametrize("changes", [{"k": (0,)}, {"seeds": 0}])
def test_settings_are_checked(changes: dict) -> None:
    """With the value at fault."""
    with pytest.raises(ValueError, match=" is 0; it must be at least 1"):
        FewShotSettings(**changes)


def test_for_real(model: str, corpora: list[FewShotCorpus], tmp_path: Path) -> None:
    """A training of two steps; the record says what was learnt from."""
    settings = FewShotSettings(k=(2,), seeds=1, training={"steps": 2, "batch_words": 20})
    entry = run(model, corpora, tmp_path, settings)["few_shot"][0]
    assert (2, 8) == (entry["passages"][0], entry["words"][0])
    assert entry["seconds"][0] > 0
    (cell,) = (tmp_path / "runs").glob("a.dev-k2-seed0-*.json")
    assert {"steps": 2, "batch_words": 20} == json.loads(cell.read_text())["training"]

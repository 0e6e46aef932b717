"""Systems on corpora, from predictions on disk to one result."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation.corpora import find_corpora, open_corpus
from spacy_gliner_biomed.evaluation.html_report.schema import check_result
from spacy_gliner_biomed.evaluation.html_report.verdict import verdict
from spacy_gliner_biomed.evaluation.predicted import PredictionStore
from spacy_gliner_biomed.evaluation.run import Settings, envelope, evaluate, means
from spacy_gliner_biomed.evaluation.systems import open_systems
from spacy_gliner_biomed.evaluation.training_data import TrainingData
from spacy_gliner_biomed.scorer.card import TrainingCard
from tests.evaluation.support import ROW, write_corpus, write_lexicon

MISSED = {"id": "p2", "text": "Rash after codeine", "entities": [{"start": 0, "end": 4, "label": "disease"}]}
LINES = {"id": "p3", "text": "HeLa", "entities": [{"start": 0, "end": 4, "label": "cell line"}]}
QUICK = Settings(n_bootstrap=50)


class Marked:
    """A system that finds every occurrence of some words, and counts how often it is asked."""

    kind = "predictions"
    words_per_second = 7.0

    def __init__(self, name: str, words: dict[str, str], card: TrainingCard | None = None) -> None:
        self.name, self.words, self.card = name, words, card
        self.details = {"words": words}
        self.notes: list[str] = []
        self.asked: list[tuple[str, ...]] = []

    def known_labels(self, labels):
        """Those it has a word for."""
        return tuple(label for label in labels if label in self.words.values())

    def predict(self, passages, labels, overlap="flat"):
        """One passage at a time."""
        from spacy_gliner_biomed.evaluation.systems import ScoredMention

        self.asked.append(tuple(labels))
        for passage in passages:
            yield [
                ScoredMention(passage.text.find(word), passage.text.find(word) + len(word), label, 0.9)
                for word, label in self.words.items()
                if word in passage.text and label in labels
            ]


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Two corpora of different labels."""
    write_corpus(tmp_path, "dev", "a", [ROW, MISSED])
    write_corpus(tmp_path, "dev", "b", [LINES])
    return tmp_path


def test_scores_comparisons_and_errors(corpora: Path, tmp_path: Path) -> None:
    """Each system on the labels it knows, each pair on the labels that both know; the result has the shape a report reads."""
    one = Marked("one", {"Aspirin": "drug", "fever": "disease", "Rash": "disease", "HeLa": "cell line"})
    other = Marked("other", {"fever": "disease", "codeine": "disease"})
    result = evaluate([one, other], find_corpora(corpora), tmp_path / "kept", QUICK)
    check_result({**envelope("title", "command", {}), **result})
    micro = {(row["system"], row["corpus"]): row["scores"]["strict"]["micro"] for row in result["rows"]}
    assert {("one", "a"), ("one", "b"), ("other", "a")} == set(micro)
    assert (3, 0, 0) == tuple(micro["one", "a"][key] for key in ("tp", "fp", "fn"))
    assert (1, 1, 1) == tuple(micro["other", "a"][key] for key in ("tp", "fp", "fn"))
    (comparison,) = result["comparisons"]
    assert ("one", "other", "a", ["disease"]) == tuple(comparison[key] for key in ("a", "b", "corpus", "labels"))
    assert 1.0 == comparison["f1_a"] and 0.5 == comparison["f1_b"] == comparison["difference"]["value"]
    assert comparison["p"] == comparison["p_adjusted"]
    assert ["It knows none of the labels of b, which is left out."] == result["systems"][1]["notes"]
    errors = {(entry["system"], entry["corpus"]): entry for entry in result["errors"]}
    assert {"missed": 1, "spurious": 1} == {key: errors["other", "a"]["counts"][key] for key in ("missed", "spurious")}
    assert "p2" == errors["other", "a"]["examples"][0]["id"]
    first = result["corpora"][0]
    assert (2, 2, 6, 3) == tuple(first[key] for key in ("passages", "documents", "words", "mentions"))


def test_kinds_are_never_mixed(corpora: Path, tmp_path: Path) -> None:
    """A corpus whose labels are seen in part has a row of each kind; means are made within a kind."""
    card = TrainingCard(corpora=[{"name": "elsewhere"}], labels={"elsewhere": ["disease"]})
    system = Marked("one", {"Aspirin": "drug", "fever": "disease", "Rash": "disease", "HeLa": "cell line"}, card)
    result = evaluate([system], find_corpora(corpora), tmp_path / "kept", QUICK)
    kinds = {(row["corpus"], row["kind"]): row["labels"] for row in result["rows"]}
    assert {
        ("a", "unseen corpus"): ["disease"],
        ("a", "unseen label"): ["drug"],
        ("b", "unseen label"): ["cell line"],
    } == kinds
    strict = {entry["kind"]: entry["n_rows"] for entry in result["means"] if entry["matching"] == "strict"}
    assert {"unseen corpus": 1, "unseen label": 2} == strict
    # A label is seen under any of its names, in the analysis of errors as in the kinds
    renamed = TrainingCard(corpora=[{"name": "elsewhere"}], labels={"elsewhere": ["Disease"]})
    system = Marked("one", {"fever": "disease", "nothing": "drug"}, renamed)
    seen = evaluate([system], find_corpora(corpora), tmp_path / "again", QUICK)["errors"][0]["by_label_seen"]
    assert {"seen": {"gold": 2, "found": 1}, "unseen": {"gold": 1, "found": 0}} == seen
    assert means([]) == []


def test_predictions_are_made_once(corpora: Path, tmp_path: Path) -> None:
    """A second run reads them; a changed setting, corpus or killed run predicts again."""
    words = {"fever": "disease"}
    store, (corpus, _) = tmp_path / "kept", find_corpora(corpora)

    def asked(system: Marked) -> int:
        list(PredictionStore(store).predictions(system, corpus, ["disease"], "flat"))
        return len(system.asked)

    assert asked(Marked("one", words)) == 1
    assert asked(Marked("one", words)) == 0
    assert asked(Marked("one", {**words, "Rash": "disease"})) == 1
    (store / "one" / "a.json").unlink()  # what a run killed before its end leaves
    assert asked(Marked("one", {**words, "Rash": "disease"})) == 1
    write_corpus(corpora, "dev", "a", [MISSED])
    assert asked(Marked("one", {**words, "Rash": "disease"})) == 1
    kept = store / "one" / "a.jsonl"
    kept.write_bytes(kept.read_bytes()[:-5])  # cut short by somebody else
    assert asked(Marked("one", {**words, "Rash": "disease"})) == 1
    assert ["a.json", "a.jsonl"] == sorted(file.name for file in (store / "one").iterdir())


def test_names_that_are_no_file_names(corpora: Path, tmp_path: Path) -> None:
    """Systems are kept apart whatever they are called."""
    corpus = find_corpora(corpora)[0]
    store = PredictionStore(tmp_path / "kept")
    names = ("a/b", "a_b", "..", "a:b", "lexicon", "薬" * 300)
    paths = {store.predictions(Marked(name, {}), corpus, (), "flat").path for name in names}
    assert 6 == len({path.parent for path in paths})
    assert all(path.is_relative_to(tmp_path / "kept") and path.parent.parent == tmp_path / "kept" for path in paths)


def test_stored_predictions_are_a_system(corpora: Path, tmp_path: Path) -> None:
    """The kept files are what `predictions:FILE` reads, with the same scores."""
    system = Marked("one", {"fever": "disease", "codeine": "disease"})
    corpus = find_corpora(corpora)[0]
    first = evaluate([system], [corpus], tmp_path / "kept", QUICK)
    (again,) = open_systems([f"one=predictions:{tmp_path / 'kept' / 'one' / 'a.jsonl'}"])
    second = evaluate([again], [corpus], tmp_path / "again", QUICK)
    labels = ["disease"]
    scores = [
        [row["scores"]["strict"]["per_label"][label] for label in labels] for row in (first["rows"][0], second["rows"][0])
    ]
    assert scores[0] == scores[1]


def test_overlap_with_training_texts(corpora: Path, tmp_path: Path) -> None:
    """Texts and surface forms that the training data hold too."""
    write_corpus(corpora, "dev", "a", [{**ROW, "text": "Aspirin for fever, as everybody knows."}, MISSED])
    write_corpus(tmp_path / "t", "train", "x", [{**ROW, "text": "Aspirin for fever, as everybody knows."}])
    training = TrainingData.read(tmp_path / "t" / "train")
    system = Marked("one", {"fever": "disease", "Rash": "disease"})
    result = evaluate([system], find_corpora(corpora), tmp_path / "kept", QUICK, training)
    assert [1, 0] == [corpus["training_overlap"]["passages"] for corpus in result["corpora"]]
    assert {"seen": {"gold": 1, "found": 1}, "unseen": {"gold": 1, "found": 1}} == result["errors"][0]["by_surface_seen"]


def test_a_mention_that_does_not_fit_is_listed(tmp_path: Path) -> None:
    """With file and line; the passage counts without it."""
    bad = {**ROW, "entities": [*ROW["entities"], {"start": 4, "end": 99, "label": "disease"}]}
    path = write_corpus(tmp_path, "dev", "a", [bad])
    result = evaluate([Marked("one", {"fever": "disease"})], [open_corpus(path)], tmp_path / "kept", QUICK)
    (corpus,) = result["corpora"]
    assert 1 == corpus["n_problems"] and 2 == corpus["mentions"]
    assert "a.jsonl, line 1" in corpus["problems"][0] and "99" in corpus["problems"][0]


@pytest.mark.parametrize(
    ("rows", "message"), [([], "is empty|has no label"), ([{"id": "1", "text": "No mention.", "entities": []}], "has no label")]
)
def test_nothing_to_evaluate(tmp_path: Path, rows, message: str) -> None:
    """One sentence that names the file."""
    path = write_corpus(tmp_path, "dev", "a", rows)
    with pytest.raises(ValueError, match=message) as raised:
        evaluate([Marked("one", {})], [open_corpus(path)], tmp_path / "kept", QUICK)
    assert str(path) in str(raised.value)


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """10,000 passages take what 1,000 take: rows, predictions and documents are read and forgotten."""
    peaks = []
    for n_passages in (1_000, 10_000):
        rows = [{**ROW, "id": str(number), "text": f"{ROW['text']} {number}"} for number in range(n_passages)]
        path = write_corpus(tmp_path / str(n_passages), "dev", "a", rows)
        del rows
        corpus = open_corpus(path)
        system = Marked("one", {"fever": "disease"})
        tracemalloc.start()
        evaluate([system], [corpus], tmp_path / str(n_passages) / "kept", QUICK)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2, peaks


def test_the_lexicon_is_scored_on_the_labels_it_shares(tmp_path: Path) -> None:
    """And left out where it shares none."""
    write_corpus(tmp_path, "dev", "a", [ROW, MISSED])
    write_corpus(tmp_path, "dev", "b", [LINES])
    lexicon = write_lexicon(tmp_path / "lexicon" / "plain.tsv", ("disease", "rash", ""), ("drug", "codeine", ""))
    systems = open_systems([f"lexicon=lexicon:{lexicon}"])
    result = evaluate(systems, find_corpora(tmp_path), tmp_path / "kept", QUICK)
    (row,) = result["rows"]
    assert "a" == row["corpus"] and {"disease", "drug"} == set(row["labels"])
    micro = row["scores"]["strict"]["micro"]
    assert (1, 1, 2) == (micro["tp"], micro["fp"], micro["fn"])
    assert json.dumps(result)  # no value that JSON lacks


def test_a_corpus_without_passages_or_labels(tmp_path: Path) -> None:
    """One sentence that tells the two apart, and what was left out of it."""

    def refusal(rows: list[dict]) -> str:
        write_corpus(tmp_path, "dev", "a", rows)
        with pytest.raises(ValueError) as caught:
            evaluate([Marked("one", {})], find_corpora(tmp_path), tmp_path / "kept", QUICK)
        return str(caught.value)

    assert refusal([]).endswith("a.jsonl is empty; give a file with at least one passage.")
    assert refusal([{"text": "x", "entities": []}]).endswith("has no label at all; there is nothing to find in it.")
    outside = {"text": "x", "entities": [{"start": 0, "end": 9, "label": "drug"}]}
    assert refusal([outside]).endswith("The first of 1 problems: " + refusal([outside]).split("problems: ")[1])
    assert "line 1: the mention 0–9 (drug) does not fit" in refusal([outside])


def test_mentions_of_labels_outside_the_inventory_are_told(tmp_path: Path) -> None:
    """Of the corpus', which a manifest lists, or of the passage's own; they count nowhere, but are no secret."""
    write_corpus(tmp_path, "dev", "a", [ROW, {**ROW, "id": "p2", "labels": []}])
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"dev": {"a": {"labels": ["drug"]}}}))
    result = evaluate([Marked("one", {"Aspirin": "drug"})], find_corpora(tmp_path), tmp_path / "kept", QUICK)
    (corpus,), (row,) = result["corpora"], result["rows"]
    assert (1, 3) == (corpus["mentions"], corpus["n_problems"])
    assert "line 1: the mention 12–17 has the label 'disease', which is not in its corpus' inventory." in corpus["problems"][0]
    assert "line 2: the mention 0–7 has the label 'drug', which is not in its passage's own 'labels'." in corpus["problems"][1]
    micro = row["scores"]["strict"]["micro"]
    assert (1, 0, 0) == (micro["tp"], micro["fp"], micro["fn"])


def test_training_texts_from_anywhere(tmp_path: Path) -> None:
    """The folder of corpora, its train part, or one file; a mention that does not fit stops nothing."""
    outside = {"text": "x", "entities": [{"start": 0, "end": 9, "label": "drug"}]}
    path = write_corpus(tmp_path, "train", "a", [ROW, outside])
    for place in (tmp_path, path.parent, path):
        assert {"aspirin", "fever"} == TrainingData.read(place).surfaces


def test_labels_that_the_gold_never_mentions(tmp_path: Path) -> None:
    """Are told of; a row of such labels alone is in no mean."""
    write_corpus(tmp_path, "dev", "a", [MISSED])
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"dev": {"a": {"labels": ["disease", "gene"]}}}))
    card = TrainingCard(corpora=[{"name": "elsewhere"}], labels={"elsewhere": ["disease"]})
    system = Marked("one", {"Rash": "disease", "codeine": "gene"}, card)
    result = evaluate([system], find_corpora(tmp_path), tmp_path / "kept", QUICK)
    assert ["gene"] == result["corpora"][0]["absent_labels"]
    assert ["unseen corpus", "unseen label"] == [row["kind"] for row in result["rows"]]
    assert {"unseen corpus"} == {mean["kind"] for mean in result["means"]}
    said = verdict({**envelope("title", "command", {}), **result})
    assert "a: the gold has no mention of gene, so any that is predicted counts as wrong." in said.cautions

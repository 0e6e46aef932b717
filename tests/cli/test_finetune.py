"""`gliner-biomed finetune`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed import checkpoint
from tests.cli.support import run
from tests.component.pipelines import scorer_of, spans
from tests.evaluation.support import write_corpus
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import PASSAGES

TEXT = "aspirin for acute pain"
FAST = ("--learn-rate", "0.01", "--encoder-learn-rate", "0.003", "--batch-words", 40)


def row(text: str, **mentions: str) -> dict:
    """RETURNS (dict): a row of the uniform format; label=words."""
    entities = []
    for label, words in mentions.items():
        start = text.index(words)
        entities.append({"start": start, "end": start + len(words), "label": label})
    return {"id": text[:8], "text": text, "entities": entities}


ROWS = [
    row(TEXT, drug="aspirin", symptom="acute pain"),
    row("metformin helps", drug="metformin"),
    row("no medicine against pain", symptom="pain"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): a random model."""
    path = tmp_path_factory.mktemp("tiny") / "model"
    checkpoint.save(make_scorer("bi"), path)
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """RETURNS (Path): three annotated passages."""
    return write_corpus(tmp_path, "mine", "own.train", ROWS)


def test_documents_in_pipeline_out(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path) -> None:
    """It loads, has learnt, tells of it on its card; the closing lines say how well."""
    out = tmp_path / "out"
    outcome = run(capsys, "finetune", model, own, "--dev", own, "--steps", 40, "--patience", 0, "--out", out, *FAST)
    assert (0, "") == (outcome.status, outcome.err)
    nlp = spacy.load(out)
    assert [("aspirin", "drug"), ("acute pain", "symptom")] == spans(nlp(TEXT))
    assert ("drug", "symptom") == nlp.get_pipe("gliner_biomed").labels
    card = scorer_of(nlp).card
    assert {"own.train": ["drug", "symptom"]} == card.labels
    assert [("own.train", 4)] == [(entry["name"], entry["mentions"]) for entry in card.corpora]
    learnt, scores = outcome.out.splitlines()[-2:]
    assert f"Learnt drug, symptom from 4 mentions in 3 passages; the pipeline is in '{out}'." == learnt
    figures = re.fullmatch(r"Strict F1 on dev: (\S+) before, 100\.0 after\.", scores)
    assert figures is not None and float(figures[1]) < 50
    assert ["mine", "out"] == sorted(path.name for path in tmp_path.iterdir())


def test_any_format(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    """BRAT beside PubTator; each is annotated for the labels met in it, and the pipeline can be adapted again."""
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat" / "a.txt").write_text(TEXT)
    (tmp_path / "brat" / "a.ann").write_text("T1\tdrug 0 7\taspirin\n")
    (tmp_path / "b.pubtator").write_text("1|t|metformin helps cells\n1|a|\n1\t16\t21\tcells\tcell\n\n")
    out = tmp_path / "out"
    command = ("finetune", model, tmp_path / "brat", tmp_path / "b.pubtator", "--steps", 1, "--out", out)
    outcome = run(capsys, *command)
    assert 0 == outcome.status, outcome.err
    assert "Learnt cell, drug from 2 mentions in 2 passages" in outcome.out and "F1" not in outcome.out
    assert {"brat": ["drug"], "b": ["cell"]} == scorer_of(spacy.load(out)).card.labels
    outcome = run(capsys, "finetune", out, *command[2:], "--overwrite", "--label", "drug")
    assert 0 == outcome.status, outcome.err
    assert ("drug",) == spacy.load(out).get_pipe("gliner_biomed").labels
    assert ["b.pubtator", "brat", "out"] == sorted(path.name for path in tmp_path.iterdir())


def test_labels_that_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path) -> None:
    """With a description, and without the rest; a dev set need not hold all of them."""
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"symptom": "what a patient feels", "drug": ""}))
    dev = write_corpus(tmp_path, "mine", "own.dev", ROWS[1:2])
    out = tmp_path / "out"
    outcome = run(capsys, "finetune", model, own, "--label", labels, "--dev", dev, "--steps", 1, "--out", out)
    assert 0 == outcome.status, outcome.err
    assert {"own.train": ["drug", "what a patient feels"]} == scorer_of(spacy.load(out)).card.labels
    assert {"symptom": "what a patient feels", "drug": ""} == spacy.load(out).get_pipe("gliner_biomed").label_set.to_config()


def test_replay(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path) -> None:
    """Other corpora get their share of the words; the one at hand is not replayed, in whichever part it lies."""
    write_corpus(tmp_path, "train", "own.dev", ROWS)
    cells = [p for p in PASSAGES if p.corpus == "b"]
    rows = [{"id": "b", "text": p.text, "entities": [mention._asdict() for mention in p.mentions]} for p in cells]
    write_corpus(tmp_path, "train", "b.train", rows)
    options = ("--replay", tmp_path, "--replay-share", "0.4", "--steps", 1, "--out", tmp_path / "out")
    outcome = run(capsys, "finetune", model, own, *options)
    assert 0 == outcome.status, outcome.err
    card = scorer_of(spacy.load(tmp_path / "out")).card
    assert {"own.train": 0.6, "b.train": 0.4} == {entry["name"]: entry["share"] for entry in card.corpora}
    assert ["cell", "organ"] == card.labels["b.train"]


def test_lora(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path) -> None:
    """What comes out is a plain model that has learnt."""
    out = tmp_path / "out"
    rates = ("--learn-rate", "0.01", "--encoder-learn-rate", "0.02", "--batch-words", 40)
    outcome = run(capsys, "finetune", model, own, "--lora", "--lora-rank", 4, "--steps", 80, "--out", out, *rates)
    assert 0 == outcome.status, outcome.err
    nlp = spacy.load(out)
    assert [("aspirin", "drug"), ("acute pain", "symptom")] == spans(nlp(TEXT))
    assert list(checkpoint.load(str(model)).module.state_dict()) == list(scorer_of(nlp).module.state_dict())


def test_lora_without_peft(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence names the extra."""
    monkeypatch.setitem(sys.modules, "peft", None)
    outcome = run(capsys, "finetune", model, own, "--lora", "--steps", 1, "--out", tmp_path / "out")
    assert 1 == outcome.status
    assert "gliner-biomed: LoRA needs the extra 'lora': pip install 'spacy-gliner-biomed[lora]'.\n" == outcome.err


def test_mistakes_are_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, own: Path) -> None:
    """And nothing is written."""
    bare = write_corpus(tmp_path, "mine", "bare", [{"id": "x", "text": "nothing", "entities": []}])
    outside = {"start": 0, "end": 9, "label": "drug"}
    broken = write_corpus(tmp_path, "mine", "broken", [{"id": "x", "text": "no", "entities": [outside]}])
    full, out = tmp_path / "full", tmp_path / "out"
    full.mkdir()
    (full / "thesis.txt").write_text("do not lose me")
    for arguments, message in (
        ((bare, "--out", out), f"There is no mention in '{bare}'; name documents with annotations."),
        (
            (own, "--label", "gene", "--out", out),
            f"No mention in '{own}' has the label 'gene'; the labels there are drug, symptom.",
        ),
        ((own, "--dev", bare, "--out", out), f"There is no mention in '{bare}'"),
        ((own, "--out", full), f"The folder '{full}' is not empty; name another, or replace its pipeline with --overwrite."),
        ((own, "--out", full, "--overwrite"), f"'{full}' holds something, but no pipeline to replace; name another folder."),
        ((broken, "--out", out), f"{broken}, line 1: the mention"),
        ((tmp_path / "none", "--out", out), "There is no corpus at"),
        ((own, "--replay", full, "--out", out), f"There is no annotated corpus in '{full / 'train'}'"),
    ):
        outcome = run(capsys, "finetune", model, *arguments)
        assert (1, 1) == (outcome.status, len(outcome.err.splitlines())), outcome.err
        assert message in outcome.err
    assert not out.exists() and ["thesis.txt"] == [path.name for path in full.iterdir()]

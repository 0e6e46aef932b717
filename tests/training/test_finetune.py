"""Adapting a model to a few annotated passages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import spacy
import torch

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.cli.finetune import STEPS
from spacy_gliner_biomed.training import engine, finetune
from spacy_gliner_biomed.training.dev_set import DevSet
from spacy_gliner_biomed.training.finetune import STEPS_RULE, fine_tune, steps_for
from tests.component.pipelines import folder_nlp, scorer_of
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import PASSAGES, passage, weights

OWN = [
    passage("a", "aspirin for acute pain", "aspirin|drug", "acute pain|symptom"),
    passage("a", "metformin helps", "metformin|drug"),
    passage("a", "no medicine against pain", "pain|symptom"),
]
FAST = {"learn_rate": 1e-2, "encoder_learn_rate": 3e-3, "batch_words": 40, "progress": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): a random model that finds nothing that is meant."""
    path = tmp_path_factory.mktemp("tiny") / "model"
    checkpoint.save(make_scorer("bi"), path)
    return path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list:
    """RETURNS (list): every window that training looks at."""
    seen: list = []
    real = engine.batch_loss

    def remember(scorer, batch, loss):
        seen.extend(batch)
        return real(scorer, batch, loss)

    monkeypatch.setattr(engine, "batch_loss", remember)
    return seen


def found(nlp, text: str) -> set[tuple[str, str]]:
    """RETURNS (set): text and label of each span."""
    doc = nlp(text)
    return {(span.text, span.label_) for span in doc.spans["gliner"]}


@pytest.mark.parametrize(("kind", "steps"), [("bi", 40), ("uni", 80)])
def test_it_learns_what_it_is_shown(kind: str, steps: int, tmp_path: Path) -> None:
    """In place, with the labels set; the adapted pipeline is stored as any other."""
    checkpoint.save(make_scorer(kind), tmp_path / "model")
    nlp = folder_nlp(tmp_path / "model")
    assert found(nlp, OWN[0].text) != {("aspirin", "drug"), ("acute pain", "symptom")}
    assert fine_tune(nlp, iter(OWN), ["drug", "symptom"], steps=steps, **FAST) is nlp
    assert nlp.get_pipe("gliner_biomed").labels == ("drug", "symptom")
    assert found(nlp, OWN[0].text) == {("aspirin", "drug"), ("acute pain", "symptom")}
    assert found(nlp, OWN[1].text) == {("metformin", "drug")}
    nlp.to_disk(tmp_path / "adapted")
    assert found(spacy.load(tmp_path / "adapted"), OWN[0].text) == {("aspirin", "drug"), ("acute pain", "symptom")}


@pytest.mark.parametrize(
    ("n_mentions", "n_words", "steps"),
    [(1, 20, 10), (10, 130, 30), (49, 400, 147), (50, 1_000, 150), (2_000, 6_500, 150), (9_000, 100_000, 500), (9, 100_001, 501)],
)
def test_steps_without_a_number(n_mentions: int, n_words: int, steps: int) -> None:
    """Three a mention, 10 to 150, unless three readings of all words take more."""
    assert steps_for(n_mentions, n_words, batch_words=600) == steps


def test_it_takes_the_steps_that_its_examples_are_worth(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four mentions that can be learnt: twelve updates."""
    taken = []
    real = engine.batch_loss
    monkeypatch.setattr(engine, "batch_loss", lambda *parts: taken.append(1) or real(*parts))
    fine_tune(str(folder), OWN, ["drug", "symptom"], **FAST)
    assert len(taken) == 12


def test_what_is_replayed_takes_no_step_from_the_examples(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where steps go by the words, those of a reading count, and half of them are replayed."""
    asked = []
    monkeypatch.setattr(finetune, "steps_for", lambda *counts: asked.append(counts) or 1)
    replay = [passage("earlier", "cells grow", "cells|cell")]
    fine_tune(str(folder), OWN, ["drug", "symptom"], **FAST)
    fine_tune(str(folder), OWN, ["drug", "symptom"], replay=replay, replay_share=0.5, **FAST)
    assert asked == [(4, 10, 40), (4, 20, 40)]


def test_the_command_line_tells_the_rule() -> None:
    """Its help has the rule's own numbers."""
    assert STEPS == "{} a mention, {} to {}; more where every word is read thrice".format(*STEPS_RULE[:3]) and STEPS_RULE[3] == 3


def test_a_seed_decides(folder: Path) -> None:
    """The same weights twice, others with another seed; a model's name gives a new pipeline."""
    one, same, other = (
        weights(scorer_of(fine_tune(str(folder), PASSAGES, ["drug", "cell"], steps=3, seed=seed, **FAST))) for seed in (1, 1, 2)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_what_was_not_annotated_is_unknown(folder: Path, windows: list) -> None:
    """A passage that names its labels is asked for no others; mentions of other labels are left out."""
    partly = passage("c", "aspirin and tau", "aspirin|drug", labels=("drug", "protein"))
    fine_tune(str(folder), [*OWN, partly], ["drug", "cell"], steps=1, **FAST)
    assert {frozenset(window.labels) for window in windows} == {frozenset({"drug", "cell"}), frozenset({"drug"})}
    assert {label for window in windows for _, _, label in window.spans} == {"drug"}


def test_mentions_that_cannot_be_learnt(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Are told in one line; with them alone there is nothing to learn from."""
    wide = passage("a", "one two three four five", "one two three four five|drug")
    fine_tune(str(folder), [*OWN, wide], ["drug"], steps=1, **{**FAST, "progress": True})
    assert "Mentions left out of the training: 1 wider than this model's 4 words.\n" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"No mention of drug can be learnt \(1 wider than this model's 4 words\)"):
        fine_tune(str(folder), [wide], ["drug"], steps=1, **FAST)


def test_descriptions(folder: Path, windows: list) -> None:
    """Are what the model reads, in training as afterwards."""
    labels = {"drug": "a substance that treats", "symptom": ""}
    nlp = fine_tune(folder_nlp(folder), OWN, labels, steps=40, **FAST)
    assert {label for window in windows for label in window.labels} == {"a substance that treats", "symptom"}
    assert found(nlp, OWN[0].text) == {("aspirin", "drug"), ("acute pain", "symptom")}


def test_replay(folder: Path) -> None:
    """Takes its share of the words, with its own labels; the card tells of both."""
    earlier = [p for p in PASSAGES if p.corpus == "b"]
    fresh = [replace(one, corpus="") for one in OWN]
    nlp = fine_tune(str(folder), fresh, ["drug", "symptom"], steps=2, replay=earlier, replay_share=0.4, **FAST)
    card = scorer_of(nlp).card
    assert {entry["name"]: entry["share"] for entry in card.corpora} == {"fine-tuning": 0.6, "b": 0.4}
    assert card.labels == {"fine-tuning": ["drug", "symptom"], "b": ["cell", "organ"]}


def test_the_best_weights_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the best evaluation on the dev passages, though training went on."""
    results = []
    real = engine.train

    def remember(*arguments, **options):
        results.append(real(*arguments, **options))
        return results[-1]

    monkeypatch.setattr(engine, "train", remember)
    options = {**FAST, "learn_rate": 0.3, "encoder_learn_rate": 0.1}  # so high that it gets worse again
    nlp = fine_tune(str(folder), OWN, ["drug", "symptom"], steps=20, dev=OWN, patience=3, **options)
    best = results[0].best
    assert best is not None and results[0].best_step < results[0].steps
    watched = [replace(one, labels=("drug", "symptom")) for one in OWN]
    assert DevSet(watched).score(scorer_of(nlp)).f1 == best.f1


@pytest.mark.parametrize(
    ("passages", "options", "message"),
    [
        ([], {}, "None of the 0 passages has a mention of drug, cell; there is nothing to learn from."),
        (OWN[2:], {}, "None of the 1 passages has a mention of drug, cell; there is nothing to learn from."),
        (OWN, {"replay_share": 1.0}, "The share of replayed words is 1.0; it must be above 0 and below 1."),
    ],
)
def test_nothing_to_learn_from(folder: Path, passages: list, options: dict, message: str) -> None:
    """One sentence."""
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        fine_tune(str(folder), passages, ["drug", "cell"], **options)

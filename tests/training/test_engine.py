"""The plain training loop: it learns, it goes on after a kill as if nothing had happened, and it needs no spaCy."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.scorer import TrainingCard
from spacy_gliner_biomed.training.dev_set import DevSet
from spacy_gliner_biomed.training.engine import BEST, CHECKPOINTS, LAST, LOG, train
from spacy_gliner_biomed.training.settings import LossSettings, StreamSettings
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import BARE, QUICK, dev_set, make_stream, passage, weights

ROOT = Path(__file__).resolve().parents[2]
RICH = StreamSettings(batch_words=40, label_dropout=0.2, merge=0.5)


def run(folder: Path, settings=QUICK, stream_settings=BARE, kind="bi", dev=None, **options):
    """RETURNS (tuple): the result, the scorer."""
    scorer = make_scorer(kind, pass_rate=0.0)
    stream = make_stream(scorer, stream_settings, seed=settings.seed)
    return train(scorer, stream, dev, settings, folder, progress=False, **options), scorer


def log_lines(folder: Path) -> list[dict]:
    """RETURNS (list): the log without what a clock says."""
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("words_per_second", "seconds")} for line in lines]


def same(one, other) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns(tmp_path):
    """The loss falls, and the model in the folder is the scorer's own."""
    result, scorer = run(tmp_path, replace(QUICK, steps=30, average=0.0, checkpoint_every=0))
    losses = [line["loss"] for line in log_lines(tmp_path)]
    assert result.steps == 30 and sum(losses[-3:]) < 0.5 * sum(losses[:3])
    assert same(weights(checkpoint.load(str(tmp_path / LAST))), weights(scorer))
    assert all(parameter.grad is None for parameter in scorer.module.parameters())


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_a_kill_changes_nothing(kind, tmp_path):
    """Six steps equal three, a kill in the fifth, and three more: weights, averages and log, bit for bit.

    The process that is killed had trained, evaluated and written a checkpoint without spaCy or its relatives.
    """
    whole, scorer = run(tmp_path / "whole", kind=kind, dev=dev_set())
    options = json.dumps({"kind": kind, "kill_at": 4})
    command = [sys.executable, "-m", "tests.training.tiny_training", str(tmp_path / "killed"), options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.splitlines()[-1:] == ["modules:"]
    assert not (tmp_path / "killed" / LAST).exists()
    assert log_lines(tmp_path / "killed")[-1]["step"] == 4
    resumed, other = run(tmp_path / "killed", kind=kind, dev=dev_set())
    assert same(weights(scorer), weights(other))
    assert log_lines(tmp_path / "whole") == log_lines(tmp_path / "killed")
    assert (whole.steps, whole.best, whole.best_step) == (resumed.steps, resumed.best, resumed.best_step)


def test_a_rich_stream_and_dropout_resume_exactly(tmp_path):
    """Whatever is drawn depends on the step alone."""
    settings = replace(QUICK, dropout=0.3, schedule="cosine", accumulate=2)
    _, scorer = run(tmp_path / "whole", settings, RICH)
    torch.rand(7)  # what others draw in between does not matter
    result, _ = run(tmp_path / "parts", settings, RICH, stop_at=2)
    assert result.steps == 2 and not (tmp_path / "parts" / LAST).exists()
    _, other = run(tmp_path / "parts", settings, RICH)
    assert same(weights(scorer), weights(other))


def test_seeds(tmp_path):
    """The same seed gives the same weights, another one others; the caller's own random numbers are left alone."""
    scorer = make_scorer("bi", pass_rate=0.0)
    before = torch.random.get_rng_state()
    train(scorer, make_stream(scorer), None, replace(QUICK, steps=2), tmp_path / "state", progress=False)
    assert torch.equal(torch.random.get_rng_state(), before)
    one, two, three = (run(tmp_path / str(n), replace(QUICK, seed=seed))[1] for n, seed in enumerate((5, 5, 6)))
    assert same(weights(one), weights(two)) and not same(weights(one), weights(three))


def test_parts_in_time_add_up(tmp_path):
    """`accumulate` changes nothing but float noise, whatever the loss' reduction."""
    for kind in ("bi", "uni"):
        for reduction in ("sum", "mean"):
            found = []
            for accumulate in (1, 3):
                folder = tmp_path / f"{kind}-{reduction}-{accumulate}"
                settings = replace(QUICK, accumulate=accumulate, steps=1, eps=1e-3, checkpoint_every=0)
                run(folder, settings, kind=kind, loss=LossSettings(reduction=reduction))
                found.append(log_lines(folder)[0])
            assert found[0]["loss"] == pytest.approx(found[1]["loss"], rel=1e-4)
            assert found[0]["gradient_norm"] == pytest.approx(found[1]["gradient_norm"], rel=1e-3)


def test_changes_are_refused(tmp_path):
    """A checkpoint of another training is no checkpoint of this one, unless somebody says so."""
    run(tmp_path, stop_at=3)
    for settings, stream_settings, word in (
        (replace(QUICK, learn_rate=1.0), BARE, "training (learn_rate)"),
        (QUICK, replace(BARE, max_labels=3), "data"),
    ):
        with pytest.raises(ValueError, match="belongs to a training with another") as caught:
            run(tmp_path, settings, stream_settings)
        assert word in str(caught.value)
    result, _ = run(tmp_path, replace(QUICK, learn_rate=1e-4, log_every=2), allow_changes=True)
    assert result.steps == 6
    run(tmp_path, replace(QUICK, steps=2), resume=False)
    assert [path.name for path in (tmp_path / CHECKPOINTS).iterdir()] == ["step-00000002"]


def test_settings_that_are_new_are_no_change(tmp_path):
    """A checkpoint that does not know a setting goes on where the setting has its default."""
    run(tmp_path, stop_at=3)
    path = tmp_path / CHECKPOINTS / "step-00000003" / "state.json"
    state = json.loads(path.read_text())
    del state["training"]["decay"]
    path.write_text(json.dumps(state))
    assert run(tmp_path)[0].steps == 6


def test_another_model_is_refused(tmp_path):
    """Other first weights, or other sizes; what is allowed all the same is refused where it can't be."""
    run(tmp_path, stop_at=3)
    for changes, words in (({"seed": 5}, "model (weights)"), ({"max_width": 6}, "model (max_width)")):
        scorer = make_scorer("bi", pass_rate=0.0, **changes)
        with pytest.raises(ValueError, match="belongs to a training with another") as caught:
            train(scorer, make_stream(scorer), None, QUICK, tmp_path, progress=False)
        assert words in str(caught.value)
    scorer = make_scorer("bi", pass_rate=0.0, projections=False)
    with pytest.raises(ValueError, match=r"is of another model or training: .* is (missing|of shape)"):
        train(scorer, make_stream(scorer), None, QUICK, tmp_path, progress=False, allow_changes=True)


def test_a_head_that_was_drawn_elsewhere(tmp_path):
    """Of an untrained head, only the seed counts, as its numbers may differ between machines; encoders count by their weights."""
    head, encoder = "prompt_rep_layer.3.bias", "token_rep_layer.labels_encoder.model.embeddings.LayerNorm.bias"
    for seed, changed, stop_at, refusal in (
        (0, None, 2, None), (0, head, 4, None), (0, encoder, None, "weights"), (1, head, None, "head_seed"),
        (None, None, None, "head_seed, weights"),
    ):  # fmt: skip
        scorer = make_scorer("bi", pass_rate=0.0)
        if changed:
            scorer.module.state_dict()[changed].add_(1e-6)
        with nullcontext() if refusal is None else pytest.raises(ValueError, match=rf"another model \({refusal}\)"):
            result = train(scorer, make_stream(scorer), None, QUICK, tmp_path, progress=False, head_seed=seed, stop_at=stop_at)
            assert result.steps == stop_at


def test_another_dev_set_is_refused(tmp_path):
    """Its scores are no others' best ones; where it is allowed, the best begins anew."""
    run(tmp_path, dev=dev_set(), stop_at=3)
    other = DevSet([passage("z", "metformin helps", "metformin|drug", labels=("drug",))], 0.2)
    with pytest.raises(ValueError, match="belongs to a training with another dev;"):
        run(tmp_path, dev=other)
    result, _ = run(tmp_path, dev=other, allow_changes=True)
    assert result.best is not None and list(result.best.corpora) == ["z"] and result.best_step == 6


def test_a_dev_set_comes_and_goes(tmp_path):
    """No update depends on it. What an unwatched training had as its best one is no longer compared with."""
    run(tmp_path, dev=dev_set(), stop_at=3)
    assert run(tmp_path, stop_at=5)[0].best is None
    result, _ = run(tmp_path, dev=DevSet([passage("z", "metformin helps", "metformin|drug", labels=("drug",))], 0.2))
    assert result.best is not None and list(result.best.corpora) == ["z"]


def test_checkpoints_from_before_these_were_noted(tmp_path):
    """They go on: what they do not say is no difference."""
    run(tmp_path, dev=dev_set(), stop_at=3)
    path = tmp_path / CHECKPOINTS / "step-00000003" / "state.json"
    state = json.loads(path.read_text())
    del state["model"], state["dev"]
    path.write_text(json.dumps(state))
    assert run(tmp_path, dev=dev_set())[0].steps == 6


def test_early_stopping(tmp_path):
    """Two evaluations that are no better end it; the best model stays."""
    settings = replace(QUICK, steps=40, evaluate_every=1, checkpoint_every=4, learn_rate=0.0, encoder_learn_rate=0.0)
    result, _ = run(tmp_path, replace(settings, patience=2), dev=dev_set())
    assert (result.steps, result.best_step) == (3, 1)
    assert (tmp_path / BEST / "model.safetensors").exists() and (tmp_path / LAST / "model.safetensors").exists()


def test_old_checkpoints_go(tmp_path):
    """Only the newest stay, and no half-written one."""
    run(tmp_path, replace(QUICK, checkpoint_every=1, keep=2))
    assert sorted(path.name for path in (tmp_path / CHECKPOINTS).iterdir()) == ["step-00000005", "step-00000006"]
    files = {file.name for folder in (tmp_path / CHECKPOINTS).iterdir() for file in folder.iterdir()}
    assert files == {"state.json", "tensors.safetensors"}


def test_a_damaged_checkpoint_is_named(tmp_path):
    """In one sentence."""
    run(tmp_path, stop_at=3)
    (tmp_path / CHECKPOINTS / "step-00000003" / "tensors.safetensors").write_bytes(b"broken")
    with pytest.raises(ValueError, match="step-00000003 is damaged"):
        run(tmp_path)


def test_averages_are_what_is_kept(tmp_path):
    """With a decay, the model is the average of the weights: after one step, between the first weights and the new."""
    first = weights(make_scorer("bi", pass_rate=0.0))
    settings = replace(QUICK, steps=1, average=0.0, checkpoint_every=0, warmup=0.0)
    _, plain = run(tmp_path / "plain", settings)
    _, averaged = run(tmp_path / "averaged", replace(settings, average=0.999))
    for name, value in weights(averaged).items():
        assert torch.allclose(value, first[name] + 0.9 * (weights(plain)[name] - first[name]), atol=1e-6)


def test_a_gradient_that_is_not_finite_ends_it(tmp_path):
    """With one sentence."""
    scorer = make_scorer("bi", pass_rate=0.0)
    with torch.no_grad():
        scorer.module.prompt_rep_layer[3].bias[0] = float("nan")
    with pytest.raises(ValueError, match="gradient of step 0 is not finite"):
        train(scorer, make_stream(scorer), None, QUICK, tmp_path, progress=False)


def test_a_gradient_that_vanished_ends_it(tmp_path):
    """Where all scores lie beyond the loss's floor; without a floor, training goes on."""
    for loss, message in ((LossSettings(), "has no gradient at a loss of"), (LossSettings(floor=0.0), None)):
        scorer = make_scorer("bi", pass_rate=0.0)
        with torch.no_grad():  # span · label is far below 0, whatever the span
            for layer in (scorer.module.prompt_rep_layer[3], scorer.module.head.last):
                layer.weight.zero_()
            scorer.module.prompt_rep_layer[3].bias.fill_(10.0)
            scorer.module.head.last.bias.fill_(-10.0)
        settings = replace(QUICK, steps=1, warmup=0.0)
        if message is None:
            train(scorer, make_stream(scorer), None, settings, tmp_path / "without", progress=False, loss=loss)
        else:
            with pytest.raises(ValueError, match=message):
                train(scorer, make_stream(scorer), None, settings, tmp_path / "with", progress=False, loss=loss)


def test_the_card_travels(tmp_path):
    """Models say what they were told to say."""
    run(tmp_path, replace(QUICK, steps=1), card=TrainingCard(trained_on="both", labels={"a": ["drug"]}))
    assert checkpoint.load(str(tmp_path / LAST)).card.labels == {"a": ["drug"]}

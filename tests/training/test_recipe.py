"""Recipes: TOML files, their changes on the command line, and what is wrong with them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.checkpoint.untrained import PRIOR
from spacy_gliner_biomed.scorer.label_choice import LABEL_CHOICES
from spacy_gliner_biomed.scorer.loss import SpanLoss
from spacy_gliner_biomed.scorer.words import WORD_PATTERNS
from spacy_gliner_biomed.training import settings
from spacy_gliner_biomed.training.identity import model_identity
from spacy_gliner_biomed.training.recipe import build_scorer, read_recipe
from spacy_gliner_biomed.training.settings import WORDS, LossSettings, ModelSettings
from tests.training.test_spacy_train import workshop

__all__ = ["workshop"]

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = '[model]\nstart = "mini"\n[[sources]]\npath = "train"\n'


def write(folder: Path, text: str = MINIMAL) -> Path:
    """RETURNS (Path): a recipe."""
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    return folder / "recipe.toml"


def test_defaults_and_changes(tmp_path):
    """Everything but model and source has a default; changes are typed."""
    path = write(tmp_path)
    recipe = read_recipe(path)
    assert recipe.dev is None and recipe.sources[0].path == "train" and recipe.training.steps == 1000
    changes = [
        "training.steps=7", "stream.withhold=['drug']", "sources.0.weight=2", "dev.words=50", "model.start=none",
        "model.encoder=/some/where", "training.mixed_precision=false",
    ]  # fmt: skip
    recipe = read_recipe(path, changes)
    assert (recipe.training.steps, recipe.stream.withhold, recipe.sources[0].weight) == (7, ("drug",), 2.0)
    assert recipe.dev is not None and recipe.dev.words == 50 and recipe.training.mixed_precision is False
    assert (recipe.model.start, recipe.model.encoder) == (None, "/some/where")
    assert read_recipe(path, ["dev.words=5", "dev=none"]).dev is None


@pytest.mark.parametrize(
    "text, message",
    [
        ("[model", "is no TOML file"),
        ('[model]\nstart = "mini"\n', "needs at least one \\[\\[sources\\]\\]"),
        (MINIMAL + "[trainings]\nsteps = 1\n", "has no setting trainings; did you mean training\\?"),
        (MINIMAL + "[training]\nlearning_rate = 1\n", "did you mean training.learn_rate\\?"),
        (MINIMAL + '[training]\nsteps = "many"\n', "training.steps is 'many'; it must be int"),
        (MINIMAL + "[training]\nsteps = true\n", "training.steps is True"),
        (MINIMAL + "[training]\nsteps = 0\n", "training.steps is 0; it must be at least 1"),
        (MINIMAL + '[training]\nschedule = "stairs"\n', "training.schedule is 'stairs'"),
        (MINIMAL + "[stream]\nwithhold = [1]\n", "stream.withhold is \\[1\\]; it must be a list of texts"),
        (MINIMAL + "stream = 3\n", "sources.0.stream; did you|has no setting"),
        ('[model]\nstart = "mini"\n[[sources]]\nweight = 1.0\n', "sources.0 lacks its 'path'"),
        ('[model]\n[[sources]]\npath = "x"\n', "either model.start or model.encoder"),
        (MINIMAL.replace("[[", 'kind = "tri"\n[['), "model.kind is 'tri'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    """In one sentence, with the key."""
    with pytest.raises(ValueError, match=message):
        read_recipe(write(tmp_path, text))


@pytest.mark.parametrize("change", ["training.steps", "sources.4.path=x", "sources.x.path=y", "model.start.deep=1"])
def test_changes_that_change_nothing(tmp_path, change):
    """Name themselves."""
    with pytest.raises(ValueError, match="The change"):
        read_recipe(write(tmp_path), [change])


def test_loss_settings_are_those_of_the_loss():
    """Field for field, default for default."""
    assert LossSettings().__dict__ == SpanLoss().__dict__


def test_a_scorer_to_begin_with():
    """A trained model is loaded."""
    assert build_scorer(ModelSettings(start="mini")).config.tied_encoders


def test_words_of_a_recipe():
    """Take the place of the model's own; others are refused."""
    assert build_scorer(ModelSettings(start="mini")).config.words == "punctuation"
    assert build_scorer(ModelSettings(start="mini", words="whitespace")).config.words == "whitespace"
    assert set(WORDS) == set(WORD_PATTERNS)
    with pytest.raises(ValueError, match="model.words is 'letters'; choose from"):
        ModelSettings(start="mini", words="letters")


def test_the_label_choice_of_a_recipe():
    """Takes the place of the model's own; others are refused."""
    assert build_scorer(ModelSettings(start="mini", label_choice="lift")).config.label_choice == "lift"
    assert set(LABEL_CHOICES) == set(settings.LABEL_CHOICES)
    with pytest.raises(ValueError, match="model.label_choice is 'dice'; choose from"):
        ModelSettings(start="mini", label_choice="dice")


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_a_new_head_expects_few_mentions(workshop, kind):  # noqa: F811
    """Before any training, a label has about the prior probability at any span, whatever the seed of the head."""
    words = "aspirin eased the pain of seven patients within a day".split()
    for seed in range(3):
        settings = ModelSettings(encoder=str(workshop / "encoder"), kind=kind, hidden_size=32, max_width=4, max_len=64, seed=seed)
        logits = build_scorer(settings).logits(words, ["drug", "symptom"])
        mean = float(logits[np.isfinite(logits)].mean())
        assert abs(mean - math.log(PRIOR / (1 - PRIOR))) < 2.0


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_what_is_drawn_does_not_identify_a_model(workshop, kind):  # noqa: F811
    """Heads of two seeds stand for those of two machines: their numbers count nowhere, what came from a file does."""
    settings = [ModelSettings(encoder=str(workshop / "encoder"), kind=kind, hidden_size=8, seed=seed) for seed in (0, 1)]
    one, two = map(build_scorer, settings)
    assert model_identity(one, 0) == model_identity(two, 0) != model_identity(two, 1)
    assert model_identity(one) != model_identity(two)
    assert [each.head_seed for each in (*settings, ModelSettings(start="mini"))] == [0, 1, None]


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "train").glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_that_ship(path):
    """Are recipes, and ask by many wordings, all but the one that ablations go on from."""
    recipe = read_recipe(path)
    assert recipe.dev is not None and recipe.stream.reads_wordings == (path.stem != "ablation-start")
    json.dumps(recipe.training.__dict__)

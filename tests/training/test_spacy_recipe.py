"""A recipe inside `spacy train`: the same batches and the same losses as the plain engine's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli.train import train as spacy_train
from spacy.util import registry

from spacy_gliner_biomed.training import spacy_recipe
from spacy_gliner_biomed.training.engine import LOG
from spacy_gliner_biomed.training.examples import WINDOW
from spacy_gliner_biomed.training.launch import run_recipe
from tests.training.recipes import recipe_file
from tests.training.test_spacy_train import workshop

__all__ = ["workshop"]
ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    ("architectures", "Recipe.v1"): spacy_recipe.RecipeModel,
    ("readers", "TrainingStream.v1"): spacy_recipe.create_stream_reader,
    ("batchers", "StreamBatches.v1"): spacy_recipe.create_stream_batcher,
    ("optimizers", "RecipeAdamW.v1"): spacy_recipe.RecipeAdamW,
}


@pytest.fixture(scope="module")
def recipe(workshop, tmp_path_factory) -> Path:  # noqa: F811
    """Rich wordings, no dropout, some warm-up."""
    return recipe_file(tmp_path_factory.mktemp("recipe"), workshop)


@pytest.fixture(scope="module")
def config(recipe, workshop):  # noqa: F811
    """`configs/recipe.cfg` on the tiny recipe."""
    overrides = {
        "paths.recipe": str(recipe), "paths.corpora": str(workshop), "training.max_steps": 4, "training.dropout": 0.0,
        "training.eval_frequency": 2, "corpora.dev.path": str(workshop / "train.jsonl"),
    }  # fmt: skip
    return spacy.util.load_config(ROOT / "configs" / "recipe.cfg", overrides=overrides, interpolate=True)


@pytest.mark.parametrize("kind, name", NAMES)
def test_registered(kind, name):
    """Under their names, through the package's entry points."""
    assert getattr(registry, kind).get(f"spacy_gliner_biomed.{name}") is NAMES[kind, name]


def test_the_same_losses(recipe, config, workshop, tmp_path):  # noqa: F811
    """Batch for batch, with the same updates in between."""
    run_recipe(recipe, workshop, tmp_path, progress=False)
    expected = [line["loss"] for line in map(json.loads, (tmp_path / LOG).read_text().splitlines()) if "loss" in line]
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    training = registry.resolve(nlp.config.interpolate()["training"])
    corpora = registry.resolve(nlp.config.interpolate()["corpora"])
    nlp.initialize(lambda: corpora["train"](nlp))
    assert nlp.get_pipe("gliner_biomed").labels == ("drug", "symptom")
    found = []
    for batch in training["batcher"](corpora["train"](nlp)):
        losses: dict = {}
        nlp.update(batch, sgd=training["optimizer"], losses=losses, drop=0.0)
        training["optimizer"].step_schedules()
        found.append(losses["gliner_biomed"])
    assert len(found) == len(expected) == 4 and len(set(found)) == 4
    assert found[0] == pytest.approx(expected[0], rel=1e-6)
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_whole_training(config, tmp_path):
    """`spacy train configs/recipe.cfg` ends with a pipeline that annotates."""
    config.to_disk(tmp_path / "recipe.cfg")
    spacy_train(tmp_path / "recipe.cfg", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    doc = nlp.get_pipe("gliner_biomed")(nlp.make_doc("aspirin for acute pain"), threshold=0.0)
    assert len(doc.spans["gliner"])


def test_shuffled_and_foreign_examples_are_refused(config):
    """The batcher says what to change."""
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    corpora = registry.resolve(nlp.config.interpolate()["corpora"])
    examples = list(corpora["train"](nlp))
    batches = list(spacy_recipe.create_stream_batcher()(examples))
    assert [{example.reference.user_data[WINDOW].step for example in batch} for batch in batches] == [{0}, {1}, {2}, {3}]
    with pytest.raises(ValueError, match="max_epochs = -1"):
        list(spacy_recipe.create_stream_batcher()(examples[::-1]))
    with pytest.raises(ValueError, match="examples of TrainingStream.v1 alone"):
        list(spacy_recipe.create_stream_batcher()(list(corpora["dev"](nlp))))
    with pytest.raises(ValueError, match="needs the component"):
        list(corpora["train"](spacy.blank("en")))


def test_another_number_of_steps_is_told(config):
    """The schedule is the recipe's."""
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    nlp.config["training"]["max_steps"] = 9
    corpora = registry.resolve(nlp.config.interpolate()["corpora"])
    with pytest.warns(UserWarning, match="max_steps is 9"):
        next(iter(corpora["train"](nlp)))

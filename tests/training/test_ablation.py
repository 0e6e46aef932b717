"""Ablations: which trainings there are, what they are measured on, and the table made of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.document_counts import DocumentCounts
from spacy_gliner_biomed.evaluation.metrics.resampling import document_weights
from spacy_gliner_biomed.training.ablation import BASELINE, INGREDIENTS, Cell, plan_cells
from spacy_gliner_biomed.training.ablation_plot import draw_ablation
from spacy_gliner_biomed.training.ablation_table import ablation_markdown, ablation_table
from spacy_gliner_biomed.training.ablation_texts import MeasuredText, check_apart, draw_wording
from spacy_gliner_biomed.training.recipe import read_recipe

RECIPE = Path(__file__).resolve().parents[2] / "configs" / "train" / "ablation.toml"
CARD = {"corpora": [{"name": "a"}], "labels": {"a": ["drug"]}, "trained_on": "both", "label_template": ""}


def differing(one: Cell, other: Cell) -> set[str]:
    """RETURNS (set): the settings in which two cells' recipes differ."""
    values = [asdict(cell.recipe) for cell in (one, other)]
    stream = {f"stream.{key}" for key in values[0]["stream"] if values[0]["stream"][key] != values[1]["stream"][key]}
    rest = {key for key in values[0] if key != "stream" and values[0][key] != values[1][key]}
    return stream | rest


def test_every_ingredient_of_a_recipe_can_be_switched_off():
    """Each alone, wherever its source lies; in rounds of one seed; all read the same words."""
    plan = plan_cells(RECIPE, ["model.start=somewhere", "sources.1.path=elsewhere"], 2, 300_000, (), {})
    names = [ingredient.name for ingredient in INGREDIENTS]
    assert [(cell.ingredient.name, cell.seed) for cell in plan.cells] == [(n, s) for s in (0, 1) for n in names]
    assert not plan.left_out and names[0] == BASELINE and len({cell.folder for cell in plan.cells}) == len(plan.cells)
    full, *others = plan.cells[: len(names)]
    assert all(
        (cell.recipe.training.steps, cell.recipe.dev, cell.recipe.model.seed) == (400, None, cell.seed) for cell in plan.cells
    )
    changed = {cell.ingredient.name: differing(full, cell) for cell in others}
    assert changed["no-merging"] == {"stream.merge"} and changed["no-nesting"] == {"stream.nested"}
    assert changed["no-patterns"] == {"sources"} and changed["one-wording"] == {"stream.wordings_per_label", "stream.max_labels"}
    assert changed["no-forms"] == {"stream.plural", "stream.frame", "stream.case"}
    assert all(changed.values())
    by_name = {cell.ingredient.name: cell.recipe for cell in others}
    assert [source.weight for source in by_name["no-patterns"].sources] == [1.0, 0.4, 0.0, 4.0, 6.0, 4.0]
    assert [source.weight for source in by_name["no-lexicon"].sources] == [1.0, 0.0, 0.4, 4.0, 6.0, 4.0]
    assert [source.weight for source in by_name["no-open-types"].sources] == [1.0, 0.4, 0.4, 0.0, 0.0, 4.0]
    bare = by_name["names-only"].stream
    assert not bare.reads_wordings and bare.frame == bare.case == 0.0
    assert by_name["one-wording"].stream.max_labels == full.recipe.stream.max_labels // 2


def test_further_seeds_have_the_keys_of_a_longer_plan():
    """Begun at another seed, the same cells: the folder of one call serves the other."""
    longer = plan_cells(RECIPE, ["model.start=e"], 3, 3000, ("no-merging",), {}).cells
    assert plan_cells(RECIPE, ["model.start=e"], 2, 3000, ("no-merging",), {}, first_seed=1).cells == longer[2:]


def test_what_a_recipe_lacks_is_left_out(tmp_path):
    """And said; the baseline is always there."""
    path = tmp_path / "recipe.toml"
    path.write_text('[model]\nstart = "mini"\n[[sources]]\npath = "train"\n')
    plan = plan_cells(path, ["stream.merge=0"], 1, 0, ("no-patterns", "no-merging", "no-temperature"), {})
    assert [cell.ingredient.name for cell in plan.cells] == [BASELINE, "no-temperature"]
    assert [sentence.split("'")[1] for sentence in plan.left_out] == ["no-merging", "no-patterns"]
    assert plan.cells[0].recipe.training.steps == 1000
    with pytest.raises(ValueError, match="no ingredient 'no-luck' to switch off; choose from everything-on, names-only"):
        plan_cells(path, [], 1, 0, ("no-luck",), {})
    with pytest.raises(ValueError, match="0 seeds"):
        plan_cells(path, [], 0, 100, (), {})


def test_keys_tell_settings_apart():
    """Words, settings, measured texts and seeds count; which others are trained does not."""
    def keys(changes=(), words=3000, only=("no-merging",), equal="x"):
        plan = plan_cells(RECIPE, ["model.start=e", *changes], 1, words, only, {"texts": equal})
        return [cell.key for cell in plan.cells][:2]

    assert keys() == [keys(only=())[0], keys()[1]]
    found = [*keys(), *keys(["training.clip=2"]), *keys(words=6000), *keys(equal="y")]
    assert len(set(found)) == 8


def test_other_words_for_labels():
    """The same for the same seed, no text for two labels, own names where nothing else is left."""
    paraphrases = {"drug": ["medicine", "compound"], "chemical": ["medicine", "compound"], "cell": ["Drug", "medicine", "compound"]}
    labels = ["drug", "chemical", "cell", "organ"]
    found = [draw_wording(labels, paraphrases, seed) for seed in range(12)]
    assert found[0] == draw_wording(labels, paraphrases, 0)
    assert {"medicine", "compound"} == {words["drug"] for words in found}
    for words in found:
        assert sorted(words.values()) == ["compound", "medicine"] and set(words) == {"drug", "chemical"}


def test_files_that_a_recipe_trains_on_are_refused(tmp_path):
    """By their place and their corpus; held-out ones pass."""
    (tmp_path / "train").mkdir()
    file = tmp_path / "train" / "frd.test.jsonl"
    file.touch()
    text = MeasuredText("frd.test", ("x",), [AnnotatedPassage("1", "t", corpus="frd")], "flat")
    held_out = read_recipe(RECIPE, ["model.start=e"])
    check_apart(held_out, tmp_path, [file], [text])
    with pytest.raises(ValueError, match="trains on .*corpus 'frd' of its source 'train'"):
        check_apart(read_recipe(RECIPE, ["model.start=e", "sources.0.exclude=[]"]), tmp_path, [file], [text])
    check_apart(read_recipe(RECIPE, ["model.start=e", 'sources.0.only=["craft"]']), tmp_path, [file], [text])


def result(seed: int, gain: int = 0, documents=("d1", "d2", "d3")) -> dict:
    """RETURNS (dict): a cell's, on three corpora: one in-schema, one unseen, one with an unseen label and one without gold."""
    random = np.random.default_rng(seed)
    labels = {"a": ("drug",), "b": ("drug", "organ"), "e": ("drug",)}
    corpora = {}
    for corpus, own in labels.items():
        counts = random.integers(1, 6, (len(documents), len(own), 3))
        counts[..., 0] += gain
        counts[..., 2] = 0 if corpus == "e" else 12 - counts[..., 0]  # the gold is the same for all
        counts[..., 0] *= corpus != "e"
        asked = DocumentCounts(tuple(documents), own, counts).to_dict()
        corpora[corpus] = {"names": asked, "paraphrases": asked, "wording": {}}
    return {"card": CARD, "corpora": corpora, "seconds_training": 1.0, "seconds_measuring": 1.0}


def micro(counts) -> float:
    """RETURNS (float): F1."""
    right, false, missed = np.asarray(counts).sum(axis=0)
    return 2 * right / (2 * right + false + missed)


def test_figures_and_intervals_against_a_loop():
    """Means over corpora, differences by seed, and every round of the bootstrap drawn one by one."""
    base, off = [result(0, 2), result(1, 2)], [result(2), result(3)]
    results = {(BASELINE, 0): base[0], (BASELINE, 1): base[1], ("no-merging", 0): off[0], ("no-merging", 1): off[1]}
    table = ablation_table(results, rounds=50, seed=3)
    assert {group: [row["corpus"] for row in rows] for group, rows in table["groups"].items()} == {
        "in-schema": ["a"], "unseen corpus": ["b"], "unseen label": ["b"],
    }  # fmt: skip
    full, row = table["rows"]
    assert (full["ingredient"], row["ingredient"], row["seeds"]) == (BASELINE, "no-merging", [0, 1])
    cell = row["names"]["unseen label"]
    column = [np.array(each["corpora"]["b"]["names"]["counts"])[:, 1] for each in (*base, *off)]
    values = [micro(counts) for counts in column]
    assert full["names"]["unseen label"]["f1"] == pytest.approx((values[0] + values[1]) / 2)
    assert cell["f1"] == pytest.approx((values[2] + values[3]) / 2)
    assert cell["by_seed"] == pytest.approx([values[2] - values[0], values[3] - values[1]])
    assert cell["difference"]["value"] == pytest.approx(sum(cell["by_seed"]) / 2)
    weights = document_weights([f"b\n{name}" for name in ("d1", "d2", "d3")], 50, 3)
    spread = abs(cell["by_seed"][0] - cell["by_seed"][1]) / np.sqrt(2)  # the standard deviation of two
    errors = np.random.default_rng(3).standard_normal(50) * spread / np.sqrt(2)
    drawn = []
    for number in range(50):
        if weights[:, number].any():
            again = [micro(weights[:, number, None] * counts) for counts in column]
            drawn.append((again[2] - again[0] + again[3] - again[1]) / 2 + errors[number])
    assert [cell["difference"]["low"], cell["difference"]["high"]] == pytest.approx(np.percentile(drawn, [2.5, 97.5]))


def test_seeds_of_other_ingredients_tell_how_seeds_differ():
    """An ingredient whose seeds happen to agree has the spread of all; one with a single seed too."""
    agree = {(name, seed): result(5) for name in (BASELINE, "no-merging") for seed in (0, 1)}
    apart = {("no-forms", 0): result(5, 4), ("no-forms", 1): result(5, 0), ("no-nesting", 1): result(5)}
    alone = ablation_table(agree, rounds=200)["rows"][1]["names"]["in-schema"]["difference"]
    assert alone["low"] == alone["high"] == 0
    widths = {}
    for row in ablation_table({**agree, **apart}, rounds=200)["rows"][1:]:
        difference = row["names"]["in-schema"]["difference"]
        widths[row["ingredient"]] = difference["high"] - difference["low"]
    assert widths["no-nesting"] == pytest.approx(widths["no-merging"] * np.sqrt(2)) and widths["no-merging"] > 0


def test_what_is_there_is_shown(tmp_path):
    """Seeds that both have count; an ingredient without one is not there; equal trainings do not differ."""
    results = {(BASELINE, 0): result(0), ("no-merging", 0): result(0), ("no-merging", 1): result(1), ("no-forms", 1): result(1)}
    table = ablation_table(results, rounds=20)
    assert [(row["ingredient"], row["seeds"]) for row in table["rows"]] == [(BASELINE, [0]), ("no-merging", [0])]
    assert table["rows"][1]["names"]["in-schema"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    said = ablation_markdown(table, "A note.")
    assert said.startswith("A note.\n\n### Asked by the corpora's own names\n\n| switched off | seeds | in-schema (1 corpus) |")
    assert "| merging up and down the hierarchy | 1 | " in said and "0.0 (0.0 to 0.0)" in said
    draw_ablation(table, tmp_path / "a.svg")
    assert "without merging up and down" in (tmp_path / "a.svg").read_text()
    with pytest.raises(ValueError, match="nothing to draw yet"):
        draw_ablation(ablation_table({(BASELINE, 0): result(0)}, rounds=0), tmp_path / "b.svg")


def test_what_cannot_be_compared():
    """No baseline, other documents, one document."""
    with pytest.raises(ValueError, match=r"No training with everything on \('everything-on'\) is finished"):
        ablation_table({("no-merging", 0): result(0)})
    with pytest.raises(ValueError, match="measured on other documents of a"):
        ablation_table({(BASELINE, 0): result(0), ("no-merging", 0): result(0, documents=("d1", "d2", "d4"))}, rounds=2)
    one = {(name, 0): result(seed, documents=("d",)) for seed, name in enumerate((BASELINE, "no-merging"))}
    difference = ablation_table(one, rounds=20)["rows"][1]["names"]["in-schema"]["difference"]
    assert difference["low"] is None and difference["high"] is None

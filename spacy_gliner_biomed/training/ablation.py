"""What each ingredient of a recipe is worth: the table of ingredients, and the trainings that switch one of them off.

A cell is one training: an ingredient and a seed. Everything else is equal: words, steps, schedule, seeds. The first cells are all
ingredients with the first seed, so that an interrupted run already says something about each.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ..checkpoint.layout import PICKLED, SAFETENSORS
from ..corpus.assets import sha256
from .recipe import Recipe, read_recipe

BASELINE = "everything-on"
CHECKPOINTS_A_CELL = 5
FORMAT = 1  # of a cell's result: another one is another key
_BARE = ("stream.frame=0.0", "stream.case=0.0")


class Ingredient(NamedTuple):
    """One row of the table.

    name (str): as it is typed, and as its folders begin. title (str): as tables call it.
    changes (callable): recipe → the changes, as `read_recipe` takes them, that switch the ingredient off; none where the
        recipe does not have it.
    """

    name: str
    title: str
    changes: Callable[[Recipe], Sequence[str]]


def _always(*changes: str) -> Callable[[Recipe], Sequence[str]]:
    return lambda recipe: changes


def _one_wording(recipe: Recipe) -> Sequence[str]:
    """The limit counts texts: as many labels are asked for as before."""
    n_labels = max(recipe.stream.max_labels // recipe.stream.wordings_per_label, 1)
    return ("stream.wordings_per_label=1", f"stream.max_labels={n_labels}")


def _without(part: str) -> Callable[[Recipe], Sequence[str]]:
    """Sources go by a part of the name that the recipe itself gives their file or folder."""

    def changes(recipe: Recipe) -> Sequence[str]:
        named = [number for number, source in enumerate(recipe.sources) if part in Path(source.path).name]
        return [f"sources.{number}.weight=0.0" for number in named]

    return changes


#: Kinds of wording that are switched off leave the odds of the others as they are to each other.
INGREDIENTS: Tuple[Ingredient, ...] = (
    Ingredient(BASELINE, "nothing (everything on)", _always()),
    Ingredient(
        "names-only",
        "all wordings but names",
        _always(
            "stream.name=1.0", "stream.synonym=0.0", "stream.plural=0.0", "stream.description=0.0",
            "stream.name_and_description=0.0", *_BARE,
        ),
    ),
    Ingredient("no-synonyms", "synonyms", _always("stream.synonym=0.0")),
    Ingredient("no-forms", "plurals, frames, case variants", _always("stream.plural=0.0", *_BARE)),
    Ingredient("no-descriptions", "descriptions", _always("stream.description=0.0", "stream.name_and_description=0.0")),
    Ingredient("one-wording", "several wordings a label and batch", _one_wording),
    Ingredient("no-label-dropout", "label dropout", _always("stream.label_dropout=0.0")),
    Ingredient("no-hard-negatives", "sibling labels as negatives (1 in 4 left)", _always("stream.negatives=0.25")),
    Ingredient(
        "no-unknowns", "negatives only from what was annotated (all labels everywhere)", _always("stream.annotated_only=false")
    ),
    Ingredient("no-temperature", "temperature (corpora by size)", _always("stream.temperature=1.0")),
    Ingredient("no-merging", "merging up and down the hierarchy", _always("stream.merge=0.0")),
    Ingredient("no-nesting", "nested spans (outermost only)", _always("stream.nested=false")),
    Ingredient("no-patterns", "text that rules annotated", _without("silver_patterns")),
    Ingredient("no-lexicon", "text that the lexicon annotated", _without("silver_folds")),
    Ingredient("no-general-types", "passages with wide types", _without("general_types")),
    Ingredient("no-open-types", "passages with open types", _without("open_types")),
)  # fmt: skip
TITLES = {ingredient.name: ingredient.title for ingredient in INGREDIENTS}


@dataclass(frozen=True)
class Cell:
    """One training.

    ingredient (Ingredient): what is off. seed (int): of the head's first weights and of all that is drawn.
    changes (tuple): the ingredient's. recipe (Recipe): with all changes made.
    key (str): of all that decides about the result.
    """

    ingredient: Ingredient
    seed: int
    changes: Tuple[str, ...]
    recipe: Recipe
    key: str

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.ingredient.name}-{self.seed}-{self.key[:10]}"

    def __str__(self) -> str:
        return f"{self.ingredient.name}, seed {self.seed}"


class Plan(NamedTuple):
    """cells (list): in the order of their training. left_out (list): why an ingredient has no cell, one sentence each."""

    cells: List[Cell]
    left_out: List[str]


def plan_cells(
    path: Path,
    changes: Sequence[str],
    seeds: int,
    words: int,
    only: Sequence[str],
    equal: Mapping[str, Any],
    first_seed: int = 0,
) -> Plan:
    """The trainings of an ablation.

    path (Path): the recipe. changes (list): as for `read_recipe`, the same for all.
    seeds (int): trainings of each ingredient. words (int): that each training reads; 0 for the recipe's own steps.
    only (list): ingredients by name, beside the one that has everything; all of them where empty.
    equal (dict): what else decides about results, such as the texts that they are measured on; part of every key.
    first_seed (int): the seeds are counted from here.
    RETURNS (Plan): seed by seed, the one with everything first.
    RAISES (ValueError): for an ingredient that is not in the table, for no seed, and as `read_recipe`.
    """
    for name in only:
        if name not in TITLES:
            raise ValueError(f"There is no ingredient {name!r} to switch off; choose from {', '.join(TITLES)}.")
    if seeds < 1 or words < 0:
        raise ValueError(f"An ablation of {seeds} seeds and {words} words has nothing to train; give 1 seed or more.")
    full, plain = read_recipe(path, changes), read_recipe(path, [])
    named = replace(full, sources=plain.sources)  # wherever the changes find the sources, the recipe tells what they are
    steps = max(round(words / full.stream.batch_words), 1) if words else full.training.steps
    common = [
        *changes, "dev=none", f"training.steps={steps}", "training.evaluate_every=0", "training.keep=1",
        f"training.checkpoint_every={max(steps // CHECKPOINTS_A_CELL, 1)}",
    ]  # fmt: skip
    chosen: List[Tuple[Ingredient, Tuple[str, ...]]] = []
    left_out = []
    for ingredient in INGREDIENTS:
        if only and ingredient.name not in (*only, BASELINE):
            continue
        off = tuple(ingredient.changes(named))
        if ingredient.name != BASELINE and read_recipe(path, [*changes, *off]) == full:
            left_out.append(f"'{ingredient.name}' is left out: {path} does not have this ingredient.")
        else:
            chosen.append((ingredient, off))
    cells = []
    for seed in range(first_seed, first_seed + seeds):
        for ingredient, off in chosen:
            recipe = read_recipe(path, [*common, f"training.seed={seed}", f"model.seed={seed}", *off])
            cells.append(Cell(ingredient, seed, off, recipe, _key(recipe, equal)))
    return Plan(cells, left_out)


def file_sizes(paths: Sequence[Path]) -> List[Tuple[str, int]]:
    """RETURNS (list): name and size of every file at some places: what tells whether data are still the same, without a
    reading."""
    return [(file.name, file.stat().st_size) for path in paths for file in _files(path)]


def start_weights(recipe: Recipe) -> List[str]:
    """RETURNS (list): a hash of the weights that all trainings go on from; empty for those that begin anew, or with a model that
    its name alone tells."""
    if recipe.model.start is None:
        return []
    weights = [Path(recipe.model.start) / name for name in (SAFETENSORS, PICKLED)]
    return [sha256(path) for path in weights if path.is_file()]


def label_texts() -> str:
    """RETURNS (str): a hash of what labels may be called in training, and of how they are merged."""
    from ..label_sets import load_merges, load_wordings
    from .wording import FRAMES

    return _digest([repr(load_wordings()), repr(load_merges()), FRAMES])


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    elif path.exists():
        yield path


def _key(recipe: Recipe, equal: Mapping[str, Any]) -> str:
    values: Dict[str, Any] = {"format": FORMAT, "recipe": asdict(recipe), "equal": dict(equal)}
    return _digest(values)


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()

"""The cells of an ablation, one after the other, each in a folder of its own with one result file.

A finished cell is skipped; a training that was killed goes on from its checkpoint. Several processes that are called alike share
the cells of one folder: each takes those that no other one holds. The windows of the corpora are encoded once for all cells, as
no ingredient changes them.
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from filelock import FileLock, Timeout

from ..annotate.output import text_file
from ..evaluation.html_report.words import plural
from .ablation import Cell
from .ablation_texts import MeasuredText, measure
from .cards import make_card
from .engine import CHECKPOINTS, LAST, train
from .recipe import Recipe, build_scorer
from .sources import build_store, open_stream, window_size
from .store import WindowStore

RESULT = "result.json"
CELLS = "cells"

Result = Dict[str, Any]


def read_results(cells: Sequence[Cell], folder: Path) -> Dict[Tuple[str, int], Result]:
    """RETURNS (dict): ingredient and seed → the result of every cell that is finished."""
    found = {}
    for cell in cells:
        path = folder / CELLS / cell.folder / RESULT
        if path.is_file():
            result = json.loads(path.read_text(encoding="utf-8"))
            if result.get("key") == cell.key:
                found[cell.ingredient.name, cell.seed] = result
    return found


def run_cells(
    cells: Sequence[Cell],
    folder: Path,
    corpora: Path,
    texts: Sequence[MeasuredText],
    paraphrases: Mapping[str, Sequence[str]],
    threshold: float = 0.5,
    keep_models: bool = False,
    progress: bool = True,
    finished: Callable[[Cell, Result], None] = lambda cell, result: None,
) -> None:
    """Train and measure the cells that have no result yet and that no other process is at.

    cells (list): in the order of their training. folder (Path): gets `cells/`.
    corpora (Path): where the paths of the recipe's sources start.
    texts, paraphrases, threshold: as for `ablation_texts.measure`.
    keep_models (bool): keep the weights of each cell beside its result.
    progress (bool): bars, and a line a cell with the time that is left, on stderr.
    finished (callable): is told of every cell that was trained now.
    RAISES (ValueError, OSError): as `build_scorer`, `open_stream` and `engine.train`.
    """
    done = read_results(cells, folder)
    for cell in cells:
        if (cell.ingredient.name, cell.seed) in done:
            _tidy(folder / CELLS / cell.folder, keep_models)
    waiting = [cell for cell in cells if (cell.ingredient.name, cell.seed) not in done]
    if progress and done:
        print(f"{len(done)} of {len(cells)} cells are finished already.", file=sys.stderr)
    encoded = _Encoded(corpora, progress)
    seconds: List[float] = []
    (folder / CELLS).mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(waiting, 1):
        with _claim(folder / CELLS / f".{cell.folder}.lock") as mine:
            if progress:
                print(f"Cell {number} of {len(waiting)}: {cell}{'' if mine else ' (another process is at it)'}.", file=sys.stderr)
            if not mine or read_results([cell], folder):
                continue
            started = time.perf_counter()
            result = _run_cell(cell, folder / CELLS / cell.folder, encoded, texts, paraphrases, threshold, keep_models, progress)
        seconds.append(time.perf_counter() - started)
        finished(cell, result)
        if progress and number < len(waiting):
            left = (len(waiting) - number) * sum(seconds) / len(seconds)
            print(f"Left: {plural(len(waiting) - number, 'cell')}, about {duration(left)}.", file=sys.stderr)


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Hold a file's lock meanwhile. YIELDS (bool): whether it was free; where it was not, nothing is held."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # whoever has opened it already finds the result
        lock.release()


def duration(seconds: float) -> str:
    """RETURNS (str): "40 s", "5.8 min" or "3.3 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _run_cell(
    cell: Cell,
    folder: Path,
    encoded: _Encoded,
    texts: Sequence[MeasuredText],
    paraphrases: Mapping[str, Sequence[str]],
    threshold: float,
    keep_models: bool,
    progress: bool,
) -> Result:
    recipe = cell.recipe
    started = time.perf_counter()
    scorer = build_scorer(recipe.model)
    stream = open_stream(
        recipe.sources, recipe.stream, scorer, encoded.corpora, recipe.training.seed, progress, encoded.store(recipe, scorer)
    )
    card = make_card(stream, scorer.card, encoded.corpora)
    try:
        head_seed = recipe.model.head_seed
        train(scorer, stream, None, recipe.training, folder, True, progress, loss=recipe.loss, card=card, head_seed=head_seed)
    except ValueError as error:
        error.add_note(f"This was the cell '{cell}'; remove '{folder}' to train it anew.")
        raise
    device = str(scorer.settings.device)
    trained = time.perf_counter()
    del scorer, stream
    gc.collect()
    measured = measure(folder / LAST, texts, paraphrases, cell.seed, threshold, None if device == "cpu" else device)
    result: Result = {
        "key": cell.key,
        "ingredient": cell.ingredient.name,
        "seed": cell.seed,
        "changes": list(cell.changes),
        "seconds_training": round(trained - started, 1),
        "seconds_measuring": round(time.perf_counter() - trained, 1),
        "card": card.to_dict(),
        "recipe": asdict(recipe),
        "corpora": measured,
    }
    with text_file(folder / RESULT) as stream_out:
        json.dump(result, stream_out, ensure_ascii=False)
        stream_out.write("\n")
    _tidy(folder, keep_models)
    return result


def _tidy(folder: Path, keep_models: bool) -> None:
    """Remove what a finished cell no longer needs."""
    for name in (CHECKPOINTS,) if keep_models else (CHECKPOINTS, LAST):
        shutil.rmtree(folder / name, ignore_errors=True)


class _Encoded:
    """The windows of the recipe's sources, encoded for the first cell and kept for the others."""

    def __init__(self, corpora: Path, progress: bool) -> None:
        self.corpora, self.progress = corpora, progress
        self._key: Optional[List[Any]] = None
        self._store: Optional[WindowStore] = None

    def store(self, recipe: Recipe, scorer: Any) -> WindowStore:
        """RETURNS (WindowStore): of all sources, those of weight 0 as well: weights count when batches are drawn."""
        sources = [replace(source, weight=1.0, empty=1.0) for source in recipe.sources]
        key = [sources, window_size(scorer, recipe.stream), scorer.config.max_width, scorer.subwords.json]
        if self._store is None or key != self._key:
            self._store = build_store(recipe.sources, recipe.stream, scorer, self.corpora, progress=self.progress)
            self._key = key
        return self._store

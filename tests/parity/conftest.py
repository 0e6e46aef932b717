"""The grid's checkpoints, each made and read by `gliner` once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.grid import CELLS, Cell, CellReadings, read_cell, sample_cells

SAMPLE_SEED = 0
SAMPLED_CELLS, SAMPLED_TEXTS, ALL_TEXTS = 16, 20, 200


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with an argument `cell` run over the grid: the whole of it with `--full`, else a seeded sample."""
    if "cell" in metafunc.fixturenames:
        cells = CELLS if metafunc.config.getoption("--full") else sample_cells(SAMPLED_CELLS, SAMPLE_SEED)
        metafunc.parametrize("cell", cells, ids=str, scope="session")


@pytest.fixture(scope="session")
def readings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Cell], CellReadings]:
    """A function from cell to what `gliner` reads there; the last one is kept."""
    n_texts = ALL_TEXTS if request.config.getoption("--full") else SAMPLED_TEXTS
    kept: dict[Cell, CellReadings] = {}
    folder: Path = tmp_path_factory.mktemp("grid")

    def read(cell: Cell) -> CellReadings:
        if cell not in kept:
            kept.clear()
            kept[cell] = read_cell(cell, folder / str(cell), n_texts)
        return kept[cell]

    return read

"""Options that all tests share."""

from __future__ import annotations

import os

# Set before torch is imported: a busy two-core machine slows spinning threads down tenfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def pytest_addoption(parser) -> None:
    """`--full` runs the long grids whole; without it a seeded sample of each is taken."""
    parser.addoption("--full", action="store_true", default=False, help="run the long grids whole")

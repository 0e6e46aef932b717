"""Options that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Set before torch is imported: a busy two-core machine slows spinning threads down tenfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


# A commit's tests give the same verdict each time; `--full` looks for new cases.
settings.register_profile("sample", derandomize=True, deadline=None)
settings.register_profile("full", derandomize=False, deadline=None, max_examples=500)


def pytest_addoption(parser) -> None:
    """`--full` runs the long grids whole; without it a seeded sample of each is taken."""
    parser.addoption("--full", action="store_true", default=False, help="run the long grids whole")


def pytest_configure(config) -> None:
    """Generated cases are the same in each run of the sample, new ones with `--full`."""
    settings.load_profile("full" if config.getoption("--full") else "sample")

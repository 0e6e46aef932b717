"""Two CPU processes (gloo, through `accelerate`) train the same model as one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.training.engine import BEST, LAST, LOG, train
from spacy_gliner_biomed.training.processes import Processes, split_windows
from spacy_gliner_biomed.training.settings import LossSettings, TrainingSettings
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import QUICK, dev_set, make_stream

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {"kind": "bi", "steps": 3, "reduction": "mean", "evaluate_every": 3, "eps": 1e-4}


def test_two_processes_equal_one(tmp_path):
    """Weights, losses and dev scores agree to float noise."""
    pytest.importorskip("accelerate")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "tests.training.tiny_training", str(tmp_path / "two"), json.dumps(OPTIONS)]
    running = []
    for rank in ("0", "1"):
        group = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        running.append(
            subprocess.Popen(command, cwd=ROOT, env={**os.environ, **group, "OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)
        )
    errors = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], errors

    scorer = make_scorer("bi", pass_rate=0.0)
    fields = {name: value for name, value in OPTIONS.items() if name not in ("kind", "reduction")}
    settings = TrainingSettings(**{**QUICK.__dict__, **fields})
    loss = LossSettings(reduction="mean")
    train(scorer, make_stream(scorer), dev_set(), settings, tmp_path / "one", progress=False, loss=loss)
    for name in (LAST, BEST):
        one, two = (checkpoint.load(str(tmp_path / count / name)).module.state_dict() for count in ("one", "two"))
        for key in one:
            assert torch.allclose(one[key], two[key], atol=2e-5), key
    logs = [[json.loads(line) for line in (tmp_path / count / LOG).read_text().splitlines()] for count in ("one", "two")]
    for one, two in zip(*logs, strict=True):
        for key in {"step", "loss", "words", "gradient_norm", "dev_f1"} & one.keys():
            assert one[key] == pytest.approx(two[key], rel=1e-3)


def test_one_process_needs_no_accelerate(monkeypatch):
    """And several say what they need."""
    monkeypatch.setitem(sys.modules, "accelerate", None)
    processes = Processes("cpu")
    assert (processes.rank, processes.count, processes.device) == (0, 1, "cpu")
    assert processes.add_up(torch.ones(2)).tolist() == [1.0, 1.0]
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ImportError, match=r"spacy-gliner-biomed\[train\]"):
        Processes("cpu")


def test_windows_are_shared_out_evenly():
    """Every window once, about as many words for each."""
    scorer = make_scorer("bi", pass_rate=0.0)
    windows = [window for step in range(4) for window in make_stream(scorer).batch(step)]
    parts = split_windows(windows, 3)
    assert sorted(id(w) for part in parts for w in part) == sorted(id(w) for w in windows)
    sizes = [sum(len(window.words) for window in part) for part in parts]
    assert max(sizes) - min(sizes) <= max(len(window.words) for window in windows)
    assert split_windows(windows, 1) == [windows]

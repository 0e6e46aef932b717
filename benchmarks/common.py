"""What the benchmarks share: the machine's description, interleaved timing, tables, JSON."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Spinning OpenMP threads take the cores from the threads that work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

NARROWING = 1.25  # after the first round, batch sizes slower than the best by this factor drop out


def parser(description: str | None, threads: bool = True) -> argparse.ArgumentParser:
    """RETURNS (ArgumentParser): with the options of every benchmark."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; the figures mean nothing")
    made.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    if threads:
        made.add_argument("--threads", type=int, default=2, help="torch threads, of gliner and of ours alike")
    return made


def machine() -> dict[str, Any]:
    """RETURNS (dict): processor, cores, torch, threads, GPU if there is one."""
    import torch

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
    }


def sparse_threshold(model: Any, wanted: Sequence[str], labels: Sequence[str], rate: float = 5e-4) -> float:
    """Choose a threshold that random weights pass about as seldom as a trained model's scores pass 0.5.

    model (GLiNER): on the CPU or a GPU. wanted (list): texts, of which a few are read.
    rate (float): share of the (span, label) candidates that pass.
    """
    import numpy as np

    from tests.parity.reference import Reference

    readings = Reference(model).read(list(wanted)[:4], list(labels), modes=[], batch_size=1)
    values = np.concatenate([reading.logits[np.isfinite(reading.logits)] for reading in readings])
    return float(1 / (1 + np.exp(-np.quantile(values, 1 - rate).astype(np.float64))))


def describe(facts: Mapping[str, Any]) -> str:
    """RETURNS (str): `machine()` as one line."""
    line = f"{facts['cpu']}, {facts['cores']} cores, torch {facts['torch']}, {facts['threads']} thread(s)"
    return line + (f", {facts['gpu']}" if facts["gpu"] else "")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """RETURNS (str): a Markdown table; the first column is left-aligned, figures right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def finish(title: str, facts: Mapping[str, Any], printed: str, figures: Any, out: Path | None) -> None:
    """Print a table under the machine's description, and write the figures where they are wanted."""
    print(f"\n{title}\n{describe(facts)}\n\n{printed}\n")
    if out is not None:
        scratch = out.with_name(out.name + ".part")
        scratch.write_text(
            json.dumps({"title": title, "machine": facts, "figures": figures}, indent=2), encoding="utf8"
        )
        os.replace(scratch, out)


@dataclass
class Contender:
    """Something to time: `run` reads all texts and returns how many entities it found.

    family (str): contenders of one family are the same program at different settings; the fastest stands for it.
    """

    name: str
    family: str
    run: Callable[[], int]
    seconds: list[float] = field(default_factory=list)
    entities: int = 0

    @property
    def median(self) -> float:
        """Median of the timed rounds, in seconds."""
        return statistics.median(self.seconds)


def interleave(contenders: Sequence[Contender], rounds: int, tick: Callable[[], Any] = lambda: None) -> None:
    """Time contenders in turns, so that a slow moment of the machine hits all of them.

    One untimed call each comes first: it fills caches and shows which settings of a family are hopeless.
    tick (callable): called after every run, for a progress bar.
    """
    warm: dict[str, float] = {}
    for contender in contenders:
        start = time.perf_counter()
        contender.entities = contender.run()
        warm[contender.name] = time.perf_counter() - start
        tick()
    best = {
        family: min(warm[contender.name] for contender in contenders if contender.family == family)
        for family in {contender.family for contender in contenders}
    }
    kept = [each for each in contenders if warm[each.name] <= NARROWING * best[each.family]]
    for number in range(rounds):
        for contender in kept[number % len(kept) :] + kept[: number % len(kept)]:
            gc.collect()
            start = time.perf_counter()
            contender.run()
            contender.seconds.append(time.perf_counter() - start)
            tick()


def fastest(contenders: Sequence[Contender], family: str) -> Contender:
    """RETURNS (Contender): the family's contender with the least median."""
    return min((each for each in contenders if each.family == family and each.seconds), key=lambda each: each.median)

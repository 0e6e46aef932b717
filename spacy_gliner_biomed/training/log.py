"""What a training says as it goes: a file of JSON lines, and a progress bar."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Dict, List


class TrainingLog:
    """`log.jsonl` of a training's folder.

    path (Path): the file.
    step (int): the training goes on from here: lines about later steps, of a run that was killed, are taken out.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = [line for line in self.lines() if line.get("step", 0) <= step] if step else []
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        os.replace(temporary, path)

    def add(self, **values: Any) -> None:
        """Add a line; it is in the file when this returns."""
        # to digits, not to decimals: the loss of a new head is small where it is a mean
        rounded = {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in values.items()}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(rounded) + "\n")

    def lines(self) -> List[Dict[str, Any]]:
        """RETURNS (list): all lines; one that a kill cut short is left out."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found


class Meter:
    """Means over the steps since the last line of the log: `loss`, `labels`, `norm`, and the words a second of training itself."""

    def __init__(self) -> None:
        self._steps: List[Dict[str, float]] = []
        self._seconds = 0.0
        self._since = time.perf_counter()

    def add(self, step: Dict[str, float]) -> None:
        """Take a step's values; the time since the last one is its own."""
        self._steps.append(step)
        self._seconds += time.perf_counter() - self._since
        self.restart()

    def restart(self) -> None:
        """Leave out the time since the last step."""
        self._since = time.perf_counter()

    def _mean(self, name: str) -> float:
        return sum(step[name] for step in self._steps) / max(len(self._steps), 1)

    loss = property(lambda self: self._mean("loss"))
    labels = property(lambda self: self._mean("labels"))
    norm = property(lambda self: self._mean("norm"))
    factor = property(lambda self: self._steps[-1]["factor"])
    words = property(lambda self: int(sum(step["words"] for step in self._steps)))
    speed = property(lambda self: self.words / max(self._seconds, 1e-9))

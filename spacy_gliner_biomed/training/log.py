"""What a training says as it goes: a file of JSON lines, and a progress bar."""

from __future__ import annotations

import json
import os
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
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
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

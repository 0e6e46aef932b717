"""The record that each step of distillation leaves beside its file, for the data set's card.

`passages.jsonl` has `passages.jsonl.stage.json`: the step, its settings, its counts, the SHA-256 of its file and the files it
read. Nothing in it depends on the day or the machine.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Dict, Mapping, Sequence

from ..annotate.output import text_file
from ..corpus.assets import sha256

SUFFIX = ".stage.json"
Stage = Dict[str, Any]


def stage_path(path: Path) -> Path:
    """RETURNS (Path): the record of the step that wrote `path`."""
    return path.with_name(path.name + SUFFIX)


def write_stage(
    path: Path, step: str, settings: Mapping[str, Any], counts: Mapping[str, Any], inputs: Sequence[Path] = ()
) -> Stage:
    """Leave a record beside a file.

    path (Path): the file that the step wrote.
    step (str): its name, as "ground".
    settings (mapping): what the outcome depends on, ready for JSON; no secrets.
    counts (mapping): name → number, or name → mapping of names to numbers.
    inputs (sequence): the files and folders that were read; only their names are kept.
    RETURNS (dict): the record.
    """
    stage: Stage = {
        "step": step,
        "file": path.name,
        "sha256": sha256(path),
        "inputs": [each.name for each in map(Path, inputs)],
        "settings": dict(settings),
        "counts": dict(counts),
    }
    with text_file(stage_path(path)) as stream:
        stream.write(json.dumps(stage, ensure_ascii=False, indent=2) + "\n")
    return stage


def read_stage(path: Path) -> Stage:
    """Read the record of a step.

    path (Path): the file that the step wrote, or the record itself.
    RETURNS (dict): the record; `changed` says whether the file is another than the step wrote, None where it is gone.
    RAISES (ValueError, FileNotFoundError): where there is no such record, or it is none.
    """
    record = path if path.name.endswith(SUFFIX) else stage_path(path)
    if not record.is_file():
        raise FileNotFoundError(f"There is no record '{record}'; every step of `distill` writes one beside its file.")
    try:
        stage = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{record}: this is not JSON ({error}).") from None
    if not isinstance(stage, dict) or not isinstance(stage.get("counts"), dict) or not isinstance(stage.get("step"), str):
        raise ValueError(f"{record}: this is no record of a step, which has 'step' and 'counts'.")
    file = record.with_name(record.name.removesuffix(SUFFIX))
    stage["changed"] = sha256(file) != stage.get("sha256") if file.is_file() else None
    return stage


def plain(counts: Any) -> Dict[str, Any]:
    """RETURNS (dict): the fields of a dataclass of counts, ready for JSON; a Counter's entries by name."""
    return {
        each.name: dict(sorted(value.items())) if isinstance(value := getattr(counts, each.name), Mapping) else value
        for each in fields(counts)
    }

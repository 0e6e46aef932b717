"""Where a training stands, on disk: tensors as safetensors, the rest as JSON, in a folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from torch import Tensor

STATE, TENSORS = "state.json", "tensors.safetensors"
_NAME = re.compile(r"step-(\d{8})")


class Standing(NamedTuple):
    """A checkpoint: what `write` was given."""

    state: Dict[str, Any]
    tensors: Dict[str, Tensor]
    folder: Path


def write(folder: Path, step: int, state: Mapping[str, Any], tensors: Mapping[str, Tensor], keep: int) -> Path:
    """Write a checkpoint, then remove all but the newest `keep`.

    RETURNS (Path): its folder.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step-{step:08d}"
    staging = folder / f".{target.name}.part"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    save_file(dict(tensors), staging / TENSORS)
    (staging / STATE).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    if target.exists():
        shutil.rmtree(target)
    os.rename(staging, target)
    for old in _folders(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def read_newest(folder: Path) -> Optional[Standing]:
    """RETURNS (Standing): the newest checkpoint, or None where there is none.

    RAISES (ValueError): where it is damaged.
    """
    from safetensors.torch import load_file

    folders = _folders(folder)
    if not folders:
        return None
    newest = folders[-1]
    try:
        state = json.loads((newest / STATE).read_text(encoding="utf-8"))
        return Standing(state, load_file(newest / TENSORS), newest)
    except Exception as error:  # safetensors raises its own kinds
        raise ValueError(f"The checkpoint {newest} is damaged ({error}); remove it to go on from the one before.") from None


def clear(folder: Path) -> None:
    """Remove all checkpoints of a folder."""
    for old in _folders(folder):
        shutil.rmtree(old)


def _folders(folder: Path) -> List[Path]:
    """Checkpoints, oldest first; what an interrupted write left has another name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))

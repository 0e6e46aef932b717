"""A scorer → our own storage: GLiNER's layout in safetensors, int8 matrices and tied encoders kept."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Union

from .config_json import check_writable, write_config
from .errors import CheckpointError
from .int8 import SUFFIX, requantise_rows
from .json_text import dump_object
from .layout import GLINER_CONFIG, LABELS_FOLDER, SAFETENSORS, SMALL_FILES, TOKENIZER, TOKENIZER_CONFIG, TRAINING
from .tensors import finite
from .tokenizer_config_json import write_tokenizer_config
from .training_json import OwnPart, write_own_part

if TYPE_CHECKING:
    import torch

    from ..scorer.scorer import SpanScorer

METADATA = {"format": "pt"}


def to_files(scorer: SpanScorer) -> Dict[str, bytes]:
    """RETURNS (dict): file name → content of a model folder, for `from_files`.

    RAISES (CheckpointError): for weights that aren't finite and a configuration that couldn't be read back.
    """
    from safetensors.torch import save as save_tensors

    files = small_files(scorer, scorer.config.tied_encoders)
    return {**files, SAFETENSORS: save_tensors(stored_tensors(scorer), metadata=METADATA)}


def save(scorer: SpanScorer, folder: Union[str, Path]) -> None:
    """Write a model folder. Files of earlier models in it are replaced, each at once; others are left alone.

    RAISES (CheckpointError): as `to_files`, and when the folder can't be written; then nothing has changed.
    """
    write_folder(Path(folder), small_files(scorer, scorer.config.tied_encoders), stored_tensors(scorer))


def small_files(scorer: SpanScorer, tied: bool) -> Dict[str, bytes]:
    """RETURNS (dict): name → content of every file but the weights. tied (bool): as the folder will say."""
    config = scorer.config
    check_writable(config)
    files = {
        GLINER_CONFIG: dump_object(write_config(config)),
        TRAINING: write_own_part(OwnPart(tied, scorer.card, config.words, config.label_choice)),
        TOKENIZER: scorer.subwords.json.encode("utf-8"),
        TOKENIZER_CONFIG: write_tokenizer_config(scorer.subwords.json, config.text_encoder),
    }
    if config.label_encoder is not None:
        labels = scorer.label_subwords.json
        files[LABELS_FOLDER + TOKENIZER] = labels.encode("utf-8")
        files[LABELS_FOLDER + TOKENIZER_CONFIG] = write_tokenizer_config(labels, config.label_encoder)
    return files


def float_tensors(scorer: SpanScorer) -> Dict[str, torch.Tensor]:
    """RETURNS (dict): the network's state dict in float32 on the CPU.

    RAISES (CheckpointError): when a training has left it with NaN or infinite values.
    """
    state = scorer.module.state_dict()
    return {
        name: finite(tensor.detach().float().cpu().contiguous(), name, "the scorer") for name, tensor in state.items()
    }


def stored_tensors(scorer: SpanScorer) -> Dict[str, torch.Tensor]:
    """RETURNS (dict): the tensors of the file: int8 and row scales for what came from int8 and hasn't changed."""
    tensors: Dict[str, torch.Tensor] = {}
    scales = scorer.storage_scales or {}
    for name, tensor in float_tensors(scorer).items():
        integers = requantise_rows(tensor, scales[name]) if name in scales else None
        if integers is None:
            tensors[name] = tensor
        else:
            tensors[name], tensors[name + SUFFIX] = integers, scales[name].float().cpu().contiguous()
    return tensors


def write_folder(folder: Path, files: Dict[str, bytes], tensors: Dict[str, torch.Tensor]) -> None:
    """Write everything under a name of its own first, then move it into place.

    RAISES (CheckpointError): when something can't be written.
    """
    folder = Path(os.path.realpath(folder))
    # a folder that is there may be a disk of its own, and files are not renamed from one disk to another
    disk = folder if folder.is_dir() else folder.parent
    staging = disk / f".{folder.name}.{secrets.token_hex(4)}.part"
    try:
        staging.mkdir(parents=True)
        _write_files(staging, files, tensors)
        if not folder.exists():
            staging.rename(folder)
            return
        names = [*files, SAFETENSORS]
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(staging / name, folder / name)
        for name in set(SMALL_FILES) - set(names):  # of an earlier model: it would be read as part of this one
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(f"The model folder {folder} can't be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_files(staging: Path, files: Dict[str, bytes], tensors: Dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    for name, data in files.items():
        (staging / name).parent.mkdir(exist_ok=True)
        (staging / name).write_bytes(data)
    save_file(tensors, staging / SAFETENSORS, metadata=METADATA)
    # safetensors makes its file readable by its owner alone; other users of a shared model folder need it too
    shutil.copymode(staging / next(iter(files)), staging / SAFETENSORS)

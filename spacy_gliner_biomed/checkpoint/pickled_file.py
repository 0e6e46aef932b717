"""`pytorch_model.bin`: a zip archive around a pickle. Nothing in it is ever executed.

Three gates, in this order: the archive holds what `torch.save` writes and nothing compressed; the pickle names only
what a state dict of plain tensors needs, and nests as little (`pickle_values.py`); then torch's weights-only unpickler,
in releases without its known holes.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any, Dict, FrozenSet

from . import limits
from .errors import CheckpointError, listed, short
from .pickle_values import PickleValues
from .weights import Source, Weights

if TYPE_CHECKING:
    import torch

OLDEST_TORCH = (2, 10)
_ENTRY = re.compile(
    r"[^/\\]+/(?:data\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id|data/\d+)"
)
_GLOBALS = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        "torch FloatStorage",
        "torch HalfStorage",
        "torch BFloat16Storage",
        "torch LongStorage",
    }
)
# Opcodes that name a class or function otherwise than by a literal, and so can't be read without running the pickle.
_INDIRECT = frozenset({"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"})


class PickledWeights(Weights):
    """A `pytorch_model.bin`, by path (its data is then read tensor by tensor) or as bytes.

    RAISES (CheckpointError): for a torch older than `OLDEST_TORCH`, a file that isn't such an archive, a pickle that
        does anything but list tensors, and tensors that aren't plain and dense.
    """

    def __init__(self, source: Source, where: str) -> None:
        self.where = where
        self._mapped = not isinstance(source, bytes)
        _check_torch(where)
        _check_archive(source, where)
        self._tensors = _check_tensors(_load(source, where), where)
        self._memories = Counter(tensor.untyped_storage().data_ptr() for tensor in self._tensors.values())
        self.shapes = {name: tuple(tensor.shape) for name, tensor in self._tensors.items()}
        self.dtypes = {name: _dtype_name(tensor) for name, tensor in self._tensors.items()}

    def tensor(self, name: str) -> torch.Tensor:
        import torch

        tensor = self._tensors[name]
        # two names over one memory would be trained as one
        shared = self._memories[tensor.untyped_storage().data_ptr()] > 1
        if self._mapped or shared:
            return tensor.clone(memory_format=torch.contiguous_format)
        return tensor.contiguous()


def _check_torch(where: str) -> None:
    import torch

    found = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_TORCH:
        raise CheckpointError(
            f"{where} is a pickle, which torch {torch.__version__} can't read safely; install torch {OLDEST_TORCH[0]}."
            f"{OLDEST_TORCH[1]} or later, or convert the file to model.safetensors."
        )


def _check_archive(source: Source, where: str) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise CheckpointError(
            f"{where} is truncated or not a file that torch.save of torch 1.6 or later wrote; fetch it again, or, if it is "
            "older, load it where you trust it and save its tensors as model.safetensors."
        ) from None
    with archive:
        entries = archive.infolist()
        n_file = len(source) if isinstance(source, bytes) else source.stat().st_size
        if len(entries) > limits.TENSORS or len({entry.filename for entry in entries}) != len(entries):
            raise CheckpointError(f"{where} lists {len(entries)} entries, or one twice; no model's archive does.")
        for entry in entries:
            if not _ENTRY.fullmatch(entry.filename):
                raise CheckpointError(f"{where} holds {short(entry.filename)}, which no file of plain weights does.")
            if (
                entry.compress_type != zipfile.ZIP_STORED
                or entry.file_size != entry.compress_size
                or entry.flag_bits & 1
            ):
                raise CheckpointError(
                    f"{where} holds the compressed or encrypted entry {short(entry.filename)}; torch writes none."
                )
        if sum(entry.file_size for entry in entries) > n_file:
            raise CheckpointError(f"{where} announces more data than its {n_file:,} bytes; it is damaged.")
        pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
        if len(pickles) != 1 or pickles[0].file_size > limits.HEADER_BYTES:
            raise CheckpointError(f"{where} has no data.pkl of at most {limits.HEADER_BYTES:,} bytes; it is damaged.")
        try:
            _check_pickle(archive.read(pickles[0]), where)
        except (zipfile.BadZipFile, EOFError, OSError):
            raise CheckpointError(f"{where} is damaged: its data.pkl can't be read.") from None


def _check_pickle(data: bytes, where: str) -> None:
    """Read the pickle's instructions, without running one."""
    values = PickleValues(where)
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name in _INDIRECT or (opcode.name == "GLOBAL" and argument not in _GLOBALS):
                what = short(str(argument).replace(" ", ".")) if opcode.name == "GLOBAL" else opcode.name
                raise CheckpointError(
                    f"{where} wants to run {what}, which no file of plain weights does; don't trust it."
                )
            values.follow(opcode, argument)
    except (ValueError, LookupError, OverflowError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{where} is damaged: its pickle ends or breaks early.") from None


def _load(source: Source, where: str) -> Any:
    import torch

    try:
        if isinstance(source, bytes):
            return torch.load(io.BytesIO(source), map_location="cpu", weights_only=True)
        return torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise CheckpointError(
            f"{where} can't be read as plain weights: {short(str(error).splitlines()[:1], 200)}."
        ) from None


def _check_tensors(state: Any, where: str) -> Dict[str, torch.Tensor]:
    """Only plain, dense tensors whose memory is really in the file (a stride of 0 would let one number pose as a
    billion).
    """
    import torch

    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{where} holds a {type(state).__name__}, not a table of tensors.")
    plain = (torch.Tensor, torch.nn.Parameter)
    allowed = _dtypes()
    bad = []
    for name, tensor in state.items():
        if not isinstance(name, str) or type(tensor) not in plain or tensor.layout != torch.strided:
            bad.append(str(name))
        elif tensor.device.type != "cpu" or tensor.dtype not in allowed or tensor.dim() > limits.DIMENSIONS:
            bad.append(name)
        elif tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            bad.append(name)
    if bad:
        raise CheckpointError(f"{where} holds entries that aren't plain tensors of weights: {listed(bad)}.")
    return {name: tensor.detach() for name, tensor in state.items()}


def _dtypes() -> FrozenSet[torch.dtype]:
    import torch

    return frozenset({torch.float32, torch.float16, torch.bfloat16, torch.int64})


def _dtype_name(tensor: torch.Tensor) -> str:
    import torch

    return {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}[tensor.dtype]

"""`model.safetensors`: the header is checked here in full, the data is read by the safetensors library.

Format: 8 bytes little-endian N, N bytes of JSON `{name: {dtype, shape, data_offsets}, "__metadata__": {str: str}}`,
data.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

from . import limits
from .errors import CheckpointError, short
from .json_text import parse_object
from .weights import Shape, Source, Weights

if TYPE_CHECKING:
    import torch

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "I8": 1, "I64": 8}


class SafetensorsWeights(Weights):
    """A safetensors file, by path (its data is then read tensor by tensor) or as bytes.

    The file's metadata may name aliases, `{omitted name: stored name}`; they count as tensors of their own.
    RAISES (CheckpointError): for a header that is too large, no JSON, or doesn't describe the file's data exactly; for
        a dtype outside `ITEM_BYTES`.
    """

    def __init__(self, source: Source, where: str) -> None:
        self.where = where
        self._source = source
        self._read: Any = None
        header, n_data = _read_header(source, where)
        metadata = header.pop("__metadata__", {})
        if len(header) > limits.TENSORS:
            raise CheckpointError(f"{where} holds {len(header)} tensors; no model has more than {limits.TENSORS}.")
        entries = {name: _check_entry(name, entry, where) for name, entry in header.items()}
        _check_layout([(*offsets, name) for name, (_, _, offsets) in entries.items()], n_data, where)
        self.dtypes = {name: dtype for name, (dtype, _, _) in entries.items()}
        self.shapes = {name: shape for name, (_, shape, _) in entries.items()}
        self.aliases = _read_aliases(metadata, self.shapes, where)
        for omitted, stored in self.aliases.items():
            self.dtypes[omitted], self.shapes[omitted] = self.dtypes[stored], self.shapes[stored]

    def tensor(self, name: str) -> torch.Tensor:
        if self._read is None:
            self._read = self._open()
        try:
            tensor = self._read(self.aliases.get(name, name))
        except Exception as error:
            raise CheckpointError(f"The tensor {name!r} of {self.where} can't be read: {short(str(error))}.") from None
        # a file's tensors are mapped; and an alias must not share memory with its original: the two may be trained apart
        return tensor.clone() if isinstance(self._source, Path) or name in self.aliases else tensor

    def _open(self) -> Any:
        try:
            if isinstance(self._source, Path):
                from safetensors import safe_open

                return safe_open(str(self._source), framework="pt", device="cpu").get_tensor
            from safetensors.torch import load

            return load(self._source).__getitem__
        except Exception as error:
            raise CheckpointError(f"{self.where} is damaged: {short(str(error))}.") from None


def _read_header(source: Source, where: str) -> Tuple[Dict[str, Any], int]:
    """RETURNS (tuple): the header and the number of bytes that follow it."""
    if isinstance(source, Path):
        n_file = source.stat().st_size
        with source.open("rb") as file:
            start = file.read(8)
            n_header = int.from_bytes(start, "little")
            text = file.read(n_header) if n_header <= min(limits.HEADER_BYTES, n_file) else b""
    else:
        n_file = len(source)
        start = source[:8]
        n_header = int.from_bytes(start, "little")
        text = source[8 : 8 + n_header]
    if len(start) < 8 or n_header > n_file - 8:
        raise CheckpointError(f"{where} is truncated or no safetensors file ({n_file} bytes); fetch it again.")
    if n_header > limits.HEADER_BYTES:
        raise CheckpointError(
            f"{where} has a header of {n_header:,} bytes; no model needs more than {limits.HEADER_BYTES:,}."
        )
    return parse_object(text, f"the header of {where}"), n_file - 8 - n_header


def _check_entry(name: str, entry: Any, where: str) -> Tuple[str, Shape, Tuple[int, int]]:
    """RETURNS (tuple): dtype, shape and data offsets of one tensor."""
    entry = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise CheckpointError(
            f"The tensor {short(name)} of {where} has dtype {short(dtype)}; allowed are {', '.join(ITEM_BYTES)}."
        )
    if not _sizes(shape, limits.DIMENSIONS) or not _sizes(offsets, 2) or len(offsets) != 2:
        raise CheckpointError(
            f"The tensor {short(name)} of {where} has a malformed shape or place; the file is damaged."
        )
    if offsets[1] - offsets[0] != prod(shape) * ITEM_BYTES[dtype]:
        raise CheckpointError(
            f"The tensor {short(name)} of {where} has the shape {short(shape)} and {offsets[1] - offsets[0]} bytes."
        )
    return dtype, tuple(shape), (offsets[0], offsets[1])


def _sizes(value: Any, most: int) -> bool:
    """RETURNS (bool): whether a JSON value is a list of at most that many sizes."""
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(
            isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= limits.WEIGHTS_BYTES for size in value
        )
    )


def _check_layout(places: List[Tuple[int, int, str]], n_data: int, where: str) -> None:
    """The tensors must fill the data end to end: no overlap, no hole, nothing outside the file."""
    end = 0
    for start, stop, name in sorted(places):
        if start != end or stop < start:
            raise CheckpointError(
                f"The tensor {short(name)} of {where} overlaps another or leaves a hole; the file is damaged."
            )
        end = stop
    if end != n_data:
        raise CheckpointError(
            f"{where} announces {end} bytes of data and holds {n_data}; it is truncated, fetch it again."
        )


def _read_aliases(metadata: Any, shapes: Dict[str, Shape], where: str) -> Dict[str, str]:
    """RETURNS (dict): omitted name → stored name; other metadata is no concern of ours."""
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError(f"The metadata of {where} is not a table of strings.")
    return {name: stored for name, stored in metadata.items() if name not in shapes and stored in shapes}

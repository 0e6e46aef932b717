"""The tensors of a checkpoint → the state dict of its network, with every key and every shape accounted for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from . import limits
from .errors import CheckpointError, listed
from .files import Files
from .int8 import SUFFIX, check_scale, dequantise_rows
from .layout import PICKLED, SAFETENSORS
from .pickled_file import PickledWeights
from .safetensors_file import SafetensorsWeights
from .weights import Shape, Weights

if TYPE_CHECKING:
    import torch

    from ..scorer.config import ScorerConfig
    from ..scorer.model import SpanModel

TEXT_EMBEDDINGS = "token_rep_layer.bert_layer.model.embeddings.word_embeddings.weight"
_LSTM = re.compile(r"rnn\.lstm\.weight_ih_l(\d+)")
# What gliner stores and never uses: BERT's pooler, buffers in old files; besides these, a bi-encoder's LSTM.
_UNUSED = re.compile(
    r"token_rep_layer\.(bert_layer|labels_encoder)\.model\."
    r"(pooler\.dense\.(weight|bias)|embeddings\.(position_ids|token_type_ids))"
)
_FLOATS = ("F32", "F16", "BF16")


def open_weights(files: Files) -> Weights:
    """RETURNS (Weights): the checkpoint's tensors, `model.safetensors` before `pytorch_model.bin`.

    RAISES (CheckpointError): when there is neither, or the file found is not what its name says.
    """
    for name, reader in ((SAFETENSORS, SafetensorsWeights), (PICKLED, PickledWeights)):
        source = files.path(name, limits.WEIGHTS_BYTES) or files.read(name, limits.WEIGHTS_BYTES)
        if source is not None:
            return reader(source, files.where(name))
    raise CheckpointError(
        f"{files.where(SAFETENSORS)} and {PICKLED} are both missing; a GLiNER model folder holds one of them."
    )


def count_lstm_layers(weights: Weights) -> int:
    """RETURNS (int): the LSTM layers in the file: what old configs say about them can't be relied on."""
    return len([name for name in weights.shapes if _LSTM.fullmatch(name)])


def fill_module(
    weights: Weights, stored: ScorerConfig, config: ScorerConfig
) -> Tuple[SpanModel, Dict[str, torch.Tensor]]:
    """Check the file's table of contents against the network that was stored, then fill the one that is wanted.

    stored, config (ScorerConfig): equal, but `config` may have shorter tables; then the first rows count.
    RETURNS (tuple): the network, in float32, and the row scales of the tensors that were stored in int8 (`int8.py`).
    RAISES (CheckpointError): for missing and unknown keys, a wrong shape or dtype, and values that aren't finite.
    """
    state, scales = _read_state(weights, _shapes(empty_module(stored)), stored)
    module = empty_module(config)
    for name, shape in _shapes(module).items():
        if state[name].shape != shape:
            state[name] = state[name][: shape[0]].clone()
            scales.update({name: scales[name][: shape[0]].clone()} if name in scales else {})
    module.load_state_dict(state, strict=True, assign=True)
    return module, scales


def _shapes(module: SpanModel) -> Dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def empty_module(config: ScorerConfig) -> SpanModel:
    """RETURNS (SpanModel): the network without memory for its weights.

    RAISES (CheckpointError): for a network too large to be a GLiNER model, or one that can't be built.
    """
    import torch

    from ..scorer.model import build_module

    try:
        with torch.device("meta"):
            module = build_module(config)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(str(error)) from None
    n_bytes = 4 * sum(parameter.numel() for parameter in module.parameters())
    if n_bytes > limits.WEIGHTS_BYTES:
        raise CheckpointError(
            f"The configuration asks for {n_bytes:,} bytes of weights, more than the {limits.WEIGHTS_BYTES:,} allowed."
        )
    return module


def _read_state(
    weights: Weights, expected: Dict[str, Shape], config: ScorerConfig
) -> Tuple[Dict[str, torch.Tensor], Dict[str, torch.Tensor]]:
    scaled = {name for name in weights.shapes if weights.dtypes[name] == "I8"}
    _check_keys(weights, expected, scaled, config)
    for name, shape in expected.items():
        _check_tensor(weights, name, shape, name in scaled)
    state, scales = {}, {}
    for name in expected:
        tensor = weights.tensor(name)
        if name in scaled:
            scales[name] = weights.tensor(name + SUFFIX).clone()
            check_scale(name, scales[name], weights.where)
            tensor = dequantise_rows(tensor, scales[name])
        state[name] = finite(tensor.float(), name, weights.where)
    return state, scales


def _check_keys(weights: Weights, expected: Dict[str, Shape], scaled: set[str], config: ScorerConfig) -> None:
    missing = [name for name in expected if name not in weights.shapes]
    missing += [name + SUFFIX for name in scaled if name + SUFFIX not in weights.shapes]
    if missing:
        raise CheckpointError(f"{weights.where} lacks {len(missing)} of the model's tensors: {listed(missing)}.")
    unknown: List[str] = []
    for name in weights.shapes:
        base: Optional[str] = name[: -len(SUFFIX)] if name.endswith(SUFFIX) else None
        unused = _UNUSED.fullmatch(name) or (config.is_bi_encoder and name.startswith("rnn.lstm."))
        if not (name in expected or base in scaled or unused):
            unknown.append(name)
    if unknown:
        raise CheckpointError(
            f"{weights.where} holds {len(unknown)} tensors that such a GLiNER model hasn't: {listed(unknown)}."
        )


def _check_tensor(weights: Weights, name: str, shape: Shape, scaled: bool) -> None:
    where = weights.where
    if weights.shapes[name] != shape:
        raise CheckpointError(
            f"The tensor {name!r} of {where} has the shape {weights.shapes[name]}; the configuration asks for {shape}."
        )
    if not scaled and weights.dtypes[name] not in _FLOATS:
        raise CheckpointError(
            f"The tensor {name!r} of {where} holds {weights.dtypes[name]}, not floating-point weights."
        )
    if scaled:
        found = (weights.shapes[name + SUFFIX], weights.dtypes[name + SUFFIX])
        if len(shape) != 2 or found != (shape[:1], "F32"):
            raise CheckpointError(
                f"The tensor {name + SUFFIX!r} of {where} must be one F32 scale for each row of {shape}, not {found}."
            )


def finite(tensor: torch.Tensor, name: str, where: str) -> torch.Tensor:
    """RETURNS (Tensor): the tensor itself.

    RAISES (CheckpointError): when it holds NaN or infinite values.
    """
    if tensor.numel():
        low, high = tensor.aminmax()  # NaN propagates
        if not bool((high - low).isfinite()) and not bool(tensor.isfinite().all()):
            raise CheckpointError(
                f"The tensor {name!r} of {where} holds NaN or infinite values; they are no usable weights."
            )
    return tensor

"""A scorer → a folder that `gliner` 0.2.29 loads, strictly, and predicts the same with on the same words.

`gliner` has no splitter for the finer words of models such as `mini` (`ScorerConfig.words`): it reads these on its own words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, Tuple, Union

from ..scorer.config import EncoderConfig, ScorerConfig
from .save import float_tensors, small_files, write_folder

if TYPE_CHECKING:
    import torch

    from ..scorer.scorer import SpanScorer

TEXT = "token_rep_layer.bert_layer.model."
LABELS = "token_rep_layer.labels_encoder.model."


def export(scorer: SpanScorer, folder: Union[str, Path]) -> None:
    """Write GLiNER's published layout: float32, encoders untied, every key that `gliner` expects, nothing to fetch.

    RAISES (CheckpointError): for weights that aren't finite, and when the folder can't be written.
    """
    write_folder(Path(folder), small_files(scorer, tied=False), published_tensors(scorer))


def published_tensors(scorer: SpanScorer) -> Dict[str, torch.Tensor]:
    """RETURNS (dict): the state dict of `gliner`'s network; what it owns and never uses is zeros."""
    import torch

    tensors = float_tensors(scorer)
    if scorer.config.tied_encoders:
        shared = {name: tensor for name, tensor in tensors.items() if name.startswith(TEXT)}
        tensors.update({LABELS + name[len(TEXT) :]: tensor.clone() for name, tensor in shared.items()})
    tensors.update({name: torch.zeros(shape) for name, shape in unused_shapes(scorer.config)})
    return tensors


def unused_shapes(config: ScorerConfig) -> Iterator[Tuple[str, Tuple[int, ...]]]:
    """YIELDS (tuple): name and shape of each tensor that `gliner` builds and never calls."""
    yield from _pooler(TEXT, config.text_encoder)
    if config.label_encoder is not None:
        yield from _pooler(LABELS, config.label_encoder)
        for layer in range(config.num_rnn_layers):
            yield from _lstm(layer, config.hidden_size)


def _pooler(prefix: str, encoder: EncoderConfig) -> Iterator[Tuple[str, Tuple[int, ...]]]:
    if encoder.model_type == "bert":
        yield f"{prefix}pooler.dense.weight", (encoder.hidden_size, encoder.hidden_size)
        yield f"{prefix}pooler.dense.bias", (encoder.hidden_size,)


def _lstm(layer: int, width: int) -> Iterator[Tuple[str, Tuple[int, ...]]]:
    """A bidirectional layer: four gates of half the width in each direction."""
    gates, half = 4 * (width // 2), width // 2
    for direction in ("", "_reverse"):
        yield f"rnn.lstm.weight_ih_l{layer}{direction}", (gates, width)
        yield f"rnn.lstm.weight_hh_l{layer}{direction}", (gates, half)
        yield f"rnn.lstm.bias_ih_l{layer}{direction}", (gates,)
        yield f"rnn.lstm.bias_hh_l{layer}{direction}", (gates,)

"""First weights that can copy: an induction head (Olsson et al. 2022, "In-context Learning and Induction Heads") by construction.

A model from nothing finds out how to copy only after millions of words, and copying is most of the student's work. So four of
its heads begin with what such a model would find in the end, and learn on from there:

    layer 0, head 0     looks at the token before and writes it into a part of its own
    layer 0, head 1     looks at the token before that, and writes it into another part
    layer 1, heads 0, 1 look for places behind the two tokens that are the last two here, and say what stands there

All other weights are drawn at random, as ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

ROPE_BASE = 1e8  # rotations from quick, for places, to so slow that only content counts
_SLOW = 0.006  # radians a token; up to this a rotation does not disturb a match within some hundred tokens
_SHARP = 6.0  # how much likelier, as a logarithm, the place looked for is than its neighbours
_MATCH = 20.0  # and a place that matches than one that does not
_SAYS = 3.0  # how loud what is copied is, beside the token itself


def can_copy(hidden: int, heads: int, layers: int) -> bool:
    """Whether a model of this shape has room for the heads."""
    return heads >= 2 and layers >= 2 and hidden // heads >= 16


def begin_to_copy(model: PreTrainedModel, seed: int) -> None:
    """Give a Llama with biases in its attention, shared vectors and `ROPE_BASE` the three heads.

    model (PreTrainedModel): untrained; changed in place. seed (int): of the directions in which the heads write.
    """
    import torch

    config = model.config
    hidden, size = config.hidden_size, config.hidden_size // config.num_attention_heads
    generator = torch.Generator().manual_seed(seed)
    both = _directions(2 * size, hidden, generator)
    now, beside = both[:size], both[size:]
    before, earlier = (_directions(size, hidden, generator) for _ in range(2))
    layers: Any = model.get_submodule("model.layers")
    with torch.no_grad():
        embedding: Any = model.get_input_embeddings()
        embedding.weight.normal_(0, hidden**-0.5, generator=generator)  # vectors of length 1
        first, second = layers[0].self_attn, layers[1].self_attn
        for head, (back, target) in enumerate(((1, before), (2, earlier))):
            rows = slice(head * size, (head + 1) * size)
            _look_back(first, rows, size, back)
            first.v_proj.weight[rows] = now
            # The norm before a layer makes vectors as long as the root of their size; they are written at length 1 again
            first.o_proj.weight[:, rows] = target.T * (hidden / size) ** 0.5 * hidden**-0.5
        slow = _slow_pairs(size)
        half = len(slow) // 2
        strength = (_MATCH * size**0.5 * 3 / (2 * half)) ** 0.5
        fast = [place for place in range(size) if place not in slow[: 2 * half]]
        for head, said in enumerate((now, beside)):  # both find the same place; each says half of what stands there
            first_row = head * size
            for places, here, there in ((slow[:half], now, before), (slow[half : 2 * half], before, earlier)):
                own = [first_row + place for place in places]
                second.q_proj.weight[own] = here[:half] * strength
                second.k_proj.weight[own] = there[:half] * strength
            for projection in (second.q_proj, second.k_proj):
                projection.weight[[first_row + place for place in fast]] = 0.0
            rows = slice(first_row, first_row + size)
            second.v_proj.weight[rows] = said
            second.o_proj.weight[:, rows] = said.T * _SAYS * hidden**-0.5


def _directions(n: int, hidden: int, generator: Any) -> Tensor:
    """RETURNS (Tensor): vectors of length 1 at right angles. *Shape:* `(n, hidden)`."""
    import torch

    return torch.linalg.qr(torch.randn(hidden, n, generator=generator))[0].T.contiguous()


def _rates(size: int) -> List[float]:
    """How far each pair of dimensions turns a token, in radians."""
    return [ROPE_BASE ** (-2 * pair / size) for pair in range(size // 2)]


def _slow_pairs(size: int) -> List[int]:
    """The dimensions that hardly turn; the two of a pair lie half a head apart."""
    slow = [pair for pair, rate in enumerate(_rates(size)) if rate <= _SLOW]
    return [place for pair in slow for place in (pair, pair + size // 2)]


def _look_back(attention: Any, rows: slice, size: int, back: int) -> None:
    """Make a head look at the token so many places back, whatever stands there.

    Its queries and keys are constant, so that their product depends on nothing but how far both were turned apart: it is
    greatest where the turn is that of `back` places.
    """
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[rows] = 0.0
        projection.bias[rows] = 0.0
    rates = [rate for rate in _rates(size) if rate > _SLOW]
    nearest = sum(1 - math.cos(rate) for rate in rates)
    length = (_SHARP * size**0.5 / nearest) ** 0.5
    for pair, rate in enumerate(rates):
        attention.k_proj.bias[rows.start + pair] = length
        # Turned back by as much as the way between both places will turn it forward
        attention.q_proj.bias[rows.start + pair] = length * math.cos(rate * back)
        attention.q_proj.bias[rows.start + pair + size // 2] = -length * math.sin(rate * back)

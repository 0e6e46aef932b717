"""Word pieces → one vector for each token: the first piece, for transformers that were trained to be read so.

thinc's own `reduce_first.v1` refuses tokens without word pieces, which every text with a line break has.
"""

from __future__ import annotations

from typing import Callable, Tuple, cast

from thinc.api import Model
from thinc.types import Floats2d, Ragged


def first_subword() -> Model[Ragged, Floats2d]:
    """Registered as `spacy_gliner_biomed.first_subword.v1`: for a listener's `pooling`; zeros for a token without word pieces.

    Where the transformer's windows overlap, a token's first piece is that of the earlier window; `reduce_mean.v1` takes the mean
    over the pieces of both.
    """
    return Model("first_subword", _forward)


def _forward(model: Model[Ragged, Floats2d], pieces: Ragged, is_train: bool) -> Tuple[Floats2d, Callable]:
    """*Shape:* `(n_pieces, width)` in runs of `lengths` → `(n_tokens, width)`."""
    data, lengths = cast(Floats2d, pieces.dataXd), pieces.lengths
    present = lengths > 0
    rows = (lengths.cumsum() - lengths)[present]
    first = model.ops.alloc((len(lengths), data.shape[1]), dtype=data.dtype)
    first[present] = data[rows]

    def backprop(d_first: Floats2d) -> Ragged:
        d_data = model.ops.alloc(data.shape, dtype=data.dtype)
        d_data[rows] = d_first[present]
        return Ragged(d_data, lengths)

    return first, backprop

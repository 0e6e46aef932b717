"""The registered builder of the pipe on a shared encoder, and what says that spacy-transformers is missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Callable, List, Optional

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..scorer.loss import SpanLoss
from .node import ListenerModel, ListenerShim, listener_model
from .recipe import ListeningRecipe

EXTRA = "A transformer shared by several pipes needs the extra 'transformers': pip install 'spacy-gliner-biomed[transformers]'."


def BiEncoderListener(
    tok2vec: Optional[Model[List[Doc], List[Floats2d]]] = None,
    label_encoder: Optional[str] = "mini",
    revision: Optional[str] = None,
    hidden_size: Optional[int] = None,
    max_width: Optional[int] = None,
    label_size: int = 128,
    label_layers: int = 2,
    label_heads: int = 4,
    seed: int = 0,
    mixed_precision: bool = False,
    focal_alpha: float = -1.0,
    focal_gamma: float = 0.0,
    label_smoothing: float = 0.0,
    prob_margin: float = 0.0,
    loss_reduction: str = "sum",
) -> ListenerModel:
    """Registered as `spacy_gliner_biomed.BiEncoderListener.v1`: the text is read by an encoder that other pipes use too.

    tok2vec (Model): documents → token vectors, as taggers and parsers take one: spacy-transformers' `TransformerListener.v1`,
        spaCy's `Tok2VecListener.v1`, or an encoder of this pipe's own. None for a listener to the pipeline's transformer with the
        mean over a token's word pieces.
    label_encoder (str): "mini", a folder or Hub id. A bi-encoder checkpoint gives its label encoder and its span head, a BERT or
        DeBERTa-v3 encoder itself under an untrained head; None makes an untrained label encoder of `label_size`, `label_layers` and
        `label_heads`.
    revision (str): branch, tag or commit of a Hub repository.
    hidden_size (int): width of the span head; None for the checkpoint's, or 256.
    max_width (int): the widest span, in tokens; None for the checkpoint's, or 12.
    seed (int): of all first weights that nothing else gives.
    mixed_precision … loss_reduction: as `Checkpoint.v1`.
    RAISES (ValueError): for a size below 1, or a `label_size` that `label_heads` doesn't divide.
    RAISES (ImportError): without `tok2vec`, where spacy-transformers is not installed.
    """
    sizes = {"hidden_size": hidden_size, "max_width": max_width, "label_size": label_size, "label_layers": label_layers}
    for name, value in {**sizes, "label_heads": label_heads}.items():
        if value is not None and value < 1:
            raise ValueError(f"The setting {name} is {value}; it must be at least 1.")
    if label_size % label_heads:
        raise ValueError(f"The setting label_size is {label_size}, no multiple of label_heads, {label_heads}.")
    recipe = ListeningRecipe(
        label_encoder, revision, hidden_size, max_width, label_size, label_layers, label_heads, seed
    )
    loss = SpanLoss(focal_alpha, focal_gamma, label_smoothing, prob_margin, loss_reduction)
    layer = transformer_listener() if tok2vec is None else tok2vec
    return listener_model(layer, ListenerShim(recipe, loss, mixed_precision))


def transformer_listener() -> Model[List[Doc], List[Floats2d]]:
    """RETURNS (Model): a listener to the pipeline's transformer, the mean over a token's word pieces.

    RAISES (ImportError): where spacy-transformers is not installed.
    """
    need_spacy_transformers()
    pooling = registry.get("layers", "reduce_mean.v1")()
    return registry.get("architectures", "spacy-transformers.TransformerListener.v1")(pooling=pooling)


def need_spacy_transformers() -> None:
    """RAISES (ImportError): where spacy-transformers is not installed, naming the extra."""
    if find_spec("spacy_transformers") is None:
        raise ImportError(EXTRA)


def make_extra_check() -> Callable[[Any], Any]:
    """Registered as `spacy_gliner_biomed.NeedTransformers.v1`: for `[nlp.before_creation]` of a config with a transformer.

    spaCy looks for the factory `transformer` before any pipe of ours is made, and does not know our extra.
    """

    def check(language: Any) -> Any:
        need_spacy_transformers()
        return language

    return check

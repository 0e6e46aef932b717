"""The registered builders: where a pipe's scorer comes from. None of them reads a weight before it is needed."""

from __future__ import annotations

from typing import Optional

from .scorer.loss import SpanLoss
from .thinc_model import ScorerModel, load_later, scorer_model


def Checkpoint(
    name: str = "mini",
    revision: Optional[str] = None,
    mixed_precision: bool = False,
    focal_alpha: float = -1.0,
    focal_gamma: float = 0.0,
    label_smoothing: float = 0.0,
    prob_margin: float = 0.0,
    loss_reduction: str = "sum",
) -> ScorerModel:
    """Registered as `spacy_gliner_biomed.Checkpoint.v1`: a trained model.

    name (str): "mini", the model inside this package; a folder in GLiNER's published format; or the id of a Hub repository.
    revision (str): branch, tag or commit of a Hub repository; a commit pins the weights.
    mixed_precision (bool): run the products of dense layers in bfloat16 while training.
    focal_alpha … loss_reduction: the training loss, as `SpanLoss`.
    """
    loss = SpanLoss(focal_alpha, focal_gamma, label_smoothing, prob_margin, loss_reduction)
    return scorer_model(load_later(name, revision), loss, mixed_precision)


def UniEncoder(
    encoder: str,
    revision: Optional[str] = None,
    hidden_size: int = 512,
    max_width: int = 12,
    max_len: int = 384,
    num_rnn_layers: int = 1,
    dropout: float = 0.4,
    attention_dropout: Optional[float] = None,
    seed: int = 0,
    mixed_precision: bool = False,
    focal_alpha: float = -1.0,
    focal_gamma: float = 0.0,
    label_smoothing: float = 0.0,
    prob_margin: float = 0.0,
    loss_reduction: str = "sum",
) -> ScorerModel:
    """Registered as `spacy_gliner_biomed.UniEncoder.v1`: a pre-trained encoder under an untrained head, labels in the prompt.

    encoder (str): folder or Hub id of a BERT or DeBERTa-v3 encoder with a `tokenizer.json`.
    hidden_size, max_width, max_len, num_rnn_layers, dropout: as `ScorerConfig`.
    attention_dropout (float): overrides the encoder's own; 0 makes training on a CPU about a third faster.
    seed (int): of the head's first weights.
    """
    from .checkpoint.untrained import Untrained

    loss = SpanLoss(focal_alpha, focal_gamma, label_smoothing, prob_margin, loss_reduction)
    make = Untrained(
        encoder=encoder,
        revision=revision,
        label_encoder=None,
        bi_encoder=False,
        hidden_size=hidden_size,
        max_width=max_width,
        max_len=max_len,
        num_rnn_layers=num_rnn_layers,
        dropout=dropout,
        attention_dropout=attention_dropout,
        seed=seed,
    )
    return scorer_model(make, loss, mixed_precision)


def BiEncoder(
    encoder: str,
    label_encoder: Optional[str] = None,
    revision: Optional[str] = None,
    hidden_size: int = 768,
    max_width: int = 12,
    max_len: int = 384,
    dropout: float = 0.4,
    attention_dropout: Optional[float] = None,
    seed: int = 0,
    mixed_precision: bool = False,
    focal_alpha: float = -1.0,
    focal_gamma: float = 0.0,
    label_smoothing: float = 0.0,
    prob_margin: float = 0.0,
    loss_reduction: str = "sum",
) -> ScorerModel:
    """Registered as `spacy_gliner_biomed.BiEncoder.v1`: as `UniEncoder.v1`, with labels read by an encoder of their own.

    label_encoder (str): folder or Hub id; None ties the label encoder to the text encoder: one set of weights for both.
    """
    from .checkpoint.untrained import Untrained

    loss = SpanLoss(focal_alpha, focal_gamma, label_smoothing, prob_margin, loss_reduction)
    make = Untrained(
        encoder=encoder,
        revision=revision,
        label_encoder=label_encoder,
        bi_encoder=True,
        hidden_size=hidden_size,
        max_width=max_width,
        max_len=max_len,
        num_rnn_layers=0,
        dropout=dropout,
        attention_dropout=attention_dropout,
        seed=seed,
    )
    return scorer_model(make, loss, mixed_precision)

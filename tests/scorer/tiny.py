"""Small random scorers made in memory: no file, no download, no `gliner`.

Weights are drawn so that every part of the network counts, and shifted so that a small share of the spans passes 0.5.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn

from spacy_gliner_biomed.scorer import EncoderConfig, ScorerConfig, SpanScorer, Subwords, TrainingCard, build_module
from spacy_gliner_biomed.scorer.words import split_words
from tests.support import texts

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MARKERS = ["[FLERT]", "<<ENT>>", "<<SEP>>"]


@functools.cache
def tokenizer_json(family: str, markers: bool = False) -> str:
    """RETURNS (str): a tokenizer that knows the words and characters of our own texts.

    family (str): "bert" (lower-casing WordPiece) or "deberta-v2" (Unigram over Metaspace).
    markers (bool): whether it owns a uni-encoder's tokens.
    """
    words = sorted({word for text in texts.training_text() for word in split_words(text)[0] if len(word) < 20})
    letters = sorted({letter for word in words for letter in word})
    if family == "bert":
        words = sorted({word.lower() for word in words})
        letters = sorted({letter.lower() for letter in letters})
        pieces = dict.fromkeys([*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *words])
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    else:
        pieces = dict.fromkeys([*SPECIAL, "▁", *letters, *(f"▁{word}" for word in words)])
        scored = [(piece, 0.0 if piece in SPECIAL else -float(len(piece) < 2) * 9 - 1) for piece in pieces]
        tokenizer = Tokenizer(models.Unigram(scored, unk_id=1, byte_fallback=False))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(SPECIAL)
    if markers:
        tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in MARKERS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    )
    return tokenizer.to_str()


def encoder_config(
    family: str, vocab_size: int, hidden: int = 16, positions: int = 512, **changes: Any
) -> EncoderConfig:
    """RETURNS (EncoderConfig): two layers, two heads, without dropout."""
    values: dict[str, Any] = {
        "model_type": family,
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 2 * hidden,
        "max_position_embeddings": positions,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    if family == "deberta-v2":
        values.update(
            layer_norm_eps=1e-7,
            type_vocab_size=0,
            relative_attention=True,
            position_buckets=16,
            pos_att_type=("p2c", "c2p"),
            position_biased_input=False,
            norm_rel_ebd="layer_norm",
        )
    return EncoderConfig(**{**values, **changes})


def make_scorer(
    kind: str = "bi",
    family: str = "bert",
    *,
    tied: bool = False,
    rnn: bool = True,
    projections: bool = True,
    max_width: int = 4,
    max_len: int = 24,
    positions: int = 512,
    embed_ent_token: bool = True,
    pass_rate: float = 0.03,
    seed: int = 0,
    card: TrainingCard | None = None,
) -> SpanScorer:
    """RETURNS (SpanScorer): a calibrated random scorer; the arguments are those of its configuration."""
    subwords = Subwords(tokenizer_json(family, markers=kind == "uni"))
    text = encoder_config(family, len(subwords), positions=positions)
    label_subwords = label = None
    if kind == "bi":
        label_subwords = subwords if tied else Subwords(tokenizer_json("bert"))
        label = text if tied else encoder_config("bert", len(label_subwords), hidden=8 if projections else 16)
    config = ScorerConfig(
        text_encoder=text,
        label_encoder=label,
        hidden_size=12 if projections else 16,
        max_width=max_width,
        max_len=max_len,
        num_rnn_layers=int(rnn and kind == "uni"),
        embed_ent_token=embed_ent_token,
        class_token_index=subwords.token_id("<<ENT>>") if kind == "uni" else -1,
        dropout=0.0,
        tied_encoders=tied,
    )
    module = build_module(config)
    randomise(module, seed)
    scorer = SpanScorer(config, module, subwords, label_subwords, card)
    if pass_rate:
        calibrate(scorer, pass_rate)
    return scorer


def randomise(module: nn.Module, seed: int) -> None:
    """Draw weights under which attention is peaked and biases and norms count."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "LayerNorm.weight" in name:
                parameter.copy_(1 + 0.1 * noise)
            elif parameter.dim() == 1:
                parameter.copy_(0.1 * noise)
            elif "embeddings" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise * 1.3 / math.sqrt(parameter.shape[1]))


@torch.no_grad()
def calibrate(scorer: SpanScorer, pass_rate: float, spread: float = 2.0) -> None:
    """Centre the span vectors, then scale and shift the label vectors until `pass_rate` of the logits are above 0.

    One dimension is given up for a constant that shifts all logits.
    """
    span_out, label_out = scorer.module.head.out_project[3], scorer.module.prompt_rep_layer[3]
    for layer, constant in ((span_out, 1.0), (label_out, 0.0)):
        layer.weight[-1] = 0.0
        layer.bias[-1] = constant
    sample = texts.make_texts(8, seed=1, min_words=10, max_words=20)
    labels = texts.make_labels(4 * scorer.config.hidden_size // 3 + 1)  # so many that span vectors are computed

    def observe() -> np.ndarray:
        scorer.forget()
        logits = np.concatenate([scorer.logits(split_words(text)[0], labels).ravel() for text in sample])
        return logits[np.isfinite(logits)]

    vectors: list[torch.Tensor] = []
    hook = span_out.register_forward_hook(lambda *args: vectors.append(args[2].clone()))
    observe()
    hook.remove()
    mean = torch.cat(vectors).mean(0)
    mean[-1] = 0.0
    span_out.bias -= mean
    logits = observe()
    scale = spread / float(logits.std())
    label_out.weight *= scale
    label_out.bias *= scale
    label_out.bias[-1] = -scale * float(np.quantile(logits, 1 - pass_rate))
    scorer.forget()

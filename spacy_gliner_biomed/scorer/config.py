"""The sizes and switches of a span scorer, as plain frozen values.

Nothing here reads a file: `checkpoint/` turns a published `gliner_config.json` into these values and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class EncoderConfig:
    """A transformer encoder, in the field names of the published `config.json` files.

    `model_type` is `bert` or `deberta-v2` (the family of DeBERTa-v3). The fields from `relative_attention` on belong to
    DeBERTa alone. `vocab_size` is the number of rows of the embedding table as stored, not the tokenizer's length.
    """

    model_type: str
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    pad_token_id: int = 0
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    relative_attention: bool = False
    position_buckets: int = -1
    max_relative_positions: int = -1
    share_att_key: bool = True
    pos_att_type: Tuple[str, ...] = ()
    position_biased_input: bool = True
    norm_rel_ebd: str = "none"

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def max_positions(self) -> Optional[int]:
        """Most sub-words one sequence may hold, or None where positions are relative and unlimited."""
        if self.model_type == "deberta-v2" and not self.position_biased_input:
            return None
        return self.max_position_embeddings


@dataclass(frozen=True)
class ScorerConfig:
    """A GLiNER span scorer (`span_mode: markerV0`): a uni-encoder, or a bi-encoder where `label_encoder` is set.

    `hidden_size` is the width D of the span head, `max_width` the widest span in words, `max_len` the longest window in
    words. `tied_encoders` says that text and label encoder are one set of weights, `words` how texts are cut
    into words (a key of `WORD_PATTERNS`), `label_choice` which of several labels takes a span (one of `LABEL_CHOICES`): they
    differ from the published models' in our own only.
    """

    text_encoder: EncoderConfig
    label_encoder: Optional[EncoderConfig] = None
    hidden_size: int = 512
    max_width: int = 12
    max_len: int = 384
    num_rnn_layers: int = 1
    embed_ent_token: bool = True
    class_token_index: int = -1
    ent_token: str = "<<ENT>>"
    sep_token: str = "<<SEP>>"
    dropout: float = 0.4
    tied_encoders: bool = False
    words: str = "whitespace"
    label_choice: str = "score"

    @property
    def is_bi_encoder(self) -> bool:
        """Whether labels have an encoder of their own."""
        return self.label_encoder is not None

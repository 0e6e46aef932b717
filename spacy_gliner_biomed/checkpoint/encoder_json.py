"""An encoder's `config.json` (or the copy of it inside `gliner_config.json`) ↔ `EncoderConfig`.

Defaults are those of `transformers` 4.53 (`BertConfig`, `DebertaV2Config`): a saved configuration may leave them out.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Mapping, Tuple

from ..scorer.config import EncoderConfig
from . import limits
from .errors import CheckpointError
from .json_text import Fields, strings

MODEL_TYPES = ("bert", "deberta-v2")
ACTIVATIONS = ("gelu", "relu")
REMOTE_CODE = "it asks for code from the Hub, which is never run"

_SIZES: Dict[str, Dict[str, int]] = {
    "bert": {
        "vocab_size": 30522,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "type_vocab_size": 2,
    },
    "deberta-v2": {
        "vocab_size": 128100,
        "hidden_size": 1536,
        "num_hidden_layers": 24,
        "num_attention_heads": 24,
        "intermediate_size": 6144,
        "type_vocab_size": 0,
    },
}
_EPSILON = {"bert": 1e-12, "deberta-v2": 1e-7}
_DEBERTA_ONLY = (
    "relative_attention",
    "position_buckets",
    "max_relative_positions",
    "share_att_key",
    "pos_att_type",
    "position_biased_input",
    "norm_rel_ebd",
)


def read_encoder(values: Mapping[str, Any], where: str) -> EncoderConfig:
    """Check every field that the encoder is built from.

    values (dict): the parsed configuration. A missing `model_type` means deberta-v2, as in `gliner`.
    where (str): its place, for messages.
    RAISES (CheckpointError): for an encoder outside `MODEL_TYPES`, a variant that no GLiNER checkpoint uses, remote
        code, and sizes that are absurd or don't divide.
    """
    fields = Fields(values, where)
    fields.refuse(("auto_map", "trust_remote_code", "custom_pipelines"), REMOTE_CODE)
    fields.refuse(("is_decoder", "add_cross_attention", "is_encoder_decoder"), "a span scorer needs an encoder")
    fields.refuse(("pruned_heads", "quantization_config"), "pruned and quantised encoders are not supported")
    family = fields.choice("model_type", "deberta-v2", MODEL_TYPES)
    defaults = _SIZES[family]
    common: Dict[str, Any] = {
        "model_type": family,
        "vocab_size": fields.integer("vocab_size", defaults["vocab_size"], 1, limits.VOCABULARY),
        "hidden_size": fields.integer("hidden_size", defaults["hidden_size"], 1, limits.HIDDEN),
        "num_hidden_layers": fields.integer("num_hidden_layers", defaults["num_hidden_layers"], 1, limits.LAYERS),
        "num_attention_heads": fields.integer("num_attention_heads", defaults["num_attention_heads"], 1, limits.HIDDEN),
        "intermediate_size": fields.integer("intermediate_size", defaults["intermediate_size"], 1, limits.INTERMEDIATE),
        "hidden_act": fields.choice("hidden_act", "gelu", ACTIVATIONS),
        "layer_norm_eps": fields.number("layer_norm_eps", _EPSILON[family], 1e-20, 1e-1),
        "max_position_embeddings": fields.integer("max_position_embeddings", 512, 1, limits.POSITIONS),
        "type_vocab_size": fields.integer("type_vocab_size", defaults["type_vocab_size"], 0, limits.TOKEN_TYPES),
        "hidden_dropout_prob": fields.number("hidden_dropout_prob", 0.1, 0.0, 1.0),
        "attention_probs_dropout_prob": fields.number("attention_probs_dropout_prob", 0.1, 0.0, 1.0),
    }
    common["pad_token_id"] = fields.integer("pad_token_id", 0, 0, common["vocab_size"] - 1)
    if common["hidden_size"] % common["num_attention_heads"]:
        raise fields.wrong("hidden_size", f"a multiple of num_attention_heads ({common['num_attention_heads']})")
    if family == "bert":
        fields.choice("position_embedding_type", "absolute", ("absolute",))
        if not common["type_vocab_size"]:
            raise fields.wrong("type_vocab_size", "at least 1 in a BERT encoder")
        return EncoderConfig(**common)
    return EncoderConfig(**common, **_read_deberta(fields, common["hidden_size"], common["num_attention_heads"]))


def _read_deberta(fields: Fields, hidden: int, heads: int) -> Dict[str, Any]:
    """The options of DeBERTa-v3, the only flavour that GLiNER checkpoints use."""
    fields.refuse(("conv_kernel_size",), "DeBERTa encoders with a convolution are not supported")
    fields.integer("embedding_size", hidden, hidden, hidden)
    fields.integer("attention_head_size", hidden // heads, hidden // heads, hidden // heads)
    options: Dict[str, Any] = {
        "relative_attention": fields.boolean("relative_attention", False),
        "position_buckets": fields.integer("position_buckets", -1, -1, limits.POSITIONS),
        "max_relative_positions": fields.integer("max_relative_positions", -1, -1, limits.POSITIONS),
        "share_att_key": fields.boolean("share_att_key", False),
        "pos_att_type": _attention_terms(fields),
        "position_biased_input": fields.boolean("position_biased_input", True),
        "norm_rel_ebd": fields.choice("norm_rel_ebd", "none", ("none", "layer_norm")),
    }
    wanted = {
        "relative_attention": True,
        "share_att_key": True,
        "position_biased_input": False,
        "norm_rel_ebd": "layer_norm",
    }
    for name, value in wanted.items():
        if options[name] != value:
            raise CheckpointError(
                f"{name!r} in {fields.where} is {options[name]!r}, but must be {value!r}: of the DeBERTa encoders only "
                "those with the options of DeBERTa-v3 are supported."
            )
    if fields.integer("type_vocab_size", 0, 0, limits.TOKEN_TYPES):
        raise fields.wrong("type_vocab_size", "0 as in DeBERTa-v3")
    buckets = options["position_buckets"]
    if buckets > 0 and not 1 <= buckets // 2 < _table_end(fields) - 1:
        raise fields.wrong("position_buckets", "-1, or at least 2 and below twice the longest relative position")
    return options


def _table_end(fields: Fields) -> int:
    """RETURNS (int): the distance at which the logarithmic buckets of relative positions end."""
    longest = fields.integer("max_relative_positions", -1, -1, limits.POSITIONS)
    return longest if longest >= 1 else fields.integer("max_position_embeddings", 512, 1, limits.POSITIONS)


def _attention_terms(fields: Fields) -> Tuple[str, ...]:
    """Both `"p2c|c2p"` and `["p2c", "c2p"]` are published."""
    value = fields.values.get("pos_att_type")
    terms = tuple(part.strip() for part in value.lower().split("|")) if isinstance(value, str) else strings(value)
    if terms is None or sorted(terms) != ["c2p", "p2c"]:
        raise fields.wrong("pos_att_type", "p2c|c2p as in DeBERTa-v3")
    return terms


def write_encoder(config: EncoderConfig) -> Dict[str, Any]:
    """RETURNS (dict): the JSON-able fields of `config.json`, `model_type` among them, for `gliner` to build from."""
    values = asdict(config)
    if config.model_type == "bert":
        return {name: value for name, value in values.items() if name not in _DEBERTA_ONLY}
    return {**values, "pos_att_type": list(config.pos_att_type)}

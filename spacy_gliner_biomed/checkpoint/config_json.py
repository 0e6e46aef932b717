"""`gliner_config.json` ↔ `ScorerConfig` (field list and defaults: `gliner` 0.2.29, `config.py`; old tags lack some
fields).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional

from ..scorer.config import EncoderConfig, ScorerConfig
from . import limits
from .encoder_json import REMOTE_CODE, read_encoder, write_encoder
from .errors import CheckpointError, short
from .json_text import Fields

_OTHER_ARCHITECTURES = ("relations_layer", "triples_layer", "labels_decoder", "labels_decoder_config", "decoder_config")
_OTHER_MODULES = ("post_fusion_schema", "fuse_layers", "span_encoder_config", "precomputed_prompts_mode")
# Names to fall back on in files that we write: everything they stand for is in the folder, so nothing is fetched under
# them.
_FALLBACK_NAMES = {"bert": "google-bert/bert-base-uncased", "deberta-v2": "microsoft/deberta-v3-base"}


@dataclass(frozen=True)
class PublishedConfig:
    """What a `gliner_config.json` says, before tensors and tokenizers have had their word.

    text_encoder, label_encoder: None where the file doesn't hold them; `model_name` and `labels_encoder` name them.
    labels_encoder (str): the label encoder's name; not None makes it a bi-encoder.
    vocab_size, class_token_index (int): -1 where the tokenizer decides (`tokenizer_json.py`).
    num_rnn_layers (int): counts for a bi-encoder alone; a uni-encoder has the LSTM layers of its tensors.
    """

    text_encoder: Optional[EncoderConfig]
    label_encoder: Optional[EncoderConfig]
    model_name: Optional[str]
    labels_encoder: Optional[str]
    vocab_size: int
    class_token_index: int
    hidden_size: int
    max_width: int
    max_len: int
    num_rnn_layers: int
    embed_ent_token: bool
    ent_token: str
    sep_token: str
    dropout: float

    @property
    def is_bi_encoder(self) -> bool:
        """Whether labels have an encoder of their own."""
        return self.labels_encoder is not None


def read_config(values: Mapping[str, Any], where: str) -> PublishedConfig:
    """Check every field that matters for inference; fields of older versions that nothing reads are passed over.

    values (dict): the parsed `gliner_config.json`.
    where (str): its place, for messages.
    RAISES (CheckpointError): for other architectures than the span scorers, for modules that they don't have, for
        remote code, and for values of the wrong type or size.
    """
    fields = Fields(values, where)
    fields.refuse(("auto_map", "trust_remote_code"), REMOTE_CODE)
    if values.get("span_mode") in ("token_level", "token-level"):
        raise fields.wrong("span_mode", "'markerV0'; token-level models are not supported")
    if values.get("model_type") == "gliner_streaming_span":
        raise fields.wrong("model_type", "that of a span model; streaming models are not supported")
    fields.choice("span_mode", "markerV0", ("markerV0",))
    for name in _OTHER_ARCHITECTURES:
        if values.get(name) is not None:
            raise fields.wrong(name, "null; only uni- and bi-encoder span models are supported")
    fields.refuse(_OTHER_MODULES, "the span scorer has no such module")
    fields.choice("subtoken_pooling", "first", ("first",))
    fields.choice("words_splitter_type", "whitespace", ("whitespace",))
    labels_encoder = fields.optional_text("labels_encoder", 1000)
    config = PublishedConfig(
        text_encoder=_encoder(fields, "encoder_config"),
        label_encoder=None if labels_encoder is None else _encoder(fields, "labels_encoder_config"),
        model_name=fields.optional_text("model_name", 1000),
        labels_encoder=labels_encoder,
        vocab_size=_auto(fields, "vocab_size", limits.VOCABULARY),
        class_token_index=_auto(fields, "class_token_index", limits.VOCABULARY - 1),
        hidden_size=fields.integer("hidden_size", 512, 2, limits.HIDDEN),
        max_width=fields.integer("max_width", 12, 1, limits.SPAN_WIDTH),
        max_len=fields.integer("max_len", 384, 1, limits.WINDOW),
        num_rnn_layers=max(0, fields.integer("num_rnn_layers", 1, -1, limits.RNN_LAYERS)),
        embed_ent_token=fields.boolean("embed_ent_token", True),
        ent_token=fields.text("ent_token", "<<ENT>>", limits.TOKEN_LENGTH),
        sep_token=fields.text("sep_token", "<<SEP>>", limits.TOKEN_LENGTH),
        dropout=fields.number("dropout", 0.4, 0.0, 1.0),
    )
    if config.ent_token == config.sep_token:
        raise fields.wrong("sep_token", f"another token than ent_token ({short(config.ent_token)})")
    return config


def _encoder(fields: Fields, name: str) -> Optional[EncoderConfig]:
    values = fields.object(name)
    return None if values is None else read_encoder(values, f"{name!r} in {fields.where}")


def _auto(fields: Fields, name: str, high: int) -> int:
    """A number that the tokenizer fills in where it is -1."""
    value = fields.integer(name, -1, -1, high)
    if name == "vocab_size" and value == 0:
        raise fields.wrong(name, "-1 or positive")
    return value


def write_config(config: ScorerConfig) -> Dict[str, Any]:
    """The whole `gliner_config.json`, encoders included, so that `gliner` needs no network.

    A uni-encoder's class token and vocabulary are written out. A bi-encoder has neither: `gliner` then adds its three
    special tokens to the tokenizer and leaves the embedding table as it is.
    RETURNS (dict): JSON-able fields.
    """
    text, label = config.text_encoder, config.label_encoder
    values: Dict[str, Any] = {
        "model_type": "gliner_uni_encoder_span" if label is None else "gliner_bi_encoder_span",
        "model_name": _FALLBACK_NAMES[text.model_type],
        "name": "span level gliner",
        "span_mode": "markerV0",
        "max_width": config.max_width,
        "max_len": config.max_len,
        "hidden_size": config.hidden_size,
        "dropout": config.dropout,
        "num_rnn_layers": config.num_rnn_layers,
        "subtoken_pooling": "first",
        "words_splitter_type": "whitespace",
        "embed_ent_token": config.embed_ent_token,
        "ent_token": config.ent_token,
        "sep_token": config.sep_token,
        "class_token_index": config.class_token_index if label is None else -1,
        "vocab_size": text.vocab_size if label is None else -1,
        "encoder_config": write_encoder(text),
        "fine_tune": True,
        "fuse_layers": False,
        "post_fusion_schema": "",
        "max_types": 25,
        "max_neg_type_ratio": 1,
    }
    if label is not None:
        values["labels_encoder"] = _FALLBACK_NAMES[label.model_type]
        values["labels_encoder_config"] = write_encoder(label)
    return values


def check_writable(config: ScorerConfig) -> None:
    """Refuse a configuration that the reader would refuse, before anything is written.

    RAISES (CheckpointError): naming the field.
    """
    read_config(write_config(config), "the scorer's configuration")
    if config.tied_encoders and config.label_encoder != config.text_encoder:
        raise CheckpointError("Tied encoders need the same configuration for text and labels, and these differ.")
    if config.label_encoder is None and config.num_rnn_layers and config.hidden_size % 2:
        raise CheckpointError(
            f"hidden_size is {config.hidden_size}; the LSTM of a uni-encoder reads in two directions, each half as wide, so "
            "make it even, or num_rnn_layers 0."
        )
    if config.label_encoder is None and config.class_token_index < 0:
        raise CheckpointError(
            f"class_token_index is {config.class_token_index}; a uni-encoder needs the id of {config.ent_token!r}."
        )

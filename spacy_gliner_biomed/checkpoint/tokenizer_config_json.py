"""`tokenizer_config.json` for a tokenizer of ours, so that `transformers`, and `gliner` with it, reads it as it is."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

from ..scorer.config import EncoderConfig
from .json_text import dump_object
from .tokenizer_json import load_tokenizer

_NO_LIMIT = int(1e30)  # transformers' own "very large integer"


def write_tokenizer_config(tokenizer_json: str, encoder: EncoderConfig) -> bytes:
    """Describe a tokenizer without changing it: the plain fast class takes `tokenizer.json` literally.

    tokenizer_json (str): the text of the `tokenizer.json` beside it.
    encoder (EncoderConfig): the encoder that it feeds, for its length limit and padding.
    RETURNS (bytes): the file's content.
    """
    tokenizer = load_tokenizer(tokenizer_json, "the scorer's tokenizer")
    tokenizer.no_padding()  # a published file may store both: then an empty text ends in [PAD], or has no room for [SEP]
    tokenizer.no_truncation()
    around = tokenizer.encode("", add_special_tokens=True).ids
    model = json.loads(tokenizer_json)["model"]
    unknown = model.get("unk_token") if model.get("unk_id") is None else tokenizer.id_to_token(model["unk_id"])
    names: Dict[str, Optional[str]] = {
        "cls_token": tokenizer.id_to_token(around[0]),
        "sep_token": tokenizer.id_to_token(around[-1]),
        "pad_token": tokenizer.id_to_token(encoder.pad_token_id),
        "unk_token": unknown,
        "mask_token": "[MASK]" if tokenizer.token_to_id("[MASK]") is not None else None,
    }
    values: Dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": encoder.max_positions or _NO_LIMIT,
        "clean_up_tokenization_spaces": False,
        **{name: token for name, token in names.items() if token is not None},
    }
    return dump_object(values)

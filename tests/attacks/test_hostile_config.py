"""Every field of a configuration that a stranger may have written: wrong and hostile values are refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.checkpoint import CheckpointError, load
from spacy_gliner_biomed.checkpoint.config_json import read_config
from spacy_gliner_biomed.checkpoint.encoder_json import read_encoder
from spacy_gliner_biomed.checkpoint.json_text import parse_object
from spacy_gliner_biomed.checkpoint.tensors import empty_module
from tests.checkpoint.folders import edit_json, published, refusal

NAN, HUGE = float("nan"), 10**400
GLINER_FIELDS = [
    ("span_mode", "token_level", "token-level models"),
    ("span_mode", "token-level", "token-level models"),
    ("span_mode", "markerV1", "'markerV0'"),
    ("span_mode", None, "'markerV0'"),
    ("model_type", "gliner_streaming_span", "streaming"),
    ("relations_layer", "none", "null"),
    ("labels_decoder", "gpt2", "null"),
    ("decoder_config", {}, "null"),
    ("post_fusion_schema", "l2l-l2t", "no such module"),
    ("fuse_layers", True, "no such module"),
    ("span_encoder_config", {"model_type": "rnn"}, "no such module"),
    ("precomputed_prompts_mode", True, "no such module"),
    ("subtoken_pooling", "mean", "'first'"),
    ("words_splitter_type", "spacy", "'whitespace'"),
    ("auto_map", {"AutoModel": "evil--model.Evil"}, "code from the Hub"),
    ("trust_remote_code", True, "code from the Hub"),
    ("hidden_size", 0, "from 2 to"),
    ("hidden_size", 24.0, "an integer"),
    ("hidden_size", "24", "an integer"),
    ("hidden_size", True, "an integer"),
    ("hidden_size", HUGE, "from 2 to"),
    ("max_width", 100_000, "from 1 to"),
    ("max_len", 0, "from 1 to"),
    ("max_len", -1, "from 1 to"),
    ("num_rnn_layers", 50, "from -1 to"),
    ("embed_ent_token", "yes", "true or false"),
    ("ent_token", "", "a string of"),
    ("ent_token", "x" * 100, "a string of"),
    ("ent_token", "\ud800", "a string of"),
    ("ent_token", "<<SEP>>", "another token"),
    ("dropout", -0.1, "a number"),
    ("dropout", "0.4", "a number"),
    ("vocab_size", 0, "-1 or positive"),
    ("vocab_size", HUGE, "from -1 to"),
    ("class_token_index", -2, "from -1 to"),
    ("class_token_index", 5, "the two disagree"),
    ("encoder_config", "deberta", "an object or null"),
    ("encoder_config", [], "an object or null"),
    ("labels_encoder", "", "a string of"),
    ("labels_encoder", 7, "a string of"),
]
ENCODER_FIELDS = [
    ("model_type", "llama", "'bert' or 'deberta-v2'"),
    ("model_type", ["bert"], "'bert' or 'deberta-v2'"),
    ("auto_map", {"AutoModel": "x"}, "code from the Hub"),
    ("is_decoder", True, "needs an encoder"),
    ("add_cross_attention", True, "needs an encoder"),
    ("pruned_heads", {"0": [1]}, "not supported"),
    ("quantization_config", {"bits": 4}, "not supported"),
    ("num_hidden_layers", 65, "from 1 to 64"),
    ("num_hidden_layers", None, "an integer"),
    ("hidden_size", 10**9, "from 1 to 8192"),
    ("hidden_size", 33, "multiple of num_attention_heads"),
    ("num_attention_heads", 0, "from 1 to"),
    ("intermediate_size", 10**7, "from 1 to"),
    ("vocab_size", 2_000_000, "from 1 to 1000000"),
    ("hidden_act", "silu", "'gelu' or 'relu'"),
    ("layer_norm_eps", 0, "a number"),
    ("max_position_embeddings", 10**6, "from 1 to"),
    ("pad_token_id", 10**5, "from 0 to"),
    ("pad_token_id", None, "an integer"),
    ("hidden_dropout_prob", "0.1", "a number"),
    ("relative_attention", False, "DeBERTa-v3"),
    ("share_att_key", False, "DeBERTa-v3"),
    ("position_biased_input", True, "DeBERTa-v3"),
    ("norm_rel_ebd", "none", "DeBERTa-v3"),
    ("norm_rel_ebd", "group", "'none' or 'layer_norm'"),
    ("pos_att_type", "p2c", "p2c|c2p"),
    ("pos_att_type", [1], "p2c|c2p"),
    ("pos_att_type", None, "p2c|c2p"),
    ("type_vocab_size", 2, "0 as in DeBERTa-v3"),
    ("position_buckets", 1, "at least 2"),
    ("position_buckets", 1024, "at least 2"),
    ("max_relative_positions", 2, "at least 2"),
    ("conv_kernel_size", 3, "convolution"),
    ("embedding_size", 16, "from 32 to 32"),
    ("attention_head_size", 8, "from 16 to 16"),
]


@pytest.mark.parametrize("name,value,message", GLINER_FIELDS)
def test_gliner_config(tmp_path: Path, name: str, value: object, message: str) -> None:
    """The message names the field and what is wanted."""
    folder = published(tmp_path)
    edit_json(folder, {name: value})
    found = refusal(folder)
    assert message in found and (
        name in found or name == "class_token_index" or (name == "ent_token" and "sep" in found)
    )


@pytest.mark.parametrize("name,value,message", ENCODER_FIELDS)
def test_encoder_config(tmp_path: Path, name: str, value: object, message: str) -> None:
    """The same inside `encoder_config`."""
    folder = published(tmp_path)
    edit_json(folder, {f"encoder_config.{name}": value})
    found = refusal(folder)
    assert message in found and "encoder_config" in found and (name in found or name == "max_relative_positions")


@pytest.mark.parametrize("name,value", [("type_vocab_size", 0), ("position_embedding_type", "relative_key")])
def test_bert_config(tmp_path: Path, name: str, value: object) -> None:
    """BERT's own fields."""
    folder = published(tmp_path, backbone="bert")
    edit_json(folder, {f"encoder_config.{name}": value})
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "text,message",
    [
        (b"", "not valid JSON"),
        (b'{"max_len": NaN}', "not valid JSON: 'NaN"),
        (b'{"max_len": -Infinity}', "not valid JSON"),
        (b'{"max_len": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested deeper"),
        (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", "nested deeper"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b'"' + b"x" * 1000 + b'"', "not a JSON object"),
        (b" " * (4 * 1024 * 1024 + 1), "more than the 4,194,304 bytes"),
    ],
)
def test_config_text(tmp_path: Path, text: bytes, message: str) -> None:
    """What isn't a small UTF-8 JSON object is no configuration."""
    folder = published(tmp_path)
    (folder / "gliner_config.json").write_bytes(text)
    assert message in refusal(folder)


def test_duplicate_names_are_harmless(tmp_path: Path) -> None:
    """The last value counts, for the check and for the use alike."""
    folder = published(tmp_path)
    path = folder / "gliner_config.json"
    text = path.read_text(encoding="utf8")
    path.write_text(text.rstrip().removesuffix("}") + ', "max_len": 0}', encoding="utf8")
    assert "max_len" in refusal(folder)


def test_sizes_beyond_all_memory(tmp_path: Path) -> None:
    """Allowed one by one, absurd together: refused before anything is allocated."""
    folder = published(tmp_path)
    sizes = {"hidden_size": 8192, "num_attention_heads": 64, "intermediate_size": 32768, "num_hidden_layers": 64}
    edit_json(folder, {f"encoder_config.{name}": value for name, value in sizes.items()})
    assert "bytes of weights" in refusal(folder)


def test_network_that_can_not_be_built(tmp_path: Path) -> None:
    """The network has a say after the configuration's reader."""
    config = load(str(published(tmp_path))).config
    with pytest.raises(CheckpointError, match="'silu' is not supported"):
        empty_module(replace(config, text_encoder=replace(config.text_encoder, hidden_act="silu")))


@pytest.mark.parametrize("field", ["model_name", "labels_encoder"])
@pytest.mark.parametrize(
    "name", ["../../etc", "/etc/passwd", "file:///etc/passwd", "https://evil.example/x", "a/b/c", "..", "x\0y"]
)
def test_path_like_encoder_names(tmp_path: Path, field: str, name: str) -> None:
    """A configuration can't make us read a path or ask another host; the message asks for the file instead."""
    folder = published(tmp_path, kind="bi")
    edit_json(folder, {field: name, "encoder_config": None, "labels_encoder_config": None})
    message = refusal(folder, local_files_only=True)
    assert "incomplete" in message and str(folder / "encoder_config.json") in message


@pytest.mark.parametrize(
    "values,message",
    [
        ({"format": 2}, "'format'"),
        ({}, "'format'"),
        ({"format": "1"}, "'format'"),
        ({"format": 1, "command": "rm"}, "unknown field 'command'"),
        ({"format": 1, "tied_encoders": 1}, "true or false"),
        ({"format": 1, "tied_encoders": True}, "says that they are one"),
        ({"format": 1, "words": "letters"}, "'whitespace'"),
        ({"format": 1, "training": []}, "an object or null"),
        ({"format": 1, "training": {"trained_on": "words"}}, "'names'"),
        ({"format": 1, "training": {"label_template": ""}}, "a string of"),
        ({"format": 1, "training": {"corpora": [1]}}, "a list of objects"),
        ({"format": 1, "training": {"labels": {"a": "gene"}}}, "lists of strings"),
        ({"format": 1, "training": {"labels": {"a": ["\ud800"]}}}, "lists of strings"),
        ({"format": 1, "training": {"run": "x"}}, "unknown field 'run'"),
    ],
)
def test_training_card(tmp_path: Path, values: dict, message: str) -> None:
    """Our own file is no more trusted than theirs."""
    folder = published(tmp_path)
    (folder / "spacy_gliner_biomed.json").write_text(json.dumps(values), encoding="utf8")
    assert message in refusal(folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted(
    {name for name, _, _ in GLINER_FIELDS + ENCODER_FIELDS} | {"sep_token", "labels_encoder_config", "model_name"}
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6), st.booleans())
def test_any_values(values: dict, encoder: bool) -> None:
    """Any JSON under any known name gives a configuration or our error, never another."""
    try:
        (read_encoder if encoder else read_config)(values, "the file")
    except CheckpointError as error:
        assert str(error).endswith(".")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    """Any bytes give an object or our error."""
    try:
        assert isinstance(parse_object(data, "the file"), dict)
    except CheckpointError as error:
        assert str(error).startswith("the file")

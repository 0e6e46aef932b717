"""Folders as `gliner` and its users wrote them load, and score as in `gliner`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spacy_gliner_biomed.checkpoint import load
from tests.checkpoint.folders import (
    TEXT_EMBEDDINGS,
    assert_same,
    edit_json,
    gliner_logits,
    our_logits,
    published,
    read_tensors,
    refusal,
    write_tensors,
)

KINDS = [("uni", "bert"), ("uni", "deberta-v2"), ("bi", "bert"), ("bi", "deberta-v2")]


@pytest.mark.parametrize("kind,backbone", KINDS)
@pytest.mark.parametrize("safetensors", [False, True])
def test_logits_equal_gliner(tmp_path: Path, kind: str, backbone: str, safetensors: bool) -> None:
    """Both weight files, both architectures, both encoder families."""
    folder = published(tmp_path, kind=kind, backbone=backbone, safetensors=safetensors)
    assert_same(our_logits(load(str(folder))), gliner_logits(folder))


@pytest.mark.parametrize("kind", ["uni", "bi"])
@pytest.mark.parametrize("head_size", [16, 32])
def test_projections_follow_the_sizes(tmp_path: Path, kind: str, head_size: int) -> None:
    """A projection exists where the head's width differs from an encoder's, and only there."""
    scorer = load(str(published(tmp_path, kind=kind, head_size=head_size)))
    layer = scorer.module.token_rep_layer
    assert (layer.projection is None) == (head_size == 32)
    if kind == "bi":
        assert (layer.labels_projection is None) == (head_size == 16)


@pytest.mark.parametrize("kind", ["uni", "bi"])
def test_old_config(tmp_path: Path, kind: str) -> None:
    """Configurations of old tags lack newer fields and carry ones that nothing reads."""
    folder = published(tmp_path, kind=kind, old_config=True)
    assert_same(our_logits(load(str(folder))), gliner_logits(folder))


def test_tensors_not_config_decide_about_the_lstm(tmp_path: Path) -> None:
    """`gliner` ignores `has_rnn: false` of old configurations and makes an LSTM up; ours looks at the tensors."""
    folder = published(tmp_path, rnn=False)
    without = our_logits(load(str(folder)))
    assert_same(without, gliner_logits(folder))
    edit_json(folder, {"has_rnn": False}, drop=("num_rnn_layers",))
    scorer = load(str(folder))
    assert scorer.config.num_rnn_layers == 0
    assert_same(our_logits(scorer), without, atol=1e-5)
    with_lstm = published(tmp_path / "with", rnn=True)
    edit_json(with_lstm, {"num_rnn_layers": 0, "has_rnn": False})
    assert load(str(with_lstm)).config.num_rnn_layers == 1


@pytest.mark.parametrize("flert", [True, False])
def test_class_token_explicit(tmp_path: Path, flert: bool) -> None:
    """The published uni-encoders name their class token; their tokenizers may or may not own [FLERT]."""
    folder = published(tmp_path, flert=flert)
    scorer = load(str(folder))
    assert scorer.config.class_token_index == scorer.subwords.token_id("<<ENT>>")
    assert_same(our_logits(scorer), gliner_logits(folder))


def test_class_token_left_to_the_tokenizer(tmp_path: Path) -> None:
    """-1 means the last but one token of the tokenizer."""
    folder = published(tmp_path, class_token_index="-1")
    scorer = load(str(folder))
    assert scorer.config.class_token_index == len(scorer.subwords) - 2
    assert_same(our_logits(scorer), gliner_logits(folder))


def test_special_tokens_are_added_where_the_tokenizer_lacks_them(tmp_path: Path) -> None:
    """[FLERT], <<ENT>> and <<SEP>> are added in this order, as `gliner` does, and meet the rows trained for them."""
    folder = published(tmp_path, backbone="bert", class_token_index="-1")
    reference = gliner_logits(folder)
    names = ("[FLERT]", "<<ENT>>", "<<SEP>>")
    values = json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    values["added_tokens"] = [token for token in values["added_tokens"] if token["content"] not in names]
    (folder / "tokenizer.json").write_text(json.dumps(values), encoding="utf8")
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf8"))
    config["added_tokens_decoder"] = {
        key: token for key, token in config["added_tokens_decoder"].items() if token["content"] not in names
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf8")
    (folder / "added_tokens.json").unlink()
    scorer = load(str(folder))
    ids = [scorer.subwords.token_id(name) for name in names]
    assert ids == [len(scorer.subwords) - 3, len(scorer.subwords) - 2, len(scorer.subwords) - 1]
    assert_same(our_logits(scorer), reference)
    assert_same(our_logits(scorer), gliner_logits(folder))


@pytest.mark.parametrize("padded", [None, 5000])
def test_bi_encoder_tokens_without_rows_are_dropped(tmp_path: Path, padded: int | None) -> None:
    """A saved bi-encoder's tokenizer owns three tokens without embeddings; no text may ever produce them."""
    scorer = load(str(published(tmp_path, kind="bi", pad_vocab_to=padded)))
    rows = scorer.config.text_encoder.vocab_size
    assert rows == (padded or len(scorer.subwords))
    words = ["<<ENT>>", "<<SEP>>", "[FLERT]", "gene"]
    assert scorer.subwords.encode(words).ids.max() < rows
    assert scorer.config.class_token_index == -1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("pickled", [False, True])
def test_half_precision_is_widened(tmp_path: Path, dtype: torch.dtype, pickled: bool) -> None:
    """Weights in 16 bits load as float32 of the same values."""
    folder = published(tmp_path)
    narrow = {name: tensor.to(dtype) for name, tensor in read_tensors(folder).items()}
    if pickled:
        torch.save(narrow, folder / "pytorch_model.bin")
    else:
        write_tensors(folder, narrow)
    state = load(str(folder)).module.state_dict()
    assert all(
        tensor.dtype == torch.float32 and torch.equal(tensor, narrow[name].float()) for name, tensor in state.items()
    )


def test_unused_tensors_are_passed_over(tmp_path: Path) -> None:
    """BERT's pooler and position ids, and a bi-encoder's LSTM, may be there or not."""
    folder = published(tmp_path, kind="bi", backbone="bert")
    expected = our_logits(load(str(folder)))
    tensors = read_tensors(folder)
    assert any(".pooler." in name for name in tensors) and any(name.startswith("rnn.") for name in tensors)
    prefix = TEXT_EMBEDDINGS.removesuffix("word_embeddings.weight")
    write_tensors(folder, {**tensors, prefix + "position_ids": torch.arange(512)[None]})
    assert_same(our_logits(load(str(folder))), expected, atol=1e-5)
    write_tensors(folder, {n: t for n, t in tensors.items() if ".pooler." not in n and not n.startswith("rnn.")})
    assert_same(our_logits(load(str(folder))), expected, atol=1e-5)


def test_aliases_in_safetensors_metadata(tmp_path: Path) -> None:
    """A tensor left out for another of the same values is found, and has memory of its own."""
    folder = published(tmp_path, kind="bi", backbone="bert", labels_hidden=32, head_size=32)
    tensors = read_tensors(folder)
    text, labels = ("token_rep_layer.bert_layer.", "token_rep_layer.labels_encoder.")
    tied = {labels + n.removeprefix(text): n for n in tensors if n.startswith(text) and "embeddings.word" not in n}
    write_tensors(folder, {n: t for n, t in tensors.items() if n not in tied}, metadata=tied)
    state = load(str(folder)).module.state_dict()
    omitted = next(name for name in tied if name in state and name.endswith("query.weight"))
    assert torch.equal(state[omitted], state[tied[omitted]])
    assert state[omitted].data_ptr() != state[tied[omitted]].data_ptr()


def test_shared_memory_in_a_pickle_is_separated(tmp_path: Path) -> None:
    """Two names over one memory would be trained as one."""
    folder = published(tmp_path)
    tensors = read_tensors(folder)
    names = [f"span_rep_layer.span_rep_layer.project_{side}.0.weight" for side in ("start", "end")]
    tensors[names[1]] = tensors[names[0]]
    torch.save(tensors, folder / "pytorch_model.bin")
    state = load(str(folder)).module.state_dict()
    assert torch.equal(*(state[name] for name in names)) and len({state[name].data_ptr() for name in names}) == 2


def test_training_leaves_the_file_alone(tmp_path: Path) -> None:
    """Weights are mapped from the file; changing them must not change it."""
    folder = published(tmp_path, safetensors=True)
    before = (folder / "model.safetensors").read_bytes()
    scorer = load(str(folder))
    with torch.no_grad():
        for parameter in scorer.module.parameters():
            assert parameter.requires_grad
            parameter.add_(1.0)
    assert (folder / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("kind", ["uni", "bi"])
def test_tokenizer_limit_shortens_bert(tmp_path: Path, kind: str) -> None:
    """`gliner` never reads past the tokenizer's own limit, so positions beyond it are left out."""
    folder = published(tmp_path, kind=kind, backbone="bert", model_max_length=128)
    scorer = load(str(folder))
    assert scorer.config.text_encoder.max_positions == 128
    assert_same(our_logits(scorer), gliner_logits(folder))


def test_safetensors_comes_before_the_pickle(tmp_path: Path) -> None:
    """As in `gliner`; the pickle then isn't even looked at."""
    folder = published(tmp_path, safetensors=True)
    (folder / "pytorch_model.bin").write_bytes(b"not looked at")
    load(str(folder))


def test_missing_folder_and_missing_files(tmp_path: Path) -> None:
    """What is missing is named."""
    assert "no model folder" in refusal(tmp_path / "nowhere")
    assert "gliner_config.json is missing" in refusal(tmp_path)
    folder = published(tmp_path / "model")
    (folder / "pytorch_model.bin").unlink()
    assert "model.safetensors and pytorch_model.bin are both missing" in refusal(folder)

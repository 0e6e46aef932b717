"""Published encoders under a new head: which are taken, and what is wrong with the others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from spacy_gliner_biomed.checkpoint import CheckpointError
from spacy_gliner_biomed.checkpoint.untrained import Untrained
from spacy_gliner_biomed.scorer.model import build_encoder
from tests.scorer.tiny import encoder_config, tokenizer_json

WORDS = "tau binds lithium".split()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A BERT as the Hub has it."""
    text = tokenizer_json("bert")
    config = encoder_config("bert", len(json.loads(text)["model"]["vocab"]), hidden=8)
    fields = {name: value for name, value in vars(config).items() if name not in ("pos_att_type", "norm_rel_ebd")}
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    state = build_encoder(config).state_dict()
    write(tmp_path, {f"bert.{name}": torch.randn_like(value) for name, value in state.items()})
    return tmp_path


def write(folder: Path, state: dict[str, torch.Tensor]) -> None:
    """Give an encoder these weights."""
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "model.safetensors")


def recipe(folder: Path, bi_encoder: bool = True) -> Untrained:
    """RETURNS (Untrained): a small scorer."""
    return Untrained(str(folder), None, None, bi_encoder, 8, 4, 64, 0 if bi_encoder else 1, 0.1, None, 0)


def test_old_names_of_the_norms(folder: Path) -> None:
    """The first published files call a norm's weight gamma and its bias beta."""
    expected = recipe(folder)().module.token_rep_layer.text_encoder.state_dict()
    state = load_file(folder / "model.safetensors")
    write(
        folder,
        {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
            for name, value in state.items()
        },
    )
    found = recipe(folder)().module.token_rep_layer.text_encoder.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("bi_encoder", [True, False])
def test_parts_that_do_not_belong_together(folder: Path, bi_encoder: bool) -> None:
    """Weights that aren't finite, no table of embeddings, a tokenizer with more sub-words than the table has rows."""
    make, state = recipe(folder, bi_encoder), load_file(folder / "model.safetensors")
    name = "bert.embeddings.LayerNorm.weight"
    write(folder, {**state, name: state[name] * float("nan")})
    with pytest.raises(CheckpointError, match="LayerNorm.weight' of the encoder .* holds NaN"):
        make()
    write(folder, {name: value for name, value in state.items() if "word_embeddings" not in name})
    with pytest.raises(CheckpointError, match="has no matrix 'embeddings.word_embeddings.weight'; it is no bert"):
        make()
    write(folder, state)
    assert make().logits(WORDS, ["drug"]).shape == (3, 4, 1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["xylophone"])
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="beyond the .* rows of the embedding table: 'xylophone'"):
        make()


def test_an_lstm_of_odd_width(folder: Path) -> None:
    """It has two directions; without it, any width will do."""
    make = replace(recipe(folder, bi_encoder=False), hidden_size=9)
    with pytest.raises(CheckpointError, match="hidden_size is 9; the LSTM"):
        make()
    assert replace(make, num_rnn_layers=0)().logits(WORDS, ["drug"]).shape == (3, 4, 1)

"""Packed encoders against `transformers`, sequence by sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import BertConfig, BertModel, DebertaV2Config, DebertaV2Model

from spacy_gliner_biomed.scorer.model import build_encoder
from spacy_gliner_biomed.scorer.packing import Packing
from tests.scorer.tiny import encoder_config, randomise

LENGTHS = (1, 5, 5, 23, 70, 130)


def reference(config):
    """RETURNS (Module): the encoder of `transformers` of the same sizes."""
    sizes = {
        name: getattr(config, name)
        for name in (
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
            "max_position_embeddings", "type_vocab_size", "layer_norm_eps",
        )
    }  # fmt: skip
    if config.model_type == "bert":
        return BertModel(BertConfig(**sizes, attn_implementation="eager"), add_pooling_layer=False).eval()
    deberta = DebertaV2Config(
        **sizes,
        relative_attention=True,
        position_buckets=config.position_buckets,
        max_relative_positions=config.max_relative_positions,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type="p2c|c2p",
        position_biased_input=False,
    )
    return DebertaV2Model(deberta).eval()


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(
    "family, changes",
    [
        ("bert", {}),
        ("bert", {"hidden_act": "relu"}),
        ("deberta-v2", {"position_buckets": 8}),
        ("deberta-v2", {"position_buckets": 32, "max_relative_positions": 64}),
        ("deberta-v2", {"position_buckets": -1, "max_relative_positions": 200}),
    ],
)
def test_encoder_equals_transformers(family, changes, padded):
    """Every state equals the reference's, whether attention runs in groups or over one rectangle."""
    config = replace(encoder_config(family, 50), **changes)
    theirs = reference(config)
    randomise(theirs, seed=3)
    ours = build_encoder(config).eval()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    assert set(ours.state_dict()) <= set(theirs.state_dict())
    torch.manual_seed(0)
    sequences = [torch.randint(0, 50, (length,)) for length in LENGTHS]
    packing = Packing.of(LENGTHS, padded)
    with torch.no_grad():
        states = ours(torch.cat(sequences), packing)
        expected = torch.cat([theirs(ids[None]).last_hidden_state[0] for ids in sequences])
    torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
def test_wanted_rows_equal_all_rows(family):
    """The last layer computes the wanted rows alone, to the same numbers; no rows are fine too."""
    config = encoder_config(family, 50)
    encoder = build_encoder(config).eval()
    randomise(encoder, seed=1)
    ids, packing, rows = torch.arange(30), Packing.of([10, 20]), torch.tensor([0, 7, 29])
    with torch.no_grad():
        torch.testing.assert_close(encoder(ids, packing, rows), encoder(ids, packing)[rows])
        assert encoder(ids, packing, rows[:0]).shape == (0, config.hidden_size)
        assert encoder(ids[:0], Packing.of([])).shape == (0, config.hidden_size)


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
def test_gradient_form_equals_inference_form(family):
    """The differentiable path (gathers, no kept tables) gives what inference gives."""
    encoder = build_encoder(encoder_config(family, 50)).eval()
    randomise(encoder, seed=2)
    ids, packing = torch.arange(40), Packing.of([15, 25])
    with torch.no_grad():
        inference = encoder(ids, packing)
        again = encoder(ids, packing)  # DeBERTa's tables are kept now
    torch.testing.assert_close(inference, again, rtol=0, atol=0)
    torch.testing.assert_close(encoder(ids, packing).detach(), inference, rtol=1e-5, atol=1e-5)


def test_kept_tables_are_dropped_when_weights_may_change():
    """Training and moving the module to another type both forget DeBERTa's tables."""
    encoder = build_encoder(encoder_config("deberta-v2", 50)).eval()
    attention = encoder.encoder.layer[0].attention.self
    ids, packing = torch.arange(8), Packing.of([8])
    with torch.no_grad():
        encoder(ids, packing)
    assert attention._tables is not None
    encoder.train()
    assert attention._tables is None
    with torch.no_grad():
        encoder.eval()(ids, packing)
    encoder.double()
    assert attention._tables is None


def test_training_uses_dropout():
    """In training mode two passes differ; in evaluation mode they don't."""
    encoder = build_encoder(replace(encoder_config("bert", 50), hidden_dropout_prob=0.5)).train()
    ids, packing = torch.arange(8), Packing.of([8])
    assert not torch.equal(encoder(ids, packing), encoder(ids, packing))
    encoder.eval()
    assert torch.equal(encoder(ids, packing), encoder(ids, packing))


@pytest.mark.parametrize(
    "family, changes, message",
    [
        ("roberta", {}, "'roberta' is not supported"),
        ("bert", {"hidden_act": "swish"}, "'swish' is not supported"),
        ("deberta-v2", {"share_att_key": False}, "DeBERTa-v3"),
        ("deberta-v2", {"pos_att_type": ("c2p",)}, "DeBERTa-v3"),
        ("deberta-v2", {"norm_rel_ebd": "none"}, "DeBERTa-v3"),
        ("deberta-v2", {"type_vocab_size": 2}, "DeBERTa-v3"),
        ("deberta-v2", {"position_biased_input": True}, "DeBERTa-v3"),
        ("deberta-v2", {"relative_attention": False}, "DeBERTa-v3"),
    ],
)
def test_other_encoders_are_refused(family, changes, message):
    """Families and options outside the allow-list raise an error that names them."""
    base = encoder_config("deberta-v2" if family == "deberta-v2" else "bert", 50)
    with pytest.raises(ValueError, match=message):
        build_encoder(replace(base, model_type=family, **changes))


def test_positions_an_encoder_can_hold():
    """BERT's positions are limited; DeBERTa-v3's are not."""
    assert encoder_config("bert", 50, positions=77).max_positions == 77
    assert encoder_config("deberta-v2", 50).max_positions is None
    assert encoder_config("bert", 50).head_width == 8

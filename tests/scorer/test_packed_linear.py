"""One linear layer in three precisions."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from spacy_gliner_biomed.scorer import linear
from spacy_gliner_biomed.scorer.linear import ACTIVATIONS, PRECISIONS, PackedLinear, pack_together


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_long_sums_round_less(activation):
    """Two halves come nearer to double precision than one chain, also where the number of inputs is odd."""
    torch.manual_seed(0)
    for width in (linear.LONG_SUM, linear.LONG_SUM + 513):
        layer, x = PackedLinear(width, 48, activation=activation), torch.randn(64, width)
        exact = ACTIVATIONS[activation](torch.nn.functional.linear(x.double(), layer.weight.double(), layer.bias.double()))
        errors = []
        for long_sum in (linear.LONG_SUM, 10 * linear.LONG_SUM):
            with pytest.MonkeyPatch.context() as patch, torch.no_grad():
                patch.setattr(linear, "LONG_SUM", long_sum)
                layer.prepare("float32")
                errors.append(float((layer(x).double() - exact).square().mean().sqrt()))
        assert errors[0] <= errors[1] < 1e-5


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_packed_weights_stay_close_to_the_plain_layer(precision, bias, activation):
    """The packed copy gives the plain layer's numbers to the precision's tolerance, for any leading shape."""
    torch.manual_seed(0)
    layer = PackedLinear(64, 32, bias=bias, activation=activation)
    x = torch.randn(2, 5, 64)
    with torch.no_grad():
        plain = layer(x)
        layer.prepare(precision)
        packed = layer(x)
        empty = layer(x[:, :0])
    tolerance = {"float32": 1e-5, "bfloat16": 3e-2, "int8": 5e-2}[precision]
    torch.testing.assert_close(packed, plain, rtol=tolerance, atol=tolerance)
    assert packed.dtype == torch.float32
    assert empty.shape == (2, 0, 32)


def test_packed_copy_is_not_used_with_gradients_and_can_be_dropped():
    """Training sees the weights themselves, and `forget` leaves nothing stale."""
    layer = PackedLinear(4, 3)
    layer.prepare("float32")
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.fill_(2.0)
    assert layer(torch.ones(1, 4)).tolist() == [[2.0, 2.0, 2.0]]
    layer.forget()
    with torch.no_grad():
        assert layer(torch.ones(1, 4)).tolist() == [[2.0, 2.0, 2.0]]


def test_packed_copy_does_not_travel():
    """Pickles and copies hold the weights alone."""
    layer = PackedLinear(4, 3)
    layer.prepare("int8")
    for twin in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert twin._packed is None
        assert torch.equal(twin.weight, layer.weight)


@pytest.mark.parametrize("bias", [True, False])
def test_training_in_bfloat16(bias):
    """Products in bfloat16, weights, outputs and gradients in float32; in evaluation the switch does nothing."""
    layer = PackedLinear(16, 8, bias=bias)
    x = torch.randn(3, 16)
    plain = layer.eval()(x)
    layer.train_in_bfloat16 = True
    assert torch.equal(layer(x), plain)
    y = layer.train()(x)
    assert y.dtype == torch.float32
    assert not torch.equal(y, plain)
    torch.testing.assert_close(y, plain, rtol=3e-2, atol=3e-2)
    y.sum().backward()
    assert layer.weight.grad.dtype == torch.float32


@pytest.mark.parametrize("wrong", ["missing", "numbers"])
def test_private_operators_that_fail_are_left_alone(monkeypatch, wrong):
    """Where torch's private operators are gone, or give other numbers, the plain layer computes."""

    class Operators:
        @staticmethod
        def _reorder_linear_weight(weight, _):
            if wrong == "missing":
                raise AttributeError("no such operator")
            return weight

        @staticmethod
        def _linear_pointwise(x, weight, bias, *_):
            return torch.nn.functional.linear(x, weight, bias) + 1

    monkeypatch.setattr(linear.torch.ops, "mkldnn", Operators)
    layer = PackedLinear(4, 3)
    x = torch.randn(2, 4)
    with torch.no_grad():
        plain = layer(x)
        layer.prepare("float32")
        assert layer._packed is None
        assert torch.equal(layer(x), plain)


def test_only_bfloat16_is_packed_away_from_the_cpu():
    """On other devices float32 needs no packing."""
    weight = torch.empty(3, 4, device="meta")
    assert linear.pack(weight, None, "float32") is None
    assert linear.pack(weight, None, "bfloat16") is not None


def test_int8_rows_do_not_depend_on_their_neighbours():
    """A text's scores are the same in any batch: each row has a scale of its own."""
    torch.manual_seed(0)
    layer = PackedLinear(64, 32)
    layer.prepare("int8")
    x = torch.randn(6, 64) * torch.tensor([1.0, 1e-6, 1e6, 0.0, 3.0, 1.0])[:, None]
    with torch.no_grad():
        together = layer(x)
        alone = torch.cat([layer(row[None]) for row in x])
    assert torch.equal(together, alone)
    torch.testing.assert_close(together[3], layer.bias)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_layers_of_one_input_packed_together(precision):
    """Queries, keys and values as one product: the numbers of each layer, whose own packed copy is dropped."""
    torch.manual_seed(0)
    layers = [PackedLinear(16, width) for width in (8, 8, 4)]
    x = torch.randn(5, 16)
    for layer in layers:
        layer.prepare(precision)
    together = pack_together(layers, precision)
    assert all(layer._packed is None for layer in layers)
    tolerance = {"float32": 1e-5, "bfloat16": 3e-2, "int8": 5e-2}[precision]
    with torch.no_grad():
        for layer, found in zip(layers, together(x), strict=True):
            torch.testing.assert_close(found, layer(x), rtol=tolerance, atol=tolerance)


def test_layers_that_gain_nothing_together_keep_their_own():
    """Away from the CPU, in float32."""
    layers = [PackedLinear(4, 3).to("meta") for _ in range(2)]
    assert pack_together(layers, "float32") is None


@pytest.mark.parametrize("broken", ["missing", "wrong"])
def test_int8_without_the_fused_product(monkeypatch, broken):
    """Where torch lacks the fused product, or it is wrong, int8 takes torch's product of integers, with the same result."""
    torch.manual_seed(0)
    layer, x = PackedLinear(64, 32), torch.randn(7, 64)
    with torch.no_grad():
        layer.prepare("int8")
        fused = layer(x)
        if broken == "missing":
            monkeypatch.setattr(linear, "_fused_product", lambda *_: None)
        else:
            monkeypatch.setattr(torch, "quantize_per_tensor", lambda rows, *_: torch.zeros(rows.shape, dtype=torch.quint8))
        layer.prepare("int8")
        plain = layer(x)
    torch.testing.assert_close(plain, fused, rtol=1e-5, atol=1e-5)

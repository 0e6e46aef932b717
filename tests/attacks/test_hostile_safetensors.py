"""`model.safetensors`: headers that lie, and tensors that aren't the model's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.checkpoint import CheckpointError, limits, load, round_to_int8, save
from spacy_gliner_biomed.checkpoint.safetensors_file import SafetensorsWeights
from tests.checkpoint.folders import TEXT_EMBEDDINGS, published, read_tensors, refusal, write_tensors

HEAD = "span_rep_layer.span_rep_layer.project_start.0.weight"


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A checkpoint whose weights are a safetensors file."""
    return published(tmp_path, safetensors=True)


def raw(header: Any, data: bytes = b"", size: int | None = None) -> bytes:
    """RETURNS (bytes): a safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def entry(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict:
    """RETURNS (dict): the header of one tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "data,message",
    [
        (b"", "truncated"),
        (b"1234567", "truncated"),
        (raw({}, size=10**12), "truncated"),
        (raw({}, size=2**64 - 1), "truncated"),
        (raw(b"[]"), "not a JSON object"),
        (raw(b"\xff"), "not UTF-8"),
        (raw(b"{"), "not valid JSON"),
        (raw(b'{"a":' * 5000), "nested deeper"),
        (raw({"w": 3}), "has dtype None"),
        (raw({"w": entry("F64", (1,), (0, 8))}, b"\0" * 8), "has dtype 'F64'"),
        (raw({"w": entry(["F32"])}, b"\0" * 4), "has dtype ['F32']"),
        (raw({"w": entry(shape=(-1,))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape=(1.0,))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape=(True,))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape="1")}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape=[1] * 9)}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape=(2**63, 2**63))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(offsets=(0, 4, 8))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(offsets=(0,))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(offsets=(-4, 0))}, b"\0" * 4), "malformed"),
        (raw({"w": entry(shape=(2,))}, b"\0" * 4), "has the shape"),
        (raw({"w": entry(offsets=(4, 0))}, b"\0" * 4), "has the shape"),
        (raw({"w": entry(shape=(2**16, 2**16, 2**16))}, b"\0" * 4), "has the shape"),
        (raw({"v": entry(), "w": entry()}, b"\0" * 4), "overlaps"),
        (raw({"w": entry(offsets=(4, 8))}, b"\0" * 8), "leaves a hole"),
        (raw({"w": entry()}, b"\0" * 8), "announces 4 bytes"),
        (raw({"w": entry(offsets=(0, 4))}, b""), "announces 4 bytes"),
        (raw({"__metadata__": {"a": 1}}), "not a table of strings"),
        (raw({"__metadata__": []}), "not a table of strings"),
    ],
)
def test_headers(folder: Path, data: bytes, message: str) -> None:
    """Read from a file and from bytes, with the same answer."""
    (folder / "model.safetensors").write_bytes(data)
    assert message in refusal(folder)
    with pytest.raises(CheckpointError) as error:
        SafetensorsWeights(data, "the bytes")
    assert message in str(error.value)


def test_oversized_header(tmp_path: Path) -> None:
    """A header of many megabytes isn't even read."""
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write((limits.HEADER_BYTES + 1).to_bytes(8, "little"))
        file.truncate(limits.HEADER_BYTES + 100)
    for source in (path, path.read_bytes()):
        with pytest.raises(CheckpointError, match="has a header of"):
            SafetensorsWeights(source, "the file")


def test_too_many_tensors() -> None:
    """Ten thousand names are no model."""
    header = {f"w{n}": entry(shape=(0,), offsets=(0, 0)) for n in range(limits.TENSORS + 1)}
    with pytest.raises(CheckpointError, match="no model has more than"):
        SafetensorsWeights(raw(header), "the file")


def test_file_larger_than_any_model(folder: Path) -> None:
    """A sparse file of terabytes costs nothing to send."""
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(limits.WEIGHTS_BYTES + 1)
    assert "holds more than" in refusal(folder)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.9999])
def test_truncated(folder: Path, share: float) -> None:
    """A download that broke off."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    message = refusal(folder)
    assert "truncated" in message


def test_file_that_changes_under_our_hands(folder: Path) -> None:
    """Checked, then cut before it is read: still our error."""
    path = folder / "model.safetensors"
    weights, opened = (SafetensorsWeights(path, "the file") for _ in range(2))
    name = next(iter(weights.shapes))
    opened.tensor(name)
    with pytest.raises(CheckpointError, match="can't be read"):
        opened.shapes["absent"] = (1,)
        opened.tensor("absent")
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="the file is damaged"):
        weights.tensor(name)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 100))
def test_any_bytes(data: bytes, size: int) -> None:
    """Any bytes give a table of contents or our error."""
    for candidate in (data, size.to_bytes(8, "little") + data):
        try:
            SafetensorsWeights(candidate, "the file")
        except CheckpointError as error:
            assert str(error).endswith(".")


def test_missing_tensors(folder: Path) -> None:
    """`gliner` would leave them random."""
    tensors = read_tensors(folder)
    write_tensors(folder, {name: tensor for name, tensor in tensors.items() if "project_" not in name})
    message = refusal(folder)
    assert "lacks 8 of the model's tensors" in message and "and 3 more" in message
    write_tensors(folder, {name: tensor for name, tensor in tensors.items() if name != TEXT_EMBEDDINGS})
    assert f"{TEXT_EMBEDDINGS!r}" in refusal(folder)


def test_part_of_an_lstm(folder: Path) -> None:
    """Present by its first tensor, damaged by the lack of another."""
    tensors = read_tensors(folder)
    del tensors["rnn.lstm.bias_hh_l0_reverse"]
    write_tensors(folder, tensors)
    assert "rnn.lstm.bias_hh_l0_reverse" in refusal(folder)
    tensors["rnn.lstm.weight_ih_l7"] = torch.zeros(1)
    write_tensors(folder, tensors)
    assert "lacks" in refusal(folder)


def test_unknown_tensors(folder: Path) -> None:
    """`gliner` would ignore them; here they say that the file is another model's."""
    write_tensors(folder, {**read_tensors(folder), "cross_fuser.layers.0.weight": torch.zeros(3)})
    assert "1 tensors that such a GLiNER model hasn't: 'cross_fuser.layers.0.weight'" in refusal(folder)


@pytest.mark.parametrize("shape", [(1,), (96,), (95, 24), (24, 96), (96, 24, 1), (0, 24), ()])
def test_wrong_shapes(folder: Path, shape: tuple[int, ...]) -> None:
    """The message gives the tensor, the shape found and the one asked for."""
    write_tensors(folder, {**read_tensors(folder), HEAD: torch.zeros(shape)})
    assert f"{HEAD!r}" in refusal(folder) and f"has the shape {shape}; the configuration asks for (96, 24)" in refusal(
        folder
    )


@pytest.mark.parametrize("rows", [1, 500, 10_000])
def test_wrong_vocabulary(folder: Path, rows: int) -> None:
    """Neither the config's nor the tokenizer's number of sub-words."""
    write_tensors(folder, {**read_tensors(folder), TEXT_EMBEDDINGS: torch.zeros(rows, 32)})
    assert f"has {rows} rows" in refusal(folder)


def test_embeddings_that_are_no_table(folder: Path) -> None:
    """The one tensor that is looked at before the shapes are checked."""
    write_tensors(folder, {**read_tensors(folder), TEXT_EMBEDDINGS: torch.zeros(32)})
    assert "not that of a matrix" in refusal(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers(folder: Path, value: float) -> None:
    """One of them would make every score NaN."""
    tensors = read_tensors(folder)
    tensors[HEAD][3, 5] = value
    write_tensors(folder, tensors)
    assert "NaN or infinite" in refusal(folder)


def test_extreme_finite_weights_load(folder: Path) -> None:
    """Their span overflows, they don't."""
    tensors = read_tensors(folder)
    tensors[HEAD][0, 0], tensors[HEAD][0, 1] = 3e38, -3e38
    write_tensors(folder, tensors)
    assert load(str(folder)).module.state_dict()[HEAD][0, 0] == 3e38


def test_integers_for_weights(folder: Path) -> None:
    """int64 is for position ids alone."""
    write_tensors(folder, {**read_tensors(folder), HEAD: torch.zeros(96, 24, dtype=torch.int64)})
    assert "not floating-point weights" in refusal(folder)


def test_int8_storage_that_does_not_fit(folder: Path) -> None:
    """Missing, misshapen and absurd scales; scales of nothing; int8 where no matrix is."""
    scorer = load(str(folder))
    round_to_int8(scorer, [HEAD])
    save(scorer, folder)
    good = read_tensors(folder)
    scale = good[HEAD + ".row_scale"]
    bias = HEAD.replace("weight", "bias")
    for change, message in (
        ({HEAD + ".row_scale": None}, "lacks 1"),
        ({HEAD + ".row_scale": scale[:5]}, "must be one F32 scale"),
        ({HEAD + ".row_scale": scale.half()}, "must be one F32 scale"),
        ({HEAD + ".row_scale": scale * 0}, "aren't all positive"),
        ({HEAD + ".row_scale": scale * float("nan")}, "aren't all positive"),
        ({HEAD + ".row_scale": -scale}, "aren't all positive"),
        ({HEAD + ".row_scale": scale * float("inf")}, "aren't all positive"),
        ({bias + ".row_scale": scale.clone()}, "such a GLiNER model hasn't"),
        ({bias: good[bias].to(torch.int8), bias + ".row_scale": torch.ones(1)}, "must be one F32 scale"),
        (
            {"extra": torch.zeros(2, 2, dtype=torch.int8), "extra.row_scale": torch.ones(2)},
            "such a GLiNER model hasn't",
        ),
    ):
        tensors = {name: tensor for name, tensor in {**good, **change}.items() if tensor is not None}
        write_tensors(folder, tensors)
        assert message in refusal(folder), change


def test_aliases_can_not_multiply_memory(folder: Path) -> None:
    """An alias counts as a tensor: its shape must be the model's, and the model's size is bounded before any copy."""
    tensors = read_tensors(folder)
    del tensors[HEAD]
    write_tensors(folder, tensors, metadata={HEAD: TEXT_EMBEDDINGS, "x": "nowhere"})
    assert f"{HEAD!r}" in refusal(folder)

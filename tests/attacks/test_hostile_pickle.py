"""`pytorch_model.bin` is a pickle, and a pickle is a program: none is ever run."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from spacy_gliner_biomed.checkpoint import CheckpointError, from_files, pickled_file
from spacy_gliner_biomed.checkpoint.pickled_file import PickledWeights
from tests.checkpoint.folders import published, read_tensors, refusal


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A checkpoint whose weights are a pickle."""
    return published(tmp_path)


class Evil:
    """Runs a command when unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def archive(path: Path, pickled: bytes, compression: int = zipfile.ZIP_STORED, **entries: bytes) -> None:
    """Write the archive that torch.save would write around a pickle."""
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/version", b"3\n")
        file.writestr("archive/byteorder", b"little")
        for name, data in entries.items():
            file.writestr(name.replace("__", "/"), data)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_malicious_reduce_is_not_executed(folder: Path, protocol: int) -> None:
    """Inside the archive, whatever the pickle's protocol; in our gate, before torch sees it."""
    evidence = folder / "evidence"
    archive(folder / "pytorch_model.bin", pickle.dumps({"w": Evil(f"touch {evidence}")}, protocol))
    message = refusal(folder)
    assert "wants to run" in message and ("system" in message or "STACK_GLOBAL" in message)
    assert not evidence.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_bare_pickle_is_not_executed(folder: Path, protocol: int) -> None:
    """Without an archive, as torch before 1.6 and any pickle."""
    evidence = folder / "evidence"
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"w": Evil(f"touch {evidence}")}, protocol))
    message = refusal(folder)
    assert "not a file that torch.save" in message and "save its tensors as model.safetensors" in message
    assert not evidence.exists()


def test_torch_refuses_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second gate holds by itself."""
    evidence = folder / "evidence"
    monkeypatch.setattr(pickled_file, "_check_pickle", lambda *_: None)
    torch.save({"w": Evil(f"touch {evidence}")}, folder / "pytorch_model.bin")
    assert "can't be read as plain weights" in refusal(folder)
    assert not evidence.exists()


def test_travelling_bytes_are_not_executed(folder: Path) -> None:
    """The same for a checkpoint that comes as bytes."""
    evidence = folder / "evidence"
    torch.save({"w": Evil(f"touch {evidence}")}, folder / "pytorch_model.bin")
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(CheckpointError, match="wants to run"):
        from_files(files)
    assert not evidence.exists()


@pytest.mark.parametrize("version", ["1.13.1", "2.5.1", "2.9.1+cu128", "strange"])
def test_old_torch_reads_no_pickle(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """The weights-only unpickler of earlier releases can be tricked; safetensors still loads there."""
    monkeypatch.setattr(torch, "__version__", version)
    assert "install torch 2.10" in refusal(folder)


@pytest.mark.parametrize("version", ["2.10.0", "2.13.0+cpu", "3.0.0a0"])
def test_new_torch_reads_it(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Local builds and later majors too."""
    monkeypatch.setattr(torch, "__version__", version)
    PickledWeights(folder / "pytorch_model.bin", "the file")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated(folder: Path, share: float) -> None:
    """A download that broke off."""
    path = folder / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "truncated" in refusal(folder)


def test_zip_bomb(folder: Path) -> None:
    """Compressed entries are refused unread: torch writes none, and a kilobyte may hold a gigabyte."""
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\0" * (64 * 1024 * 1024))
    assert "compressed" in refusal(folder)


def test_declared_sizes_that_lie(folder: Path) -> None:
    """An entry that says it is larger than the file."""
    path = folder / "pytorch_model.bin"
    archive(path, pickle.dumps({}, 2), archive__data__0=b"\0" * 64)
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 20 : place + 28] = struct.pack("<II", 10**9, 10**9)  # both sizes of the last entry
    path.write_bytes(data)
    assert "announces more data" in refusal(folder)


@pytest.mark.parametrize(
    "entry,data,message",
    [
        ("archive__code__evil.py", b"import os", "which no file of plain weights does"),
        ("archive__constants.pkl", b"", "which no file of plain weights does"),
        ("archive__..__..__etc__passwd", b"x", "which no file of plain weights does"),
        ("other__data.pkl", b"x", "has no data.pkl"),
        ("archive__data__0", b"", "a table of tensors"),
    ],
)
def test_foreign_entries(folder: Path, entry: str, data: bytes, message: str) -> None:
    """Code, paths and second pickles."""
    archive(folder / "pytorch_model.bin", pickle.dumps({}, 2), **{entry: data})
    assert message in refusal(folder)


def test_one_name_twice(folder: Path) -> None:
    """Two readers could see two different files."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        with zipfile.ZipFile(folder / "pytorch_model.bin", "w") as file:
            for _ in range(2):
                file.writestr("archive/data.pkl", pickle.dumps({}, 2))
    assert "one twice" in refusal(folder)


def test_too_large_a_pickle(folder: Path) -> None:
    """The table of contents of a model is small."""
    archive(folder / "pytorch_model.bin", pickle.dumps("x" * (9 * 1024 * 1024), 2))
    assert "has no data.pkl of at most" in refusal(folder)


@pytest.mark.parametrize(
    "pickled", [b"", b"\x80\x02", b"\x80\x02}q\x00", b"\x80\x02X\xff\xff\xff\xffab.", b"\xff\xff", b"I12x\n."]
)
def test_broken_pickles(folder: Path, pickled: bytes) -> None:
    """A pickle that ends or breaks early."""
    archive(folder / "pytorch_model.bin", pickled)
    assert "damaged" in refusal(folder)


def test_damaged_checksum(folder: Path) -> None:
    """A bit flipped in the pickle."""
    path = folder / "pytorch_model.bin"
    data = bytearray(path.read_bytes())
    data[data.index(b"_rebuild_tensor_v2") + 3] ^= 1
    path.write_bytes(data)
    assert "damaged" in refusal(folder)


def doubled(first: bytes, step: bytes) -> bytes:
    """RETURNS (bytes): instructions for a value that holds the last one twice, 45 times over."""
    places = [b"q" + bytes([n]) + b"h" + bytes([n]) for n in range(45)]
    return first + b"".join(place + step for place in places)


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02}(" + doubled(b")", b"\x86") + b"K\x01u.",  # a tuple as a name, to be hashed
        b"\x80\x02" + doubled(b")", b"\x86") + b")R.",  # as a function, to be printed in an error message
        b"\x80\x02" + doubled(b"]", b"0](h\x00h\x00e") + b")R.",  # the same with lists, each filled after it was noted
        b"\x80\x02" + doubled(b"ccollections\nOrderedDict\n)R", b"ccollections\nOrderedDict\n)RK\x00h\x00s") + b".",
        b"\x80\x02}" + b")" + b"\x85" * 1_000_000 + b"K\x01s.",  # nested deeper than the machine's own stack
        b"\x80\x02}ctorch\nFloatStorage\nJ\xff\xff\xff\x7f\x85RK\x01s.",  # memory for the asking
    ],
    ids=["hash", "function", "lists", "tables", "deep", "storage"],
)
def test_values_out_of_proportion(folder: Path, pickled: bytes) -> None:
    """A few bytes that would take hours, or the process, are refused unread."""
    archive(folder / "pytorch_model.bin", pickled)
    assert "nests or calls its own values" in refusal(folder)


@pytest.mark.parametrize("state", [[1, 2], {}, "weights"])
def test_not_a_table(folder: Path, state: Any) -> None:
    """A pickle of something else."""
    torch.save(state, folder / "pytorch_model.bin")
    assert "not a table of tensors" in refusal(folder)


def test_not_plain_tensors(folder: Path) -> None:
    """Numbers, names that are none, dtypes that no weights have, too many dimensions, and one number posing as many."""
    for name, value in (
        ("number", 3),
        (3, torch.zeros(2)),
        ("double", torch.zeros(2, dtype=torch.float64)),
        ("deep", torch.zeros([1] * 9)),
        ("expanded", torch.zeros(1).expand(1_000_000_000, 1_000)),
    ):
        torch.save({name: value}, folder / "pytorch_model.bin")
        message = refusal(folder)
        assert "aren't plain tensors" in message or "wants to run" in message


def test_sparse_and_meta_tensors(folder: Path) -> None:
    """Their constructors aren't on the list."""
    for value in (torch.zeros(3, 3).to_sparse(), torch.zeros(10**6, 10**6, device="meta")):
        torch.save({"w": value}, folder / "pytorch_model.bin")
        assert "wants to run" in refusal(folder)


def test_one_tensor_under_two_names(folder: Path) -> None:
    """As `torch.save` writes tied weights; and what a module's own state dict says besides its tensors."""
    layer = torch.nn.Linear(2, 2)
    state = layer.state_dict()
    state["tied"] = state["weight"]
    torch.save(state, folder / "weights")
    weights = PickledWeights(folder / "weights", "the file")
    assert torch.equal(weights.tensor("tied"), layer.weight)
    assert weights.tensor("tied").data_ptr() != weights.tensor("weight").data_ptr()


def test_trained_parameters_are_plain(folder: Path) -> None:
    """Parameters, saved with `named_parameters`, are as good as tensors."""
    tensors = {name: torch.nn.Parameter(tensor) for name, tensor in read_tensors(folder).items()}
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    weights = PickledWeights(buffer.getvalue(), "the bytes")
    assert weights.shapes == {name: tuple(tensor.shape) for name, tensor in tensors.items()}

"""Links, special files, and tokenizers that aren't what they seem."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable

import pytest

from spacy_gliner_biomed.checkpoint import CheckpointError, limits, load
from spacy_gliner_biomed.checkpoint.errors import listed, short
from spacy_gliner_biomed.checkpoint.files import FolderFiles, write_atomically
from spacy_gliner_biomed.checkpoint.tokenizer_json import guarded
from spacy_gliner_biomed.checkpoint.tokenizer_steps import check_steps
from tests.checkpoint.folders import edit_json, published, refusal

NAMES = [
    "gliner_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "pytorch_model.bin",
    "labels_tokenizer/tokenizer.json",
]


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A checkpoint in a folder of its own."""
    return published(tmp_path / "model", kind="bi", backbone="bert")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("relative", [True, False])
def test_links_out_of_the_folder(folder: Path, name: str, relative: bool) -> None:
    """Even to a good file: an archive that is unpacked must not reach into the disk."""
    outside = folder.parent / "outside"
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(os.path.relpath(outside, (folder / name).parent) if relative else outside)
    assert "a link that leads out of the folder" in refusal(folder)


def test_a_linked_sub_folder(folder: Path) -> None:
    """The same for labels_tokenizer/ as a whole."""
    shutil.move(folder / "labels_tokenizer", folder.parent / "outside")
    (folder / "labels_tokenizer").symlink_to("../outside")
    assert "a link that leads out of the folder" in refusal(folder)


def test_links_inside_the_folder(folder: Path) -> None:
    """Those are the user's own affair, and so is a link to the folder itself."""
    (folder / "gliner_config.json").rename(folder / "config-v1.json")
    (folder / "gliner_config.json").symlink_to("config-v1.json")
    (folder.parent / "latest").symlink_to("model")
    load(str(folder.parent / "latest"))


def test_looking_like_a_cache_opens_only_its_blobs(folder: Path) -> None:
    """snapshots/ beside blobs/ is the Hub's layout; a link to anywhere else still leads out."""
    snapshot = folder.parent / "snapshots" / "main"
    shutil.copytree(folder, snapshot)
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "tokenizer.json").symlink_to("../../model/tokenizer.json")
    assert "a link that leads out of the folder" in refusal(snapshot)
    blobs = folder.parent / "blobs"
    blobs.mkdir()
    shutil.copyfile(folder / "tokenizer.json", blobs / "x")
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "tokenizer.json").symlink_to("../../blobs/x")
    load(str(snapshot))


def test_links_to_nowhere_and_in_circles(folder: Path) -> None:
    """A broken link is a missing file; a circle is an error of its own."""
    path = folder / "gliner_config.json"
    path.unlink()
    path.symlink_to("nowhere")
    assert "gliner_config.json is missing" in refusal(folder)
    path.unlink()
    path.symlink_to("gliner_config.json")
    assert "can't be opened" in refusal(folder)


@pytest.mark.parametrize("name", NAMES)
def test_folders_and_pipes_in_place_of_files(folder: Path, name: str) -> None:
    """A pipe would block for ever."""
    (folder / name).unlink()
    (folder / name).mkdir()
    assert "is not a regular file" in refusal(folder)
    (folder / name).rmdir()
    os.mkfifo(folder / name)
    assert "is not a regular file" in refusal(folder)


@pytest.mark.parametrize("name", NAMES)
def test_oversized_files(folder: Path, name: str) -> None:
    """Sparse files are large without taking space."""
    with (folder / name).open("r+b") as file:
        file.truncate(limits.WEIGHTS_BYTES + 1)
    assert "holds more than" in refusal(folder)


def test_a_file_in_place_of_the_sub_folder(folder: Path) -> None:
    """Read as no label tokenizer at all."""
    shutil.rmtree(folder / "labels_tokenizer")
    (folder / "labels_tokenizer").write_text("x", encoding="utf8")
    assert "incomplete" in refusal(folder, local_files_only=True)


def test_unreadable_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions, as any user but root meets them."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    files = FolderFiles(folder)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match="gliner_config.json can't be read: Permission denied."):
        files.read("gliner_config.json", 100_000)


def change_tokenizer(folder: Path, change: Any) -> None:
    """Rewrite tokenizer.json through a function of its values."""
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text(encoding="utf8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf8")


def normalise(*steps: dict) -> Callable[[dict], None]:
    """RETURNS (callable): adds normalisers."""
    return lambda v: v.update(normalizer={"type": "Sequence", "normalizers": [v["normalizer"], *steps]})


def replacing(pattern: dict, content: str) -> dict:
    """RETURNS (dict): a normaliser."""
    return {"type": "Replace", "pattern": pattern, "content": content}


def charsmap(replacement: bytes) -> str:
    """RETURNS (str): sentencepiece's table of replacements, without its search tree."""
    return base64.b64encode(bytes(4) + b"e\0" + replacement + b"\0").decode()


def unigram_without_unknown(values: dict) -> None:
    """Make the model one that fails at the first character that it doesn't know."""
    values["model"] = {
        "type": "Unigram",
        "unk_id": None,
        "vocab": [[token, -1.0] for token in values["model"]["vocab"]],
    }


@pytest.mark.parametrize(
    "change,message",
    [
        (lambda v: v.update(model=None), "the tokenizer model None"),
        (lambda v: v["model"].update(type="Evil"), "the tokenizer model 'Evil'"),
        (lambda v: v["model"].update(vocab=[1, 2]), "can't be used as a tokenizer"),
        (lambda v: v["model"].update(unk_token="[NONE]"), "has no token for the unknown"),
        (lambda v: v["model"].update(type="WordLevel", unk_token="[NONE]"), "has no token for the unknown"),
        (unigram_without_unknown, "has no token for the unknown"),
        (lambda v: v.update(pre_tokenizer={"type": "Evil"}), "can't be used as a tokenizer"),
        (lambda v: v.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}), "as a tokenizer"),
        (lambda v: v.update(post_processor=None), "lacks the post-processor"),
        (lambda v: v["added_tokens"][-1].update(id=10**9), "impossible id"),
        (lambda v: v["added_tokens"][-1].update(id=-1), "can't be used as a tokenizer"),
        (lambda v: v["model"]["vocab"].update({"gene": 10**6}), "beyond the"),
        (lambda v: v["model"]["vocab"].update({"gene": 2**40}), "can't be used as a tokenizer"),
        (
            lambda v: v["model"]["vocab"].update({"gene": 2**32 - 2}),
            "the id 4294967294, beyond the 1,000,000 sub-words",
        ),
        (lambda v: (v.pop("added_tokens"), v["model"]["vocab"].update({"gene": 90_000})), "beyond the"),
        (lambda v: v["post_processor"]["special_tokens"]["[CLS]"].update(ids=[999_999]), "puts the ids 999999 and"),
        (normalise(*[replacing({"String": "e"}, "e" * 3000)] * 4), "1,000 times longer"),
        (normalise(*[replacing({"Regex": ""}, "e")] * 40), "1,000 times longer"),
        (normalise(*[{"pattern": {"String": "e"}, "content": "ee"}] * 40), "1,000 times longer"),
        (normalise({"type": "Prepend", "prepend": "e" * 3000}), "1,000 times longer"),
        (normalise(*[{"type": "ByteLevel"}] * 40), "1,000 times longer"),
        (normalise({"type": "Precompiled", "precompiled_charsmap": charsmap(b"e" * 3000)}), "1,000 times longer"),
        (normalise(*[{"type": "NFC"}] * 1000), "has 1003 normalisers"),
        (normalise(replacing({"Regex": "(e|" * 2000 + ")" * 2000}, "")), "of 8,000 characters"),
    ],
)
def test_tokenizers(folder: Path, change: Any, message: str) -> None:
    """Everything that a tokenizer.json may get wrong becomes our error, panics of its Rust side too."""
    change_tokenizer(folder, change)
    assert message in refusal(folder)


def test_normalisers_of_published_models(folder: Path) -> None:
    """Those of ALBERT, XLM-R and DeBERTa, one after the other, are no attack."""
    text = normalise(
        replacing({"String": "``"}, '"'),
        replacing({"String": "''"}, '"'),
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
        replacing({"Regex": " {2,}"}, " "),
        {"type": "Prepend", "prepend": "▁"},
        replacing({"String": " "}, "▁"),
    )
    values = {"normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap("صلى الله عليه وسلم".encode())}}
    text(values)
    check_steps(values, "tokenizer.json")


def test_tokenizer_of_another_model(folder: Path, tmp_path: Path) -> None:
    """More sub-words than embeddings: a text could ask for rows that aren't there."""
    other = published(tmp_path / "other", kind="uni", backbone="bert", vocab_size=1500)
    shutil.copyfile(other / "tokenizer.json", folder / "tokenizer.json")
    edit_json(folder, {}, "tokenizer_config.json", drop=("added_tokens_decoder",))
    edit_json(other, {}, "tokenizer_config.json", drop=("added_tokens_decoder",))
    load(str(other))
    small = published(tmp_path / "small", kind="uni", backbone="bert", vocab_size=300)
    shutil.copyfile(other / "tokenizer.json", small / "tokenizer.json")
    edit_json(small, {}, "tokenizer_config.json", drop=("added_tokens_decoder",))
    assert "the two disagree" in refusal(small) or "beyond the" in refusal(small)


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"auto_map": {"AutoTokenizer": ["evil.py", None]}}, "code from the Hub"),
        ({"model_max_length": "512"}, "an integer"),
        ({"model_max_length": 0}, "from 8 to"),
        ({"model_max_length": 5.5}, "an integer"),
        ({"do_lower_case": "no"}, "true or false"),
        ({"added_tokens_decoder": []}, "an object or null"),
        ({"added_tokens_decoder": {"x": {"content": "y"}}}, "is no number"),
        ({"added_tokens_decoder": {"²": {"content": "y"}}}, "is no number"),
        ({"added_tokens_decoder": {"1": {"content": 3}}}, "a string of"),
        ({"added_tokens_decoder": {"1": "y"}}, "a string of"),
        ({"added_tokens_decoder": {"77": {"content": "[NEW]"}}}, "save both anew"),
        ({"added_tokens_decoder": {"0": {"content": "[MASK]"}}}, "save both anew"),
        ({"mask_token": 5}, "a string of"),
        ({"mask_token": {"content": ""}}, "a string of"),
    ],
)
def test_tokenizer_configs(folder: Path, changes: dict, message: str) -> None:
    """The same for tokenizer_config.json."""
    edit_json(folder, changes, "tokenizer_config.json")
    assert message in refusal(folder)


def test_missing_tokenizer(folder: Path) -> None:
    """Nothing of a tokenizer in the folder."""
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).unlink()
    assert "tokenizer.json is missing" in refusal(folder)


def test_only_panics_of_the_tokenizer_are_caught() -> None:
    """Ctrl-C is no damaged file."""
    panic = type("PanicException", (BaseException,), {})

    def throw(error: BaseException) -> None:
        raise error

    with pytest.raises(CheckpointError, match="can't be used as a tokenizer"):
        guarded(lambda: throw(panic("index out of bounds")), "x")
    with pytest.raises(KeyboardInterrupt):
        guarded(lambda: throw(KeyboardInterrupt()), "x")


def test_messages_stay_short() -> None:
    """Whatever a hostile file puts into them."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert len(short("x" * 10**6)) == 80 and short(10**5000) == "a value of type int" and "Broken" in short(Broken())
    assert listed(map(str, range(9))) == "'0', '1', '2', '3', '4' and 4 more"


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    """A write that fails leaves the old file and no other."""
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]

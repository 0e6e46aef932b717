"""What we write we read, to the bit; and `gliner` reads what we export."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from spacy_gliner_biomed.checkpoint import (
    CheckpointError,
    export,
    from_files,
    load,
    quantise_rows,
    round_to_int8,
    save,
    to_files,
)
from spacy_gliner_biomed.checkpoint.int8 import dequantise_rows, requantise_rows
from spacy_gliner_biomed.scorer import SpanScorer, TrainingCard, build_module
from tests.checkpoint.folders import assert_same, gliner_logits, our_logits, published, read_tensors
from tests.checkpoint.test_published import KINDS

CARD = TrainingCard(
    trained_on="both",
    label_template="{name}: {description}",
    corpora=[{"name": "ours", "licence": "CC0", "passages": 3}],
    labels={"ours": ["gene", "Krankheit ä"]},
)


def tied_scorer(folder: Path) -> SpanScorer:
    """RETURNS (SpanScorer): a bi-encoder whose two encoders are one."""
    scorer = load(str(published(folder, kind="bi", backbone="bert")))
    config = replace(scorer.config, label_encoder=scorer.config.text_encoder, tied_encoders=True)
    torch.manual_seed(0)
    return SpanScorer(config, build_module(config), scorer.subwords, scorer.subwords, CARD)


def test_finer_words_are_kept(tmp_path: Path) -> None:
    """In the file of our own, of a saved and of an exported folder; GLiNER's stay unsaid, as older versions know them only."""
    scorer = load(str(published(tmp_path / "theirs", kind="bi", backbone="bert")))
    assert b"words" not in to_files(scorer)["spacy_gliner_biomed.json"]
    scorer.config = replace(scorer.config, words="punctuation")
    for write in (save, export):
        write(scorer, tmp_path / write.__name__)
        again = load(str(tmp_path / write.__name__))
        assert again.config == scorer.config and again.split("drug-induced")[0] == ["drug", "-", "induced"]


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_the_label_choice_is_kept(tmp_path: Path, kind: str) -> None:
    """As finer words are; but a uni-encoder whose file says that it chooses by lift is refused."""
    scorer = load(str(published(tmp_path / "theirs", kind=kind, backbone="bert")))
    assert b"label_choice" not in to_files(scorer)["spacy_gliner_biomed.json"]
    scorer.config = replace(scorer.config, label_choice="lift")
    files = to_files(scorer)
    if kind == "bi":
        assert from_files(files).config == scorer.config
    else:
        with pytest.raises(CheckpointError, match="chosen by lift, which a uni-encoder can't"):
            from_files(files)


@pytest.mark.parametrize("kind,backbone", KINDS)
def test_round_trips(tmp_path: Path, kind: str, backbone: str) -> None:
    """Bytes, folder and export: the same weights, the same logits, the same bytes when written again."""
    scorer = load(str(published(tmp_path / "theirs", kind=kind, backbone=backbone)))
    scorer.card = CARD
    logits, files = our_logits(scorer), to_files(scorer)
    for name in ("saved", "exported"):
        (save if name == "saved" else export)(scorer, tmp_path / name)
        again = load(str(tmp_path / name))
        assert again.config == scorer.config and again.card == CARD and again.storage_scales is None
        assert again.subwords.json == scorer.subwords.json
        assert_same(our_logits(again), logits, atol=1e-5)
        assert to_files(again) == files
    assert to_files(from_files(files)) == files
    assert not any(name.startswith("rnn.") and kind == "bi" for name in read_tensors(tmp_path / "saved"))


@pytest.mark.parametrize("kind,backbone", KINDS)
@pytest.mark.parametrize("options", [{}, {"head_size": 32, "rnn": False, "class_token_index": "-1"}])
def test_gliner_loads_the_export(tmp_path: Path, kind: str, backbone: str, options: dict) -> None:
    """Strictly, offline, and to the same logits as the folder that it came from."""
    theirs = published(tmp_path / "theirs", kind=kind, backbone=backbone, **options)
    export(load(str(theirs)), tmp_path / "exported")
    assert_same(our_logits(load(str(theirs))), gliner_logits(tmp_path / "exported"))
    assert (gliner_logits(tmp_path / "exported") == gliner_logits(theirs)).all()


def test_gliner_loads_the_export_of_tied_int8_encoders(tmp_path: Path) -> None:
    """Our compact form becomes theirs: untied, widened, and it predicts the same."""
    scorer = tied_scorer(tmp_path / "theirs")
    round_to_int8(scorer)
    logits = our_logits(scorer)
    export(scorer, tmp_path / "exported")
    assert_same(logits, gliner_logits(tmp_path / "exported"))
    assert_same(our_logits(load(str(tmp_path / "exported"))), logits, atol=1e-5)
    assert {tensor.dtype for tensor in read_tensors(tmp_path / "exported").values()} == {torch.float32}


def test_tied_encoders_are_stored_once(tmp_path: Path) -> None:
    """And are one set of weights after loading."""
    scorer = tied_scorer(tmp_path / "theirs")
    save(scorer, tmp_path / "saved")
    assert not any("labels_encoder" in name for name in read_tensors(tmp_path / "saved"))
    again = load(str(tmp_path / "saved"))
    assert again.config.tied_encoders
    assert again.module.token_rep_layer.label_encoder is again.module.token_rep_layer.text_encoder
    assert_same(our_logits(again), our_logits(scorer), atol=1e-5)


@pytest.mark.parametrize("kind", ["uni", "bi"])
def test_int8_storage(tmp_path: Path, kind: str) -> None:
    """Rounded once, int8 weights are written and read to the bit, in a quarter of the space."""
    scorer = load(str(published(tmp_path / "theirs", kind=kind)))
    wide = len(to_files(scorer)["model.safetensors"])
    round_to_int8(scorer)
    files = to_files(scorer)
    assert len(files["model.safetensors"]) < 0.6 * wide  # small matrices: biases and the LSTM weigh much
    again = from_files(files)
    assert to_files(again) == files
    assert again.storage_scales and set(again.storage_scales) == set(scorer.storage_scales or ())
    assert_same(our_logits(again), our_logits(scorer), atol=1e-5)


def test_changed_weights_leave_int8_storage(tmp_path: Path) -> None:
    """What training has changed is stored as it is, in float32; the rest stays in int8."""
    scorer = load(str(published(tmp_path)))
    names = ["prompt_rep_layer.0.weight", "prompt_rep_layer.3.weight"]
    round_to_int8(scorer, names)
    with torch.no_grad():
        scorer.module.prompt_rep_layer[0].weight.mul_(1.01)
    again = from_files(to_files(scorer))
    assert list(again.storage_scales or ()) == names[1:]
    assert torch.equal(again.module.prompt_rep_layer[0].weight, scorer.module.prompt_rep_layer[0].weight)


def test_quantised_rows() -> None:
    """Symmetric, one scale a row, empty rows included; a wrong scale is noticed."""
    weight = torch.tensor([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0], [1e-35, 0.0, 0.0]])
    integers, scale = quantise_rows(weight)
    assert integers.dtype == torch.int8 and integers.tolist() == [[64, -127, 32], [0, 0, 0], [0, 0, 0]]
    rounded = dequantise_rows(integers, scale)
    assert (rounded - weight).abs().max() <= scale.max() / 2
    assert torch.equal(requantise_rows(rounded, scale), integers)  # type: ignore[arg-type]
    assert requantise_rows(weight, scale) is None and requantise_rows(weight, scale[:2]) is None


def test_save_over_another_model(tmp_path: Path) -> None:
    """Nothing of the earlier model is read afterwards, and files that aren't ours stay."""
    folder = tmp_path / "model"
    save(load(str(published(tmp_path / "bi", kind="bi"))), folder)
    (folder / "README.md").write_text("mine", encoding="utf8")
    scorer = load(str(published(tmp_path / "uni", kind="uni")))
    save(scorer, folder)
    assert sorted(os.listdir(tmp_path)) == ["bi", "model", "uni"]
    assert (folder / "README.md").exists() and not list((folder / "labels_tokenizer").iterdir())
    assert_same(our_logits(load(str(folder))), our_logits(scorer), atol=1e-5)


def test_save_over_the_folder_that_was_read(tmp_path: Path) -> None:
    """The scorer that came from the file goes on as it was, and the file holds the same."""
    folder = published(tmp_path / "model", safetensors=True)
    scorer = load(str(folder))
    logits = our_logits(scorer)
    save(scorer, folder)
    assert_same(our_logits(scorer), logits, atol=1e-5)
    assert_same(our_logits(load(str(folder))), logits, atol=1e-5)


@pytest.mark.parametrize("safetensors", [True, False])
def test_weights_are_their_own(tmp_path: Path, safetensors: bool) -> None:
    """Whoever writes over the file doesn't change a scorer that was read from it, nor end its process."""
    folder = published(tmp_path / "model", safetensors=safetensors)
    scorer = load(str(folder))
    path = folder / ("model.safetensors" if safetensors else "pytorch_model.bin")
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        again = to_files(scorer)
    assert_same(
        our_logits(from_files(again)), our_logits(load(str(published(tmp_path / "other", safetensors=safetensors))))
    )


def test_save_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link stays and leads to the model, whether its end was there or not, and be it on another disk."""
    scorer = load(str(published(tmp_path / "model")))
    disk, replace_file = tmp_path / "disk", os.replace
    (disk / "there").mkdir(parents=True)

    def refuse_other_disks(source: Path, target: Path) -> None:
        if disk in Path(target).resolve().parents and disk not in Path(source).resolve().parents:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", refuse_other_disks)
    for name in ("there", "not yet"):
        link = tmp_path / f"link to {name}"
        link.symlink_to(disk / name)
        save(scorer, link)
        assert link.is_symlink()
        assert_same(our_logits(load(str(disk / name))), our_logits(scorer), atol=1e-5)
    assert sorted(os.listdir(disk)) == ["not yet", "there"]
    assert not [name for name in os.listdir(disk / "there") if name.startswith(".")]


def test_save_after_a_killed_process(tmp_path: Path) -> None:
    """What it left under its number doesn't stop the next process of that number."""
    scorer = load(str(published(tmp_path / "model")))
    (tmp_path / f".saved.{os.getpid()}.part").mkdir()
    save(scorer, tmp_path / "saved")
    assert_same(our_logits(load(str(tmp_path / "saved"))), our_logits(scorer), atol=1e-5)


def test_padding_and_truncation_of_a_published_tokenizer(tmp_path: Path) -> None:
    """Neither hides which tokens stand around a text; both are kept."""
    folder = published(tmp_path / "model", kind="bi", backbone="bert")
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(1)
    tokenizer.save(str(path))
    files = to_files(load(str(folder)))
    values = json.loads(files["tokenizer_config.json"])
    assert (values["cls_token"], values["sep_token"]) == ("[CLS]", "[SEP]")
    values = json.loads(files["tokenizer.json"])
    assert values["padding"]["strategy"] == {"Fixed": 128} and values["truncation"]["max_length"] == 1


def test_save_fails_in_one_sentence(tmp_path: Path) -> None:
    """A folder that can't be made, and one whose name is a file's."""
    scorer = load(str(published(tmp_path / "model")))
    (tmp_path / "file").write_text("x", encoding="utf8")
    for target in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(CheckpointError, match="can't be written"):
            save(scorer, target)
    assert sorted(os.listdir(tmp_path)) == ["file", "model"]


def test_a_failed_training_is_not_written(tmp_path: Path) -> None:
    """NaN weights are refused before the old folder is touched."""
    folder = published(tmp_path / "model", safetensors=True)
    scorer = load(str(folder))
    before = (folder / "model.safetensors").read_bytes()
    with torch.no_grad():
        scorer.module.prompt_rep_layer[0].weight[0, 0] = float("nan")
    for write in (lambda: save(scorer, folder), lambda: export(scorer, folder), lambda: to_files(scorer)):
        with pytest.raises(CheckpointError, match="NaN"):
            write()
    assert (folder / "model.safetensors").read_bytes() == before


def test_unwritable_configurations(tmp_path: Path) -> None:
    """What could not be read back is not written."""
    scorer = load(str(published(tmp_path / "uni", kind="uni")))
    scorer.config = replace(scorer.config, class_token_index=-1)
    with pytest.raises(CheckpointError, match="class_token_index is -1"):
        to_files(scorer)
    scorer.config = replace(scorer.config, hidden_size=23, num_rnn_layers=1)
    with pytest.raises(CheckpointError, match="hidden_size is 23"):
        to_files(scorer)
    scorer = tied_scorer(tmp_path / "bi")
    scorer.config = replace(scorer.config, label_encoder=replace(scorer.config.text_encoder, layer_norm_eps=0.01))
    with pytest.raises(CheckpointError, match="Tied encoders need"):
        to_files(scorer)
    scorer = tied_scorer(tmp_path / "bi")
    scorer.card = replace(CARD, corpora=[{"name": object()}])
    with pytest.raises(CheckpointError, match="training card"):
        to_files(scorer)


def test_files_of_a_saved_folder(tmp_path: Path) -> None:
    """The names in our storage, and a config that says everything `gliner` needs offline."""
    scorer = load(str(published(tmp_path, kind="bi")))
    files = to_files(scorer)
    assert sorted(files) == [
        "gliner_config.json", "labels_tokenizer/tokenizer.json", "labels_tokenizer/tokenizer_config.json",
        "model.safetensors", "spacy_gliner_biomed.json", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    config = json.loads(files["gliner_config.json"])
    assert (
        config["encoder_config"]["model_type"] == "deberta-v2"
        and config["labels_encoder_config"]["model_type"] == "bert"
    )
    assert json.loads(files["labels_tokenizer/tokenizer_config.json"])["model_max_length"] == 512
    assert json.loads(files["tokenizer_config.json"])["model_max_length"] == int(1e30)


def test_the_weights_are_as_readable_as_the_other_files(tmp_path):
    """A model folder on a shared disk serves every user who can read its config."""
    from spacy_gliner_biomed.checkpoint import load, save
    from tests.support.published import make_checkpoint

    save(load(str(make_checkpoint(tmp_path / "published"))), tmp_path / "saved")
    modes = {path.stat().st_mode for path in (tmp_path / "saved").iterdir() if path.is_file()}
    assert len(modes) == 1

"""Storage: what is written, and what is not believed when it is read."""

from __future__ import annotations

import json
import pickletools
from pathlib import Path

import pytest
import spacy
import torch
from safetensors.torch import load_file, save_file
from thinc.api import Linear, chain

from spacy_gliner_biomed.checkpoint import CheckpointError
from spacy_gliner_biomed.listener.component import ListeningGlinerBiomed
from spacy_gliner_biomed.listener.node import listener_shim, load, save
from tests.listener.shared import TEXTS, learn, pipe_of, scored, shared_nlp

TEXT = TEXTS[0][0]


@pytest.fixture(scope="module")
def nlp():
    """A pipeline with weights."""
    return shared_nlp("tok2vec", tagger=False)


@pytest.fixture
def folder(nlp, tmp_path) -> Path:
    """Its model folder, to be damaged."""
    save(pipe_of(nlp).model, tmp_path / "model")
    return tmp_path / "model"


def test_the_files(nlp, folder):
    """JSON, a tokenizer, safetensors, thinc's msgpack; no pickle, and no copy of the shared encoder."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert names == [
        "labels_tokenizer/tokenizer.json", "labels_tokenizer/tokenizer_config.json", "listener.json", "model.safetensors",
        "spacy_gliner_biomed.json", "tok2vec",
    ]  # fmt: skip
    for name in names:
        data = (folder / name).read_bytes()
        assert not data.startswith(b"PK")
        with pytest.raises(ValueError):
            list(pickletools.genops(data))
    assert (folder / "tok2vec").stat().st_size < 2000
    assert set(load_file(folder / "model.safetensors")) == set(pipe_of(nlp).span_scorer.module.state_dict())


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
def test_a_listener_may_be_replaced(encoder, bert, tmp_path):
    """The pipe then owns a copy of the encoder, which is trained and stored with it."""
    nlp = shared_nlp(encoder, bert, tagger=False)
    pipe_of(nlp).threshold = 0.0
    learn(nlp, 2)
    expected = scored(nlp(TEXT))
    assert expected
    nlp.replace_listeners(encoder, "gliner_biomed", ["model.tok2vec"])
    nlp.remove_pipe(encoder)
    assert scored(nlp(TEXT)) == expected
    nlp.to_disk(tmp_path / "alone")
    loaded = spacy.load(tmp_path / "alone")
    assert loaded.pipe_names == ["gliner_biomed"] and scored(loaded(TEXT)) == expected
    learn(loaded, 2)
    assert scored(loaded(TEXT)) != expected


def test_before_initialize(tmp_path):
    """There are no weights to use or write; bytes carry none, and the recipe still stands."""
    nlp = shared_nlp("tok2vec", tagger=False, start=False)
    pipe = pipe_of(nlp)
    pipe.labels = ["drug"]
    for use in (lambda: pipe(nlp.make_doc("aspirin")), lambda: pipe.to_disk(tmp_path / "nothing")):
        with pytest.raises(ValueError, match=r"call nlp\.initialize"):
            use()
    pipe.from_bytes(pipe.to_bytes())
    assert not listener_shim(pipe.model).is_loaded
    nlp.initialize()
    assert listener_shim(pipe.model).is_loaded


def test_a_copy_has_weights_of_its_own(nlp):
    """Training the one leaves the other."""
    model = pipe_of(nlp).model
    copied = model.copy()
    ours, theirs = listener_shim(model).listening, listener_shim(copied).listening
    with torch.no_grad():
        theirs.parameter().add_(1.0)
    assert not torch.equal(ours.parameter(), theirs.parameter())
    for use in (listener_shim(model).to_folder, listener_shim(model).from_folder):
        with pytest.raises(ValueError, match="save and load"):
            use(Path("nowhere"))


def changed_json(folder: Path, **values) -> None:
    path = folder / "listener.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8")


def changed_tensors(folder: Path, change) -> None:
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


NAME = "prompt_rep_layer.0.weight"
DAMAGE = {
    "no sizes": (lambda f: (f / "listener.json").unlink(), r"listener\.json is missing\."),
    "a GLiNER model": (
        lambda f: (f / "listener.json").rename(f / "gliner_config.json"),
        "a model with a text encoder of its own",
    ),
    "no tokenizer": (lambda f: (f / "labels_tokenizer" / "tokenizer.json").unlink(), "tokenizer"),
    "no token layer": (lambda f: (f / "tok2vec").unlink(), "tok2vec is missing"),
    "damaged token layer": (lambda f: (f / "tok2vec").write_bytes(b"\x93nonsense"), "tok2vec is damaged"),
    "another token layer": (
        lambda f: (f / "tok2vec").write_bytes(chain(Linear(2, 2), Linear(2, 2)).to_bytes()),
        "another token layer than the config's",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), r"model\.safetensors"),
    "another format": (lambda f: changed_json(f, format=2), "'format'"),
    "unknown field": (lambda f: changed_json(f, surprise=1), "surprise"),
    "huge": (lambda f: changed_json(f, token_width=10**9), "token_width"),
    "no encoder": (lambda f: changed_json(f, labels_encoder_config=None), "labels_encoder_config"),
    "another size": (lambda f: changed_json(f, hidden_size=14), "the configuration asks for F32"),
    "missing tensor": (lambda f: changed_tensors(f, lambda s: s.pop(NAME)), "lacks"),
    "unknown tensor": (lambda f: changed_tensors(f, lambda s: s.update(more=torch.ones(2))), "holds the unknown 'more'"),
    "half precision": (lambda f: changed_tensors(f, lambda s: s.update({NAME: s[NAME].half()})), "F16"),
    "not finite": (lambda f: changed_tensors(f, lambda s: s[NAME].fill_(float("nan"))), "NaN"),
    "cut off": (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]), "truncated"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_folders(kind, nlp, folder):
    """One sentence each, and the pipe keeps what it had."""
    damage, message = DAMAGE[kind]
    damage(folder)
    before = scored(nlp(TEXT))
    with pytest.raises(CheckpointError, match=message):
        load(pipe_of(nlp).model, folder)
    assert scored(nlp(TEXT)) == before


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    """A training that went wrong overwrites nothing."""
    nlp = shared_nlp("tok2vec", tagger=False)
    with torch.no_grad():
        pipe_of(nlp).span_scorer.module.prompt_rep_layer[0].weight.fill_(float("inf"))
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        save(pipe_of(nlp).model, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert isinstance(pipe_of(nlp), ListeningGlinerBiomed)

"""Pipelines and documents on disk, as bytes, pickled and copied."""

from __future__ import annotations

import copy
import json
import pickle
import shutil

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from thinc.api import Model, NumpyOps

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.architectures import BiEncoder, Checkpoint, UniEncoder
from spacy_gliner_biomed.checkpoint import CheckpointError
from spacy_gliner_biomed.device import resolve_device
from spacy_gliner_biomed.scorer import SpanLoss
from spacy_gliner_biomed.thinc_model import ScorerShim, load_later, scorer_model, shim_of
from tests.component.pipelines import LABELS, TEXTS, assert_same, folder_nlp, phrase_nlp, scorer_of, spans

TEXT = TEXTS[0]


@pytest.fixture
def nlp(folder):
    """A pipeline with settings that are not the defaults."""
    return folder_nlp(folder, labels={"disease": "", "drug": "any medicine"}, threshold={"drug": 0.3, "*": 0.45})


def same_settings(one, other) -> None:
    """Two pipelines have the same settings."""
    assert one.get_pipe("gliner_biomed").cfg == other.get_pipe("gliner_biomed").cfg


def test_to_disk_and_load(nlp, folder, tmp_path):
    """A saved pipeline needs nothing but its own folder, and reads the same."""
    expected = nlp(TEXT)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    same_settings(nlp, loaded)
    assert_same(loaded(TEXT), expected)
    names = {path.name for path in (tmp_path / "saved" / "gliner_biomed" / "model").iterdir()}
    assert {"model.safetensors", "gliner_config.json", "tokenizer.json"} <= names
    stored = (tmp_path / "saved" / "gliner_biomed").rglob("*")
    assert not [path for path in stored if path.suffix in (".pkl", ".pickle", ".bin", ".pt")]
    checkpoint.load(str(tmp_path / "saved" / "gliner_biomed" / "model"))  # a model folder like any other


def test_loading_reads_the_stored_model_and_not_the_first_one(nlp, tmp_path):
    """Even if the folder or Hub id of the config is gone."""
    expected = nlp(TEXT)
    nlp.config["components"]["gliner_biomed"]["model"]["name"] = "/nowhere"
    nlp.to_disk(tmp_path / "saved")
    moved = shutil.move(tmp_path / "saved", tmp_path / "moved")
    config = spacy.util.load_config(tmp_path / "moved" / "config.cfg")
    assert config["components"]["gliner_biomed"]["model"]["@architectures"] == "spacy_gliner_biomed.Checkpoint.v1"
    assert_same(spacy.load(moved)(TEXT), expected)


def test_settings_changed_at_run_time_are_stored(nlp, tmp_path):
    """`cfg` is the truth, not the config that the pipe was made from."""
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.labels, pipe.threshold = ["gene"], 0.2
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.get_pipe("gliner_biomed").labels == ("gene",)
    assert loaded.get_pipe("gliner_biomed").threshold == 0.2
    meta = json.loads((tmp_path / "saved" / "meta.json").read_text(encoding="utf-8"))
    assert meta["labels"]["gliner_biomed"] == ["gene"]


def test_the_device_is_not_stored(folder, tmp_path):
    """It belongs to the machine: the config names it, and whoever loads the pipeline may name another."""
    nlp = folder_nlp(folder, device="cuda:7")
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.to_disk(tmp_path / "pipe", exclude=["model"])
    stored = json.loads((tmp_path / "pipe" / "cfg").read_text(encoding="utf-8"))
    assert "device" not in stored
    (tmp_path / "pipe" / "cfg").write_text(json.dumps({**stored, "device": "cuda:7"}), encoding="utf-8")
    other = folder_nlp("/nowhere", device="cpu").get_pipe("gliner_biomed")
    for restored in (
        other.from_disk(tmp_path / "pipe", exclude=["model"]),  # as earlier versions wrote it
        other.from_bytes(pipe.to_bytes(exclude=["model"]), exclude=["model"]),
    ):
        assert restored.cfg == {**pipe.cfg, "device": "cpu"}
    nlp.to_disk(tmp_path / "saved")
    assert spacy.load(tmp_path / "saved").get_pipe("gliner_biomed").cfg["device"] == "cuda:7"
    loaded = spacy.load(tmp_path / "saved", config={"components": {"gliner_biomed": {"device": "cpu"}}})
    assert loaded(TEXT).has_annotation("ENT_IOB")


def test_bytes(nlp):
    """`to_bytes` and `from_bytes` of a pipeline and of the component."""
    expected = nlp(TEXT)
    other = spacy.blank("en")
    other.add_pipe("gliner_biomed")
    other.from_bytes(nlp.to_bytes())
    same_settings(nlp, other)
    assert_same(other(TEXT), expected)
    pipe = spacy.blank("en").add_pipe("gliner_biomed")
    pipe.from_bytes(nlp.get_pipe("gliner_biomed").to_bytes())
    assert_same(pipe(nlp.make_doc(TEXT)), expected)


def test_bytes_of_a_pipe_without_weights():
    """Weights that nobody has read yet don't travel: the recipe stands."""
    nlp = folder_nlp("/nowhere")
    other = folder_nlp("/nowhere", labels=["x"])
    other.from_bytes(nlp.to_bytes())
    same_settings(nlp, other)
    assert not shim_of(other.get_pipe("gliner_biomed").model).is_loaded


def test_exclude(nlp, tmp_path):
    """Parts can be left out, on both sides and both ways."""
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.to_disk(tmp_path / "cfg_only", exclude=["model"])
    assert [path.name for path in (tmp_path / "cfg_only").iterdir()] == ["cfg"]
    fresh = spacy.blank("en").add_pipe("gliner_biomed")
    fresh.from_disk(tmp_path / "cfg_only", exclude=["model"])
    assert fresh.cfg == pipe.cfg
    pipe.to_disk(tmp_path / "model_only", exclude=["cfg"])
    other = spacy.blank("en").add_pipe("gliner_biomed", config={"labels": ["kept"]})
    other.from_disk(tmp_path / "model_only", exclude=["cfg"])
    other.from_bytes(pipe.to_bytes(exclude=["model"]), exclude=["cfg", "model"])
    assert other.labels == ("kept",)
    nlp.to_disk(tmp_path / "whole")
    assert "gliner_biomed" not in spacy.load(tmp_path / "whole", exclude=["gliner_biomed"]).pipe_names
    disabled = spacy.load(tmp_path / "whole", disable=["gliner_biomed"])
    assert "gliner" not in disabled(TEXT).spans
    disabled.enable_pipe("gliner_biomed")
    assert "gliner" in disabled(TEXT).spans


def test_a_missing_model_is_one_error():
    """At first use, with the name in it."""
    with pytest.raises(CheckpointError, match="/nowhere"):
        folder_nlp("/nowhere")(TEXT)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda nlp: pickle.loads(pickle.dumps(nlp))])
def test_copies_and_pickles_of_a_pipeline(nlp, duplicate):
    """Before and after the weights are read."""
    unread = duplicate(nlp)
    expected = nlp(TEXT)
    assert_same(unread(TEXT), expected)
    assert_same(duplicate(nlp)(TEXT), expected)


# -- documents ----------------------------------------------------------------------------------------------------------------


def test_documents_as_bytes(nlp):
    """Scores and offsets survive `Doc.to_bytes`."""
    doc = nlp(TEXT)
    assert_same(Doc(nlp.vocab).from_bytes(doc.to_bytes()), doc)
    assert [ent._.score for ent in Doc(nlp.vocab).from_bytes(doc.to_bytes()).ents] == [ent._.score for ent in doc.ents]


@pytest.mark.parametrize("store_user_data", [False, True])
def test_docbin_round_trip(nlp, store_user_data, tmp_path):
    """Scores and offsets of the group always survive a DocBin; those of entities with the user data."""
    docs = list(nlp.pipe(TEXTS))
    DocBin(docs=docs, store_user_data=store_user_data).to_disk(tmp_path / "docs.spacy")
    again = list(DocBin().from_disk(tmp_path / "docs.spacy").get_docs(nlp.vocab))
    for one, other in zip(again, docs, strict=True):
        assert_same(one, other)
        assert isinstance(one.spans["gliner"].attrs["offsets"], np.ndarray)
        expected = [ent._.score if store_user_data else None for ent in other.ents]
        assert [ent._.score for ent in one.ents] == expected


def test_pickled_documents(nlp):
    """A pickled document keeps its group."""
    doc = nlp(TEXT)
    assert_same(pickle.loads(pickle.dumps(doc)), doc)


# -- the thinc node -----------------------------------------------------------------------------------------------------------


def test_building_a_node_reads_no_weights():
    """Whatever the builder: the weights wait for their first use."""
    for model in (
        Checkpoint("mini"),
        Checkpoint("/nowhere"),
        UniEncoder("/nowhere"),
        BiEncoder("/nowhere", "/elsewhere"),
    ):
        assert not shim_of(model).is_loaded
    with pytest.raises(CheckpointError, match="/nowhere"):
        UniEncoder("/nowhere").initialize()
    with pytest.raises(ValueError, match="'max' is unknown"):
        Checkpoint(loss_reduction="max")


def test_builders_pass_on_the_loss():
    """The training options of the config reach the shim."""
    loss = SpanLoss(0.75, 2.0, 0.1, 0.05, "mean")
    options = {
        "focal_alpha": 0.75, "focal_gamma": 2.0, "label_smoothing": 0.1, "prob_margin": 0.05, "loss_reduction": "mean",
    }  # fmt: skip
    for model in (Checkpoint(**options), UniEncoder("x", **options), BiEncoder("x", **options)):
        assert shim_of(model).loss == loss
        assert not shim_of(model).mixed_precision


def test_copying_a_node(folder):
    """A copy has weights of its own, or the recipe where none were read."""
    model = Checkpoint(str(folder))
    assert not shim_of(model.copy()).is_loaded
    scorer = shim_of(model).scorer
    twin = shim_of(model.copy()).scorer
    assert twin is not scorer
    before = scorer.logits(["acute", "pain"], LABELS)
    twin.module.prompt_rep_layer[3].bias.data += 1
    np.testing.assert_allclose(scorer.logits(["acute", "pain"], LABELS), before, rtol=0, atol=1e-5)


def test_node_bytes_have_a_stable_structure(folder):
    """thinc's own serialisation works from an unread node to a read one and back."""
    read, unread = Checkpoint(str(folder)), Checkpoint("/nowhere")
    shim_of(read).scorer  # noqa: B018
    unread.from_bytes(read.to_bytes())
    weights, restored = (shim_of(model).scorer.module.state_dict() for model in (read, unread))
    assert all(restored[name].equal(weight) for name, weight in weights.items()) and len(restored) == len(weights)
    # products round differently with the alignment of the memory they are in
    logits = shim_of(unread).scorer.logits(["acute"], LABELS)
    np.testing.assert_allclose(logits, shim_of(read).scorer.logits(["acute"], LABELS), rtol=0, atol=1e-5)
    assert pickle.loads(pickle.dumps(load_later("a", "b"))).revision == "b"


def test_other_nodes_are_refused():
    """With the way out."""
    with pytest.raises(ValueError, match="'other' is no span scorer; use spacy_gliner_biomed.Checkpoint.v1"):
        shim_of(Model("other", lambda model, X, is_train: (X, lambda d: d)))


def test_the_component_chooses_the_device(folder, monkeypatch):
    """Asked for by name, or spaCy's; a device that isn't there is refused."""
    import torch

    model = scorer_model(load_later(str(folder), None))
    shim_of(model).to_device("gpu", 0)
    assert shim_of(model).scorer.settings.device == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device(None, model) == resolve_device("cpu", model) == "cpu"
    with pytest.raises(ValueError, match="'cuda:1' was asked for, but torch finds no GPU here"):
        resolve_device("cuda:1", model)
    with pytest.raises(ValueError, match="'tpu9' is unknown; use 'cpu', 'cuda' or 'cuda:1'"):
        resolve_device("tpu9", model)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("cuda:1", model) == "cuda:1"
    assert isinstance(model.ops, NumpyOps) and resolve_device(None, model) == "cpu"

    class OnGpu:
        ops = object()

    assert resolve_device(None, OnGpu()) == "cuda"


def test_other_weights_can_be_put_in_place_for_a_while(folder):
    """An optimiser's averages, during evaluation; without any, or before the weights are read, nothing happens."""
    shim = ScorerShim(load_later(str(folder), None))
    with shim.use_params({(shim.id, "prompt_rep_layer.3.bias"): np.zeros(12, dtype="f")}):
        assert not shim.is_loaded
    before = shim.scorer.logits(["acute", "pain"], LABELS)
    bias = shim.scorer.module.prompt_rep_layer[3].bias
    kept = bias.detach().clone()
    with shim.use_params({(shim.id + 1, "prompt_rep_layer.3.bias"): np.zeros(12, dtype="f")}):
        np.testing.assert_allclose(shim.scorer.logits(["acute", "pain"], LABELS), before, rtol=0, atol=1e-5)
    with pytest.raises(KeyError), shim.use_params({(shim.id, "prompt_rep_layer.3.bias"): np.zeros(12, dtype="f")}):
        assert not bias.abs().sum()
        assert not np.array_equal(shim.scorer.logits(["acute", "pain"], LABELS), before)
        raise KeyError
    assert (bias == kept).all()
    np.testing.assert_allclose(shim.scorer.logits(["acute", "pain"], LABELS), before, rtol=0, atol=1e-5)


def test_the_stand_in_behaves_like_a_scorer(folder):
    """What these tests use in place of a network answers to the same names."""
    stand_in, real = scorer_of(phrase_nlp({})), scorer_of(folder_nlp(folder))
    for name in ("config", "card", "settings", "configure", "check_labels", "room_for_words", "encode", "score"):
        assert hasattr(stand_in, name) and hasattr(real, name)
    assert spans(phrase_nlp({"a": {"L": 0.9}}, labels=["L"])("a b")) == [("a", "L")]

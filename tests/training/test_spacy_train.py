"""`spacy train`, whole: from an encoder's folder and a JSONL corpus to a pipeline that annotates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
import torch
from safetensors.torch import save_file
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.schemas import ConfigSchemaTraining
from thinc.api import Config

from spacy_gliner_biomed.scorer.model import build_encoder
from tests.component.pipelines import scorer_of
from tests.scorer.tiny import encoder_config, randomise, tokenizer_json

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[nlp]
lang = "en"
pipeline = ["gliner_biomed"]

[components]

[components.gliner_biomed]
factory = "gliner_biomed"

[components.gliner_biomed.model]
@architectures = "spacy_gliner_biomed.BiEncoder.v1"
encoder = "encoder"
hidden_size = 8
max_width = 4
max_len = 24
attention_dropout = 0.0
loss_reduction = "mean"

[corpora]

[corpora.train]
@readers = "spacy_gliner_biomed.Jsonl.v1"
path = "train.jsonl"
shuffle = true
repeat = true

[corpora.dev]
@readers = "spacy_gliner_biomed.Jsonl.v1"
path = "train.jsonl"
limit = 2

[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
max_epochs = -1
max_steps = 4
eval_frequency = 2
patience = 0

[training.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 40
tolerance = 0.2
discard_oversize = false

[training.optimizer]
@optimizers = "spacy_gliner_biomed.AdamW.v1"
learn_rate = 0.001
use_averages = true

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"
progress_bar = false

[training.score_weights]
spans_gliner_f = 1.0
"""
PASSAGES = [
    ("aspirin for acute pain", [(0, 7, "drug"), (12, 22, "symptom")]),
    ("metformin helps against pain", [(0, 9, "drug"), (24, 28, "symptom")]),
    ("tau binds lithium carbonate in neural crest cells " * 4, [(10, 27, "drug")]),
]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Path:
    """A folder with a tiny encoder as the Hub stores one, and a corpus."""
    folder = tmp_path_factory.mktemp("workshop")
    encoder = folder / "encoder"
    encoder.mkdir()
    tokenizer = tokenizer_json("bert")
    (encoder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    size = len(json.loads(tokenizer)["model"]["vocab"])
    config = encoder_config("bert", size, hidden=8)
    fields = (
        "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "hidden_act", "layer_norm_eps", "max_position_embeddings", "type_vocab_size", "pad_token_id",
    )  # fmt: skip
    (encoder / "config.json").write_text(json.dumps({name: getattr(config, name) for name in fields}), encoding="utf-8")
    torch.manual_seed(0)
    module = build_encoder(config)
    randomise(module, 0)
    save_file(
        {name: tensor.contiguous() for name, tensor in module.state_dict().items()}, encoder / "model.safetensors"
    )
    rows = [
        {"text": text, "entities": [dict(zip(("start", "end", "label"), e, strict=True)) for e in found], "corpus": "c"}
        for text, found in PASSAGES
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("builder", ["BiEncoder", "UniEncoder"])
def test_a_whole_training(builder, workshop, tmp_path):
    """Four steps; the last and the best pipeline load without the encoder's folder and annotate."""
    config = Config().from_str(CONFIG)
    config["components"]["gliner_biomed"]["model"]["@architectures"] = f"spacy_gliner_biomed.{builder}.v1"
    config["components"]["gliner_biomed"]["model"]["encoder"] = str(workshop / "encoder")
    for corpus in config["corpora"].values():
        corpus["path"] = str(workshop / "train.jsonl")
    config.to_disk(tmp_path / "base.cfg")
    fill_config(tmp_path / "train.cfg", tmp_path / "base.cfg")
    train(tmp_path / "train.cfg", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("gliner_biomed").labels == ("drug", "symptom")
    scorer = scorer_of(nlp)
    assert scorer.config.is_bi_encoder == (builder == "BiEncoder")
    assert scorer.config.tied_encoders == (builder == "BiEncoder")
    assert scorer.config.max_len == 24 and scorer.config.hidden_size == 8
    docs = list(nlp.pipe([text for text, _ in PASSAGES], component_cfg={"gliner_biomed": {"threshold": 0.0}}))
    assert all(len(doc.spans["gliner"]) for doc in docs)
    meta = json.loads((tmp_path / "out" / "model-best" / "meta.json").read_text(encoding="utf-8"))
    assert 0.0 <= meta["performance"]["spans_gliner_f"] <= 1.0
    assert meta["performance"]["gliner_biomed_loss"] > 0


def test_the_config_of_mini_is_complete(workshop):
    """`configs/mini.cfg` resolves as it stands, with nothing filled in, and builds its pipeline without reading weights."""
    overrides = {"paths.corpora": str(workshop), "paths.encoder": str(workshop / "encoder")}
    config = spacy.util.load_config(ROOT / "configs" / "mini.cfg", overrides=overrides, interpolate=False)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == ["gliner_biomed"]
    training = spacy.util.registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    assert training["optimizer"].encoder_scale < 1.0

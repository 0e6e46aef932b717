"""`spacy train configs/shared-encoder.cfg`, whole, on a tiny encoder and corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import spacy
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin

from tests.listener.shared import TEXTS, scored

ROOT = Path(__file__).resolve().parents[2]


def test_the_config_trains(bert, tmp_path):
    """Two steps of tagger, parser and open NER on one transformer; the pipeline loads without its sources and annotates."""
    nlp = spacy.blank("en")
    docs = []
    for text, tags, mentions in TEXTS:
        words = text.split()
        deps = ["ROOT", *["dep"] * (len(words) - 1)]
        doc = Doc(nlp.vocab, words=words, tags=tags, heads=[0] * len(words), deps=deps)
        doc.ents = [doc.char_span(start, end, label=label) for start, end, label in mentions]
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "docs.spacy")
    model = "components.gliner_biomed.model."
    overrides = {
        "paths.train": str(tmp_path / "docs.spacy"),
        "paths.dev": str(tmp_path / "docs.spacy"),
        "paths.encoder": str(bert),
        "components.transformer.model.get_spans.window": 20,
        "components.transformer.model.get_spans.stride": 15,
        f"{model}label_encoder": None,
        f"{model}label_size": 8,
        f"{model}hidden_size": 12,
        "components.parser.min_action_freq": 1,
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        "training.accumulate_gradient": 2,
    }
    train(ROOT / "configs" / "shared-encoder.cfg", tmp_path / "out", overrides=overrides)
    loaded = spacy.load(tmp_path / "out" / "model-last")
    assert loaded.pipe_names == ["transformer", "tagger", "parser", "gliner_biomed"]
    assert loaded.get_pipe("gliner_biomed").labels == ("drug", "protein", "symptom")
    assert sorted(loaded.get_pipe("transformer").listening_components) == ["gliner_biomed", "parser", "tagger"]
    loaded.get_pipe("gliner_biomed").threshold = 0.0
    for doc in loaded.pipe([text for text, _, _ in TEXTS]):
        assert doc.has_annotation("DEP") and doc.has_annotation("TAG") and scored(doc)
    meta = json.loads((tmp_path / "out" / "model-last" / "meta.json").read_text(encoding="utf-8"))
    losses = [meta["performance"][f"{name}_loss"] for name in ("transformer", "tagger", "parser", "gliner_biomed")]
    assert np.isfinite(losses).all() and min(losses) > 0.0

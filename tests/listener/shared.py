"""Pipelines whose pipes share one small encoder: spaCy's CNN, or a random BERT through spacy-transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import SpanGroup
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_gliner_biomed.listener.component import ListeningGlinerBiomed
from tests.scorer.tiny import tokenizer_json

WIDTH = 16
TEXTS = [
    ("aspirin for acute pain", ["NOUN", "ADP", "ADJ", "NOUN"], [(0, 7, "drug"), (12, 22, "symptom")]),
    ("metformin helps against pain", ["NOUN", "VERB", "ADP", "NOUN"], [(0, 9, "drug"), (24, 28, "symptom")]),
    ("tau binds lithium", ["NOUN", "VERB", "NOUN"], [(0, 3, "protein"), (10, 17, "drug")]),
    ("nothing here", ["NOUN", "ADV"], []),
]
ODD_TEXTS = ["", " \n ", "Aspirin", "aspirin\n\n for\tpain", "tau binds lithium in the brain " * 40, "metformin"]
LISTENERS = {
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"},
    "transformer": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
        "upstream": "*",
    },
    "first": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "spacy_gliner_biomed.first_subword.v1"},
        "upstream": "*",
    },
}


def save_bert(folder: Path, positions: int = 64) -> None:
    """Write a BERT of one layer and random weights as the Hub stores one."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    text = tokenizer_json("bert")
    config = BertConfig(
        vocab_size=len(json.loads(text)["model"]["vocab"]),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=positions,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    specials = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), model_max_length=positions, **specials
    ).save_pretrained(folder)


def shared_nlp(
    encoder: str, bert: Path | None = None, *, tagger: bool = True, start: bool = True, window: int = 20, **model: Any
) -> Language:
    """RETURNS (Language): an encoder, a tagger and our pipe, initialised with the examples.

    encoder (str): one of `LISTENERS`. bert (Path): what `save_bert` wrote. window (int): tokens in the transformer's windows.
    tagger (bool): whether there is one. start (bool): whether to initialise. model: settings of `BiEncoderListener.v1`.
    """
    fix_random_seed(0)
    nlp = spacy.blank("en")
    if encoder == "tok2vec":
        cnn = {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "pretrained_vectors": None,
            "width": WIDTH,
            "depth": 1,
            "embed_size": 200,
            "window_size": 1,
            "maxout_pieces": 2,
            "subword_features": True,
        }
        nlp.add_pipe("tok2vec", config={"model": cnn})
    else:
        spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": window * 3 // 4}
        nlp.add_pipe("transformer", config={"model": {"name": str(bert), "get_spans": spans}})
    if tagger:
        tok2vec = LISTENERS[encoder]
        nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}})
    settings = {"label_encoder": None, "hidden_size": 12, "max_width": 4, "label_size": 8, "label_heads": 2, **model}
    architecture = {"@architectures": "spacy_gliner_biomed.BiEncoderListener.v1", "tok2vec": LISTENERS[encoder]}
    nlp.add_pipe("gliner_biomed", config={"model": {**architecture, **settings}})
    if start:
        nlp.initialize(lambda: examples(nlp))
    return nlp


def examples(nlp: Language) -> list[Example]:
    """RETURNS (list): `TEXTS` with tags and spans."""
    found = []
    for text, tags, mentions in TEXTS:
        gold = nlp.make_doc(text)
        for token, tag in zip(gold, tags, strict=True):
            token.tag_ = tag
        spans = [gold.char_span(start, end, label=label) for start, end, label in mentions]
        gold.spans["gliner"] = SpanGroup(gold, name="gliner", spans=spans)
        gold.ents = spans
        found.append(Example(nlp.make_doc(text), gold))
    return found


def pipe_of(nlp: Language) -> ListeningGlinerBiomed:
    """RETURNS (ListeningGlinerBiomed): our pipe."""
    pipe = nlp.get_pipe("gliner_biomed")
    assert isinstance(pipe, ListeningGlinerBiomed)
    return pipe


def encoder_weights(nlp: Language) -> np.ndarray:
    """RETURNS (ndarray): all weights of the shared encoder, in one row."""
    model = nlp.pipeline[0][1].model
    if nlp.pipe_names[0] == "transformer":
        return np.concatenate([value.detach().numpy().ravel() for value in model.transformer.parameters()])
    return np.concatenate([
        node.get_param(name).ravel() for node in model.walk() for name in node.param_names if node.has_param(name)
    ])  # fmt: skip


def learn(nlp: Language, steps: int, rate: float = 0.02) -> list[dict[str, float]]:
    """Train on all examples, again and again. RETURNS (list): the losses of each step."""
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = rate
    history = []
    for _ in range(steps):
        losses: dict[str, float] = {}
        nlp.update(examples(nlp), sgd=optimizer, losses=losses)
        history.append(losses)
    return history


def scored(doc: Any) -> list[tuple[str, str, float]]:
    """RETURNS (list): text, label and rounded score of each span of the group."""
    group = doc.spans["gliner"]
    scores = np.asarray(group.attrs["scores"]).tolist()
    return [(span.text, span.label_, round(score, 4)) for span, score in zip(group, scores, strict=True)]

"""A listening scorer ↔ files: its sizes, the labels' tokenizer, and weights in safetensors; no pickle.

    listener.json                   sizes of the head, the label encoder's configuration, the width of the token vectors
    spacy_gliner_biomed.json        what the weights were trained on, as in every model folder of ours
    labels_tokenizer/               tokenizer.json, tokenizer_config.json
    model.safetensors               float32
    tok2vec                         the layer that makes token vectors, in thinc's own msgpack

For a listener, `tok2vec` holds the width and nothing else: the shared encoder is stored by its own pipe, in that pipe's way. Where
`nlp.replace_listeners` has put a transformer of the pipe's own there, it holds what spacy-transformers makes of it.

The text encoder is not in the folder, so `gliner` can't read it.
"""

from __future__ import annotations

from typing import Dict

import torch

from ..checkpoint import limits
from ..checkpoint.encoder_json import read_encoder, write_encoder
from ..checkpoint.errors import CheckpointError, listed
from ..checkpoint.files import Files
from ..checkpoint.json_text import Fields, dump_object, parse_object
from ..checkpoint.layout import GLINER_CONFIG, LABELS_FOLDER, SAFETENSORS, TOKENIZER, TOKENIZER_CONFIG, TRAINING
from ..checkpoint.save import METADATA, float_tensors
from ..checkpoint.tensors import finite, open_weights
from ..checkpoint.tokenizer_config_json import write_tokenizer_config
from ..checkpoint.tokenizer_json import GLINER_TOKENS, read_tokenizer
from ..checkpoint.training_json import OwnPart, read_own_part, write_own_part
from ..checkpoint.weights import Weights
from ..scorer.config import ScorerConfig
from .network import ListeningModel, listening_config
from .scorer import ListeningScorer

LISTENER, TOK2VEC = "listener.json", "tok2vec"
FORMAT = 1


def small_files(scorer: ListeningScorer) -> Dict[str, bytes]:
    """RETURNS (dict): name → content of every file but the weights and the token layer."""
    config = scorer.config
    assert config.label_encoder is not None
    values = {
        "format": FORMAT,
        "token_width": scorer.width,
        "hidden_size": config.hidden_size,
        "max_width": config.max_width,
        "dropout": config.dropout,
        "labels_encoder_config": write_encoder(config.label_encoder),
    }
    labels = scorer.label_subwords.json
    return {
        LISTENER: dump_object(values),
        TRAINING: write_own_part(OwnPart(False, scorer.card)),
        LABELS_FOLDER + TOKENIZER: labels.encode("utf-8"),
        LABELS_FOLDER + TOKENIZER_CONFIG: write_tokenizer_config(labels, config.label_encoder),
    }


def to_files(scorer: ListeningScorer) -> Dict[str, bytes]:
    """RETURNS (dict): name → content, for `read_scorer`.

    RAISES (CheckpointError): when a training has left weights that aren't finite.
    """
    from safetensors.torch import save as save_tensors

    return {**small_files(scorer), SAFETENSORS: save_tensors(float_tensors(scorer), metadata=METADATA)}


def read_scorer(files: Files) -> ListeningScorer:
    """RETURNS (ListeningScorer): what `to_files` wrote, every part checked against the others.

    RAISES (CheckpointError): for a missing or damaged file, sizes out of bounds, tensors that don't fit the sizes or aren't
        finite.
    """
    where = files.where(LISTENER)
    data = files.read(LISTENER, limits.CONFIG_BYTES)
    if data is None:
        hint = (
            "; it holds a model with a text encoder of its own"
            if files.read(GLINER_CONFIG, limits.CONFIG_BYTES)
            else ""
        )
        raise CheckpointError(f"{where} is missing{hint}.")
    config = _read_config(Fields(parse_object(data, where), where))
    assert config.label_encoder is not None
    tokenizer = read_tokenizer(files, LABELS_FOLDER)
    if tokenizer is None:
        raise CheckpointError(f"{files.where(LABELS_FOLDER + TOKENIZER)} is missing; labels can't be read without it.")
    tokenizer.drop_rowless_tokens(config.label_encoder.vocab_size, GLINER_TOKENS)
    subwords = tokenizer.subwords(config.label_encoder.vocab_size)
    return ListeningScorer(config, _fill(open_weights(files), config), subwords, read_own_part(files).card)


def _read_config(fields: Fields) -> ScorerConfig:
    if fields.values.get("format") != FORMAT:
        raise fields.wrong("format", f"{FORMAT}; a newer spacy-gliner-biomed may read it")
    fields.only(("format", "token_width", "hidden_size", "max_width", "dropout", "labels_encoder_config"))
    encoder = fields.object("labels_encoder_config")
    if encoder is None:
        raise fields.wrong("labels_encoder_config", "the configuration of an encoder")
    return listening_config(
        width=fields.integer("token_width", 0, 1, limits.HIDDEN),
        label_encoder=read_encoder(encoder, f"'labels_encoder_config' in {fields.where}"),
        hidden_size=fields.integer("hidden_size", 0, 2, limits.HIDDEN),
        max_width=fields.integer("max_width", 0, 1, limits.SPAN_WIDTH),
        dropout=fields.number("dropout", 0.0, 0.0, 1.0),
    )


def _fill(weights: Weights, config: ScorerConfig) -> ListeningModel:
    """A network with the file's weights: no tensor missing, none too many, each of the right shape, in float32."""
    with torch.device("meta"):
        module = ListeningModel(config)
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    missing = [name for name in wanted if name not in weights.shapes]
    unknown = [name for name in weights.shapes if name not in wanted]
    if missing or unknown:
        what = f"lacks {listed(missing)}" if missing else f"holds the unknown {listed(unknown)}"
        raise CheckpointError(f"{weights.where} {what}; it is no model on a shared encoder, or damaged.")
    for name, shape in wanted.items():
        if weights.shapes[name] != shape or weights.dtypes[name] != "F32":
            raise CheckpointError(
                f"The tensor {name!r} of {weights.where} is {weights.dtypes[name]} of the shape {weights.shapes[name]}; the "
                f"configuration asks for F32 of {shape}."
            )
    state = {name: finite(weights.tensor(name), name, weights.where) for name in wanted}
    module.load_state_dict(state, assign=True)
    return module

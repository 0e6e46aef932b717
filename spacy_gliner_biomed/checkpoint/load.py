"""A checkpoint's files → a scorer. Each part is read by a file of its own; here they are held against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Mapping, Optional, Tuple

from ..scorer.config import EncoderConfig, ScorerConfig
from . import limits
from .completion import Completion
from .config_json import PublishedConfig, check_writable, read_config
from .errors import CheckpointError, short
from .files import Files, MemoryFiles
from .hub import resolve
from .json_text import parse_object
from .layout import GLINER_CONFIG, TOKENIZER, TRAINING
from .tensors import TEXT_EMBEDDINGS, count_lstm_layers, fill_module, open_weights
from .tokenizer_json import GLINER_TOKENS, FolderTokenizer, read_tokenizer
from .training_json import read_own_part
from .weights import Weights

if TYPE_CHECKING:
    from ..scorer.scorer import SpanScorer


def load(name: str, revision: Optional[str] = None, local_files_only: bool = False) -> SpanScorer:
    """Load a checkpoint, published or our own.

    name (str): "mini" for the embedded model, a folder, or a Hub id.
    revision (str): branch, tag or commit on the Hub; None for its main branch.
    local_files_only (bool): look no further than the Hub's local cache, as with `HF_HUB_OFFLINE=1`.
    RETURNS (SpanScorer): on the CPU, in float32.
    RAISES (CheckpointError): one sentence, when the checkpoint can't be found, is damaged or incomplete, or isn't a
        GLiNER span model.
    """
    files = resolve(name, revision, local_files_only)
    return read_scorer(
        files, Completion(files, network=not isinstance(files, MemoryFiles), local_files_only=local_files_only)
    )


def from_files(files: Mapping[str, bytes]) -> SpanScorer:
    """Load a checkpoint that travels as bytes, as `to_files` made them; the network is never asked.

    files (dict): file name → content.
    RAISES (CheckpointError): as `load`.
    """
    memory = MemoryFiles(files)
    return read_scorer(memory, Completion(memory, network=False, local_files_only=True))


def read_scorer(files: Files, completion: Completion) -> SpanScorer:
    """RETURNS (SpanScorer): the scorer in a folder, every part checked against the others.

    RAISES (CheckpointError): as `load`.
    """
    from ..scorer.scorer import SpanScorer

    own = read_own_part(files)
    where = files.where(GLINER_CONFIG)
    values = parse_object(files.require(GLINER_CONFIG, limits.CONFIG_BYTES), where)
    published, label_tokenizer = completion.complete(read_config(values, where))
    tokenizer = read_tokenizer(files)
    if tokenizer is None:
        raise CheckpointError(f"{files.where(TOKENIZER)} is missing; a GLiNER model folder holds its text tokenizer.")
    weights = open_weights(files)
    stored = replace(
        _fit(published, tokenizer, weights), tied_encoders=own.tied_encoders, words=own.words, label_choice=own.label_choice
    )
    if stored.tied_encoders and stored.text_encoder != stored.label_encoder:
        raise CheckpointError(
            f"{where} describes two different encoders, and {files.where(TRAINING)} says that they are one."
        )
    if stored.label_choice == "lift" and not stored.is_bi_encoder:
        raise CheckpointError(
            f"{files.where(TRAINING)} says that labels are chosen by lift, which a uni-encoder can't; 'score' is its way."
        )
    if stored.label_encoder is not None and label_tokenizer is not None:
        label_tokenizer.drop_rowless_tokens(stored.label_encoder.vocab_size, GLINER_TOKENS)
    config = _within_limits(stored, tokenizer, label_tokenizer)
    module, scales = fill_module(weights, stored, config)
    subwords, label_subwords = tokenizer.subwords(stored.text_encoder.vocab_size), None
    if stored.label_encoder is not None and label_tokenizer is not None:
        label_subwords = label_tokenizer.subwords(stored.label_encoder.vocab_size)
    return SpanScorer(config, module, subwords, label_subwords, own.card, scales or None)


def _fit(published: PublishedConfig, tokenizer: FolderTokenizer, weights: Weights) -> ScorerConfig:
    """Settle what config, tokenizer and tensors say together: vocabulary, class token, LSTM (`gliner` 0.2.29,
    `model.py`).

    The tokenizer is fitted on the way: every id that it can produce then has an embedding.
    """
    assert published.text_encoder is not None
    n_rows = weights.rows(TEXT_EMBEDDINGS)
    class_token_index, num_rnn_layers = -1, published.num_rnn_layers
    droppable: Tuple[str, ...] = (*GLINER_TOKENS, published.ent_token, published.sep_token)
    if not published.is_bi_encoder:
        class_token_index, num_rnn_layers = _class_token(published, tokenizer), count_lstm_layers(weights)
        droppable = GLINER_TOKENS[:1]
    declared = {published.text_encoder.vocab_size, published.vocab_size, len(tokenizer)}
    if n_rows not in declared:
        raise CheckpointError(
            f"The embedding table of {weights.where} has {n_rows} rows; config and tokenizer ask for {max(declared)}."
        )
    tokenizer.drop_rowless_tokens(n_rows, droppable)
    config = ScorerConfig(
        text_encoder=replace(published.text_encoder, vocab_size=n_rows),
        label_encoder=published.label_encoder,
        hidden_size=published.hidden_size,
        max_width=published.max_width,
        max_len=published.max_len,
        num_rnn_layers=num_rnn_layers,
        embed_ent_token=published.embed_ent_token,
        class_token_index=class_token_index,
        ent_token=published.ent_token,
        sep_token=published.sep_token,
        dropout=published.dropout,
    )
    check_writable(config)
    return config


def _class_token(published: PublishedConfig, tokenizer: FolderTokenizer) -> int:
    """RETURNS (int): the id of the token before each label, once the tokenizer has GLiNER's tokens."""
    ent, sep, index = published.ent_token, published.sep_token, published.class_token_index
    if index == -1 or published.vocab_size == -1:
        tokenizer.add_special_tokens((GLINER_TOKENS[0], ent, sep))
        index = len(tokenizer) - 2
    if tokenizer.token_id(ent) != index or tokenizer.token_id(sep) is None:
        raise CheckpointError(
            f"The class token of this uni-encoder is {index}, but {tokenizer.where} has {short(ent)} as "
            f"{tokenizer.token_id(ent)} and {short(sep)} as {tokenizer.token_id(sep)}; the two disagree."
        )
    return index


def _within_limits(config: ScorerConfig, text: FolderTokenizer, label: Optional[FolderTokenizer]) -> ScorerConfig:
    """Absolute positions beyond a tokenizer's own limit are never reached in `gliner`, so they are left out here."""
    text_limit, label_limit = text.max_subwords, label.max_subwords if label else None
    if config.tied_encoders:
        text_limit = label_limit = min((limit for limit in (text_limit, label_limit) if limit), default=None)
    label_encoder = config.label_encoder and _shortened(config.label_encoder, label_limit)
    return replace(config, text_encoder=_shortened(config.text_encoder, text_limit), label_encoder=label_encoder)


def _shortened(encoder: EncoderConfig, limit: Optional[int]) -> EncoderConfig:
    if encoder.max_positions is None or limit is None or limit >= encoder.max_positions:
        return encoder
    return replace(encoder, max_position_embeddings=limit)

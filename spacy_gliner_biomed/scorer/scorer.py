"""Words and labels in, scored spans out: the network with its tokenizers, batching and caches."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple, Union, cast

import numpy as np
import torch
from torch import Tensor

from . import published
from .card import TrainingCard
from .config import ScorerConfig
from .decode import Candidates
from .label_choice import LABEL_CHOICES
from .label_memory import LabelMemory
from .linear import PRECISIONS
from .model import BiSpanModel, SpanModel, UniSpanModel
from .packing import Packing
from .prompt import Prompt, TextBatch, build_batch, build_label_batch
from .span_head import WordTerms
from .subwords import EncodedWords, Subwords
from .words import split_words

Thresholds = Union[float, Sequence[float]]
_forked = False


def _note_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@dataclass(frozen=True)
class Settings:
    """How a scorer computes. precision (str): one of `PRECISIONS`. max_batch_tokens (int): sub-words per forward pass."""

    precision: str = "float32"
    device: str = "cpu"
    max_batch_tokens: int = 2048


class SpanScorer:
    """A span scorer ready for use.

    config (ScorerConfig): sizes and switches.
    module (SpanModel): the network.
    subwords, label_subwords (Subwords): tokenizers of the text and, in a bi-encoder, of the labels.
    card (TrainingCard): what the weights were trained on.
    storage_scales (dict): row scales of weights that were stored in int8 and have not changed since, else None.

    `labels` (LabelMemory) is what it has computed of labels and keeps.
    """

    reads_text = True  # a model without a text encoder of its own can't (`ListeningScorer`)

    def __init__(
        self,
        config: ScorerConfig,
        module: SpanModel,
        subwords: Subwords,
        label_subwords: Optional[Subwords] = None,
        card: Optional[TrainingCard] = None,
        storage_scales: Optional[Dict[str, Tensor]] = None,
    ) -> None:
        self.config = config
        self.module = module.eval()
        self.subwords = subwords
        self.label_subwords = label_subwords or subwords
        self.card = card or TrainingCard()
        self.storage_scales = storage_scales
        self.settings = Settings()
        self._prepared = False
        self.labels = LabelMemory()

    # -- what fits --------------------------------------------------------------------------------------------------------

    @property
    def max_subwords(self) -> int:
        """Most sub-words in one sequence, special tokens included.

        Relative positions have no limit of their own; there, a bound keeps the quadratic attention in memory.
        """
        return self.config.text_encoder.max_positions or 2048

    def room_for_words(self, label_texts: Sequence[str]) -> int:
        """RETURNS (int): sub-words left for the words of a window beside the prompt and the special tokens.

        RAISES (ValueError): when the labels of a uni-encoder leave no room; says how many labels fit.
        """
        least = 3 * self.config.max_width
        room = self.max_subwords - 2 - len(self.labels.prompt(self, label_texts).ids)
        if room >= least:
            return room
        fitting = len(label_texts)
        while fitting and self.max_subwords - 2 - len(self.labels.prompt(self, label_texts[:fitting]).ids) < least:
            fitting -= 1
        raise ValueError(
            f"{len(label_texts)} labels do not fit the prompt of this uni-encoder, which reads {self.max_subwords} sub-words: "
            f"the first {fitting} fit. Use fewer or shorter labels, several passes, or a bi-encoder."
        )

    def check_labels(self, label_texts: Sequence[str]) -> None:
        """Refuse labels that the tokenizer can't tell from nothing or from its own special tokens.

        RAISES (ValueError): for a label without a single sub-word, or with a special token in it.
        """
        encoded = self.label_subwords.encode(label_texts)
        for number, text in enumerate(label_texts):
            ids = encoded.ids[encoded.bounds[number] : encoded.bounds[number + 1]]
            if not text.strip() or not len(ids):
                raise ValueError(
                    f"The label {text!r} is blank to this model's tokenizer; give every label some letters."
                )
            # only where the token stands in the text: an unknown letter is read as [UNK], which is no mistake of the user's
            special = {token_id for token_id, token in self.label_subwords.special_tokens.items() if token in text}
            if (special | self._marker_ids()).intersection(ids.tolist()):
                raise ValueError(f"The label {text!r} contains one of the model's own special tokens; leave it out.")

    # -- inference --------------------------------------------------------------------------------------------------------

    def configure(self, settings: Settings) -> None:
        """Choose precision, device and batch budget; takes effect with the next call.

        RAISES (ValueError): for an unknown precision, or int8 away from the CPU.
        """
        if settings.precision not in PRECISIONS:
            raise ValueError(f"The precision {settings.precision!r} is unknown; choose from {list(PRECISIONS)}.")
        if settings.precision == "int8" and torch.device(settings.device).type != "cpu":
            raise ValueError(
                f"The precision 'int8' runs on the CPU alone, not on {settings.device!r}; use 'bfloat16' there."
            )
        if (settings.precision, settings.device) != (self.settings.precision, self.settings.device):
            self.forget()
            self.module.to(settings.device)
        self.settings = settings

    def set_own(self, words: Optional[str], label_choice: Optional[str]) -> None:
        """Set what GLiNER's own models have one way of; None leaves it as it is.

        words, label_choice (str): as in `ScorerConfig`.
        RAISES (ValueError): for another label choice, and for lift in a model that compares labels inside a text or can't read one.
        """
        if label_choice not in (None, *LABEL_CHOICES):
            raise ValueError(f"The setting label_choice is {label_choice!r}; choose from {list(LABEL_CHOICES)}.")
        if label_choice == "lift" and not (self.config.is_bi_encoder and self.reads_text):
            raise ValueError(
                "The setting label_choice is 'lift', which needs a bi-encoder with a text encoder of its own; choose 'score' for "
                "this model."
            )
        words, label_choice = words or self.config.words, label_choice or self.config.label_choice
        if (words, label_choice) != (self.config.words, self.config.label_choice):
            self.config = replace(self.config, words=words, label_choice=label_choice)

    def split(self, text: str) -> Tuple[List[str], np.ndarray, np.ndarray]:
        """RETURNS (tuple): the words of a text as this model reads them, as `split_words`."""
        return split_words(text, self.config.words)

    def encode(self, words: Sequence[str]) -> EncodedWords:
        """RETURNS (EncodedWords): the sub-words of a text's words, in as many windows as the caller will cut."""
        return self.subwords.encode(words)

    def score(
        self,
        windows: Sequence[Union[EncodedWords, Sequence[str]]],
        label_texts: Sequence[str],
        thresholds: Thresholds = 0.5,
        reproduce_gliner: bool = False,
    ) -> List[Candidates]:
        """Find the spans above their label's threshold, before any choice among them.

        windows (list): words of each window, encoded or not, none longer than the encoder can read.
        label_texts (list): what the model reads for each label.
        thresholds (float or list): one for all labels or one each; a score must exceed it.
        reproduce_gliner (bool): for comparisons, shift words and labels where `gliner` does (see `published.py`).
        RETURNS (list): the candidates of each window, ordered by start, width and label.
        """
        encoded = [w if isinstance(w, EncodedWords) else self.encode(w) for w in windows]
        results: List[Candidates] = [Candidates.join([])] * len(encoded)
        if not len(label_texts):
            return results
        limits = np.broadcast_to(np.asarray(thresholds, dtype=np.float32), (len(label_texts),))
        for batch in self._batches(encoded, label_texts):
            members = [encoded[number] for number in batch]
            for number, found in zip(
                batch, self._score_batch(members, label_texts, limits, reproduce_gliner), strict=True
            ):
                results[number] = found
        return results

    def logits(self, words: Sequence[str], label_texts: Sequence[str], reproduce_gliner: bool = False) -> np.ndarray:
        """All logits of one window; spans that leave it hold -inf. *Shape:* `(n_words, max_width, n_labels)`, float32."""
        encoded = self.encode(words)
        if not len(encoded) or not len(label_texts):
            return np.zeros((len(encoded), self.config.max_width, len(label_texts)), dtype=np.float32)
        with self._inference():
            [(logits, _)] = self._logits([encoded], label_texts, reproduce_gliner)
            return logits.cpu().numpy()

    def forget(self) -> None:
        """Drop packed weights and cached labels: the weights have changed or are about to."""
        self.module.forget()
        self._prepared = False
        self.labels.forget()

    def __getstate__(self) -> Dict[str, object]:
        # Packed weights don't travel (see `PackedLinear`), so that a copy must pack its own.
        return {**self.__dict__, "_prepared": False}

    def _inference(self) -> torch.inference_mode:
        if _forked and torch.get_num_threads() > 1:
            torch.set_num_threads(
                1
            )  # OpenMP's threads do not survive a fork: with more than one, the child waits for ever
        if self.module.training:
            self.module.eval()
            self.forget()
        mode = torch.inference_mode()
        if not self._prepared:
            with torch.no_grad():
                self.module.prepare(self.settings.precision)
            self._prepared = True
        return mode

    def _batches(self, windows: Sequence[EncodedWords], label_texts: Sequence[str]) -> List[List[int]]:
        """Numbers of windows, sorted by length, in batches within the budget of sub-words."""
        overhead = 2 + (0 if self.config.is_bi_encoder else len(self.labels.prompt(self, label_texts).ids))
        lengths = [len(window.ids) + overhead for window in windows]
        batches: List[List[int]] = []
        total = 0
        for number in sorted(range(len(windows)), key=lambda n: (lengths[n], n)):
            if not len(windows[number]):
                continue
            if not batches or total + lengths[number] > self.settings.max_batch_tokens:
                batches.append([])
                total = 0
            batches[-1].append(number)
            total += lengths[number]
        return batches

    def _score_batch(
        self, windows: List[EncodedWords], label_texts: Sequence[str], limits: np.ndarray, reproduce_gliner: bool
    ) -> List[Candidates]:
        device = torch.device(self.settings.device)
        floor = np.log(np.maximum(limits, 1e-12) / np.maximum(1 - limits, 1e-12)).astype(np.float32) - 1e-3
        found: List[Candidates] = []
        with self._inference():
            above = torch.from_numpy(floor).to(device)
            for logits, words in self._logits(windows, label_texts, reproduce_gliner):
                rows = (logits > above).nonzero()
                score = _sigmoid(logits[tuple(rows.T)].cpu().numpy())
                start, extra, label = rows.cpu().numpy().T
                keep = score > limits[label]
                start, extra, label, score = start[keep], extra[keep], label[keep], score[keep]
                edges = np.searchsorted(start, np.cumsum((0, *words.lengths)))
                for first, low, high in zip(words.starts, edges[:-1], edges[1:], strict=True):
                    own = start[low:high] - first
                    found.append(Candidates(own, own + extra[low:high], label[low:high], score[low:high]))
        return found

    def _logits(
        self, windows: List[EncodedWords], label_texts: Sequence[str], reproduce_gliner: bool
    ) -> list[tuple[Tensor, Packing]]:
        """Logits of windows: one tensor for all in a bi-encoder, one a window in a uni-encoder."""
        prompt = self.labels.prompt(self, label_texts)
        if reproduce_gliner:
            n_empty = 0
            if not self.config.is_bi_encoder:
                n_empty = int((np.diff(self.subwords.encode(label_texts).bounds) == 0).sum())
                prompt = published.find_markers(prompt, self.config.class_token_index, self.config.embed_ent_token)
            windows = [published.shift_words(window, n_empty) for window in windows]
        head = self.module.head
        if self.config.is_bi_encoder:
            batch = self._batch(windows, [prompt] * len(windows))
            terms = self._word_terms(batch, self._read(batch))
            return [(head.logits(terms, self.labels.folded(self, label_texts), batch.words), batch.words)]
        batch = self._batch(windows, [prompt] * len(windows))
        states = self._read(batch)
        module = cast(UniSpanModel, self.module)
        markers = states[: len(windows) * batch.n_labels].unflatten(0, (len(windows), batch.n_labels))
        terms = self._word_terms(batch, states)
        results = []
        for number, (start, length) in enumerate(zip(batch.words.starts, batch.words.lengths, strict=True)):
            own = WordTerms(terms.start[start : start + length], terms.end[start : start + length])
            labels = head.fold(module.label_vectors(markers[number]))
            packing = Packing.of([length], batch.words.padded)
            results.append((head.logits(own, labels, packing), packing))
        return results

    def _batch(self, windows: List[EncodedWords], prompts: List[Prompt]) -> TextBatch:
        batch = build_batch(windows, prompts, self.subwords, torch.device(self.settings.device))
        longest = max(batch.tokens.lengths)
        limit = self.config.text_encoder.max_positions
        if limit is not None and longest > limit:
            raise ValueError(
                f"A window of {longest} sub-words is longer than the {limit} that this encoder reads; cut it."
            )
        return batch

    def _read(self, batch: TextBatch) -> Tensor:
        return self.module.encode_text(batch.ids, batch.tokens, batch.rows)

    def _word_terms(self, batch: TextBatch, states: Tensor) -> WordTerms:
        """Word vectors into their slots, through the LSTM where there is one, and through the span head's word part."""
        return self.module.head.word_terms(self.word_vectors(batch, states))

    def word_vectors(self, batch: TextBatch, states: Tensor) -> Tensor:
        """*Shape:* `(n_rows, D)` → `(n_words, D)`, zeros for words without sub-words."""
        own = states[len(states) - len(batch.slots) :]
        if len(batch.slots) < batch.words.n_tokens:
            own = own.new_zeros((batch.words.n_tokens, own.shape[1])).index_copy(0, batch.slots, own)
        return self.module.link_words(own, batch.words)

    # -- labels -----------------------------------------------------------------------------------------------------------

    def _marker_ids(self) -> frozenset:
        if self.config.is_bi_encoder:
            return frozenset()
        return frozenset((self.config.class_token_index, self.separator_id))

    @property
    def separator_id(self) -> int:
        """Id of the token that closes a uni-encoder's prompt."""
        token_id = self.subwords.token_id(self.config.sep_token)
        if token_id is None:
            raise ValueError(f"The tokenizer of this checkpoint has no token {self.config.sep_token!r}.")
        return token_id

    def expected_log_odds(self, names: Sequence[str], label_texts: Sequence[str]) -> Optional[np.ndarray]:
        """What a label's score is to be compared with where several want one span (`label_choice.py`).

        names, label_texts (list): the labels, and what the model reads for each.
        RETURNS (ndarray): log-odds. *Shape:* `(n_labels,)`, float32. None where the best score wins: in a model that chooses by
            score, and for labels that the model was trained on, all of them.
        """
        if self.config.label_choice == "score" or all(self.card.knows(name) for name in names):
            return None
        with self._inference():
            return self.labels.expected_log_odds(self, label_texts)

    def encode_labels(self, label_texts: Sequence[str]) -> Tensor:
        """Read labels with a bi-encoder; what was read before plays no part. *Shape:* `(n_labels, D)`.

        RAISES (ValueError): for a label longer than the label encoder can read.
        """
        assert isinstance(self.module, BiSpanModel) and self.config.label_encoder is not None
        encoded = self.label_subwords.encode(label_texts)
        ids, packing = build_label_batch(encoded, self.label_subwords, torch.device(self.settings.device))
        limit = self.config.label_encoder.max_positions
        for text, length in zip(label_texts, packing.lengths, strict=True):
            if limit is not None and length > limit:
                raise ValueError(
                    f"The label {text[:60]!r}… has {length} sub-words; the label encoder reads {limit}. Shorten it."
                )
        return self.module.encode_labels(ids, packing)

    def with_settings(self, **changes: object) -> Settings:
        """RETURNS (Settings): the current settings with some changed."""
        return replace(self.settings, **changes)  # type: ignore[arg-type]


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    """In double precision, so that a score does not depend on how many others are computed with it. *Shape:* `(n,)`."""
    return (1.0 / (1.0 + np.exp(-logits.astype(np.float64)))).astype(np.float32)

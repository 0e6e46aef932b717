"""The `gliner` side of a comparison: one forward pass, its logits, and every way of decoding it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gliner.model import BaseGLiNER

from tests.support.published import load_in_gliner


@dataclass(frozen=True)
class Mode:
    """A way of decoding, in our words: `overlap` "flat" or "nested", and whether one span may carry several labels."""

    overlap: str
    multi_label: bool

    def __str__(self) -> str:
        return self.overlap + ("-multi" if self.multi_label else "")


MODES = tuple(Mode(overlap, multi_label) for overlap in ("flat", "nested") for multi_label in (False, True))


@dataclass(frozen=True)
class Entity:
    """A found span: first and last word (inclusive), character offsets (end exclusive), label, probability."""

    start: int
    end: int
    start_char: int
    end_char: int
    label: str
    score: float

    @property
    def key(self) -> tuple[int, int, str]:
        """What makes it the same entity: words and label."""
        return self.start, self.end, self.label


@dataclass(frozen=True)
class Reading:
    """What `gliner` makes of one text.

    words (list): its words, cut to `max_len`.
    logits (ndarray): *Shape:* `(n_words, max_width, n_labels)`; spans that leave the text hold NaN.
    entities (dict): what each mode keeps.
    has_empty_words (bool): whether the tokenizer turns one of the words into nothing, so that `gliner` shifts words, or
        cuts some off at its length limit.
    """

    words: list[str]
    logits: np.ndarray
    entities: dict[Mode, list[Entity]]
    has_empty_words: bool


class Reference:
    """A checkpoint loaded in `gliner`: a folder, or a model that is loaded already."""

    def __init__(self, source: str | Path | BaseGLiNER) -> None:
        self.model = source if isinstance(source, BaseGLiNER) else load_in_gliner(source)

    @property
    def is_bi_encoder(self) -> bool:
        """Whether labels have an encoder of their own."""
        return getattr(self.model.config, "labels_encoder", None) is not None

    def read(
        self,
        texts: Sequence[str],
        labels: Any,
        threshold: float = 0.5,
        modes: Sequence[Mode] = MODES,
        batch_size: int = 8,
        in_place: bool = False,
    ) -> list[Reading]:
        """Read texts as `gliner`'s `inference` does, step by step, keeping the logits.

        texts (list): none blank.
        labels: whatever `inference` takes: a list, a mapping, or one of them for each text.
        in_place (bool): keep every word's vector in the word's own place, where `gliner` shifts the words after one
            that its tokenizer turns into nothing. Such a word keeps a zero vector.
        """
        prepared = self.model.prepare_batch(list(texts), labels)
        assert len(prepared["valid_texts"]) == len(texts), "blank texts have no reading"
        per_text = bool(prepared["entity_types"]) and isinstance(prepared["entity_types"][0], list)
        readings = []
        for low in range(0, len(texts), batch_size):
            numbers = range(low, min(low + batch_size, len(texts)))
            types = prepared["entity_types"]
            names = prepared["label_names"]
            if per_text:
                types, names = [types[i] for i in numbers], [names[i] for i in numbers]
            batch = self.model.collate_batch([prepared["input_x"][i] for i in numbers], types, label_names=names)
            empty = self._mend_words_mask(batch, types, in_place)
            output = self.model.run_batch(batch)
            decoded = {
                mode: self.model.decode_batch(
                    output, batch, threshold, flat_ner=mode.overlap == "flat", multi_label=mode.multi_label
                )
                for mode in modes
            }
            for row, number in enumerate(numbers):
                words = batch["tokens"][row]
                own_labels = batch["id_to_classes"][row] if per_text else batch["id_to_classes"]
                logits = output.logits[row, : len(words), :, : len(own_labels)].float().cpu().numpy().copy()
                logits[np.arange(len(words))[:, None] + np.arange(logits.shape[1])[None, :] >= len(words)] = np.nan
                starts, ends = prepared["start_token_map"][number], prepared["end_token_map"][number]
                entities = {
                    mode: [
                        Entity(span.start, span.end, starts[span.start], ends[span.end], span.entity_type, span.score)
                        for span in found[row]
                    ]
                    for mode, found in decoded.items()
                }
                readings.append(Reading(list(words), logits, entities, empty[row]))
        return readings

    def _mend_words_mask(self, batch: dict[str, Any], types: list[Any], in_place: bool) -> list[bool]:
        """Say which rows have words without a sub-word; with `in_place`, number the sub-words by true word."""
        processor = self.model.data_processor
        empty = []
        for row, words in enumerate(batch["tokens"]):
            n_prompt = 0
            tokens = list(words)
            if not self.is_bi_encoder:
                own_types = types[row] if isinstance(types[0], list) else types
                prompt = [part for label in own_types for part in (self.model.config.ent_token, label) if part]
                prompt.append(self.model.config.sep_token)
                n_prompt = len(prompt)
                tokens = prompt + tokens
            word_ids = processor.transformer_tokenizer(tokens, is_split_into_words=True, truncation=True).word_ids()
            mask = torch.zeros_like(batch["words_mask"][row])
            previous = None
            for place, word in enumerate(word_ids):
                if word is not None and word != previous and word >= n_prompt:
                    mask[place] = word - n_prompt + 1
                previous = word
            empty.append(len({word for word in word_ids if word is not None}) < len(tokens))
            if not empty[-1]:
                assert torch.equal(mask, batch["words_mask"][row]), "the harness numbers words unlike gliner"
            if in_place:
                batch["words_mask"][row] = mask
        return empty

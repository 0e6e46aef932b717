"""A training small enough for tests; as a program, it runs in a process of its own: `python -m tests.training.tiny_training`."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.label_sets import Merge, Wording
from spacy_gliner_biomed.scorer import SpanScorer
from spacy_gliner_biomed.training.dev_set import DevSet
from spacy_gliner_biomed.training.engine import train
from spacy_gliner_biomed.training.sampling import TrainingStream
from spacy_gliner_biomed.training.settings import LossSettings, SourceSettings, StreamSettings, TrainingSettings
from spacy_gliner_biomed.training.sources import window_size
from spacy_gliner_biomed.training.store import CorpusKey, StoreBuilder, WindowStore
from spacy_gliner_biomed.training.windows import GoldReport, passage_windows
from tests.scorer.tiny import make_scorer

WORDINGS = {
    "drug": Wording("drug", ("medicine", "pharmaceutical"), "drugs", ("A substance given to treat a disease.",), ()),
    "symptom": Wording("symptom", ("complaint",), "symptoms", ("What a patient feels.", "A sign of illness."), ()),
    "cell": Wording("cell", ("cell type",), "cells", ("A kind of cell.",), ()),
}
MERGES = (Merge("b", "anatomy", ("cell", "organ"), "both are anatomy"),)
BARE = StreamSettings(
    batch_words=40, temperature=1.0, label_dropout=0.0, merge=0.0, name=1.0, synonym=0.0, plural=0.0, description=0.0,
    name_and_description=0.0, case=0.0,
)  # fmt: skip
QUICK = TrainingSettings(
    steps=6, learn_rate=3e-3, encoder_learn_rate=1e-3, mixed_precision=False, average=0.9, device="cpu", log_every=1,
    evaluate_every=3, checkpoint_every=3,
)  # fmt: skip


def passage(corpus: str, text: str, *marked: str, **fields: Any) -> AnnotatedPassage:
    """RETURNS (AnnotatedPassage): mentions are written "words|label"; each is found at its first place in the text."""
    mentions = []
    for mark in marked:
        words, label = mark.split("|")
        start = text.index(words)
        mentions.append(Mention(start, start + len(words), label))
    return AnnotatedPassage(f"{corpus}-{text[:8]}", text, tuple(sorted(mentions)), corpus=corpus, **fields)


PASSAGES = [
    passage("a", "aspirin for acute pain", "aspirin|drug", "acute pain|symptom"),
    passage("a", "metformin helps", "metformin|drug"),
    passage("a", "no medicine against pain", "pain|symptom"),
    passage("a", "nothing to see here"),
    passage("b", "neural crest cells in the liver", "neural crest cells|cell", "liver|organ", "crest cells|cell"),
    passage("b", "tau binds lithium in neurons of the brain", "neurons|cell", "brain|organ"),
    passage("c", "aspirin and tau", "aspirin|drug", labels=("drug",)),
] * 3  # fmt: skip


def make_store(scorer: SpanScorer, passages=None, settings: StreamSettings = BARE) -> WindowStore:
    """RETURNS (WindowStore): the passages, as one source."""
    builder = StoreBuilder()
    window, room = window_size(scorer, settings)
    for item in PASSAGES if passages is None else passages:
        if item.labels is None:
            builder.inventory(item.corpus, [mention.label for mention in item.mentions])
        for part in passage_windows(item, scorer, window, room, GoldReport()):
            builder.add(part, CorpusKey(0, item.corpus), item.labels, item.weight, item.partial)
    return builder.build()


def make_stream(scorer: SpanScorer, settings: StreamSettings = BARE, passages=None, seed: int = 0, **source: Any):
    """RETURNS (TrainingStream): over the passages."""
    sources = [SourceSettings(path="", **source)]
    room = None if scorer.config.is_bi_encoder else scorer.room_for_words
    return TrainingStream(
        make_store(scorer, passages, settings), sources, settings, seed, WORDINGS, MERGES, room
    )  # fmt: skip


def dev_set() -> DevSet:
    """RETURNS (DevSet): two of the passages."""
    return DevSet([passage("a", "aspirin for acute pain", "aspirin|drug", labels=("drug", "symptom"))], 0.2)


def weights(scorer: SpanScorer) -> dict[str, torch.Tensor]:
    """RETURNS (dict): copies of all weights."""
    return {name: tensor.clone() for name, tensor in scorer.module.state_dict().items()}


class Killed(TrainingStream):
    """Kills its process when a certain batch is asked for."""

    kill_at = -1

    def batch(self, step: int):
        if step == self.kill_at:
            show_modules()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().batch(step)


def main(folder: str, options: str) -> None:
    """Train in `folder`; options (JSON): `kind` of the scorer, `kill_at`, `reduction`, and fields of `TrainingSettings`."""
    values = json.loads(options)
    scorer = make_scorer(values.pop("kind", "bi"), pass_rate=0.0)
    stream = make_stream(scorer)
    stream.__class__ = Killed
    stream.kill_at = values.pop("kill_at", -1)
    loss = LossSettings(reduction=values.pop("reduction", "sum"))
    settings = TrainingSettings(**{**QUICK.__dict__, **values})
    train(scorer, stream, dev_set(), settings, Path(folder), progress=False, loss=loss)
    show_modules()


def show_modules() -> None:
    """Print which of spaCy and its relatives have been imported."""
    print("modules:", *({"spacy", "thinc", "srsly"} & set(sys.modules)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

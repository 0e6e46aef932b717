"""`GlinerBiomed` on a shared encoder: the same pipe, which reads token vectors instead of text."""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Type

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, Optimizer, set_dropout_rate

from ..component import GlinerBiomed
from ..hits import Hits
from ..reading import Reading, read_words
from ..scorer.scorer import SpanScorer
from ..thinc_model import shim_of
from .gold import listener_windows
from .node import ListenerBatch, ListenerShim, listener_shim, load, save, token_layer
from .words import doc_words, stack

TRANSFORMER_LISTENER = "transformer-listener"  # its name, so that spacy-transformers need not be imported


class ListeningGlinerBiomed(GlinerBiomed):
    """Finds entities with any labels, in texts that an earlier pipe of the pipeline has read.

    Words are spaCy's tokens but for white space. Settings, labels and annotations are those of `GlinerBiomed`; `window` and
    `stride` say how many words are scored at a time and change no score, as context comes from the shared encoder's own windows.
    """

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """One training step; sends the gradient of the token vectors back to the shared encoder. As `GlinerBiomed.update`."""
        set_dropout_rate(token_layer(self.model), drop)
        return super().update(examples, drop=drop, sgd=sgd, losses=losses)

    def _read(self, scorer: SpanScorer, docs: Sequence[Doc], reading: Reading) -> List[Hits]:
        self._check_vectors(docs)
        shim = listener_shim(self.model)
        vectors = token_layer(self.model).predict(list(docs))
        matrix = stack(docs, vectors, shim.listening.width, shim.listening.parameter())
        with shim.listening.reading(matrix):
            return read_words(scorer, doc_words(docs), reading)

    def _check_vectors(self, docs: Sequence[Doc]) -> None:
        """Listeners answer with zeros for a text that their encoder has not read: say so instead."""
        listens = [node for node in token_layer(self.model).walk() if hasattr(node, "upstream_name")]
        to_transformer = any(node.name == TRANSFORMER_LISTENER for node in listens)
        to_tok2vec = any(isinstance(node, Tok2VecListener) for node in listens)
        for doc in docs:
            if not len(doc):
                continue
            data = doc._.trf_data if to_transformer else None
            if (to_transformer and data is None) or (to_tok2vec and not doc.tensor.size):
                raise ValueError(
                    f"The shared encoder of the pipe {self.name!r} has not read the text {doc.text[:40]!r}…; let it run first, and "
                    "in training name it in annotating_components too."
                )
            if data is not None and any(
                not n and token.text.strip() for n, token in zip(data.align.lengths, doc, strict=False)
            ):
                # The same words each time, so that Python shows them once
                warnings.warn(
                    f"Some tokens have no word pieces in the shared transformer, and the pipe {self.name!r} knows them by their "
                    "neighbours alone; where a window of get_spans is longer than the transformer reads, make it shorter.",
                    UserWarning,
                    stacklevel=2,
                )

    def _initialize_model(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        docs = [example.predicted for example in islice(get_examples(), 10)]
        sample = [doc for doc in docs if len(doc)] or [Doc(self.vocab, words=["text"])]
        self.model.initialize(X=sample)

    def _training_windows(self, examples: List[Example]) -> ListenerBatch:
        scorer = self.span_scorer
        known = self.label_set
        descriptions = dict(zip(known.names, known.descriptions, strict=True))
        windows = listener_windows(
            examples,
            lambda name: scorer.card.put_into_words(name, descriptions.get(name, "")),
            known.names,
            self.cfg["spans_key"],
            scorer.config.max_width,
            self.gold_report,
        )
        return ListenerBatch([example.predicted for example in examples], windows)

    def _save_model(self, folder: Path) -> None:
        save(self.model, folder)

    def _load_model(self, folder: Path) -> None:
        load(self.model, folder)


def pipe_class(model: Model) -> Type[GlinerBiomed]:
    """RETURNS (type): the pipe for a model, by its builder.

    RAISES (ValueError): for a model that no builder of ours has made.
    """
    return ListeningGlinerBiomed if isinstance(shim_of(model), ListenerShim) else GlinerBiomed

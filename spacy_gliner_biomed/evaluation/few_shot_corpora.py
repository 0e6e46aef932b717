"""What a few-shot run learns from and what it scores: two parts of one corpus, or two halves of one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ..corpus.passage import AnnotatedPassage
from .corpora import GoldCorpus
from .kinds import corpus_key
from .predicted import passages_again

HALVES = 2  # a corpus of one file: every second document, by a hash of its id, is for learning


@dataclass(frozen=True)
class FewShotCorpus:
    """What is learnt from and what is scored.

    name (str): how tables call it. examples, test (GoldCorpus): the two sides; the same for a corpus of one file, whose
        documents are then dealt to them by a hash of their ids.
    """

    name: str
    examples: GoldCorpus
    test: GoldCorpus

    def learnable(self) -> Iterator[AnnotatedPassage]:
        """YIELDS (AnnotatedPassage): the passages that examples are drawn from."""
        return self._side(self.examples, 0)

    def scored(self) -> Iterator[AnnotatedPassage]:
        """YIELDS (AnnotatedPassage): the passages to score."""
        return self._side(self.test, 1)

    def limited(self, limit: int) -> Iterator[AnnotatedPassage]:
        """YIELDS (AnnotatedPassage): the passages to score; `limit` of them, evenly from the whole, unless it is 0."""
        total = sum(1 for _ in self.scored()) if limit else 0
        kept = {number * total // limit for number in range(limit)} if total > limit else None
        for number, passage in enumerate(self.scored()):
            if kept is None or number in kept:
                yield passage

    def _side(self, corpus: GoldCorpus, half: int) -> Iterator[AnnotatedPassage]:
        for passage in passages_again(corpus):
            if self.examples.path != self.test.path or _half(passage.document) == half:
                yield passage


def pair_corpora(examples: Sequence[GoldCorpus], tests: Sequence[GoldCorpus]) -> List[FewShotCorpus]:
    """Find the corpus to learn from for each corpus to score, by their names without parts.

    examples, tests (Sequence[GoldCorpus]): such as the training and the dev parts of a folder.
    RETURNS (List[FewShotCorpus]): one for each of `tests` that has examples.
    RAISES (ValueError): where none has.
    """
    by_key = {corpus_key(corpus.name): corpus for corpus in examples}
    pairs = [
        FewShotCorpus(test.name, by_key[corpus_key(test.name)], test) for test in tests if corpus_key(test.name) in by_key
    ]
    if not pairs:
        names = ", ".join(corpus.name for corpus in tests)
        raise ValueError(f"There are no training passages for {names}; name a file, whose documents are then divided.")
    return pairs


def wanted_labels(corpus: FewShotCorpus, wanted: Sequence[str]) -> Tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): the labels to learn: those wanted, each once, or all that the scored side annotates.

    RAISES (ValueError): for a label that it does not annotate, and where there is none.
    """
    for label in wanted:
        if label not in corpus.test.labels:
            raise ValueError(f"'{label}' is no label of {corpus.name}; it has {', '.join(corpus.test.labels)}.")
    if not (wanted or corpus.test.labels):
        raise ValueError(f"The corpus {corpus.test.path} has no label at all; there is nothing to find in it.")
    return tuple(dict.fromkeys(wanted)) or corpus.test.labels


def scored_facts(corpus: FewShotCorpus, labels: Sequence[str], limit: int) -> Dict[str, Any]:
    """RETURNS (dict): what the scored passages are, as an entry of a result's `corpora`.

    RAISES (ValueError): where there is none.
    """
    passages = words = mentions = documents = 0
    last = None
    for passage in corpus.limited(limit):
        passages += 1
        words += len(passage.text.split())
        mentions += sum(mention.label in labels for mention in passage.mentions)
        documents += passage.document != last
        last = passage.document
    if not passages:
        raise ValueError(f"The corpus {corpus.test.path} has no passage to score; give one with more documents.")
    nested = corpus.test.is_nested()
    return {
        "name": corpus.name,
        "part": corpus.test.path.parent.name,
        "passages": passages,
        "documents": documents,
        "words": words,
        "mentions": mentions,
        "labels": list(labels),
        "nested": nested,
        "overlap": "nested" if nested else "flat",
    }


def _half(document: str) -> int:
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest()[0] % HALVES

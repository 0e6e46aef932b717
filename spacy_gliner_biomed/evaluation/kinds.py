"""What kind of figure a score is: measured on labels the model was taught on that corpus, taught elsewhere, or never.

Only figures of one kind may be averaged: recognising "disease" in another part of a training corpus, in a corpus never
seen, and recognising a label never seen are three different things.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict, List, Optional, Sequence, Tuple

from ..scorer.card import TrainingCard
from .synonyms import Synonyms

IN_SCHEMA = "in-schema"
UNSEEN_CORPUS = "unseen corpus"
UNSEEN_LABEL = "unseen label"
UNKNOWN = "unknown"
KINDS = (IN_SCHEMA, UNSEEN_CORPUS, UNSEEN_LABEL, UNKNOWN)

_FILE = re.compile(r"\.(jsonl|json|txt|tsv|xml|spacy|conll|iob)(\.gz)?$", re.IGNORECASE)
_PART = re.compile(r"[._ -](train|training|dev|devel|development|val|valid|validation|test|gold)$", re.IGNORECASE)
_COLLECTION = re.compile(r"^mtl[._ -]")  # the multi-task collection repackages corpora under this prefix


def corpus_key(name: str) -> str:
    """RETURNS (str): a corpus' name without file suffix, part, collection and punctuation: "mtl_JNLPBA.dev" → "jnlpba"."""
    stem = _COLLECTION.sub("", _PART.sub("", _FILE.sub("", name.lower())))
    return re.sub(r"[\W_]+", "", stem)


def kind_of(card: Optional[TrainingCard], corpus: str, label: str, synonyms: Optional[Synonyms] = None) -> str:
    """What kind of figure a score on one label of one corpus is.

    Corpora are compared by name without their part: a model trained on `bc5cdr.train` is in-schema on `bc5cdr.dev`.

    card (TrainingCard): what the model was trained on; None where that is not known.
    corpus (str): the evaluated corpus' name.
    label (str): one of its labels.
    synonyms (Synonyms): which labels mean the same; None for the table of the package.
    RETURNS (str): "in-schema" where the model was trained on this corpus, which annotates the label; else "unseen corpus"
        where the label, or a synonym, is in the model's inventory; else "unseen label". "unknown" without a card, and where
        the card lists neither corpora nor labels.
    """
    if card is None or not (card.labels or card.corpora):
        return UNKNOWN
    table = synonyms or _table()
    key = corpus_key(corpus)
    seen = [labels for name, labels in card.labels.items() if corpus_key(name) == key]
    if any(table.match(label, labels) is not None for labels in seen):
        return IN_SCHEMA
    # A training corpus whose inventory the card leaves out may have held the label: nothing better can be claimed.
    if not seen and any(corpus_key(str(entry.get("name", ""))) == key for entry in card.corpora):
        return IN_SCHEMA
    if any(table.match(label, labels) is not None for labels in card.labels.values()):
        return UNSEEN_CORPUS
    return UNSEEN_LABEL


def group_labels(
    card: Optional[TrainingCard], corpus: str, labels: Sequence[str], synonyms: Optional[Synonyms] = None
) -> Dict[str, Tuple[str, ...]]:
    """The labels of a corpus by kind, so that each kind gets a row of its own.

    card, corpus, synonyms: as for `kind_of`.
    labels (Sequence[str]): the corpus' labels.
    RETURNS (Dict[str, Tuple[str, ...]]): kind → its labels in the order given; only kinds that have some, in the order of
        `KINDS`.
    """
    found: Dict[str, List[str]] = {kind: [] for kind in KINDS}
    for label in labels:
        found[kind_of(card, corpus, label, synonyms)].append(label)
    return {kind: tuple(its_labels) for kind, its_labels in found.items() if its_labels}


@lru_cache(maxsize=1)
def _table() -> Synonyms:
    return Synonyms.read()

"""What a trained model says about its training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping

import numpy as np

from ..scorer.card import TrainingCard
from .sampling import TrainingStream
from .wording import LABEL_TEMPLATE


def make_card(stream: TrainingStream, before: TrainingCard, corpora: Path) -> TrainingCard:
    """The card of a model that `stream` trained.

    before (TrainingCard): of the model that the training began with; what it had seen stays on the card.
    corpora (Path): a folder whose `MANIFEST.json`, if any, knows the corpora's licences.
    RETURNS (TrainingCard): corpora with their passages' windows, words, mentions and share of the training, and their labels.
    """
    store, settings = stream.store, stream.settings
    licences = _licences(corpora / "MANIFEST.json")
    shares = stream.shares()
    entries: Dict[str, Dict[str, Any]] = {entry["name"]: dict(entry) for entry in before.corpora if "name" in entry}
    read = [name for name in dict.fromkeys(key.name for key in store.corpora) if name in shares]  # weight 0 is never read
    for name in read:
        own = np.isin(store.corpus, [n for n, key in enumerate(store.corpora) if key.name == name])
        entry: Dict[str, Any] = {
            "name": name,
            "windows": int(own.sum()),
            "words": int(store.n_words[own].sum()),
            "mentions": int(np.diff(store.first_span)[own].sum()),
            "share": round(shares[name], 4),
            "annotation": "silver, in part" if store.partial[own].all() else "as annotated",
        }
        if name in licences:
            entry["licence"] = licences[name]
        entries[name] = {**entries.get(name, {}), **entry}
    labels: Dict[str, List[str]] = {name: list(own) for name, own in before.labels.items()}
    inventories = store.corpus_labels()
    for name in read:
        labels[name] = sorted({*labels.get(name, ()), *inventories[name]})
    described = settings.description + settings.name_and_description > 0
    return TrainingCard(
        trained_on=_both(settings.trained_on, before.trained_on if before.corpora else settings.trained_on),
        label_template=LABEL_TEMPLATE if described else before.label_template,
        corpora=list(entries.values()),
        labels=labels,
    )


def _both(one: str, other: str) -> str:
    return one if one == other else "both"


def _licences(manifest: Path) -> Mapping[str, str]:
    """Corpus name → licence; a manifest lists files, named after their corpus and part."""
    if not manifest.is_file():
        return {}
    found: Dict[str, str] = {}
    for files in json.loads(manifest.read_text(encoding="utf-8")).values():
        for name, facts in files.items() if isinstance(files, dict) else ():
            if isinstance(facts, dict) and "licence" in facts:
                found.setdefault(name.rpartition(".")[0] or name, facts["licence"])
    return found

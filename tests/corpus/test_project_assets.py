"""The passages, the knowledge base and the abstract of our own writing that ship in `project/assets`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Set

import pytest

from spacy_gliner_biomed.corpus.assets import verify

ASSETS = Path(__file__).parents[2] / "project" / "assets"
LABELS = {
    "drug",
    "drug dosage",
    "disease",
    "adverse event",
    "gene or protein",
    "cell line",
    "species",
    "medical procedure",
}


def read(name: str) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in (ASSETS / name).read_text(encoding="utf-8").splitlines()]


def test_the_committed_sums_hold() -> None:
    """An edit of an asset without `gliner-biomed assets record` is caught here."""
    verify(ASSETS)


@pytest.mark.parametrize("split", ["train", "dev"])
def test_passages_are_annotated_on_word_borders(split: str) -> None:
    """Each entity starts and ends with a word, overlaps no other, and has a label of the passage's inventory."""
    passages = read(f"{split}.jsonl")
    assert len({passage["id"] for passage in passages}) == len(passages) == {"train": 60, "dev": 20}[split]
    for passage in passages:
        text, last_end = passage["text"], 0
        assert passage["split"] == split and set(passage["labels"]) <= LABELS
        for entity in passage["entities"]:
            start, end = entity["start"], entity["end"]
            assert last_end <= start < end <= len(text), passage["id"]
            assert text[start:end] == text[start:end].strip()
            assert not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum(), text[start:end]
            assert entity["label"] in passage["labels"]
            last_end = end


def test_passages_are_annotated_completely() -> None:
    """A mention annotated in one place is annotated wherever a passage's inventory holds its label."""
    passages = read("train.jsonl") + read("dev.jsonl")
    labels_of: Dict[str, Set[str]] = {}
    for passage in passages:
        for entity in passage["entities"]:
            mention = passage["text"][entity["start"] : entity["end"]].lower()
            labels_of.setdefault(mention, set()).add(entity["label"])
    for passage in passages:
        covered = [(entity["start"], entity["end"]) for entity in passage["entities"]]
        for mention, labels in labels_of.items():
            if labels.isdisjoint(passage["labels"]):
                continue
            for match in re.finditer(rf"(?<!\w){re.escape(mention)}(?!\w)", passage["text"].lower()):
                assert any(start <= match.start() and match.end() <= end for start, end in covered), (
                    passage["id"],
                    mention,
                )


def test_train_and_dev_share_no_passage() -> None:
    """The dev figures are of texts that training has not seen."""
    assert not {passage["text"] for passage in read("train.jsonl")} & {passage["text"] for passage in read("dev.jsonl")}


def test_every_label_is_in_train_and_dev() -> None:
    """Each label is trained and measured."""
    for split in ("train", "dev"):
        assert {entity["label"] for passage in read(f"{split}.jsonl") for entity in passage["entities"]} == LABELS


def test_the_knowledge_base_defines_every_concept() -> None:
    """Identifiers carry our own prefix; each concept has a type from the labels and a definition."""
    from spacy_gliner_biomed.linking import read_concepts

    concepts = read_concepts(ASSETS / "knowledge_base.jsonl")
    assert len(concepts) >= 60
    for concept in concepts:
        assert re.fullmatch(r"DEMO:\d{4}", concept.concept_id)
        assert concept.definition and set(concept.types) <= LABELS


def test_the_abstract_is_structured_and_covered() -> None:
    """Four sections, and the knowledge base knows what the abstract is about."""
    from spacy_gliner_biomed.linking import read_concepts

    text = (ASSETS / "abstract.txt").read_text(encoding="utf-8")
    assert re.findall(r"^([A-Z]+):", text, flags=re.MULTILINE) == ["BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"]
    known = [
        concept.canonical_name
        for concept in read_concepts(ASSETS / "knowledge_base.jsonl")
        if any(re.search(rf"\b{re.escape(name)}\b", text, flags=re.IGNORECASE) for name in concept.names)
    ]
    assert len(known) >= 20, known

"""A small knowledge base, entities set by rule, and no network."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
from spacy.language import Language

CONCEPTS: List[Dict[str, Any]] = [
    {
        "concept_id": "T:1",
        "canonical_name": "metformin",
        "aliases": ["metformin hydrochloride"],
        "types": ["drug"],
        "definition": "A biguanide.",
    },
    {"concept_id": "T:2", "canonical_name": "tumor necrosis factor alpha", "aliases": ["cachectin"], "types": ["gene"]},
    {"concept_id": "T:3", "canonical_name": "tumor necrosis factor beta", "aliases": ["lymphotoxin alpha"]},
    {"concept_id": "T:4", "canonical_name": "métastase", "aliases": ["転移"], "definition": None},
]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails at once."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"network access: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def kb_path(tmp_path: Path) -> Path:
    """The concepts above as JSON lines."""
    path = tmp_path / "kb.jsonl"
    path.write_text("".join(json.dumps(concept, ensure_ascii=False) + "\n" for concept in CONCEPTS), encoding="utf-8")
    return path


@pytest.fixture
def make_nlp() -> Callable[..., Language]:
    """A blank pipeline whose entity ruler marks the given mentions, with scispaCy's abbreviations before it on wish."""

    def make(*mentions: str, abbreviations: bool = False) -> Language:
        nlp = spacy.blank("en")
        if abbreviations:
            import scispacy.abbreviation  # noqa: F401  scispaCy has no entry points

            nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "ENTITY", "pattern": mention} for mention in mentions])
        return nlp

    return make

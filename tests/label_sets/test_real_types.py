"""Real passages that were marked for kinds of their own: form, and none of what tests keep unseen."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.label_sets.test_open_types import held_labels

ASSETS = Path(__file__).parents[2] / "project" / "assets"
FILES = {"real_types.jsonl.gz": 3000, "more_real_types.jsonl.gz": 2500, "further_real_types.jsonl.gz": 1800}  # rows, at least


def read_notes(name: str) -> List[Dict[str, Any]]:
    """RETURNS (list): the rows of one of the files."""
    with gzip.open(ASSETS / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module", params=FILES)
def notes(request: pytest.FixtureRequest) -> List[Dict[str, Any]]:
    notes = read_notes(request.param)
    assert len(notes) > FILES[request.param]
    return notes


def test_no_text_is_handed_on(notes: List[Dict[str, Any]]) -> None:
    """Where it stands, and what tells that it is the same; nothing of it."""
    assert all(set(note) == {"file", "id", "start", "end", "sha256", "kinds"} for note in notes)
    assert all(set(kind) == {"names", "spans"} for note in notes for kind in note["kinds"])
    assert len({(note["file"], note["id"], note["start"], note["sha256"]) for note in notes}) == len(notes)


def test_kinds_are_many(notes: List[Dict[str, Any]]) -> None:
    """Chosen for each passage, some of them absent; no name twice in a passage."""
    assert len({kind["names"][0] for note in notes for kind in note["kinds"]}) > 10_000
    for note in notes:
        names = [name.casefold() for kind in note["kinds"] for name in kind["names"]]
        assert len(names) == len(set(names)) and all(name == name.strip() and name for name in names), note["id"]
        assert any(kind["spans"] for kind in note["kinds"]) and any(not kind["spans"] for kind in note["kinds"]), note["id"]


def test_mentions_of_a_kind_lie_apart(notes: List[Dict[str, Any]]) -> None:
    """Within the passage, in order, none inside another."""
    for note in notes:
        for kind in note["kinds"]:
            spans = [tuple(span) for span in kind["spans"]]
            assert spans == sorted(set(spans)) and all(0 <= a < b <= note["end"] - note["start"] for a, b in spans), note["id"]
            assert all(not (c <= a and b <= d) for a, b in spans for c, d in spans if (a, b) != (c, d)), (note["id"], kind)


def test_labels_of_tests_stay_unseen(notes: List[Dict[str, Any]]) -> None:
    """As for the passages of our own writing."""
    assert held_labels().isdisjoint(name.casefold() for note in notes for kind in note["kinds"] for name in kind["names"])


def test_no_passage_is_marked_twice() -> None:
    """Each file goes on where the one before left off: their parts of a text share no character."""
    parts: Dict[Any, List[Any]] = {}
    for note in (note for name in FILES for note in read_notes(name)):
        parts.setdefault((note["file"], note["id"]), []).append((note["start"], note["end"], note["sha256"]))
    for own in parts.values():
        assert all(c >= b or d <= a or x == y for a, b, x in own for c, d, y in own), own

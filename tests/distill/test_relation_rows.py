"""Relations as span labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.distill.grounding.passages import write_grounded
from spacy_gliner_biomed.distill.grounding.run import GroundingCounts, ground_answers
from spacy_gliner_biomed.distill.relation_rows import write_relations
from tests.distill.grounding.answering import TEXT, answer, passage


def test_tails_are_marked_under_head_and_relation(tmp_path: Path) -> None:
    """The tail where it stands; other pairings are negatives, but for one whose tail only failed to be placed."""
    first = answer(
        passage(),
        ("Aspirin", "drug"),
        ("fever", "symptom"),
        ("rash", "symptom"),
        ("breast cancer", "disease"),
        relations=((0, 3, "Eases"), (0, 6, "causes"), (9, 3, "causes")),
    )
    write_grounded(tmp_path / "g.jsonl", ground_answers([first, answer(passage("p2"))], GroundingCounts()))
    counts = write_relations([tmp_path / "g.jsonl"], tmp_path / "r.jsonl")
    (row,) = read(tmp_path / "r.jsonl")
    assert [(TEXT[start:end], label) for start, end, label in row.mentions] == [
        ("fever", "Aspirin <> eases"),
        ("fever", "breast cancer <> causes"),
    ]
    assert set(row.labels or ()) - {label for *_, label in row.mentions} == {
        "breast cancer <> eases",
        "fever <> eases",
        "fever <> causes",
    }
    assert (counts.passages, counts.without_relations, counts.relations, counts.without_place) == (1, 1, 2, 1)


def test_negatives_are_few_and_fixed(tmp_path: Path) -> None:
    """Within the limit of labels, the same for the same seed; the source is never the target."""
    first = answer(passage(), ("Aspirin", "d"), ("fever", "s"), ("breast cancer", "s"), relations=((0, 3, "a"), (3, 0, "b")))
    path = tmp_path / "g.jsonl"
    write_grounded(path, ground_answers([first], GroundingCounts()))
    for name in ("1.jsonl", "2.jsonl"):
        assert write_relations([path], tmp_path / name, most_labels=4, seed=5).negatives == 2
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()
    with pytest.raises(ValueError, match="is read by this step"):
        write_relations([path], path)

"""Answers to grounded passages, through files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.distill.answers import write_answers
from spacy_gliner_biomed.distill.grounding import GroundingSettings
from spacy_gliner_biomed.distill.grounding.passages import GroundedPassage, read_grounded
from spacy_gliner_biomed.distill.grounding.run import GroundingCounts, ground_answers, ground_file
from spacy_gliner_biomed.distill.stages import read_stage
from tests.distill.grounding.answering import TEXT, answer, passage


def ground_all(*answers, **settings) -> tuple[list[GroundedPassage], GroundingCounts]:
    """Grounded passages and counts."""
    counts = GroundingCounts()
    return list(ground_answers(answers, counts, GroundingSettings(**settings))), counts


def test_mentions_keep_their_status_and_place() -> None:
    """Each mention is one of the statuses, and its offsets are the passage's."""
    of = passage()
    listed = answer(of, ("Aspirin", "drug"), ("FEVER", "symptom"), ("cancer of breast", "disease"), ("headache", "symptom"))
    (grounded,), counts = ground_all(listed)
    told = [(each.status, TEXT[each.start : each.end] if each.start >= 0 else "") for each in grounded.mentions]
    assert told == [("exact", "Aspirin"), ("folded", "fever"), ("failed", ""), ("failed", ""), ("propagated", "Aspirin")]
    assert counts.listed == 4 and counts.statuses == {"exact": 1, "folded": 1, "failed": 2, "propagated": 1}
    assert len(grounded.placed) == 3


def test_relations_go_by_id() -> None:
    """Ids are ids, not places in the list (the seed takes them for places, and -1 for the last)."""
    of = passage()
    listed = answer(of, ("fever", "s"), ("Aspirin", "d"), ("rash", "s"), relations=((8, 5, "eases"), (8, 11, "causes")), first_id=5)
    (grounded,), counts = ground_all(listed)
    assert [(grounded.mentions[r.head].text, r.type, grounded.mentions[r.tail].text) for r in grounded.relations] == [
        ("Aspirin", "eases", "fever"),
        ("Aspirin", "causes", "rash"),
    ]
    assert (counts.relations, counts.relations_failed) == (2, 1)


def test_parts_of_a_long_passage_are_joined() -> None:
    """Each part is searched by itself; offsets, relations and repeated mentions are the passage's."""
    of = passage()
    parts = (
        answer(of, ("Aspirin", "drug"), ("fever", "s"), relations=((0, 3, "eases"),), part=(0, 24)),
        answer(of, ("Aspirin", "drug"), ("breast cancer", "disease"), part=(24, len(TEXT))),
        answer(of, ("Aspirin", "drug"), part=(24, len(TEXT))),
    )
    (grounded,), counts = ground_all(*parts)
    assert [(each.start, each.text) for each in grounded.mentions] == [
        (0, "Aspirin"),
        (18, "fever"),
        (25, "Aspirin"),
        (69, "breast cancer"),
    ]
    assert counts.repeated == 1 and counts.answers == 3 and grounded.answers == 3


def test_nothing_is_mixed() -> None:
    """Two annotators in one file, two texts under one id, and a passage that comes back are refused."""
    of = passage()
    with pytest.raises(ValueError, match="'p1' has answers of annotators a and b"):
        ground_all(answer(of, annotator="a"), answer(of, annotator="b"))
    with pytest.raises(ValueError, match="'p1' has answers of different texts"):
        ground_all(answer(of), answer(passage(text="Another.")))
    with pytest.raises(ValueError, match="'p1' comes back after others"):
        ground_all(answer(of), answer(passage("p2")), answer(of))


def test_a_file_comes_back_the_same(tmp_path: Path) -> None:
    """What is written is read again, the record fits, and a second run writes the same bytes."""
    of = passage()
    listed = answer(of, ("Aspirin", "drug"), ("headache", "s"), relations=((0, 3, "for"),), descriptions=(("drug", "A medicine."),))
    write_answers(tmp_path / "answers.jsonl", [listed, answer(passage("p2", ""))])
    out = tmp_path / "grounded.jsonl.gz"
    counts = ground_file([tmp_path / "answers.jsonl"], out, report=tmp_path / "page.html", progress=False)
    first, second = read_grounded(out)
    assert first.descriptions == (("drug", "A medicine."),) and first.passage == of and second.mentions == ()
    assert list(ground_answers([listed], GroundingCounts()))[0].mentions == first.mentions
    stage = read_stage(out)
    assert stage["counts"] == counts.to_dict() and stage["changed"] is False
    with pytest.raises(ValueError, match="is read by this step"):
        ground_file([tmp_path / "answers.jsonl"], tmp_path / "answers.jsonl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row["mentions"][0].update(end=9999), "does not fit its text"),
        (lambda row: row["mentions"][0].update(status="sure"), "one of the statuses"),
        (lambda row: row["mentions"][0].update(start="0"), "wrong kind"),
        (lambda row: row["mentions"][0].pop("overlap"), "needs start, end"),
        (lambda row: row["relations"].append({"head": -1, "tail": 0, "type": "x"}), "names the mention -1"),
        (lambda row: row.pop("mentions"), "needs 'passage'"),
        (lambda row: row["passage"].pop("id"), "no 'id'"),
        (lambda row: row.update(answers=0), "1 or more"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, change, message: str) -> None:
    """File, line and what is wrong."""
    (grounded,), _ = ground_all(answer(passage(), ("Aspirin", "drug")))
    row = grounded.to_row()
    change(row)
    path = tmp_path / "grounded.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message) as error:
        list(read_grounded(path))
    assert str(error.value).startswith(f"{path}, line 1")


def test_the_page_shows_mentions_in_their_text(tmp_path: Path) -> None:
    """Counts, marked mentions, failed ones; what a passage holds stays text."""
    of = passage(text="<script>alert(1)</script> Aspirin eased the Fever & more.")
    write_answers(tmp_path / "a.jsonl", [answer(of, ("Aspirin", "<b>drug"), ("fever", "symptom"), ("headache", "symptom"))])
    ground_file([tmp_path / "a.jsonl"], tmp_path / "g.jsonl", report=tmp_path / "page.html", progress=False)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page and "&lt;b&gt;drug" in page
    assert '<mark class="exact"' in page and '<mark class="folded"' in page
    assert '<li class="failed">headache' in page and "66.67 %" in page
    assert "http" not in page

"""From text to rows, samples and review sheets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Dict, List

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.training.silver.exclusions import Exclusions
from spacy_gliner_biomed.training.silver.patterns.boilerplate import frequent_sentences, is_boilerplate
from spacy_gliner_biomed.training.silver.patterns.review import draw_mentions, review_sheet, write_review
from spacy_gliner_biomed.training.silver.patterns.run import annotate_with_patterns, even_shares
from spacy_gliner_biomed.training.silver.patterns.teacher import PatternTeacher
from tests.training.silver.support import write_jsonl

LABELS = ["duration", "number", "severity grade"]


def rows_of(folder: Path) -> List[Dict[str, Any]]:
    """RETURNS (list): the rows of all shards."""
    files = sorted(folder.glob("shard-*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.open(file, "rt", encoding="utf-8")]


def test_rows(tmp_path: Path) -> None:
    """A row that is complete for its labels, and a partial one where there is something to say."""
    text = write_jsonl(
        tmp_path / "t.jsonl",
        {"id": "a", "text": "Severe pain for 6 weeks.", "source": "S", "license": "CC0"},
        {"id": "b", "text": "Nothing happened here.", "source": "S", "license": "CC0"},
    )
    counts = annotate_with_patterns(PatternTeacher(LABELS), [text], tmp_path / "out", progress=False)
    first, second, third = rows_of(tmp_path / "out")
    assert first["labels"] == ["duration", "number"] and "partial" not in first
    assert [(first["text"][e["start"] : e["end"]], e["label"]) for e in first["entities"]] == [
        ("6", "number"), ("6 weeks", "duration")
    ]  # fmt: skip
    assert second["labels"] == ["severity grade"] and second["partial"] is True
    assert second["entities"] == [{"start": 0, "end": 6, "label": "severity grade"}]
    assert third["entities"] == [] and third["labels"] == ["duration", "number"] and third["license"] == "CC0"
    assert counts["rows: full"] == 2 and counts["rows: partial"] == 1 and counts["label: duration"] == 1
    passages = [passage for file in sorted((tmp_path / "out").glob("*.gz")) for passage in read(file)]
    assert [passage.partial for passage in passages] == [False, True, False]
    assert {passage.corpus for passage in passages} == {"silver_patterns_full", "silver_patterns_partial"}


def test_left_out(tmp_path: Path) -> None:
    """Test texts, by words and by trial number; a second run changes nothing."""
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    text = write_jsonl(
        tmp_path / "t.jsonl",
        {"id": "NCT01234567.0", "text": "For 6 weeks."},
        {"id": "b", "text": f"So {words} it is."},
        {"id": "c", "text": "For 7 weeks."},
    )
    exclusions = Exclusions()
    exclusions.add(words, "NCT01234567")
    teacher = PatternTeacher(LABELS)
    counts = annotate_with_patterns(teacher, [text], tmp_path / "out", exclusions=exclusions, progress=False)
    assert [row["text"] for row in rows_of(tmp_path / "out")] == ["For 7 weeks."]
    assert counts["excluded: same document"] == counts["excluded: same words"] == 1
    again = annotate_with_patterns(teacher, [text], tmp_path / "out", exclusions=exclusions, progress=False)
    assert again == counts


def test_even_shares(tmp_path: Path) -> None:
    """A short file gives all it has, the others share the rest."""
    small = write_jsonl(tmp_path / "s.jsonl", {"id": "1", "text": "a b c d"})
    large = write_jsonl(tmp_path / "l.jsonl", *({"id": f"x{n}", "text": "a b c d e"} for n in range(20)))
    assert even_shares([large, small], 54) == {small: 1.0, large: 0.5}
    assert even_shares([small, large], 1000) == {small: 1.0, large: 1.0}


def test_a_sample_is_the_same_each_time(tmp_path: Path) -> None:
    """Whole documents, about as many words as wanted."""
    text = write_jsonl(tmp_path / "l.jsonl", *({"id": f"x{n}", "text": f"a b c d {n}"} for n in range(200)))
    for name in ("one", "two"):
        annotate_with_patterns(PatternTeacher(LABELS), [text], tmp_path / name, words=500, progress=False)
    one, two = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert one == two and 70 <= len(one) <= 130


def test_boilerplate(tmp_path: Path) -> None:
    """A sentence that twenty texts share; short ones do not count."""
    form = "You can use the dictionary to look up words."
    texts = [f"{form} Own sentence number {n} of them. See below." for n in range(20)]
    text = write_jsonl(tmp_path / "t.jsonl", *({"id": f"x{n}", "text": text} for n, text in enumerate(texts)))
    frequent = frequent_sentences([text])
    assert len(frequent) == 1
    assert is_boilerplate(f"{form} And a short one.", frequent)
    assert not is_boilerplate(f"{form} {'And a long one. ' * 8}", frequent)
    assert not is_boilerplate(form, frozenset())
    counts = annotate_with_patterns(PatternTeacher(LABELS), [text], tmp_path / "out", progress=False)
    assert counts == {"passages read": 20, "excluded: boilerplate": 20}


def test_review(tmp_path: Path) -> None:
    """Mentions in context, so many of a type; every one may be drawn."""
    rows = [
        {"id": f"r{n}", "text": f"for\n{n} weeks\tnow", "entities": [{"start": 4, "end": 5, "label": "number"}]}
        for n in range(9)
    ]
    drawn = draw_mentions(rows, number=3)
    assert [len(mentions) for mentions in drawn.values()] == [3]
    assert len({one.passage for seed in range(30) for one in draw_mentions(rows, 3, seed)["number"]}) == 9
    sheet = review_sheet(draw_mentions(rows[:1], 3))
    assert sheet == "label\tpassage\ttext\nnumber\tr0\tfor[[0]] weeks now\n"
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": "For 6 weeks."})
    annotate_with_patterns(PatternTeacher(LABELS), [text], tmp_path / "out", progress=False)
    assert write_review(tmp_path / "out", 5).read_text(encoding="utf-8").count("[[6") == 2

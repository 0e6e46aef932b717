"""From lexicon, gold and text to rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.silver.evidence import Evidence
from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.lexicon_run import TrainedTeacher, annotate_with_lexicon, train_teacher
from spacy_gliner_biomed.training.silver.teacher import LexiconTeacher
from tests.training.silver.support import table, write_corpora


def trained(labels: list[str]) -> TrainedTeacher:
    """RETURNS (TrainedTeacher): that believes every name of the small lexicon."""
    evidence = Evidence(labels=dict.fromkeys(labels, (0.9, 99)))
    return TrainedTeacher(LexiconTeacher(table(), NameFinder(table()), evidence, labels), {}, labels, labels, [], 0.7)


def rows_of(folder: Path) -> list[dict]:
    """RETURNS (list): the rows of all shards."""
    files = sorted(folder.glob("shard-*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.open(file, "rt", encoding="utf-8")]


def test_rows(tmp_path: Path) -> None:
    """Offsets, concepts, other labels, licence; partial, with the labels that are known of every mention."""
    files = [write_corpora(tmp_path) / "unlabelled" / "t.jsonl"]
    labels = ["disease", "drug"]
    counts = annotate_with_lexicon(trained(labels), files, tmp_path / "out", progress=False)
    first, second = rows_of(tmp_path / "out")
    assert [(first["text"][e["start"] : e["end"]], e["label"]) for e in first["entities"]] == [
        ("aspirin", "chemical"),
        ("aspirin", "drug"),
        ("Metformin", "chemical"),
        ("Metformin", "drug"),
    ]
    assert first["entities"][1] == {"start": 8, "end": 15, "label": "drug", "kb": "C:1"}
    surfaces = {second["text"][e["start"] : e["end"]] for e in second["entities"]}
    assert "Breast cancer" in surfaces <= {"Breast cancer", "BC"}
    assert first["partial"] is True and first["license"] == "CC0" and first["corpus"] == "silver_t"
    assert first["labels"] == ["chemical", "disease", "drug"]  # no mention can be a disease
    assert (counts["without a mention"], counts["label: drug"]) == (1, 2)


def test_what_gold_teaches(tmp_path: Path) -> None:
    """A name that gold contradicts is dropped, and the report counts it."""
    folder = write_corpora(tmp_path)
    teacher = train_teacher(folder / "lexicon" / "lexicon.tsv", folder, progress=False)
    assert teacher.teacher.reading("metformin") is None
    assert teacher.teacher.reading("aspirin") is not None
    report = teacher.report()
    assert report["kept"] == ["disease", "drug"] and report["names_dropped_by_gold"] == 1
    assert report["labels"]["drug"]["overlap"] == 1.0 and report["not_judged"] == ["anatomical structure", "gene"]


def test_a_share_that_is_none(tmp_path: Path) -> None:
    """Told before anything is read."""
    with pytest.raises(ValueError, match="share from 0 to 1, not 70"):
        train_teacher(tmp_path / "none", tmp_path, least=70)

"""What a model is sure of."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.entities import Entity
from spacy_gliner_biomed.annotate.pipeline import build_pipeline
from spacy_gliner_biomed.training.silver.passages import UnlabelledPassage
from spacy_gliner_biomed.training.silver.self_training import annotate_with_model, merge_regions, silver_row
from tests.support.dictionary import LABELS, dictionary
from tests.training.silver.support import write_jsonl

__all__ = ["dictionary"]

PASSAGE = UnlabelledPassage("t:1.0", "d", "x" * 40, "silver_t", "S", "CC0", "P.0")


def entity(start: int, end: int, score: float) -> Entity:
    """RETURNS (Entity): a drug."""
    return Entity(start, end, "drug", score, 0, 1)


def test_sure_and_doubtful() -> None:
    """Sure mentions are kept, doubtful ones become regions."""
    row = silver_row(PASSAGE, [entity(0, 3, 0.95), entity(5, 8, 0.5), entity(7, 9, 0.9)], ["drug"], 0.9, 0.7)
    assert isinstance(row, dict)
    assert row["entities"] == [{"start": 0, "end": 3, "label": "drug", "score": 0.95}]
    assert row["unknown"] == [[5, 9]] and row["labels"] == ["drug"] and row["corpus"] == "self_t"
    assert row["partial"] is True


def test_passages_left_out() -> None:
    """Nothing sure, or too much doubt."""
    assert silver_row(PASSAGE, [entity(0, 3, 0.5)], ["drug"], 0.9, 1.0) == "without a sure mention"
    assert silver_row(PASSAGE, [entity(0, 3, 0.95), entity(5, 8, 0.5)], ["drug"], 0.9, 0.4) == "too doubtful"


def test_regions() -> None:
    """Those that touch become one."""
    assert merge_regions([(5, 7), (0, 2), (2, 3), (6, 9)]) == [(0, 3), (5, 9)]


@pytest.mark.usefixtures("dictionary")
def test_a_run(tmp_path: Path) -> None:
    """Rows, counts and licence; thresholds are the run's."""
    text = write_jsonl(
        tmp_path / "t.jsonl",
        {"id": "P.0", "text": "Aspirin for fever.", "source": "S", "license": "CC0"},
        {"id": "P.1", "text": "JAK2 only."},
    )
    nlp = build_pipeline(labels=list(LABELS))
    counts = annotate_with_model(nlp, [text], tmp_path / "out", high=0.9, low=0.6, progress=False)
    rows = [json.loads(line) for line in gzip.open(tmp_path / "out" / "shard-00000.jsonl.gz", "rt", encoding="utf-8")]
    assert [(row["text"], row["unknown"], row["license"]) for row in rows] == [("Aspirin for fever.", [[12, 17]], "CC0")]
    assert [(one["start"], one["end"], one["label"]) for one in rows[0]["entities"]] == [(0, 7, "drug")]
    assert (counts["passages read"], counts["without a sure mention"], counts["mentions"]) == (2, 1, 1)


@pytest.mark.usefixtures("dictionary")
def test_scores_the_wrong_way_round(tmp_path: Path) -> None:
    """Told before anything is written."""
    with pytest.raises(ValueError, match="low 0.9 and high 0.5"):
        annotate_with_model(build_pipeline(), [], tmp_path / "out", high=0.5, low=0.9)
    assert not (tmp_path / "out").exists()

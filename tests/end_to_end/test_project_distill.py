"""The spaCy project's workflow `distill`: from recorded answers and a tiny student to a trained model, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly

from spacy_gliner_biomed.corpus.formats import read
from tests.end_to_end.test_project import copy_project, lock, run_offline

STEPS = ["teach", "student", "distil", "tasks", "train-distilled"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("distill"))
    run_offline(project, "distill")
    return project


def rows(path: Path) -> List[Dict[str, Any]]:
    """RETURNS (list): the lines of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


@pytest.mark.timeout(900)
def test_teacher_and_student_annotate(finished: Path) -> None:
    """Every passage has an answer: the teacher's by record, the student's by generation."""
    folder = finished / "corpus" / "distill"
    asked = [rows(finished / "assets" / "distill" / name) for name in ("passages.jsonl", "task_passages.jsonl")]
    assert list(srsly.read_yaml(finished / "project.lock")) == STEPS
    assert len(rows(folder / "teacher.jsonl")) == len(asked[0]) == 24
    assert len(rows(folder / "student.jsonl")) == len(asked[1]) == 12


def test_mentions_stand_in_their_text(finished: Path) -> None:
    """Grounded, with known gaps in what is annotated, and as rows that `gliner` reads."""
    folder = finished / "corpus" / "distill"
    passages = list(read(folder / "pretrain.jsonl"))
    assert len(passages) == 36 and sum(len(passage.mentions) for passage in passages) > 200
    for passage in passages:
        assert all(passage.text[mention.start : mention.end].strip() for mention in passage.mentions), passage.id
    exported = json.loads((folder / "pretrain_rows.json").read_text(encoding="utf8"))
    assert {"tokenized_text", "ner", "ner_negatives"} <= set(exported[0])


def test_tasks_become_rows(finished: Path) -> None:
    """Each of the seven, with labels that tell them apart and with negatives."""
    passages = list(read(finished / "corpus" / "distill" / "posttrain.jsonl"))
    labels = {mention.label for passage in passages for mention in passage.mentions}
    assert "match" in labels and any(" <> " in label for label in labels) and labels & {"label", "category", "class", "tag"}
    assert any(set(passage.labels or ()) - {mention.label for mention in passage.mentions} for passage in passages)


def test_the_model_loads(finished: Path) -> None:
    """And answers; pre-training changed what it started from, and post-training that."""
    nlp = spacy.load(finished / "training" / "distilled" / "model-last")
    nlp.get_pipe("gliner_biomed").labels = ["drug", "disease"]
    assert nlp("Patients with asthma took prednisolone.").spans["gliner"]
    first, second = (
        (finished / "training" / name / "model-last" / "gliner_biomed" / "model" / "model.safetensors").read_bytes()
        for name in ("distilled-pretrain", "distilled")
    )
    assert first != second


def test_a_second_run_does_nothing(finished: Path) -> None:
    before = lock(finished)
    run_offline(finished, "distill")
    assert lock(finished) == before

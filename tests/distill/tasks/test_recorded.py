"""The project's own passages and recorded answers: whole, right, and still found under today's prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.cli.distill_tasks import tasks
from spacy_gliner_biomed.corpus.collect.passages import read_passages
from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.distill.annotation import annotate
from spacy_gliner_biomed.distill.answers import read_answers
from spacy_gliner_biomed.distill.recorded import RecordedAnswers
from spacy_gliner_biomed.distill.requests import ChatSettings
from spacy_gliner_biomed.distill.teacher import Teacher, TeacherSettings

from .rebind import ASSETS, FILES, PASSAGES, rebound


def invoke(*arguments: str) -> str:
    from typer.testing import CliRunner

    result = CliRunner().invoke(tasks, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("file", "requests"), FILES, ids=lambda each: getattr(each, "stem", ""))
def test_the_hashes_are_those_of_today(file: Path, requests: Any) -> None:
    """After a change of a prompt on purpose: `python -m tests.distill.tasks.rebind`, and `assets record project/assets`."""
    assert rebound(file, requests()) == file.read_text(encoding="utf-8").splitlines()


def test_every_passage_has_a_teachers_answer(tmp_path: Path) -> None:
    """Found by the requests of today; each mention stands in its passage letter by letter, each type is described."""
    teacher = Teacher(TeacherSettings(ChatSettings("by-hand"), variant="descriptions"))
    with RecordedAnswers(ASSETS / "teacher.jsonl") as model:
        report = annotate(read_passages(*PASSAGES), teacher, model, tmp_path / "answers.jsonl", progress=False)
        assert report.annotated == report.passages == len(model) == 36
    assert not report.failures and not report.repairs and report.entities > 400 and report.relations > 150
    for answer in read_answers(tmp_path / "answers.jsonl"):
        extraction = answer.extraction
        assert all(entity.text in answer.text for entity in extraction.entities)
        assert {entity.type for entity in extraction.entities} == {each.type for each in extraction.descriptions}


def test_tasks_from_the_command_line(tmp_path: Path) -> None:
    """`ask` finds every recorded answer; `rows` makes rows of all of them, all their strings placed exactly."""
    answers, rows = tmp_path / "answers.jsonl", tmp_path / "rows.jsonl"
    told = invoke("ask", str(PASSAGES[1]), "--model", "by-hand", "--recorded", str(ASSETS / "tasks.jsonl"), "-o", str(answers))
    assert "84 of 84 requests about 12 passages answered" in told
    told = invoke("rows", str(answers), "-o", str(rows))
    assert "7 answers" not in told and "stands" not in told and "fuzzy" not in told
    passages = list(read(rows))
    assert len(passages) > 80 and any(not passage.mentions for passage in passages)
    labels = {mention.label for passage in passages for mention in passage.mentions}
    assert {"match", "CORVEXA <> contains"} <= labels and labels & {"label", "category", "class", "tag"}
    assert not any(passage.partial for passage in passages)


def test_the_tasks_are_listed() -> None:
    """With their shares."""
    assert len(invoke("list").splitlines()) == 7


def test_a_recorded_answer_is_for_one_prompt_only(tmp_path: Path) -> None:
    """Another temperature is another request, and the run says so."""
    with pytest.raises(ValueError, match="None of 84 requests has an answer"):
        invoke("ask", str(PASSAGES[1]), "--model", "by-hand", "--temperature", "1", "--recorded", str(ASSETS / "tasks.jsonl"),
               "-o", str(tmp_path / "answers.jsonl"))

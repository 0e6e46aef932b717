"""`gliner-biomed distill student …`: from passages and answers to a student and its answers, without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List

import pytest
from typer.testing import CliRunner

from spacy_gliner_biomed.cli.distill_student import student as app
from spacy_gliner_biomed.corpus.collect.passages import ShardWriter, read_passages
from spacy_gliner_biomed.distill.answers import Answer, Extraction, read_answers, write_answers
from spacy_gliner_biomed.distill.grounding.run import ground_file
from tests.distill.chat_server import KEY, running
from tests.distill.student.small import answers, passages

RUNNER = CliRunner()


def call(*arguments: Any) -> str:
    """RETURNS (str): what a command prints."""
    result = RUNNER.invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder of passages."""
    with ShardWriter(tmp_path / "passages") as writer:
        for passage in passages(6, 40):
            writer.write(passage)
    return tmp_path / "passages"


def test_from_passages_to_a_student_and_its_answers(shards: Path, tmp_path: Path) -> None:
    """All commands, one after the other, each on what the one before has written."""
    small = ["--vocabulary", 400, "--hidden", 32, "--layers", 2, "--window", 512, "--epochs", 1]
    assert "6 exercises" in call("tiny", shards, "-o", tmp_path / "base", *small)
    write_answers(tmp_path / "teacher.jsonl", answers(8))
    lora = ["--epochs", 1, "--rank", 2, "--device", "cpu"]
    output = call("train", tmp_path / "teacher.jsonl", "--base", tmp_path / "base", "-o", tmp_path / "student", *lora)
    assert "examples: 8" in output and "entities: 16" in output
    call("merge", tmp_path / "student", "-o", tmp_path / "merged")
    made: List[bytes] = []
    for model in ("student", "merged"):
        out = tmp_path / f"{model}.jsonl"
        options = ["--max-tokens", 140, "--known-names", "--device", "cpu", "--batch-size", 3]
        assert "6 of 6 passages annotated" in call("annotate", shards, "-o", out, "--model", tmp_path / model, *options)
        found = [answer.extraction.to_dict() for answer in read_answers(out)]
        made.append(json.dumps(found).encode())
        assert {entity["type"] for row in found for entity in row["entities"]} <= {"drug", "disease"}
        assert json.loads((tmp_path / f"{model}.report.json").read_text())["repairs"] == {}
    assert made[0] == made[1]


def test_through_a_server(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same short prompt, with the schema, to whatever serves the student."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("tests.distill.chat_server.passage_text", lambda body: body["messages"][-1]["content"])
    with running() as server:
        out = tmp_path / "answers.jsonl"
        assert "6 of 6" in call("annotate", shards, "-o", out, "--model", "student", "--base-url", server.url)
        assert [len(body["messages"]) for body in server.bodies] == [2] * 6
        assert server.bodies[0]["response_format"]["json_schema"]["schema"]["required"] == ["entities", "relations"]
    assert [answer.annotator for answer in read_answers(out)] == ["student"] * 6
    assert all(entity.type == "name" for answer in read_answers(out) for entity in answer.extraction.entities)


def test_what_the_teacher_has_answered_is_left_out(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files can then be grounded together."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("tests.distill.chat_server.passage_text", lambda body: body["messages"][-1]["content"])
    out, teacher = tmp_path / "student.jsonl", tmp_path / "teacher.jsonl"
    first, second, *_ = read_passages(shards)
    empty = Extraction(entities=[], relations=[])
    write_answers(teacher, [Answer(each, empty, "teacher", "", (0, len(each.text))) for each in (first, second)])
    with running() as server:
        options = ["--model", "student", "--base-url", server.url, "--without", teacher]
        told = call("annotate", shards, "-o", out, *options)
    assert "4 of 4 passages annotated" in told and "2 of 6 passages left out" in told
    assert ground_file([teacher, out], tmp_path / "grounded.jsonl", progress=False).passages == 6


@pytest.mark.parametrize(
    "options, message",
    [
        (["--no-relations", "--relation", "treats"], "exclude each other"),
        (["--known-names", "--type", "drug"], "exclude each other"),
        (["--base-url", "http://localhost:1/v1", "--type", "drug"], "A server holds its answers to their schema alone"),
        (["--known-names"], "has no record of its types"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(shards: Path, tmp_path: Path, options: List[str], message: str) -> None:
    """One sentence, before a model is loaded."""
    with pytest.raises(ValueError, match=message):
        call("annotate", shards, "-o", tmp_path / "out.jsonl", "--model", tmp_path / "none", *options)
    with pytest.raises(ValueError, match="name a .jsonl"):
        call("annotate", shards, "-o", tmp_path / "out.txt", "--model", tmp_path / "none")

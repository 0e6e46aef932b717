"""`gliner-biomed distill`: from answers to training files, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from spacy_gliner_biomed.cli.distill_ground import register
from spacy_gliner_biomed.corpus.formats import read, write_jsonl
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.distill.answers import write_answers
from tests.distill.grounding.answering import TEXT, answer, passage

GOLD = AnnotatedPassage("p1", TEXT, (Mention(0, 7, "chemical"), Mention(25, 32, "chemical"), Mention(69, 82, "disease")))


def run(*arguments: object) -> str:
    """RETURNS (str): what the command printed."""
    app = typer.Typer()
    register(app)
    outcome = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_from_answers_to_training(tmp_path: Path) -> None:
    """Every command, one after the other, each on what the one before wrote."""
    found = ("Aspirin", "Drugs"), ("breast cancer", "Disease"), ("rash", "Symptom")
    listed = answer(passage(), *found, relations=((0, 3, "prevents"),))
    write_answers(tmp_path / "answers.jsonl", [listed])
    write_jsonl([GOLD], tmp_path / "gold.jsonl")
    grounded, passages, rows = tmp_path / "grounded.jsonl", tmp_path / "passages.jsonl", tmp_path / "rows.jsonl"
    told = run("ground", tmp_path / "answers.jsonl", "-o", grounded, "--report", tmp_path / "page.html")
    assert "exact: 2" in told and "failed: 1" in told and "propagated: 1" in told
    told = run("types", grounded, "-o", passages, "--mapping", tmp_path / "types.tsv", "--no-synonyms", "--negatives", 1)
    assert "3 of 3 mentions and 2 of 3 types" in told
    assert [label for *_, label in next(read(passages)).mentions] == ["drug", "drug", "disease"]
    assert "1 passages with 1 relations" in run("relations", grounded, "-o", tmp_path / "relations.jsonl")
    assert "rows: 1" in run("export", passages, "-o", rows)
    assert "passages: 1" in run("export", passages, "-o", tmp_path / "docs.spacy")
    told = run("quality", passages, "--against", tmp_path / "gold.jsonl", "-o", tmp_path / "quality.json")
    assert "all types, exact: precision 1.000, recall 1.000, F1 1.000" in told and "3 spans in common" in told
    run("sample", passages, "-o", tmp_path / "sample.html", "--passages", 5)
    options = ["--stage", grounded, "--stage", passages, "--stage", rows, "--quality", tmp_path / "quality.json"]
    run("card", passages, "-o", tmp_path / "README.md", *options)
    assert "### export gliner" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_check_grounding(tmp_path: Path) -> None:
    """Prints how many gold positions come back."""
    write_jsonl([GOLD], tmp_path / "gold.jsonl")
    told = run("check-grounding", tmp_path / "gold.jsonl", "-o", tmp_path / "figures.json")
    assert "3/3 100.00 %" in told and "once" in told and (tmp_path / "figures.json").is_file()


def test_judged(tmp_path: Path) -> None:
    """Counts what the sample page saved."""
    path = tmp_path / "judgements.json"
    path.write_text('{"mentions": [{"type": "drug", "verdict": "right"}], "passages": []}', encoding="utf-8")
    told = run("judged", path)
    assert "1 of 1 mentions are right" in told and "drug: 1 of 1 right" in told


def test_nothing_in_common(tmp_path: Path) -> None:
    """Quality of other texts is refused in one sentence."""
    write_jsonl([GOLD], tmp_path / "a.jsonl")
    write_jsonl([AnnotatedPassage("x", "Other.")], tmp_path / "b.jsonl")
    with pytest.raises(ValueError, match="there is nothing to compare"):
        run("quality", tmp_path / "a.jsonl", "--against", tmp_path / "b.jsonl")

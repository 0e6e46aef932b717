"""Results that are none: one sentence, with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from spacy_gliner_biomed.evaluation.html_report.schema import check_result, read_result
from tests.evaluation.html_report.handmade import everything, one_corpus


def test_handmade_results_pass() -> None:
    """With all sections, few, none."""
    for result in (everything(), one_corpus(), {"format": 1}, {"format": 1, "rows": [], "means": None}):
        check_result(result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda result: result.pop("format"), "the file has no 'format'"),
        (lambda result: result["rows"][1].pop("scores"), "rows[1] has no 'scores'"),
        (lambda result: result["rows"][0].update(kind="seen"), "rows[0].kind is 'seen', expected one of in-schema, "),
        (
            lambda result: result["rows"][0]["scores"]["strict"]["micro"]["f1"].update(value="high"),
            "rows[0].scores.strict.micro.f1.value is 'high', expected a number",
        ),
        (lambda result: result.update(means={}), "means is {}, expected a list"),
        (lambda result: result["errors"][0]["examples"][0]["gold"].append([1, 2]), "is [1, 2], expected a list of 3"),
        (lambda result: result["errors"][0].update(counts=[]), "errors[0].counts is [], expected an object"),
        (lambda result: result["throughput"][0].update(over_cap=1), "throughput[0].over_cap is 1, expected bool"),
    ],
)
def test_the_first_wrong_place(change: Callable[[Dict[str, Any]], Any], said: str) -> None:
    """Its path, what stands there, what should."""
    result = everything()
    change(result)
    with pytest.raises(ValueError) as caught:
        check_result(result)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_format() -> None:
    """A later release's file."""
    with pytest.raises(ValueError, match="has format 2, this release reads 1"):
        check_result({"format": 2})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b'{"format": 1,\n}', "line 2"), (b"\xff", "is not UTF-8 at byte 0"), (b"[]", r"the file is \[\]")],
)
def test_files_that_hold_no_result(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names the file."""
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_result(path)
    assert str(path) in str(caught.value)


def test_reading_back(tmp_path: Path) -> None:
    """As it was written."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps(everything()), encoding="utf-8")
    assert read_result(path) == everything()

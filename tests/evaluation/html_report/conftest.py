"""The page of everything, made once."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from spacy_gliner_biomed.evaluation.html_report.page import render
from tests.evaluation.html_report.handmade import everything


@pytest.fixture(scope="session")
def result() -> Dict[str, Any]:
    """A result with all sections; not to be changed."""
    return everything()


@pytest.fixture(scope="session")
def page(result: Dict[str, Any]) -> str:
    """Its page, with two of the five matchings: a drawing each takes time."""
    rows = [{**row, "scores": {name: row["scores"][name] for name in ("strict", "surface")}} for row in result["rows"]]
    return render({**result, "rows": rows})

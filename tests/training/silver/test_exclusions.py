"""Text that a model will be tested on."""

from __future__ import annotations

from pathlib import Path

from spacy_gliner_biomed.training.silver.exclusions import Exclusions
from spacy_gliner_biomed.training.silver.passages import UnlabelledPassage
from tests.training.silver.support import write_jsonl

WORDS = "women of childbearing age who smoke more than twenty cigarettes a day must leave now"


def passage(text: str, source_id: str = "X.0") -> UnlabelledPassage:
    """RETURNS (UnlabelledPassage): with the file's own id."""
    return UnlabelledPassage("t:1.0", f"S {source_id}", text, "silver_t", "S", "", source_id)


def test_reasons(tmp_path: Path) -> None:
    """The trial's number, thirteen words in a row, or neither."""
    path = write_jsonl(
        tmp_path / "dev" / "d.jsonl",
        {"id": "NCT01234567", "text": WORDS, "entities": []},
        {"id": "12345678#2", "doc_id": "12345678", "text": "Short.", "entities": []},
    )
    exclusions = Exclusions.read([path.parent])
    assert exclusions.reason(passage("Other words.", "NCT01234567.3")) == "document"
    assert exclusions.reason(passage("Other words.", "12345678.1")) == "document"
    assert exclusions.reason(passage("So " + WORDS.upper().replace(" ", ", ") + "!")) == "words"
    assert exclusions.reason(passage(" ".join(WORDS.split()[:12]) + " stay here")) is None
    assert exclusions.reason(passage("Other words.", "NCT01234568.3")) is None


def test_small_numbers_name_no_document() -> None:
    """"frd-0" and "x-0" are not the same text."""
    exclusions = Exclusions()
    exclusions.add("Some words.", "frd-0")
    assert exclusions.reason(passage("Other words.", "frd-0")) is None

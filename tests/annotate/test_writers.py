"""Where annotations go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.annotate import writers
from spacy_gliner_biomed.annotate.entities import Entity
from spacy_gliner_biomed.annotate.inputs import Passage
from spacy_gliner_biomed.annotate.writers import choose_formats, open_writer

NLP = spacy.blank("en")
TEXT = "Aspirin for fever."
ENTITIES = [Entity(0, 7, "drug", 0.96875, 0, 1), Entity(12, 17, "disease", 0.75, 2, 3)]


def write(output: object, chosen: str, *passages: Passage, **options: Any) -> None:
    with open_writer(str(output), chosen, **options) as writer:
        for passage in passages:
            writer(passage, NLP(passage.text), ENTITIES)


@pytest.mark.parametrize(
    ("outputs", "wanted", "expected"),
    [
        (["-"], "", ["table"]),
        (["-"], "jsonl", ["jsonl"]),
        (["a.jsonl", "a.jsonl.gz", "a.spacy", "a.HTML", "a.txt"], "", ["jsonl", "jsonl", "spacy", "html", "table"]),
        (["-", "a.html"], "jsonl", ["jsonl", "html"]),
        (["shards"], "spacy", ["spacy"]),
        (["a.html"], "html", ["html"]),
    ],
)
def test_formats(outputs: list[str], wanted: str, expected: list[str]) -> None:
    """A name's suffix decides; the wish serves the names that have none."""
    assert expected == choose_formats(outputs, wanted)


@pytest.mark.parametrize(
    ("outputs", "wanted", "message"),
    [
        (["-"], "pdf", "The format 'pdf' is unknown; it is one of table, jsonl, spacy, html."),
        ([], "", "There is no output; name a file, or - for stdout."),
        (["a.html"], "table", "'a.html' says html, the format asked for is table; change one of the two."),
        (["-"], "spacy", "cannot go to stdout; name a .spacy file or a folder with --output."),
    ],
)
def test_formats_that_cannot_be(outputs: list[str], wanted: str, message: str) -> None:
    """The message says what to change."""
    with pytest.raises(ValueError) as caught:
        choose_formats(outputs, wanted)
    assert message in str(caught.value)


def test_the_table_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Text, label, score, start and end, under the passage's name."""
    write("-", "table", Passage(TEXT, "text 1"))
    expected = ["text 1: 2 entities", "text label score start end", "------- ------- ----- ----- ---"]
    expected += ["Aspirin drug 0.969 0 7", "fever disease 0.750 12 17"]
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert expected == [line for line in lines if line]


def test_a_table_without_entities(tmp_path: Path) -> None:
    """A passage without entities is still named."""
    with open_writer(str(tmp_path / "out.txt"), "table") as writer:
        writer(Passage("Rest.", "text 1"), NLP("Rest."), [])
    assert "\ntext 1: 0 entities\n" == (tmp_path / "out.txt").read_text()


def test_the_table_obeys_no_control_characters(tmp_path: Path) -> None:
    """A text must not clear the reader's screen; line ends become blanks."""
    with open_writer(str(tmp_path / "out.txt"), "table") as writer:
        writer(Passage("a\x1b[2J\r\nb", "x"), NLP("a b"), [Entity(0, 8, "drug", 0.5, 0, 1)])
    assert "a\\x1b[2J b   drug" in (tmp_path / "out.txt").read_text()


def test_a_json_row_for_a_text(tmp_path: Path) -> None:
    """Name, text, and entities with the model's own offsets."""
    write(tmp_path / "out.jsonl", "jsonl", Passage(TEXT, "text 1"))
    entities = [
        {"start": 0, "end": 7, "label": "drug", "score": 0.96875, "text": "Aspirin"},
        {"start": 12, "end": 17, "label": "disease", "score": 0.75, "text": "fever"},
    ]
    expected = {"id": "text 1", "text": TEXT, "entities": entities}
    assert [expected] == [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_a_json_row_keeps_what_it_held(tmp_path: Path) -> None:
    """Its own fields come back beside the entities, letters unescaped."""
    row = {"id": 7, "abstract": TEXT, "journal": "Ärzteblatt"}
    write(tmp_path / "out.jsonl", "jsonl", Passage(TEXT, "x", row), entities_key="found")
    written = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert "Ärzteblatt" in written
    assert row == {key: value for key, value in json.loads(written).items() if key != "found"}


def test_a_json_row_is_never_overwritten(tmp_path: Path) -> None:
    """Gold entities under the same key are not replaced in silence."""
    passage = Passage(TEXT, "a.jsonl, line 3", {"text": TEXT, "entities": []})
    with pytest.raises(ValueError, match="line 3 holds 'entities' already; name another field with --entities-key"):
        write(tmp_path / "out.jsonl", "jsonl", passage)


def test_a_spacy_file(tmp_path: Path) -> None:
    """All documents in one file."""
    write(tmp_path / "new" / "out.spacy", "spacy", Passage(TEXT, "a"), Passage("Rest.", "b"))
    docs = DocBin().from_disk(tmp_path / "new" / "out.spacy").get_docs(NLP.vocab)
    assert [TEXT, "Rest."] == [doc.text for doc in docs]


def test_an_error_keeps_the_documents_done(tmp_path: Path) -> None:
    """A .spacy file is written at the end, and also when the end comes early."""
    with pytest.raises(RuntimeError), open_writer(str(tmp_path / "out.spacy"), "spacy") as writer:
        writer(Passage(TEXT, "a"), NLP(TEXT), ENTITIES)
        raise RuntimeError
    docs = DocBin().from_disk(tmp_path / "out.spacy.partial").get_docs(NLP.vocab)
    assert [TEXT] == [doc.text for doc in docs]
    assert not (tmp_path / "out.spacy").exists()


def test_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is filled with files of a fixed number of documents, in order."""
    monkeypatch.setattr(writers, "SHARD_SIZE", 2)
    texts = ["one", "two", "three"]
    write(tmp_path / "out", "spacy", *(Passage(text, text) for text in texts))
    shards = sorted((tmp_path / "out").iterdir())
    docs = [doc for shard in shards for doc in DocBin().from_disk(shard).get_docs(NLP.vocab)]
    assert ["part-00000.spacy", "part-00001.spacy"] == [shard.name for shard in shards]
    assert texts == [doc.text for doc in docs]


def test_a_folder_of_no_documents(tmp_path: Path) -> None:
    """One empty shard says that nothing was forgotten."""
    write(tmp_path / "out", "spacy")
    assert ["part-00000.spacy"] == [shard.name for shard in (tmp_path / "out").iterdir()]


def test_html(tmp_path: Path) -> None:
    """A page from first tag to last."""
    write(tmp_path / "out.html", "html", Passage(TEXT, "a"), Passage("Rest.", "b"))
    page = (tmp_path / "out.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    assert 2 == page.count("<h2>")


def test_writers_take_documents_of_any_tokens(tmp_path: Path) -> None:
    """Only offsets count in a row, not the tokens a hit was widened to."""
    doc = Doc(NLP.vocab, words=["EGFR+cells"], spaces=[False])
    with open_writer(str(tmp_path / "out.jsonl"), "jsonl") as writer:
        writer(Passage("EGFR+cells", "x"), doc, [Entity(0, 4, "gene", 0.5, 0, 1)])
    assert "EGFR" == json.loads((tmp_path / "out.jsonl").read_text())["entities"][0]["text"]

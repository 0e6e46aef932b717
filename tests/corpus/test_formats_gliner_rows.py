"""GLiNER rows: lists and lines, tokens to characters, negatives to labels."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.formats import json_stream, read, write_jsonl
from spacy_gliner_biomed.corpus.formats.json_stream import iterate_list
from tests.corpus.format_files import LABELS, WORDS, read_all

ROW = {"tokenized_text": ["Aspirin", "for", "hay", "fever"], "ner": [[2, 3, "disease"], [0, 0, "drug"]]}


def write(path: Path, rows: Any, lines: bool = False, indent: int | None = None) -> Path:
    """RETURNS (Path): rows as a JSON list, or a row a line."""
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows, indent=indent)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "lines", "indent"),
    [("a.json", False, None), ("a.json", False, 2), ("a.jsonl", True, None), ("a.json.gz", False, 1)],
)
def test_rows(tmp_path: Path, name: str, lines: bool, indent: int | None) -> None:
    """Characters of the rebuilt text; the negatives say what the row was looked through for."""
    rows = [ROW, {**ROW, "negatives": ["gene", "drug"]}, {**ROW, "ner": [], "ner_negatives": []}]
    one, two, three = read(write(tmp_path / name, rows, lines, indent))
    assert (one.text, one.mentions) == ("Aspirin for hay fever", ((0, 7, "drug"), (12, 21, "disease")))
    assert [each.labels for each in (one, two, three)] == [None, ("drug", "disease", "gene"), ()]
    assert [each.id for each in (one, two, three)] == ["1", "2", "3"] and one.corpus == "a"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_round_trip(tmp_path: Path, data: st.DataObject) -> None:
    """A mention's text is its tokens, joined by blanks."""
    tokens = data.draw(st.lists(WORDS, min_size=1, max_size=6))
    index = st.integers(0, len(tokens) - 1)
    drawn = data.draw(st.lists(st.tuples(index, index, st.sampled_from(LABELS)), max_size=4))
    ner = [[min(a, b), max(a, b), label] for a, b, label in drawn]
    [passage] = read(write(tmp_path / "a.json", [{"tokenized_text": tokens, "ner": ner}]))
    expected = sorted((" ".join(tokens[first : last + 1]), label) for first, last, label in ner)
    assert sorted((passage.text[start:end], label) for start, end, label in passage.mentions) == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "ner": [[0, 4, "x"]]}, "the mention 0–4 (x) does not fit its row of 4 tokens"),
        ({**ROW, "ner": [[-1, 0, "x"]]}, "the mention -1–0 (x) does not fit"),
        ({**ROW, "ner": [[2, 1, "x"]]}, "the mention 2–1 (x) does not fit"),
        ({**ROW, "ner": [["0", 1, "x"]]}, "the mention 0–1 (x) does not fit"),
        ({**ROW, "ner": [[0, 1]]}, "a mention needs first token, last token and label, not [0, 1]"),
        ({**ROW, "ner": [7]}, "a mention needs first token, last token and label, not 7"),
        ({**ROW, "ner": [[0, 1, ""]]}, "the label '' of mention 0–11 is blank"),
        ({**ROW, "ner": {}}, "a row needs 'ner'"),
        ({"ner": []}, "a row needs 'tokenized_text'"),
        ({**ROW, "tokenized_text": ["a", 1]}, "a row needs 'tokenized_text'"),
        ([], "a row needs 'tokenized_text'"),
        ({**ROW, "negatives": "gene"}, "'negatives' must be a list of labels"),
    ],
)
@pytest.mark.parametrize("lines", [True, False])
def test_rows_that_do_not_fit(tmp_path: Path, row: Any, message: str, lines: bool) -> None:
    """File and line, in both kinds of file; the other rows are read."""
    path = write(tmp_path / "a.json", [ROW, row, ROW], lines)
    if not lines:
        path.write_text(path.read_text().replace('"drug"]]}, ', '"drug"]]},\n').replace(", " + json.dumps(ROW), ",\n[]", 1))
    found, problems = read_all(path, "gliner_rows")
    assert len(found) >= 1 and found[0].mentions[0] == (0, 7, "drug")
    assert problems[0].startswith(f"{path}, line 2: ") and message in problems[0]
    with pytest.raises(ValueError, match="line 2"):
        list(read(path, "gliner_rows"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text("a[]{},\"\\é😀\n", max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=8,
    ),
    st.sampled_from([None, 0, 1]),
    st.integers(1, 7),
)
def test_a_list_in_small_blocks(tmp_path: Path, values: list, indent: int | None, block: int) -> None:
    """Wherever a block ends, the elements, their source and their lines are those of the whole."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(values, indent=indent, ensure_ascii=False), encoding="utf-8")
    before, json_stream._BLOCK = json_stream._BLOCK, block
    try:
        items = list(iterate_list(path))
    finally:
        json_stream._BLOCK = before
    assert [item.value for item in items] == values
    lines = path.read_text().split("\n")
    for item in items:
        assert json.loads(item.source) == item.value
        assert lines[item.line - 1].strip().startswith(item.source.split("\n")[0]) or indent is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1, 2", "line 1: this is not JSON, or is cut off"),
        (b"[1,\n2,\n x]", "line 3: this is not JSON"),
        (b"[" * 100_000, "this is nested too deeply"),
        (b'["\xff"]', "this is not UTF-8"),
        (b"{}", "it holds no list"),
    ],
)
def test_lists_that_can_not_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    """File and line."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        list(iterate_list(path))
    assert str(path) in str(caught.value)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"[1, 2]")[:-9])
    with pytest.raises(ValueError, match="the gzip file is damaged"):
        list(iterate_list(tmp_path / "b.json.gz"))


@pytest.mark.parametrize(
    "change", [{"tokenized_text": ["a", "\ud83d", "c"]}, {"ner": [[0, 0, "\udc00"]]}, {"negatives": ["\udc00"]}, {"id": "\ud83d"}]
)
def test_half_a_surrogate_pair(tmp_path: Path, change: dict) -> None:
    """It is told of with its line, and what holds it is left out, as no file could."""
    path = write(tmp_path / "a.jsonl", [ROW, {**ROW, **change}], True)
    found, [problem] = read_all(path)
    assert problem.startswith(f"{path}, line 2: ")
    assert write_jsonl(found, tmp_path / "b.jsonl") == len(found) >= 1

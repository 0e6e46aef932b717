"""Labels and thresholds as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.options import parse_labels, parse_threshold


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["disease"], ["disease"]),
        (["disease, gene or protein", "drug"], ["disease", "gene or protein", "drug"]),
        (["disease,,disease"], ["disease"]),
    ],
)
def test_labels(values: list[str], expected: object) -> None:
    """Names may be repeated, comma-separated, or both."""
    assert expected == parse_labels(values)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("labels.json", '["drug", "gene, or protein"]', ["drug", "gene, or protein"]),
        ("labels.json", '{"drug": "a medicine", "gene": ""}', {"drug": "a medicine", "gene": ""}),
        ("labels.tsv", "drug\ta medicine\n\ngene\n", {"drug": "a medicine", "gene": ""}),
        ("labels.txt", "drug\n\n gene, or protein \n", ["drug", "gene, or protein"]),
    ],
)
def test_labels_from_a_file(tmp_path: Path, name: str, content: str, expected: object) -> None:
    """A mapping where any label has a description, a list otherwise."""
    path = tmp_path / name
    path.write_text(content)
    assert expected == parse_labels([str(path)])


def test_a_bare_name_keeps_the_description_of_a_file(tmp_path: Path) -> None:
    """Naming a label again adds nothing and takes nothing away."""
    path = tmp_path / "labels.tsv"
    path.write_text("drug\ta medicine\n")
    assert {"drug": "a medicine", "gene": ""} == parse_labels([str(path), "drug,gene"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.json", "{", "is not JSON"),
        ("labels.json", "3", "must hold a list of names, or an object name → description."),
        ("labels.json", "[1]", "must hold a list of names, or an object name → description."),
        ("labels.json", '{"drug": 1}', "must hold a list of names, or an object name → description."),
        ("labels.txt", "\n\n", "No label in"),
        ("labels.txt", b"\xff\xfe", "are not UTF-8"),
        ("labels.tsv", None, "No such file or directory"),
    ],
)
def test_a_file_that_holds_no_labels_is_refused(
    tmp_path: Path, name: str, content: str | bytes | None, message: str
) -> None:
    """The message says what the file must hold."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        parse_labels([str(path)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["0.4"], 0.4),
        (["0.3", "0.4"], 0.4),
        (["0.5", "drug=0.4", "a=b=1"], {"*": 0.5, "drug": 0.4, "a=b": 1.0}),
        (["drug=.25"], {"drug": 0.25}),
    ],
)
def test_threshold(values: list[str], expected: object) -> None:
    """A number for all labels, numbers by label, or both; the last word on a label holds."""
    assert expected == parse_threshold(values)


@pytest.mark.parametrize("value", ["", "high", "1.1", "-0.1", "nan", "drug=", "drug=x"])
def test_what_is_no_threshold_is_refused(value: str) -> None:
    """The message shows both ways to write one."""
    with pytest.raises(ValueError, match=r"is not a number from 0 to 1; write 0\.4, or label=0\.4\."):
        parse_threshold([value])


def test_a_threshold_for_no_label_is_refused() -> None:
    """`=0.4` is a slip of the pen."""
    with pytest.raises(ValueError, match="The threshold '=0.4' names no label"):
        parse_threshold(["=0.4"])

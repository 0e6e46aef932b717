"""Thresholds by label: reading, narrowing and overriding them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.labels import narrow_thresholds, overriding_thresholds, read_thresholds


@pytest.mark.parametrize(
    ("content", "names", "expected"),
    [
        ('{"threshold": 0.4}', None, 0.4),
        ('{"threshold": 0.4, "labels": {}}', None, 0.4),
        ('{"threshold": 1, "labels": {"a": 0}}', None, {"a": 0.0, "*": 1.0}),
        ('{"labels": {"a": 0.2}}', None, {"a": 0.2, "*": 0.5}),
        ('{"threshold": 0.4, "labels": {"a": 0.2, "b": 0.3}}', ["b", "c"], {"b": 0.3, "*": 0.4}),
        ('{"threshold": 0.4, "labels": {"a": 0.2}, "model": "mini"}', ["c"], 0.4),
        ('\ufeff{"threshold": 0.4}', None, 0.4),
    ],
)
def test_reading(tmp_path: Path, content: str, names: list[str] | None, expected: Any) -> None:
    """A number where none is left by label."""
    (tmp_path / "t.json").write_text(content, encoding="utf-8")
    assert expected == read_thresholds(tmp_path / "t.json", names)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "t.json' is not JSON"),
        ("[1]", "t.json' holds no thresholds"),
        ("{}", "t.json' holds no thresholds"),
        ('{"labels": [0.4]}', "t.json' holds no thresholds"),
        ('{"threshold": "x"}', "t.json': The threshold is 'x'; it must be a number from 0 to 1."),
        ('{"labels": {"a": 2}}', "t.json': The threshold of 'a' is 2; it must be a number from 0 to 1."),
    ],
)
def test_broken_files(tmp_path: Path, content: str, message: str) -> None:
    """One sentence that names the file."""
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_thresholds(tmp_path / "t.json")


def test_narrowing() -> None:
    """Numbers and `*` stay."""
    assert 0.3 == narrow_thresholds(0.3, ["a"])
    assert {"a": 0.1, "*": 0.2} == narrow_thresholds({"a": 0.1, "b": 0.4, "*": 0.2}, ["a"])


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        (0.4, None, 0.4),
        ({"a": 0.1}, 0.6, 0.6),
        ({"a": 0.1}, {"*": 0.6, "b": 0.2}, {"*": 0.6, "b": 0.2}),
        ({"a": 0.1, "*": 0.4}, {"b": 0.2}, {"a": 0.1, "*": 0.4, "b": 0.2}),
        (0.4, {"b": 0.2}, {"*": 0.4, "b": 0.2}),
    ],
)
def test_overriding(base: Any, changes: Any, expected: Any) -> None:
    """A number, or a mapping for all labels, replaces; a mapping for some changes those."""
    assert expected == overriding_thresholds(base, changes)

"""Lines of 100 MB in every format: bounded memory, a problem with its line, and what follows is read."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from tests.corpus.collect.sources.reading import problems, read_all
from tests.corpus.collect.sources.test_clinical_trials import trial
from tests.corpus.collect.sources.test_patents import csv_bytes, patent
from tests.corpus.collect.sources.test_pubmed import HEAD, article

LENGTH = 100 << 20
MOST_MEMORY = 90 << 20  # a line's bound is 32 MiB, and it is held about twice
TRIAL = json.dumps(trial(1, arms=[])).encode()


def write(path: Path, before: bytes, after: bytes, blank: bool) -> Path:
    """RETURNS (Path): a file with 100 MB of nothing in it: zeros that take no space on disk, or blanks."""
    with path.open("wb") as stream:
        stream.write(before)
        if blank:
            for _ in range(LENGTH >> 20):
                stream.write(b" " * (1 << 20))
        else:
            stream.seek(LENGTH, 1)
        stream.write(after)
    return path


@pytest.mark.parametrize(
    ("source", "name", "before", "after", "blank"),
    [
        ("local", "f.jsonl", b'{"text": "', b'"}\n{"text": "good"}\n', False),
        ("local", "f.txt", b"", b"\ngood\n", False),
        ("clinical_trials", "f.jsonl", b'{"x": "', b'"}\n' + TRIAL, False),
        ("clinical_trials", "f.json", b'[{"x": "', b'"},' + TRIAL + b"]", False),
        ("patents", "f.csv", csv_bytes() + b"US-1-A,t,", b"\r\nUS-2-A,t,good\r\n", False),
        ("patents", "f.xml", b"<us-patent-grant>", b"</us-patent-grant>\n" + patent("2").encode(), True),
        (
            "pubmed",
            "f.xml",
            HEAD.encode() + b"<PubmedArticle>",
            b"</PubmedArticle>" + article(2).encode() + b"</PubmedArticleSet>",
            True,
        ),
    ],
)
def test_line_of_100_megabytes(
    tmp_path: Path, source: str, name: str, before: bytes, after: bytes, blank: bool
) -> None:
    """It costs itself, and nobody's memory."""
    path = write(tmp_path / name, before, after, blank)
    tracemalloc.start()
    try:
        found, report = read_all(source, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1 == len(found)
    assert 1 == report.count and "passed over" in problems(report)[0] and f"{path}, line " in problems(report)[0]
    assert peak < MOST_MEMORY

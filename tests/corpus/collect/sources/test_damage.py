"""Files that are damaged anywhere: no reader stops with an error, and what it gives can be written."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect.passages import to_line
from tests.corpus.collect.sources.reading import read_all, zipped
from tests.corpus.collect.sources.test_clinical_trials import TRIALS
from tests.corpus.collect.sources.test_dailymed import INDICATIONS, label
from tests.corpus.collect.sources.test_local import BIOC
from tests.corpus.collect.sources.test_patents import ROWS, csv_bytes, patent
from tests.corpus.collect.sources.test_pubmed import STRUCTURED, article, article_set

ARTICLES = article_set(article(1), article(2, STRUCTURED), article(3)).encode()
FILES: Dict[str, Tuple[str, bytes]] = {
    "pubmed.xml": ("pubmed", ARTICLES),
    "pubmed.xml.gz": ("pubmed", gzip.compress(ARTICLES, mtime=0)),
    "trials.json": ("clinical_trials", json.dumps({"studies": TRIALS}, indent=1).encode()),
    "trials.jsonl": ("clinical_trials", "\n".join(map(json.dumps, TRIALS)).encode()),
    "label.zip": (
        "dailymed",
        zipped(a__zip=zipped(a__xml=label(INDICATIONS)), b__zip=zipped(b__xml=label(INDICATIONS))),
    ),
    "label.xml": ("dailymed", label(INDICATIONS)),
    "patents.xml": ("patents", (patent("1") + patent("2")).encode()),
    "patents.csv": ("patents", csv_bytes(ROWS[0], ROWS[2], ROWS[0])),
    "rows.jsonl": ("local", b'{"text": "a", "id": "1"}\n{"text": "b", "scores": {"x": 1}}\n'),
    "text.txt": ("local", b"one\n\ntwo\n"),
    "bioc.xml": ("local", BIOC.encode()),
}
DAMAGE = st.tuples(
    st.floats(0, 1),
    st.integers(0, 40),
    st.sampled_from([b"", b"<", b'"', b"\0", b"&x;", b"]]>", b"}", b"\xff", b"\\ud800", b"<!--"]),
)


def damaged(data: bytes, damages: List[Tuple[float, int, bytes]]) -> bytes:
    """RETURNS (bytes): the data with stretches cut out and others put in."""
    for place, length, instead in damages:
        at = int(place * len(data))
        data = data[:at] + instead + data[at + length :]
    return data


@pytest.mark.parametrize("name", FILES)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
def test_no_damage_stops_a_reader(name: str, damages: List[Tuple[float, int, bytes]]) -> None:
    """It reports, or it reads; the passages can be stored."""
    source, data = FILES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(damaged(data, damages))
        found, _ = read_all(source, path)
    for passage in found:
        to_line(passage)


@pytest.mark.parametrize("name", FILES)
def test_undamaged(name: str, tmp_path: Path) -> None:
    """The files that the damage is done to are in order."""
    source, data = FILES[name]
    (tmp_path / name).write_bytes(data)
    found, report = read_all(source, tmp_path / name)
    assert found and 0 == report.count

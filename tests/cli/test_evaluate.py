"""`gliner-biomed evaluate`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus, write_lexicon

pytestmark = pytest.mark.usefixtures("dictionary")


def test_a_table_and_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Only the corpora asked for."""
    for name in ("a", "b"):
        write_corpus(tmp_path, "test", name, [ROW])
    outcome = run(
        capsys, "evaluate", "--corpora", tmp_path, "--part", "test", "--only", "b", "--out", tmp_path / "out.json"
    )
    assert ["| b | 2 | 100.0 | 100.0 | 100.0 "] == [line[:32] for line in outcome.out.splitlines()[2:]]
    assert ["b"] == [corpus["corpus"] for corpus in json.loads((tmp_path / "out.json").read_text())["corpora"]]


def test_the_lexicon_of_the_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`lexicon/lexicon.tsv.gz`."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    plain = write_lexicon(tmp_path / "lexicon" / "lexicon.tsv", ("disease", "fever", ""))
    plain.with_suffix(".tsv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    outcome = run(capsys, "evaluate", "--corpora", tmp_path, "--lexicon")
    assert outcome.out.rstrip().endswith("| 2 | 100.0 | 100.0 | 50.0 | 66.7 |")


def test_a_missing_lexicon(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Told by its path."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    outcome = run(capsys, "evaluate", "--corpora", tmp_path, "--lexicon")
    assert f"Cannot open '{tmp_path}/lexicon/lexicon.tsv.gz': No such file or directory." in outcome.err

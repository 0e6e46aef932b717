"""A benchmark in the uniform format, and `gliner-biomed benchmarks`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.evaluation.benchmarks import BENCHMARKS, PARTS, convert, load
from spacy_gliner_biomed.evaluation.chunk import Chunker
from spacy_gliner_biomed.evaluation.corpora import choose_corpora
from tests.cli.support import run
from tests.evaluation.benchmarks import releases


@pytest.mark.parametrize("name", BENCHMARKS)
def test_converted_rows_are_the_passages(name: str, tmp_path: Path) -> None:
    """Written, found and read again: nothing has changed, in any part."""
    source, out = getattr(releases, name)(tmp_path / "source"), tmp_path / "out"
    results = convert(name, tmp_path / "source", out)
    assert PARTS == tuple(results)
    for part in PARTS:
        (corpus,) = choose_corpora(out, part)
        assert (name, set(BENCHMARKS[name].labels)) == (corpus.name, set(corpus.labels))
        before = list(load(name, tmp_path / "source", part, "report"))
        after = list(read(out / part / f"{name}.jsonl"))
        assert [(p.id, p.document, p.text, p.mentions, p.discontinuous, p.labels, p.corpus) for p in before] == [
            (p.id, p.document, p.text, p.mentions, p.discontinuous, p.labels, p.corpus) for p in after
        ]
        assert len(before) == results[part].passages == results[part].chunks > 0
        assert sum(len(p.mentions) for p in before) == results[part].mentions
    assert source.exists()


def test_chunks_and_negatives(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Long passages become several rows; each says where it was and what it lacks."""
    releases.n2c2(tmp_path / "source")
    (result,) = convert("n2c2", tmp_path / "source", tmp_path, ["test"], Chunker(tokenizer, 12), "drop").values()
    rows = [json.loads(line) for line in result.path.read_text(encoding="utf-8").splitlines()]
    assert 1 < len(rows) == result.chunks
    text = (tmp_path / "source" / "gold-standard-test-data" / "test" / "102027.txt").read_text(encoding="utf-8")
    for row in rows:
        assert row["text"] == text[row["offset"] : row["offset"] + len(row["text"])]
        assert set(row["labels"]) == {entity["label"] for entity in row["entities"]} | set(row["negatives"])
        assert not {entity["label"] for entity in row["entities"]} & set(row["negatives"])
        assert ("102027", "test") == (row["doc_id"], row["split"])
    assert 5 == sum(len(row["entities"]) for row in rows)


@pytest.mark.parametrize(("policy", "mentions", "apart"), [(None, 2, 1), ("drop", 2, 0), ("hull", 3, 0), ("paper", 3, 0)])
def test_mentions_in_pieces(policy: str | None, mentions: int, apart: int, tmp_path: Path) -> None:
    """Kept apart unless a policy decides; the paper's own for n2c2 is the hull."""
    folder = tmp_path / "gold-standard-test-data"
    releases.write(folder / "1.txt", "aspirin for 3 days")
    releases.write(folder / "1.ann", "T1\tDrug 0 7\taspirin\nT2\tReason 8 11\tfor\nT3\tDuration 0 7;14 18\taspirin days\n")
    (result,) = convert("n2c2", tmp_path, tmp_path / "out", ["test"], policy=policy).values()
    row = json.loads(result.path.read_text())
    assert (mentions, apart, 1) == (len(row["entities"]), len(row.get("discontinuous", [])), result.in_pieces)


def test_nothing_is_left_behind_where_the_release_is_missing(tmp_path: Path) -> None:
    """No empty file that looks like a corpus."""
    with pytest.raises(FileNotFoundError):
        convert("tac", tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="There is no policy 'keep'"):
        convert("tac", tmp_path, tmp_path / "out", policy="keep")


def test_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    """Every benchmark is listed; one shows its labels, parts and where to get it."""
    listed = run(capsys, "benchmarks", "list").out
    for name, entry in BENCHMARKS.items():
        assert f"| {name} | {entry.title} |" in listed
        shown = run(capsys, "benchmarks", "show", name)
        assert 0 == shown.status
        for fact in (entry.homepage, entry.licence, entry.get, ", ".join(entry.labels), entry.paper_policy):
            assert fact in shown.out
    failed = run(capsys, "benchmarks", "show", "mimic")
    assert 1 == failed.status and failed.err.startswith("gliner-biomed: There is no benchmark 'mimic'")


def test_convert_prints_counts_and_problems(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What was written, and what was left out, with file and line."""
    releases.biomed_ner(tmp_path, 10)
    outcome = run(
        capsys, "benchmarks", "convert", "biomed_ner", "--source", tmp_path, "--out", tmp_path / "o", "--part", "test"
    )
    assert 0 == outcome.status
    path = tmp_path / "o" / "test" / "biomed_ner.jsonl"
    assert f"{path}: 1 rows of 1 passages, 1 documents, 4 mentions and 0 in pieces; 1 problems." in outcome.out
    assert "  left out: " in outcome.out and "does not fit its text" in outcome.out


def test_overlap_prints_its_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of a converted benchmark with a file of training texts."""
    releases.bc5cdr(tmp_path)
    convert("bc5cdr", tmp_path, tmp_path / "o")
    outcome = run(
        capsys,
        *("benchmarks", "overlap", tmp_path / "o" / "test" / "bc5cdr.jsonl"),
        *("--training", tmp_path / "o" / "train", "--words", 3),
    )
    assert 0 == outcome.status, outcome.err
    assert outcome.out.startswith("1 of 1 passages (100.0 %) share 3 words in a row with the training texts; 0 belong")
    assert "  13: lithium and tremor" in outcome.out

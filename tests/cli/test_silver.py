"""`gliner-biomed silver`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed import checkpoint
from tests.cli.support import run
from tests.scorer.tiny import make_scorer
from tests.training.silver.support import write_corpora, write_jsonl


def options(folder: Path) -> list[object]:
    """RETURNS (list): of a small folder of corpora."""
    return ["--corpora", folder, "--lexicon", folder / "lexicon" / "lexicon.tsv"]


def test_precision(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The table is printed, and written as Markdown or JSON."""
    folder = write_corpora(tmp_path / "corpora")
    outcome = run(capsys, "silver", "precision", *options(folder), "--out", tmp_path / "p.json")
    assert outcome.status == 0 and "| drug | 12 | 100.0 | 100.0 |" in outcome.out
    assert json.loads((tmp_path / "p.json").read_text())["kept"] == ["disease", "drug"]
    run(capsys, "silver", "precision", *options(folder), "--out", tmp_path / "p.md")
    assert (tmp_path / "p.md").read_text() == outcome.out


def test_lexicon(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Rows without the excluded document, a report beside them; a second run changes nothing."""
    folder = write_corpora(tmp_path / "corpora")
    test = write_jsonl(tmp_path / "dev.jsonl", {"id": "1", "text": "We gave aspirin.\nMetformin was not given."})
    command = ["silver", "lexicon", *options(folder), "--out", tmp_path / "out", "--exclude", test]
    outcome = run(capsys, *command)
    assert outcome.status == 0 and "excluded: same words: 1" in outcome.out
    with gzip.open(tmp_path / "out" / "shard-00000.jsonl.gz", "rt", encoding="utf-8") as lines:
        assert [json.loads(line)["id"] for line in lines] == ["t:3.0"]
    assert (tmp_path / "out" / "precision.md").is_file() and (tmp_path / "out" / "precision.json").is_file()
    assert run(capsys, *command).out == outcome.out
    changed = run(capsys, *command, "--least-precision", "0.5")
    assert changed.status == 1 and "filled with another least_precision" in changed.err
    write_jsonl(test, {"id": "1", "text": "Another test text under the same name."})
    changed = run(capsys, *command)
    assert changed.status == 1 and "filled with another exclude" in changed.err


def test_a_held_out_corpus(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Is not learned from; a misspelt one is told."""
    folder = write_corpora(tmp_path)
    assert "| drug | 0 |" in run(capsys, "silver", "precision", *options(folder), "--leave-out", "c").out
    outcome = run(capsys, "silver", "precision", *options(folder), "--leave-out", "lcd")
    assert outcome.status == 1 and "There is no corpus 'lcd' to leave out" in outcome.err


@pytest.mark.usefixtures("dictionary")
def test_self(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A model's sure mentions."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": "Aspirin for fever."})
    outcome = run(
        capsys, "silver", "self", "--text", text, "--labels", "drug,disease", "--low", "0.6", "--out", tmp_path / "out"
    )
    assert outcome.status == 0 and "unknown regions: 1" in outcome.out and "label: drug: 1" in outcome.out
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["weights"]  # a model by name alone has some, too


@pytest.mark.usefixtures("dictionary")
def test_self_with_another_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Other weights in a folder of the same name, or a second text of the same name, do not go on with its rows."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": "Aspirin for fever."})
    twin = write_jsonl(tmp_path / "a" / "t.jsonl", {"id": "1", "text": "Fever."})
    model, out = tmp_path / "model", tmp_path / "out"
    checkpoint.save(make_scorer("bi"), model)
    command = ["silver", "self", "--model", model, "--labels", "drug", "--low", "0.6", "--out", out, "--text"]
    assert run(capsys, *command, text).status == 0
    assert "filled with another text" in run(capsys, *command, twin, "--text", text).err
    checkpoint.save(make_scorer("bi", seed=5), model)
    assert "filled with another weights" in run(capsys, *command, text).err


def test_no_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Told by its folder."""
    folder = write_corpora(tmp_path)
    (folder / "unlabelled" / "t.jsonl").unlink()
    outcome = run(capsys, "silver", "lexicon", *options(folder), "--out", tmp_path / "out")
    assert outcome.status == 1 and "no JSON Lines file" in outcome.err

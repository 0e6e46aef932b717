"""Unknown regions on their way from a row to the loss: read, cut into windows, stored, drawn, resumed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_gliner_biomed.corpus.formats import Problems, read, to_row
from spacy_gliner_biomed.training.engine import train
from spacy_gliner_biomed.training.examples import to_windows
from spacy_gliner_biomed.training.reader import create_jsonl_reader
from spacy_gliner_biomed.training.settings import SourceSettings
from spacy_gliner_biomed.training.sources import build_store
from spacy_gliner_biomed.training.windows import GoldReport, gold_windows
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import BARE, PASSAGES, QUICK, make_store, make_stream, passage, weights

SCORER = make_scorer("bi", pass_rate=0.0)
ROW = {
    "text": "aspirin for acute pain", "corpus": "self", "labels": ["drug", "symptom"], "partial": True,
    "entities": [{"start": 0, "end": 7, "label": "drug", "score": 0.95}], "unknown": [[12, 17], [18, 22]],
}  # fmt: skip


def write(folder: Path, *rows: dict) -> Path:
    """RETURNS (Path): a corpus."""
    path = folder / "self.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows(tmp_path):
    """They are read and written; what does not fit its text is told with file and line, and the rest of the row kept."""
    path = write(tmp_path, ROW, {**ROW, "unknown": [[3, 99], [5], "xy", [0, 7]]}, {**ROW, "unknown": {"a": 1}})
    problems = Problems()
    first, second = read(path, None, "report", problems)
    assert first.unknown == ((12, 17), (18, 22)) and second.unknown == ((0, 7),)
    assert to_row(first)["unknown"] == ROW["unknown"]
    said = [str(problem) for problem in problems]
    assert said[0] == f"{path}, line 2: the unknown region 3–99 does not fit its text of 22 characters."
    assert "needs start and end, not [5]" in said[1] and "x–y does not fit" in said[2]
    assert said[3] == f"{path}, line 3: 'unknown' must be a list."
    with pytest.raises(ValueError, match="line 2: the unknown region"):
        list(read(path))


def test_from_a_file_to_a_batch(tmp_path):
    """Regions are on words: those that share a character with one."""
    write(tmp_path, ROW, {**ROW, "unknown": [[13, 14], [21, 22], [7, 8]]})
    store = build_store([SourceSettings("self.jsonl")], BARE, SCORER, tmp_path, progress=False)
    assert [store.regions(number) for number in (0, 1)] == [[(2, 2), (3, 3)], [(2, 2), (3, 3)]]  # (7, 8) is a blank
    [window] = make_stream(SCORER, passages=list(read(tmp_path / "self.jsonl"))[:1]).batch(0)
    assert window.unknown == [(2, 2), (3, 3)] and window.marked == [(0, 0)] and window.spans == [(0, 0, "drug")]


def test_spacy_train_has_the_same_windows(tmp_path):
    """What a row says about its text reaches the windows by either way; a weight of 0 leaves a passage out."""
    path = write(tmp_path, {**ROW, "weight": 0.5}, {**ROW, "weight": 0.0})
    examples = create_jsonl_reader(path)(spacy.blank("en"))
    [window] = to_windows(list(examples), SCORER, str, ["drug"], "gliner", 24, GoldReport())
    [expected] = make_stream(SCORER, passages=list(read(path))).batch(0)
    for name in ("spans", "weight", "marked", "unknown"):
        assert getattr(window, name) == getattr(expected, name), name
    assert sorted(window.labels) == sorted(expected.labels)


def test_a_region_over_the_border_of_windows_is_in_both():
    """Each window has its part, counted from its own first word."""
    text = " ".join(f"w{number}" for number in range(10))
    windows = list(gold_windows(text, [], SCORER, 4, 100, GoldReport(), [(text.index("w2"), text.index("w5") + 1)]))
    assert [list(window.unknown) for window in windows] == [[(2, 3)], [(0, 1)], []]


def test_they_survive_labels_that_do_not_fit():
    """A uni-encoder's windows whose labels are cut keep them."""
    scorer = make_scorer("uni", positions=64, pass_rate=0.0)
    labels = tuple(f"a rather long label with number {n}" for n in range(20))
    item = passage("x", "aspirin for acute pain", "aspirin|" + labels[0], labels=labels, unknown=((12, 17),))
    [window] = make_stream(scorer, replace(BARE, prompt_subwords=30), [item]).batch(0)
    assert len(window.labels) < 20 and window.unknown == [(2, 2)]


def test_fingerprints():
    """A region counts in the hash; data without any has the hash it always had."""
    plain, marked = make_store(SCORER), make_store(SCORER, [replace(PASSAGES[0], unknown=((0, 7),)), *PASSAGES[1:]])
    other = make_store(SCORER, [replace(PASSAGES[0], unknown=((8, 11),)), *PASSAGES[1:]])
    assert len({plain.fingerprint, marked.fingerprint, other.fingerprint}) == 3
    nothing = replace(
        marked, unknown=np.zeros((0, 2), np.int32), first_unknown=np.zeros_like(marked.first_unknown)
    )  # fmt: skip
    assert nothing.fingerprint == plain.fingerprint


def test_resume_is_exact(tmp_path):
    """Six steps equal two and four more; without the regions the weights are others."""
    items = [replace(item, unknown=((len(item.text) - 4, len(item.text)),)) for item in PASSAGES]
    found = []
    for name, stops, passages in (("whole", (None,), items), ("parts", (2, None), items), ("without", (None,), None)):
        for stop_at in stops:
            scorer = make_scorer("bi", pass_rate=0.0)
            stream = make_stream(scorer, BARE, passages)
            train(scorer, stream, None, QUICK, tmp_path / name, progress=False, stop_at=stop_at)
        found.append(weights(scorer))
    whole, parts, without = found
    assert all((whole[name] == parts[name]).all() for name in whole)
    assert any((whole[name] != without[name]).any() for name in whole)

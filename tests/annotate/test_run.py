"""Annotation in bulk, from passages to files."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from spacy.tokens import DocBin

from spacy_gliner_biomed.annotate import run
from spacy_gliner_biomed.annotate.inputs import Passage
from spacy_gliner_biomed.annotate.pipeline import build_pipeline
from spacy_gliner_biomed.annotate.run import annotate, annotate_stream
from tests.support.dictionary import LABELS

pytestmark = pytest.mark.usefixtures("dictionary")

TEXTS = ["Aspirin for fever.", "", "Breast cancer and JAK2", "nothing"]
PASSAGES = [Passage(text, f"text {number}") for number, text in enumerate(TEXTS)]


def found(path: Path) -> list[list[tuple[str, str]]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [[(entity["text"], entity["label"]) for entity in row["entities"]] for row in rows]


EXPECTED = [
    [("Aspirin", "drug"), ("fever", "disease")],
    [],
    [("Breast", "anatomical structure"), ("Breast cancer", "disease"), ("JAK2", "gene")],
    [],
]


@pytest.mark.parametrize(("batch_size", "n_process"), [(1, 1), (3, 1), (32, 1), (2, 2)])
def test_every_passage_comes_out_in_order(tmp_path: Path, batch_size: int, n_process: int) -> None:
    """Whatever the batches and processes."""
    output = tmp_path / "out.jsonl"
    count = annotate(build_pipeline(labels=list(LABELS)), PASSAGES, [str(output)], "", batch_size, n_process)
    assert len(TEXTS) == count
    assert EXPECTED == found(output)


def test_several_outputs_at_once(tmp_path: Path) -> None:
    """One pass over the passages fills all of them."""
    outputs = [str(tmp_path / name) for name in ("out.jsonl", "out.html", "out.txt", "out.spacy", "shards")]
    nlp = build_pipeline(labels=list(LABELS))
    annotate(nlp, PASSAGES, outputs, "spacy")
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab))
    assert EXPECTED == found(tmp_path / "out.jsonl")
    assert [[entity[0] for entity in row] for row in EXPECTED] == [[s.text for s in d.spans["gliner"]] for d in docs]
    assert 4 == (tmp_path / "out.html").read_text().count("<h2>")
    assert 4 == (tmp_path / "out.txt").read_text().count("entities")
    assert (tmp_path / "shards" / "part-00000.spacy").is_file()


def test_scores_survive_the_binary_format(tmp_path: Path) -> None:
    """They lie in the span group's attributes."""
    nlp = build_pipeline(labels=list(LABELS))
    annotate(nlp, PASSAGES[:1], [str(tmp_path / "out.spacy")])
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab)
    assert [0.96875, 0.75] == doc.spans["gliner"].attrs["scores"].tolist()


def test_the_vocabulary_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """New words are forgotten from zone to zone."""
    monkeypatch.setattr(run, "ZONE_BATCHES", 1)
    nlp = build_pipeline(labels=list(LABELS))
    n_strings = len(nlp.vocab.strings)
    words = (Passage(f"word{number} fever", "x") for number in range(300))
    list(annotate_stream(nlp, words, batch_size=10))
    assert len(nlp.vocab.strings) < n_strings + 30


def test_passages_are_read_as_they_are_needed() -> None:
    """No more than a few batches ahead of the results, and none is kept."""
    read = 0

    def passages() -> Iterator[Passage]:
        nonlocal read
        for number in range(1000):
            read += 1
            yield Passage("fever " * 50, str(number))

    nlp = build_pipeline(labels=list(LABELS))
    stream = annotate_stream(nlp, passages(), batch_size=4)
    next(stream)
    assert read <= 8


def test_memory_stays_constant(tmp_path: Path) -> None:
    """A stream five times as long needs no more of it."""
    nlp = build_pipeline(labels=list(LABELS))

    def peak(n_passages: int) -> int:
        passages = (Passage("Aspirin for fever. " * 20, str(number)) for number in range(n_passages))
        tracemalloc.start()
        annotate(nlp, passages, [str(tmp_path / "out.jsonl"), str(tmp_path / "out.html")], batch_size=8)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(8)
    assert peak(200) < 1.5 * peak(40)


def test_a_bad_passage_keeps_the_work_done(tmp_path: Path) -> None:
    """The rows before it are in the unfinished file, and the error says where."""

    def passages() -> Iterator[Passage]:
        yield from PASSAGES[:3]
        raise ValueError("row 4 is bad")

    output = tmp_path / "out.jsonl"
    with pytest.raises(ValueError, match="row 4 is bad") as caught:
        annotate(build_pipeline(labels=list(LABELS)), passages(), [str(output)], batch_size=1)
    assert [f"What was written before is in '{output}.partial'."] == caught.value.__notes__
    assert EXPECTED[:2] == found(tmp_path / "out.jsonl.partial")[:2]
    assert not output.exists()


def test_an_error_at_the_start_leaves_no_files(tmp_path: Path) -> None:
    """An output is opened once there is something to write."""

    def passages() -> Iterator[Passage]:
        raise ValueError("no model")
        yield

    with pytest.raises(ValueError, match="no model"):
        annotate(build_pipeline(), passages(), [str(tmp_path / "out.jsonl")])
    assert [] == list(tmp_path.iterdir())


def test_no_passages_make_an_empty_file(tmp_path: Path) -> None:
    """The output exists all the same."""
    assert 0 == annotate(build_pipeline(), [], [str(tmp_path / "out.jsonl")])
    assert "" == (tmp_path / "out.jsonl").read_text()

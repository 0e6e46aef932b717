"""A checkpoint under the `gliner` library: the embedded model, exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.checkpoint import export, load
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.systems.gliner_library import GlinerSystem
from tests.support.published import load_in_gliner

LABELS = ["disease", "drug"]
PASSAGES = [AnnotatedPassage(str(number), text) for number, text in enumerate(["Aspirin for fever.", "", "Rash after codeine"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "mini"
    export(load("mini"), folder)
    return folder


@pytest.mark.parametrize("overlap", ["flat", "nested"])
def test_it_answers_as_the_library_does(folder: Path, overlap: str) -> None:
    """Text by text."""
    system = GlinerSystem("gliner", folder, threshold=0.3, batch_size=2)
    model = load_in_gliner(folder)
    expected = [
        [(e["start"], e["end"], e["label"]) for e in model.predict_entities(p.text, LABELS, overlap == "flat", 0.3)]
        for p in PASSAGES
    ]
    found = [[mention[:3] for mention in mentions] for mentions in system.predict(PASSAGES, LABELS, overlap)]
    assert expected == found
    assert any(found)
    assert (system.words_per_second or 0) > 0


def test_thresholds_by_label(folder: Path) -> None:
    """Are applied to what is found at the lowest."""
    low = list(GlinerSystem("g", folder, threshold=0.3).predict(PASSAGES, LABELS))
    by_label = {"disease": 0.3, "drug": 0.99, "gene": 0.1}
    found = list(GlinerSystem("g", folder, threshold=by_label).predict(PASSAGES, LABELS))
    assert [[m for m in mentions if m.label == "disease" or m.score > 0.99] for mentions in low] == found


def test_words_it_does_not_read(folder: Path) -> None:
    """Are counted in the notes."""
    system = GlinerSystem("g", folder)
    limit = load_in_gliner(folder).config.max_len
    long = [AnnotatedPassage("1", "word " * (limit + 3)), AnnotatedPassage("2", "word " * (limit + 4)), PASSAGES[0]]
    list(system.predict(long, LABELS))
    assert [f"gliner did not read 7 words of 2 texts that are longer than its {limit} words."] == system.notes


def test_the_card(folder: Path, tmp_path: Path) -> None:
    """Of an exported model is its own; that of a foreign checkpoint is not known."""
    card = GlinerSystem("g", folder).card
    assert card is not None
    assert "disease" in card.labels["bc5cdr.train"]
    (tmp_path / "gliner_config.json").write_text("{}")
    assert GlinerSystem("g", tmp_path).card is None


def test_no_checkpoint(tmp_path: Path) -> None:
    """Told at once."""
    with pytest.raises(FileNotFoundError, match="holds no gliner_config.json; gliner-biomed export writes"):
        GlinerSystem("g", tmp_path)

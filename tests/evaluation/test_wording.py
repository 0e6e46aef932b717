"""The same labels in other words."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.pipeline import build_pipeline, find_pipe
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.corpora import find_corpora
from spacy_gliner_biomed.evaluation.run import Settings, evaluate
from spacy_gliner_biomed.evaluation.wording import (
    Reworded,
    wording_markdown,
    wording_systems,
    wording_table,
    wordings_of,
)
from spacy_gliner_biomed.label_sets import TestWording
from tests.evaluation.support import ROW, write_corpus

pytestmark = pytest.mark.usefixtures("dictionary")

# The stand-in model knows the words "drug" and "disease" alone.
WORDINGS = {
    "medicine": TestWording("medicine", ("drug", "compound"), "A substance that treats."),
    "illness": TestWording("illness", ("disease", "disease"), "What a patient suffers from."),
}
MEDICINE = {
    **ROW,
    "entities": [{"start": 0, "end": 7, "label": "medicine"}, {"start": 12, "end": 17, "label": "illness"}],
}


def test_each_way_of_asking_is_a_system(tmp_path: Path) -> None:
    """Scored on the corpus' own labels; the table gives the spread."""
    write_corpus(tmp_path, "dev", "a", [MEDICINE])
    systems = wording_systems(build_pipeline(), WORDINGS, 0.5)
    assert ["names", "paraphrase 1", "paraphrase 2", "descriptions"] == [system.name for system in systems]
    result = evaluate(systems, find_corpora(tmp_path), tmp_path / "kept", Settings(n_bootstrap=0, compare=False))
    assert [] == result["comparisons"]
    (entry,) = wording_table(result)
    assert 0.0 == entry["names"]  # the model knows neither word
    assert [1.0, pytest.approx(2 / 3)] == entry["paraphrases"]
    assert (0.0, 1.0, 0.0) == (entry["worst"], entry["best"], entry["kept"])
    assert entry["descriptions_kept"] is None  # nothing to divide by
    assert "| a | 0.0 | 83.3 | 0.0 | 100.0 | 0.0 | 0.0 |  |" in wording_markdown([entry])


def test_descriptions_reach_the_pipe() -> None:
    """As the descriptions of the labels asked for, whatever these are called."""
    nlp = build_pipeline()
    system = Reworded("x", nlp, {"medicine": "drug"}, {"medicine": "A substance that treats."}, 0.5)
    passage = AnnotatedPassage("1", "Aspirin for fever.")
    (mentions,) = system.predict([passage], ["medicine", "illness"])
    assert [(0, 7, "medicine")] == [mention[:3] for mention in mentions]
    assert {"drug": "A substance that treats.", "illness": ""} == find_pipe(nlp).label_set.to_config()


def test_one_wording_for_two_labels() -> None:
    """Would leave it open which label is meant."""
    system = Reworded("x", build_pipeline(), {"medicine": "thing", "illness": "thing"}, None, 0.5)
    with pytest.raises(ValueError, match="'thing' stands for two labels"):
        list(system.predict([AnnotatedPassage("1", "a")], ["medicine", "illness"]))


def test_only_the_labels_of_the_corpora_decide() -> None:
    """How many paraphrases there are; a label with fewer begins again with its first."""
    other = TestWording("organ", ("body part",))
    put, unput = wordings_of({**WORDINGS, "organ": other}, ["medicine", "place", "medicine"])
    assert (["medicine"], ["place"]) == (list(put), unput)
    systems = wording_systems(build_pipeline(), {"medicine": WORDINGS["medicine"], "organ": other}, 0.5)
    asked = [system.wording for system in systems if system.name.startswith("paraphrase")]
    assert [{"medicine": "drug", "organ": "body part"}, {"medicine": "compound", "organ": "body part"}] == asked


def test_rows_without_a_gold_mention(tmp_path: Path) -> None:
    """Are left out, as no wording could score there."""
    write_corpus(tmp_path, "dev", "a", [MEDICINE])
    write_corpus(tmp_path, "dev", "b", [{"id": "p1", "text": "Hello", "labels": ["illness"], "entities": []}])
    systems = wording_systems(build_pipeline(), WORDINGS, 0.5)
    result = evaluate(systems, find_corpora(tmp_path), tmp_path / "kept", Settings(n_bootstrap=0, compare=False))
    assert ["a"] == [entry["corpus"] for entry in wording_table(result)]

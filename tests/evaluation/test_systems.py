"""The component and the lexicon as systems, and the clock they share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.pipeline import build_pipeline
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.systems import base
from spacy_gliner_biomed.evaluation.systems.base import Clock, ScoredMention
from spacy_gliner_biomed.evaluation.systems.component import ComponentSystem
from spacy_gliner_biomed.evaluation.systems.lexicon import LexiconSystem
from tests.evaluation.support import write_lexicon

PASSAGES = [
    AnnotatedPassage("1", "Aspirin for fever."),
    AnnotatedPassage("2", "nothing here"),
    AnnotatedPassage("3", ""),
    AnnotatedPassage("4", "Breast cancer and JAK2"),
]


class TestComponent:
    """Our pipe, here answering by dictionary."""

    pytestmark = pytest.mark.usefixtures("dictionary")

    def test_each_passage_gets_its_own_list(self) -> None:
        """In order, with scores, for the labels asked for only."""
        system = ComponentSystem("mini", build_pipeline())
        found = list(system.predict(PASSAGES, ["disease", "gene"], "flat"))
        assert [
            [ScoredMention(12, 17, "disease", 0.75)],
            [],
            [],
            [ScoredMention(0, 13, "disease", 0.875), ScoredMention(18, 22, "gene", 0.5625)],
        ] == found

    def test_the_overlap_asked_for(self) -> None:
        """Reaches the pipe."""
        system = ComponentSystem("mini", build_pipeline())
        labels = ["disease", "anatomical structure"]
        lengths = [len(list(system.predict(PASSAGES, labels, overlap))[3]) for overlap in ("flat", "nested", "flat")]
        assert [1, 2, 1] == lengths

    def test_one_system_serves_corpora_of_other_labels(self) -> None:
        """Thresholds of labels that a corpus lacks are left aside."""
        system = ComponentSystem("mini", build_pipeline(), threshold={"disease": 0.2, "*": 0.6})
        list(system.predict(PASSAGES, ["gene"]))
        assert {"*": 0.6} == system.pipe.threshold
        list(system.predict(PASSAGES, ["disease"]))
        assert {"disease": 0.2, "*": 0.6} == system.pipe.threshold

    def test_batches_stream(self) -> None:
        """An endless stream of passages yields results."""
        system = ComponentSystem("mini", build_pipeline(), batch_size=4)
        endless = (AnnotatedPassage(str(number), "fever") for number in count())
        results = system.predict(endless, ["disease"])
        assert [1] * 10 == [len(next(results)) for _ in range(10)]

    def test_speed(self) -> None:
        """Is known once something was read."""
        system = ComponentSystem("mini", build_pipeline())
        assert system.words_per_second is None
        list(system.predict(PASSAGES, ["disease"]))
        assert (system.words_per_second or 0) > 0

    def test_labels_are_free(self) -> None:
        """All are known."""
        assert ("a", "b") == ComponentSystem("mini", build_pipeline()).known_labels(["a", "b"])


def test_the_card_of_the_embedded_model() -> None:
    """Comes with the weights."""
    card = ComponentSystem("mini", build_pipeline()).card
    assert card is not None
    assert "disease" in card.labels["bc5cdr.train"]


class TestLexicon:
    """The matcher."""

    @pytest.fixture
    def system(self, tmp_path: Path) -> LexiconSystem:
        path = write_lexicon(tmp_path / "lexicon.tsv", ("disease", "fever", ""), ("drug", "aspirin", ""))
        return LexiconSystem("lexicon", path)

    def test_matches_score_1(self, system: LexiconSystem) -> None:
        """Under the label of the corpus."""
        found = list(system.predict(PASSAGES[:2], ["medical condition", "cell line"]))
        assert [[ScoredMention(12, 17, "medical condition", 1.0)], []] == found

    def test_labels_it_knows(self, system: LexiconSystem) -> None:
        """Those that the label table maps."""
        assert ("drug", "disease") == system.known_labels(["drug", "cell line", "disease"])

    def test_no_label_at_all(self, system: LexiconSystem) -> None:
        """Finds nothing, in each passage."""
        assert [[], [], [], []] == list(system.predict(PASSAGES, ["cell line"]))

    def test_a_missing_file(self, tmp_path: Path) -> None:
        """Told at once."""
        with pytest.raises(FileNotFoundError, match="There is no lexicon '.*x.tsv'; name a .tsv or .tsv.gz file."):
            LexiconSystem("lexicon", tmp_path / "x.tsv")


def test_only_the_system_s_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading passages and what the consumer does with results are left out."""
    now = [0.0]
    monkeypatch.setattr(base.time, "perf_counter", lambda: now[0])

    def slow_passages() -> Iterator[AnnotatedPassage]:
        for passage in PASSAGES[:2]:
            now[0] += 100
            yield passage

    def work(passages: Iterator[AnnotatedPassage]) -> Iterator[int]:
        for passage in passages:
            now[0] += 1
            yield len(passage.text)

    clock = Clock()
    for _ in clock.time(work(clock.count(slow_passages()))):
        now[0] += 1000
    assert (2.0, 5, 2.5) == (clock.seconds, clock.words, clock.words_per_second)

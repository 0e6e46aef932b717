"""Batches by their number: what is in them, what is asked of it, and what stays unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spacy_gliner_biomed.scorer.words import split_words
from spacy_gliner_biomed.training.sampling import TrainingStream
from spacy_gliner_biomed.training.settings import SourceSettings, StreamSettings
from spacy_gliner_biomed.training.store import CorpusKey, StoreBuilder
from spacy_gliner_biomed.training.windows import GoldReport, gold_windows
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import BARE, MERGES, WORDINGS, make_store, make_stream, passage

SCORER = make_scorer("bi", pass_rate=0.0)
UNI = make_scorer("uni", pass_rate=0.0)
RICH = replace(StreamSettings(batch_words=40), label_dropout=0.3, merge=0.5)


def as_values(windows):
    """RETURNS (list): windows as plain values."""
    return [(w.words.ids.tolist(), list(w.labels), list(w.spans), w.weight, w.marked) for w in windows]


def inventory(label_names):
    """RETURNS (dict): corpus → its labels in the tiny corpora."""
    return {"a": {"drug", "symptom"}, "b": {"cell", "organ"}, "c": {"drug"}}[label_names]


@pytest.mark.parametrize("settings", [BARE, RICH])
def test_a_batch_depends_on_seed_and_step_alone(settings):
    """In any order, from any stream; another seed gives others."""
    one, two = make_stream(SCORER, settings), make_stream(SCORER, settings)
    forwards = [as_values(one.batch(step)) for step in range(12)]
    assert [as_values(two.batch(step)) for step in reversed(range(12))] == forwards[::-1]
    assert [as_values(one.batch(step)) for step in range(12)] == forwards
    other = make_stream(SCORER, settings, seed=1)
    assert [as_values(other.batch(step)) for step in range(12)] != forwards
    assert one.fingerprint == two.fingerprint != other.fingerprint


def test_a_round_reads_everything_once():
    """At temperature 1, in batches of about the words that were asked for."""
    stream = make_stream(SCORER)
    for number in range(2):
        steps = range(number * stream.batches_per_round, (number + 1) * stream.batches_per_round)
        members = np.concatenate([stream.members(step) for step in steps])
        assert sorted(members.tolist()) == list(range(len(stream.store)))
    sizes = [int(stream.store.n_words[stream.members(step)].sum()) for step in range(stream.batches_per_round)]
    assert all(20 <= size <= 40 + 20 for size in sizes)
    assert not np.array_equal(stream.members(0), stream.members(stream.batches_per_round))


def test_nothing_is_lost_between_text_and_batch():
    """Sub-words, nested spans and labels are those of the passages."""
    item = passage("b", "neural crest cells in the liver", "neural crest cells|cell", "crest cells|cell", "liver|organ")
    [window] = make_stream(SCORER, passages=[item]).batch(0)
    expected = SCORER.encode(split_words(item.text)[0])
    assert window.words.ids.tolist() == expected.ids.tolist() and window.words.bounds.tolist() == expected.bounds.tolist()
    assert sorted(window.spans) == [(0, 2, "cell"), (1, 2, "cell"), (5, 5, "organ")]
    assert sorted(window.labels) == ["cell", "organ"] and window.weight == 1.0 and window.marked is None


def test_temperature_and_weights():
    """Shares go by size to the power of the temperature, times the source's weight."""
    passages = [passage("big", "one two three four five six seven eight", "one|x")] * 16
    passages += [passage("small", "one two three four five six seven eight", "one|x")] * 1
    assert make_stream(SCORER, BARE, passages).shares()["small"] == pytest.approx(1 / 17)
    stream = make_stream(SCORER, replace(BARE, temperature=0.5), passages)
    assert stream.shares() == pytest.approx({"big": 0.8, "small": 0.2})
    counted: Counter = Counter()
    for step in range(40 * stream.batches_per_round):
        counted.update(stream.store.corpora[n].name for n in stream.store.corpus[stream.members(step)])
    assert counted["small"] / counted.total() == pytest.approx(0.2, abs=0.02)

    builder = StoreBuilder()
    for source in (0, 1):
        for part in gold_windows("a b c", [(0, 1, "x")], SCORER, 24, 100, GoldReport()):
            builder.add(part, CorpusKey(source, f"s{source}"), ["x"])
    sources = [SourceSettings(path="", weight=3.0), SourceSettings(path="")]
    assert TrainingStream(builder.build(), sources, BARE).shares() == pytest.approx({"s0": 0.75, "s1": 0.25})


def test_windows_without_mentions_may_be_read_less():
    """`empty` is their share of a round."""
    passages = [passage("a", "aspirin helps here", "aspirin|drug")] * 20 + [passage("a", "nothing to see")] * 40
    stream = make_stream(SCORER, BARE, passages, empty=0.25)
    members = np.concatenate([stream.members(step) for step in range(stream.batches_per_round)])
    counts = Counter(stream.store.is_empty[members].tolist())
    assert counts[True] < counts[False]
    none = make_stream(SCORER, BARE, passages, empty=0.0)
    assert not none.store.is_empty[none.members(0)].any()


@pytest.mark.parametrize("settings", [RICH, replace(RICH, wordings_per_label=3), replace(RICH, max_labels=2)])
def test_labels_are_those_of_the_passage(settings):
    """Whatever is drawn, each text asked of a window words one of its own labels, and its spans are among them."""
    stream = make_stream(SCORER, settings)
    texts = {label: {label} for label in ("drug", "symptom", "cell", "organ", "anatomy")}
    for label, wording in WORDINGS.items():
        texts[label] |= {*wording.names, *wording.descriptions, *(f"{label}: {d}" for d in wording.descriptions)}
    cases = (str, str.lower, str.upper, str.title, lambda text: text[:1].upper() + text[1:])
    owner = {case(text): label for label, own in texts.items() for text in own for case in cases}
    seen = set()
    for step in range(60):
        windows = stream.batch(step)
        assert len({text for window in windows for text in window.labels}) <= settings.max_labels
        for window, number in zip(windows, sorted(stream.members(step), key=lambda n: stream.store.n_words[n]), strict=True):
            corpus = stream.store.corpora[stream.store.corpus[number]].name
            asked = {owner[text] for text in window.labels}
            seen.update(asked)
            assert asked <= inventory(corpus) | ({"anatomy"} if corpus == "b" else set())
            assert {text for _, _, text in window.spans} <= set(window.labels)
            assert len(set(window.labels)) == len(window.labels)
            gold = {(first, last) for first, last, _ in stream.store.gold(number).tolist()}
            assert {(first, last) for first, last, _ in window.spans} <= gold
    assert seen == set(texts)


def test_one_wording_a_label_and_batch():
    """All windows of a batch call a label the same; with `wordings_per_label`, by the same few texts."""
    for several in (1, 2):
        stream = make_stream(SCORER, replace(RICH, label_dropout=0.0, merge=0.0, wordings_per_label=several))
        for step in range(20):
            texts = {w.spans[0][2] for w in stream.batch(step) if w.spans and len(w.words) == 2}
            assert len(texts) <= several


def test_a_dropped_label_is_unknown():
    """Neither its spans nor its name remain; some label always does."""
    stream = make_stream(SCORER, replace(BARE, label_dropout=0.9))
    counts: Counter = Counter()
    for step in range(40):
        for window in stream.batch(step):
            counts[len(window.labels)] += 1
            assert {text for _, _, text in window.spans} <= set(window.labels)
    assert counts[0] == 0 and counts[1] > counts[2]


def test_positives_come_before_negatives():
    """Where not all labels fit, those with mentions stay, and of the others some."""
    labels = tuple(f"label {n}" for n in range(30))
    items = [passage("x", "aspirin for acute pain", "aspirin|label 7", "pain|label 9", labels=labels)]
    stream = make_stream(SCORER, replace(BARE, max_labels=5), items)
    others = set()
    for step in range(10):
        [window] = stream.batch(step)
        assert len(window.labels) == 5 and {"label 7", "label 9"} <= set(window.labels)
        others.update(window.labels)
    assert len(others) > 10


def test_labels_without_a_mention_keep_their_share():
    """Where those with mentions would take all places, `absent` leaves some to the others, but none empty."""
    labels = tuple(f"label {n}" for n in range(12))
    text = " ".join(f"word{n}" for n in range(9))
    item = passage("x", text, *(f"word{n}|label {n}" for n in range(9)), labels=labels)
    for share, expected in ((0.0, 0), (0.25, 2), (0.5, 3), (1.0, 3)):
        stream = make_stream(SCORER, replace(BARE, max_labels=8, absent=share), [item])
        for step in range(5):
            [window] = stream.batch(step)
            assert len(window.labels) == 8
            assert len(set(window.labels) & {"label 9", "label 10", "label 11"}) == expected
    few = make_stream(SCORER, replace(BARE, max_labels=20, absent=0.5), [item])
    assert set(few.batch(0)[0].labels) == set(labels)


def test_negatives_and_nesting_can_be_turned_down():
    """For ablations: only labels with mentions are asked for; only the outermost mentions are taught."""
    item = passage("a", "aspirin helps", "aspirin|drug", labels=("drug", "cell"))
    stream = make_stream(SCORER, replace(BARE, negatives=0.0), [item])
    assert [list(window.labels) for window in stream.batch(0)] == [["drug"]]
    item = passage("b", "neural crest cells in the liver", "neural crest cells|cell", "crest cells|cell", "liver|organ")
    [window] = make_stream(SCORER, replace(BARE, nested=False), [item]).batch(0)
    assert sorted(window.spans) == [(0, 2, "cell"), (5, 5, "organ")]


def test_what_was_not_annotated_can_count_as_absent():
    """For ablations: every passage of a batch is asked for all its labels; otherwise only for those of its own corpus."""
    items = [
        passage("a", "aspirin helps", "aspirin|drug", labels=("drug",)),
        passage("b", "liver cells", "liver|organ", "cells|cell", labels=("organ", "cell")),
    ]
    asked = [sorted(window.labels) for window in make_stream(SCORER, BARE, items).batch(0)]
    assert sorted(asked) == [["cell", "organ"], ["drug"]]
    stream = make_stream(SCORER, replace(BARE, annotated_only=False), items)
    assert [sorted(window.labels) for window in stream.batch(0)] == [["cell", "drug", "organ"]] * 2


def test_merging():
    """A broader label takes the place of its parts: spans kept, equal ones once."""
    item = passage("b", "liver cells", "liver|organ", "cells|cell", "liver|cell")
    stream = make_stream(SCORER, replace(BARE, merge=1.0), [item])
    [window] = stream.batch(0)
    assert window.labels == ["anatomy"] and sorted(window.spans) == [(0, 0, "anatomy"), (1, 1, "anatomy")]
    withheld = make_stream(SCORER, replace(BARE, merge=1.0, withhold=("Anatomy",)), [item])
    assert sorted(withheld.batch(0)[0].labels) == ["cell", "organ"]
    elsewhere = make_stream(SCORER, replace(BARE, merge=1.0), [replace(item, corpus="other")])
    assert sorted(elsewhere.batch(0)[0].labels) == ["cell", "organ"]


def test_merging_needs_all_parts_in_the_window():
    """A passage that was annotated for some of them keeps their names: what it lacks is not absent there."""
    items = [
        passage("b", "liver cells", "liver|organ", "cells|cell", labels=("cell", "organ")),
        passage("b", "neurons of the brain", "neurons|cell", labels=("cell",)),
    ]
    windows = make_stream(SCORER, replace(BARE, merge=1.0), items).batch(0)
    assert [(window.labels, window.spans[0][2]) for window in windows] == [(["anatomy"], "anatomy"), (["cell"], "cell")]


def test_parts_of_a_merge_count_in_the_fingerprint(monkeypatch):
    """Batches were others before such passages kept their names; fingerprints of all other data are what they were."""
    whole = passage("b", "liver cells", "liver|organ", "cells|cell", labels=("cell", "organ"))
    part, none = (passage("b", "brain", f"brain|{label}", labels=(label,)) for label in ("organ", "symptom"))
    for items, merge, differs in (([whole, part], 0.5, True), ([whole, part], 0.0, False), ([whole, none], 0.5, False)):
        stream = make_stream(SCORER, replace(BARE, merge=merge), items)
        now = stream.fingerprint
        with monkeypatch.context() as patch:
            patch.setattr(stream, "_has_parts_of_merges", lambda: False)
            assert (stream.fingerprint != now) == differs


def test_partial_rows_and_weights():
    """A partial passage carries the stretches that were looked at; weights go through, 0 leaves a passage out."""
    items = [
        passage("s", "aspirin for acute pain", "aspirin|drug", labels=("drug",), partial=True, weight=0.5),
        passage("s", "metformin helps", "metformin|drug", labels=("drug",), weight=0.0),
    ]
    [window] = make_stream(SCORER, BARE, items).batch(0)
    assert (window.weight, window.marked) == (0.5, [(0, 0)])
    dropped = make_stream(SCORER, replace(BARE, merge=0.0), [replace(items[0], labels=("drug", "symptom"))])
    assert dropped.batch(3)[0].marked == [(0, 0)]


def test_labels_that_are_not_listed_are_the_corpus_own():
    """Whatever a corpus uses anywhere is known in all of its passages that list nothing."""
    store = make_store(SCORER)
    assert store.corpus_labels() == {"a": ["drug", "symptom"], "b": ["cell", "organ"], "c": ["drug"]}


def test_prompts_leave_room_for_the_words():
    """A uni-encoder's labels are cut where they would take the room of the words."""
    scorer = make_scorer("uni", positions=64, pass_rate=0.0)
    labels = tuple(f"a rather long label with number {n}" for n in range(20))
    items = [passage("x", "aspirin for acute pain " * 5, "aspirin|" + labels[0], labels=labels)]
    stream = make_stream(scorer, replace(BARE, prompt_subwords=30), items)
    for step in range(3):
        for window in stream.batch(step):
            assert 0 < len(window.labels) < 20
            assert scorer.room_for_words(window.labels) >= len(window.words.ids)
            assert {text for _, _, text in window.spans} <= set(window.labels)


def test_nothing_to_learn_from():
    """Is said at once."""
    with pytest.raises(ValueError, match="no words with labels"):
        make_stream(SCORER, BARE, [passage("a", "no labels at all")])


def test_merges_and_wordings_count_in_the_fingerprint():
    """Other words for a label are another training."""
    store = make_store(SCORER)
    prints = {
        TrainingStream(store, [SourceSettings(path="")], RICH, 0, wordings, merges).fingerprint
        for wordings, merges in ((WORDINGS, MERGES), ({}, MERGES), (WORDINGS, ()))
    }
    assert len(prints) == 3

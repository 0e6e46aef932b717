"""The scorer: batching, caches, precision, what fits, and what it refuses."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.scorer import Settings, SpanScorer, Subwords, TrainingCard, label_memory
from spacy_gliner_biomed.scorer import scorer as scorer_module
from spacy_gliner_biomed.scorer.linear import PRECISIONS
from spacy_gliner_biomed.scorer.words import split_words
from tests.scorer.tiny import make_scorer, tokenizer_json
from tests.support import texts

LABELS = ["disease", "drug", "gene"]


def windows(count: int = 12, seed: int = 3) -> list[list[str]]:
    """RETURNS (list): words of varied windows, an empty one and one without sub-words among them."""
    found = [split_words(text)[0] for text in texts.make_texts(count, seed=seed, min_words=1, max_words=24)]
    return [*found[:3], [], ["\u200b", "\u200b"], *found[3:]]


def rows(found) -> list[tuple]:
    """RETURNS (list): start, end, label, rounded score of each candidate."""
    return list(
        zip(
            found.start.tolist(),
            found.end.tolist(),
            found.label.tolist(),
            np.round(found.score, 4).tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize(
    "kind, family, options",
    [
        ("bi", "bert", {}),
        ("bi", "bert", {"tied": True, "projections": False}),
        ("bi", "deberta-v2", {"projections": False}),
        ("uni", "bert", {"rnn": False}),
        ("uni", "deberta-v2", {"embed_ent_token": False, "projections": False}),
    ],
)
def test_scores_are_those_of_each_window_alone(kind, family, options):
    """Batching changes no score, whatever the kind; candidates are the logits above the threshold."""
    scorer = make_scorer(kind, family, **options)
    together = scorer.score(windows(), LABELS)
    assert sum(len(found) for found in together) >= 3
    for words, found in zip(windows(), together, strict=True):
        [alone] = scorer.score([words], LABELS)
        assert [row[:3] for row in rows(alone)] == [row[:3] for row in rows(found)]
        np.testing.assert_allclose(alone.score, found.score, atol=1e-5)
        start, extra, label = np.nonzero(scorer.logits(words, LABELS) > 0)
        assert [row[:3] for row in rows(found)] == list(
            zip(start.tolist(), (start + extra).tolist(), label.tolist(), strict=True)
        )


def test_a_small_budget_of_subwords_changes_nothing(scorer):
    """One window a batch, at the least."""
    before = scorer.score(windows(), LABELS)
    scorer.configure(scorer.with_settings(max_batch_tokens=1))
    try:
        after = scorer.score(windows(), LABELS)
    finally:
        scorer.configure(Settings())
    for one, other in zip(before, after, strict=True):
        assert [row[:3] for row in rows(one)] == [row[:3] for row in rows(other)]


def test_batches_keep_to_the_budget(bi):
    """Windows go by length, no batch is over budget unless it is one window, none is left out."""
    encoded = [bi.encode(words) for words in windows()]
    bi.configure(bi.with_settings(max_batch_tokens=40))
    try:
        batches = bi._batches(encoded, LABELS)
    finally:
        bi.configure(Settings())
    assert sorted(number for batch in batches for number in batch) == [
        n for n, words in enumerate(encoded) if len(words)
    ]
    for batch in batches:
        assert len(batch) == 1 or sum(len(encoded[number].ids) + 2 for number in batch) <= 40


def test_thresholds_go_by_label(scorer):
    """Each label has its own limit; a score must exceed it."""
    low = scorer.score(windows(), LABELS, [0.2, 0.999, 0.5])
    every = scorer.score(windows(), LABELS, 0.0)
    for found, full in zip(low, every, strict=True):
        limits = np.asarray([0.2, 0.999, 0.5], dtype=np.float32)
        assert rows(found) == rows(full.pick(full.score > limits[full.label]))
    assert not sum(len(found) for found in scorer.score(windows(), LABELS, 1.0))


def test_nothing_to_look_for(scorer):
    """No labels, no windows, no words: no candidates."""
    assert [len(found) for found in scorer.score([["a"], []], [])] == [0, 0]
    assert scorer.score([], LABELS) == []
    assert scorer.logits([], LABELS).shape == (0, 4, 3)
    assert scorer.logits(["a"], []).shape == (1, 4, 0)


def test_logits_of_spans_that_leave_the_window(scorer):
    """The last words have no wide spans."""
    logits = scorer.logits(["type", "2", "diabetes", "mellitus", "now"], LABELS)
    assert logits.dtype == np.float32
    valid = np.arange(5)[:, None] + np.arange(4)[None, :] < 5
    assert (np.isfinite(logits).all(-1) == valid).all()


@pytest.mark.parametrize("precision, tolerance", [("bfloat16", 0.5), ("int8", 1.0)])
def test_other_precisions_stay_close(scorer, precision, tolerance):
    """bfloat16 and int8 give nearly the same logits, and float32 comes back untouched."""
    words = split_words(texts.make_text(5, 20))[0]
    plain = scorer.logits(words, LABELS)
    scorer.configure(scorer.with_settings(precision=precision))
    try:
        other = scorer.logits(words, LABELS)
    finally:
        scorer.configure(Settings())
    valid = np.isfinite(plain)
    assert 0 < np.abs(other[valid] - plain[valid]).max()
    assert np.abs(other[valid] - plain[valid]).mean() < tolerance
    np.testing.assert_allclose(scorer.logits(words, LABELS), plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rnn", [True, False])
def test_a_rectangle_gives_the_same_as_groups(monkeypatch, rnn):
    """What a GPU runs (padded attention), on the CPU."""
    from spacy_gliner_biomed.scorer import prompt

    for scorer in (make_scorer("uni", "deberta-v2", rnn=rnn), make_scorer("bi", "bert")):
        expected = scorer.score(windows(), LABELS)
        monkeypatch.setattr(
            prompt.Packing, "of", classmethod(lambda cls, lengths, padded=False: cls(tuple(lengths), True))
        )
        scorer.forget()
        found = scorer.score(windows(), LABELS)
        monkeypatch.undo()
        for one, other in zip(found, expected, strict=True):
            assert [row[:3] for row in rows(one)] == [row[:3] for row in rows(other)]
            np.testing.assert_allclose(one.score, other.score, atol=1e-5)


def test_lstm_reads_each_window_by_itself():
    """The packed BiLSTM equals torch's over each window; empty windows take no part."""
    scorer = make_scorer("uni", "bert", pass_rate=0.0)
    rnn = scorer.module.rnn
    lengths = [3, 0, 5, 1]
    words = torch.randn(sum(lengths), scorer.config.hidden_size)
    from spacy_gliner_biomed.scorer.packing import Packing

    with torch.no_grad():
        found = rnn(words, Packing.of(lengths))
        expected = [rnn.lstm(part[None])[0][0] for part in words.split([length for length in lengths if length])]
        assert rnn(words[:0], Packing.of([0])).shape == (0, scorer.config.hidden_size)
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-5, atol=1e-6)


# -- labels -------------------------------------------------------------------------------------------------------------------


def test_label_vectors_are_computed_once(bi, monkeypatch):
    """A bi-encoder reads a label at its first use; the cache keeps the newest and is dropped with the weights."""
    asked: list[str] = []
    encode = bi.encode_labels
    monkeypatch.setattr(bi, "encode_labels", lambda labels: (asked.extend(labels), encode(labels))[1])
    bi.forget()
    words = ["acute", "pain"]
    bi.score([words], ["a", "b"])
    bi.score([words], ["b", "c"])
    bi.score([words], ["a", "b"])
    assert asked == ["a", "b", "c"]
    monkeypatch.setattr(label_memory, "MOST_VECTORS", 2)
    bi.score([words], ["d"])
    assert list(bi.labels._vectors) == ["c", "d"]
    bi.forget()
    assert not bi.labels._vectors and not bi.labels._folded
    bi.score([words], ["d"])
    assert asked[-1] == "d" and len(asked) == 5


def test_many_labels_are_read_in_parts(bi):
    """More labels than one part holds get the vectors they have alone."""
    labels = texts.make_labels(150)
    with torch.inference_mode():
        vectors = bi.labels.vectors(bi, labels)
        torch.testing.assert_close(vectors[149], bi.encode_labels(labels[149:])[0], rtol=1e-4, atol=1e-5)
    assert vectors.shape == (150, bi.config.hidden_size)


def test_prompts_are_kept(uni):
    """A uni-encoder's prompt is built once for a label set; a few are kept."""
    first = uni.labels.prompt(uni, ["a", "b"])
    assert uni.labels.prompt(uni, ("a", "b")) is first
    for number in range(20):
        uni.labels.prompt(uni, [str(number)])
    assert len(uni.labels._prompts) == 16


def test_room_beside_the_prompt():
    """A uni-encoder's labels take room from the words; too many raise an error that says how many fit."""
    scorer = make_scorer("uni", "bert", positions=64, pass_rate=0.0)
    assert scorer.room_for_words(["drug"]) == 64 - 2 - 3
    labels = ["drug"] * 40
    with pytest.raises(ValueError, match=r"40 labels do not fit .* reads 64 sub-words: the first (\d+) fit") as caught:
        scorer.room_for_words(labels)
    fitting = int(str(caught.value).split("the first ")[1].split()[0])
    assert scorer.room_for_words(labels[:fitting]) >= 3 * scorer.config.max_width
    with pytest.raises(ValueError):
        scorer.room_for_words(labels[: fitting + 1])
    assert make_scorer("bi", "bert", pass_rate=0.0).room_for_words(labels) == 510
    assert make_scorer("bi", "deberta-v2", pass_rate=0.0).room_for_words(labels) == 2046


def test_a_window_beyond_the_positions_is_refused(bi):
    """The scorer never cuts by itself."""
    with pytest.raises(ValueError, match="A window of 602 sub-words is longer than the 512"):
        bi.score([["a"] * 600], LABELS)


def test_labels_that_the_tokenizer_can_not_read_are_refused(scorer):
    """Blank to the tokenizer, or with a special token inside; unknown letters are no special token."""
    scorer.check_labels([*LABELS, "日本 語"])
    with pytest.raises(ValueError, match=r"label '  ' is blank"):
        scorer.check_labels(["drug", "  "])
    special = "[SEP]" if scorer.config.is_bi_encoder else "<<ENT>>"
    with pytest.raises(ValueError, match="special tokens; leave it out"):
        scorer.check_labels(["drug", f"a {special} b"])


def test_a_label_of_dropped_characters_is_blank(bi):
    """WordPiece drops control characters: nothing is left of such a label."""
    with pytest.raises(ValueError, match="is blank to this model's tokenizer"):
        bi.check_labels(["\x01\x02"])


def test_a_label_beyond_the_label_encoder_is_refused(bi):
    """No silent truncation of descriptions."""
    with pytest.raises(ValueError, match=r"has 602 sub-words; the label encoder reads 512"):
        bi.score([["a"]], ["a " * 600])


def test_a_tokenizer_without_separator_is_refused(uni):
    """A uni-encoder needs its own tokens."""
    broken = SpanScorer(uni.config, uni.module, Subwords(tokenizer_json("deberta-v2")))
    with pytest.raises(ValueError, match="has no token '<<SEP>>'"):
        broken.score([["a"]], ["drug"])


# -- settings, copies, threads ------------------------------------------------------------------------------------------------


def test_settings_are_checked(bi):
    """Precision by name, int8 on the CPU alone."""
    with pytest.raises(ValueError, match="'float64' is unknown; choose from"):
        bi.configure(Settings("float64"))
    with pytest.raises(ValueError, match="'int8' runs on the CPU alone, not on 'cuda'"):
        bi.configure(Settings("int8", "cuda"))
    assert bi.settings == Settings()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_copies_score_alike(scorer, precision):
    """Pickle and deepcopy carry weights and tokenizers, not packed memory; a copy packs its own, in the same precision."""
    scorer = copy.deepcopy(scorer)
    scorer.configure(scorer.with_settings(precision=precision))
    expected = scorer.score(windows(), LABELS)
    for twin in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
        for one, other in zip(twin.score(windows(), LABELS), expected, strict=True):
            assert rows(one) == rows(other)


def test_inference_leaves_training_mode(bi):
    """A module that was left in training mode is set right before it reads."""
    expected = bi.logits(["acute", "pain"], LABELS)
    bi.module.train()
    np.testing.assert_allclose(bi.logits(["acute", "pain"], LABELS), expected, rtol=0, atol=1e-5)
    assert not bi.module.training


def test_a_forked_child_computes_with_one_thread(bi, monkeypatch):
    """OpenMP's threads don't survive a fork."""
    set_to: list[int] = []
    monkeypatch.setattr(scorer_module, "_forked", False)
    scorer_module._note_fork()
    assert scorer_module._forked
    monkeypatch.setattr(scorer_module.torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(scorer_module.torch, "set_num_threads", set_to.append)
    bi.score([["a"]], ["drug"])
    assert set_to and set(set_to) == {1}


def test_words_may_be_shifted_as_gliner_does(scorer):
    """With the switch for comparisons, words after a dropped one move a place; without it they stay."""
    words = ["acute", "\u200b", "pain"]
    if len(scorer.encode(words).ids) > len(scorer.encode(["acute", "pain"]).ids):
        words[1] = "\x01"  # DeBERTa's tokenizer keeps zero-width characters
    plain, shifted = scorer.logits(words, LABELS), scorer.logits(words, LABELS, reproduce_gliner=True)
    if len(scorer.encode([words[1]]).ids) == 0:
        assert not np.allclose(plain[:2, 0], shifted[:2, 0])
    found = scorer.score([words], LABELS, 0.0, reproduce_gliner=True)[0]
    np.testing.assert_allclose(
        found.score, 1 / (1 + np.exp(-shifted[found.start, found.end - found.start, found.label])), atol=1e-5
    )


def test_card_puts_labels_into_words():
    """Published checkpoints read the description alone; a template says otherwise; braces are plain text."""
    card = TrainingCard()
    assert card.put_into_words("drug", "") == "drug"
    assert card.put_into_words("drug", "any medicine") == "any medicine"
    card = replace(card, label_template="{name}: {description}")
    assert card.put_into_words("drug", "a {name}") == "drug: a {name}"
    assert TrainingCard(**card.to_dict()) == card

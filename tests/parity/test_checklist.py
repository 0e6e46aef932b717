"""The odd cases: labels, lengths, ties, thresholds and characters where two implementations drift apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_gliner_biomed import checkpoint
from tests.parity import ours
from tests.parity.agreement import count_flips, scored
from tests.parity.judge import LOGIT_TOLERANCE, max_difference
from tests.parity.reference import MODES, Mode, Reading, Reference
from tests.support import texts
from tests.support.published import make_checkpoint

KINDS = pytest.mark.parametrize("kind", ["uni", "bi"])
BACKBONES = pytest.mark.parametrize("backbone", ["bert", "deberta-v2"])
FLAT = Mode("flat", False)
LABELS = texts.make_labels(5)

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A function from options to a checkpoint; equal options give the same folder."""
    made: dict[str, Path] = {}

    def make_once(kind: str, backbone: str, **options: Any) -> Path:
        key = repr((kind, backbone, sorted(options.items())))
        if key not in made:
            options.setdefault("calibration_labels", (5,))
            made[key] = make_checkpoint(tmp_path_factory.mktemp("made") / "model", kind, backbone, **options)
        return made[key]

    return make_once


def assert_same_logits(folder: Path, labels: list[str], readings: list[Reading], as_theirs: bool = False) -> None:
    """Every valid span's logit agrees."""
    scorer = checkpoint.load(str(folder))
    for reading in readings:
        logits = scorer.logits(reading.words, labels, reproduce_gliner=as_theirs)
        assert max_difference(reading.logits, logits) <= LOGIT_TOLERANCE


@KINDS
@BACKBONES
def test_texts_shorter_than_a_span(make: Make, kind: str, backbone: str) -> None:
    """One to thirteen words, where the widest span has twelve."""
    folder = make(kind, backbone)
    short = [texts.make_text(seed, n_words) for seed, n_words in enumerate((1, 1, 2, 3, 11, 12, 13))]
    readings = Reference(folder).read(short, LABELS, threshold=0.2)
    assert_same_logits(folder, LABELS, readings)
    nlp = ours.blank(folder, labels=LABELS, threshold=0.2, overlap="flat")
    for reading, doc in zip(readings, nlp.pipe(short), strict=True):
        count_flips(reading, LABELS, FLAT, scored(ours.in_document(doc)), threshold=0.2)


@KINDS
def test_127_labels(make: Make, kind: str) -> None:
    """As many labels as UMLS has semantic types: folded weights give way to unfolded ones, prompts are long."""
    labels = texts.make_labels(127)
    folder = make(kind, "deberta-v2", calibration_labels=(127,), calibration_texts=4)
    readings = Reference(folder).read(texts.make_texts(6, seed=1, min_words=5, max_words=40), labels, modes=[FLAT])
    assert_same_logits(folder, labels, readings)
    found = checkpoint.load(str(folder)).score([reading.words for reading in readings], labels)
    for reading, candidates in zip(readings, found, strict=True):
        count_flips(reading, labels, FLAT, ours.decoded(candidates, labels, FLAT))


def test_labels_that_do_not_fit_the_prompt_are_refused(make: Make) -> None:
    """gliner drops them in silence, and the text with them."""
    nlp = ours.blank(make("uni", "bert"), labels=texts.make_labels(175))
    with pytest.raises(ValueError, match=r"175 labels do not fit .* the first \d+ fit"):
        nlp("Aspirin relieved the headache.")


@KINDS
@BACKBONES
def test_the_order_of_labels(make: Make, kind: str, backbone: str) -> None:
    """In a prompt the order changes the scores, as it does in gliner."""
    folder, turned = make(kind, backbone), list(reversed(LABELS))
    readings = Reference(folder).read(texts.make_texts(4, seed=2, min_words=10), turned)
    assert_same_logits(folder, turned, readings)


@KINDS
def test_duplicate_labels_count_once(make: Make, kind: str) -> None:
    """A list with repetitions is read as its first occurrences; ours says so."""
    folder, repeated = make(kind, "deberta-v2"), ["drug", "gene", "drug", "disease", "gene"]
    text = texts.make_text(5, 60)
    [reading] = Reference(folder).read([text], repeated, modes=[FLAT])
    with pytest.warns(UserWarning, match="listed twice"):
        nlp = ours.blank(folder, labels=repeated, overlap="flat")
    assert nlp.get_pipe("gliner_biomed").labels == ("drug", "gene", "disease")
    assert count_flips(reading, ["drug", "gene", "disease"], FLAT, scored(ours.in_document(nlp(text)))) == 0


@KINDS
def test_labels_with_unusual_characters(make: Make, kind: str) -> None:
    """Labels may hold white space, punctuation, capitals, and characters that the tokenizer doesn't know."""
    folder = make(kind, "bert")
    labels = [" drug ", "Gene / protein", "β-blocker", "疾病", "disease\tor\nsyndrome"]
    readings = Reference(folder).read(texts.make_texts(4, seed=3, min_words=10), labels)
    assert_same_logits(folder, labels, readings)
    nlp = ours.blank(folder, labels=labels, overlap="flat")
    for reading in readings:
        doc = nlp(" ".join(reading.words))
        assert [word.text for word in ours.words_of(doc)] == reading.words
        count_flips(reading, labels, FLAT, scored(ours.in_document(doc)))


BLANK, MARKERS = ("", " ", "\u200b"), ("the <<ENT>> token", "<<SEP>>")


@pytest.mark.parametrize(
    ("kind", "label"),
    [*(("uni", label) for label in (*BLANK, *MARKERS)), *(("bi", label) for label in (*BLANK, "[SEP]"))],
)
def test_labels_that_gliner_misreads_are_refused(make: Make, kind: str, label: str) -> None:
    """A label without a sub-word, or with a special token in it, shifts words or labels in gliner; ours raises."""
    with pytest.raises(ValueError, match="blank|special tokens"):
        ours.blank(make(kind, "bert"), labels=["drug", label])("Aspirin relieved the headache.")


@KINDS
def test_descriptions_are_read_and_names_returned(make: Make, kind: str) -> None:
    """A mapping: the description goes to the model, the name to the user."""
    folder = make(kind, "deberta-v2")
    mapping = {"A": "a chemical used as a medicine", "B": "part of the genome", "C": "illness"}
    wanted = texts.make_texts(4, seed=4, min_words=20)
    readings = Reference(folder).read(wanted, mapping, modes=[FLAT])
    nlp = ours.blank(folder, labels=mapping, overlap="flat")
    found = [ours.in_document(doc) for doc in nlp.pipe(wanted)]
    assert any(found)
    for reading, entities in zip(readings, found, strict=True):
        count_flips(reading, list(mapping), FLAT, scored(entities))


@KINDS
def test_a_label_set_for_each_text(make: Make, kind: str) -> None:
    """gliner reads texts with label sets of their own in one batch; ours in a call each."""
    folder = make(kind, "deberta-v2")
    sets = [LABELS, LABELS[:2], ["virus"], list(reversed(LABELS))]
    wanted = texts.make_texts(4, seed=6, min_words=20)
    readings = Reference(folder).read(wanted, sets, modes=[FLAT])
    nlp = ours.blank(folder, overlap="flat")
    for reading, text, labels in zip(readings, wanted, sets, strict=True):
        [doc] = nlp.get_pipe("gliner_biomed").annotate(nlp.make_doc(text), labels=labels)
        count_flips(reading, labels, FLAT, scored(ours.in_document(doc)))


@KINDS
def test_longer_texts_on_their_first_words(make: Make, kind: str) -> None:
    """gliner reads `max_len` words; ours agrees there when given those words, and reads the rest too when given all."""
    folder, n_words = make(kind, "deberta-v2", max_len=60), 200
    text = texts.make_text(7, n_words)
    [reading] = Reference(folder).read([text], LABELS)
    assert len(reading.words) == 60
    first = text[: list(texts.WORD.finditer(text))[59].end()]
    nlp = ours.blank(folder, labels=LABELS)
    for mode in MODES:
        ours.set_mode(nlp, mode)
        count_flips(reading, LABELS, mode, scored(ours.in_document(nlp(first))))
    ends = [entity.end for entity in ours.in_document(nlp(text))]
    assert max(ends) > 150


@KINDS
def test_long_windows_of_deberta(make: Make, kind: str) -> None:
    """Distances beyond the last bucket saturate: 384 words are more than 512 sub-words."""
    folder = make(kind, "deberta-v2")
    [reading] = Reference(folder).read([texts.make_text(8, 384)], LABELS, modes=[])
    scorer = checkpoint.load(str(folder))
    assert len(scorer.encode(reading.words).ids) > 512
    assert max_difference(reading.logits, scorer.logits(reading.words, LABELS)) <= LOGIT_TOLERANCE


@KINDS
def test_windows_longer_than_bert_reads(make: Make, kind: str) -> None:
    """gliner cuts at 512 sub-words and scores lost words as zeros; ours refuses such a window, the pipe reads all."""
    folder, text = make(kind, "bert"), texts.make_text(9, 384)
    scorer = checkpoint.load(str(folder))
    words = texts.words_of(text)
    assert len(scorer.encode(words).ids) > 512
    with pytest.raises(ValueError, match="longer than the 512"):
        scorer.score([words], LABELS)
    nlp = ours.blank(folder, labels=LABELS)
    assert max(entity.end for entity in ours.in_document(nlp(text))) > 340


EMPTY_WORDS = (
    "Vitamin \u200b D3 and \u00ad cal\u200bcium \ufeff lowered \u0000 the cafe\u0301 risk "
    "\u2764\ufe0f of rickets \u200b."
)


@KINDS
@pytest.mark.parametrize("tokenizer", ["bert", "charsmap"])
def test_words_that_the_tokenizer_drops(make: Make, kind: str, tokenizer: str) -> None:
    """Ours keeps every word in its place; the switch moves them as gliner does."""
    folder = make(kind, "bert") if tokenizer == "bert" else make(kind, "deberta-v2", charsmap=True)
    reference = Reference(folder)
    [shifted] = reference.read([EMPTY_WORDS], LABELS)
    [in_place] = reference.read([EMPTY_WORDS], LABELS, in_place=True)
    assert shifted.has_empty_words and max_difference(shifted.logits, in_place.logits) > 0.1
    assert_same_logits(folder, LABELS, [shifted], as_theirs=True)
    assert_same_logits(folder, LABELS, [in_place])
    nlp = ours.blank(folder, labels=LABELS, overlap="flat")
    count_flips(in_place, LABELS, FLAT, scored(ours.in_document(nlp(EMPTY_WORDS))))


@KINDS
def test_a_threshold_equal_to_a_score_excludes_it(make: Make, kind: str) -> None:
    """A score must exceed its threshold, compared in float32."""
    scorer = checkpoint.load(str(make(kind, "deberta-v2")))
    words = texts.words_of(texts.make_text(10, 60))
    [found] = scorer.score([words], LABELS)
    assert len(found) > 5
    for score in found.score.tolist():
        [fewer] = scorer.score([words], LABELS, score)
        assert fewer.score.tolist() == [other for other in found.score.tolist() if other > score]
        [more] = scorer.score([words], LABELS, float(np.nextafter(np.float32(score), np.float32(0))))
        assert more.score.tolist() == [other for other in found.score.tolist() if other >= score]


@KINDS
@pytest.mark.parametrize("threshold", [0.05, 0.9])
def test_other_thresholds(make: Make, kind: str, threshold: float) -> None:
    """Thresholds far from one half."""
    folder, wanted = make(kind, "deberta-v2"), texts.make_texts(6, seed=11, min_words=20)
    readings = Reference(folder).read(wanted, LABELS, threshold)
    nlp = ours.blank(folder, labels=LABELS, threshold=threshold)
    for mode in MODES:
        ours.set_mode(nlp, mode)
        for reading, doc in zip(readings, nlp.pipe(wanted), strict=True):
            count_flips(reading, LABELS, mode, scored(ours.in_document(doc)), threshold)


def test_ties_go_to_the_earlier_label(make: Make) -> None:
    """Labels that a lower-casing tokenizer can't tell apart score the same: the first wins, as in gliner."""
    folder, labels = make("bi", "bert"), ["Drug", "drug", "DRUG"]
    wanted = texts.make_texts(6, seed=12, min_words=30)
    readings = Reference(folder).read(wanted, labels)
    nlp = ours.blank(folder, labels=labels)
    seen = set()
    for mode in MODES:
        ours.set_mode(nlp, mode)
        for reading, doc in zip(readings, nlp.pipe(wanted), strict=True):
            ordered = [entity.key for entity in reading.entities[mode]]
            found = [entity.key for entity in ours.in_document(doc)]
            assert sorted(found) == sorted(ordered)
            seen |= {(mode.multi_label, label) for _, _, label in found}
    assert seen == {(False, "Drug"), *((True, label) for label in labels)}


@KINDS
@BACKBONES
def test_batching_changes_nothing(make: Make, kind: str, backbone: str) -> None:
    """One text at a time, eight at a time, one forward pass a window: the same entities, scores within float noise."""
    folder, wanted = make(kind, backbone), texts.make_texts(12, seed=13, min_words=1, odd=0.2)
    readings = Reference(folder).read(wanted, LABELS, batch_size=1)
    for batch_size, max_batch_tokens in ((1, 2048), (8, 2048), (8, 1)):
        nlp = ours.blank(folder, labels=LABELS, overlap="flat", max_batch_tokens=max_batch_tokens)
        for reading, doc in zip(readings, nlp.pipe(wanted, batch_size=batch_size), strict=True):
            if not reading.has_empty_words:
                count_flips(reading, LABELS, FLAT, scored(ours.in_document(doc)))


@pytest.mark.parametrize("text", ["", " ", "\n\t\u00a0"])
def test_blank_texts_have_no_entities(make: Make, text: str) -> None:
    """As in gliner, which skips them."""
    folder = make("bi", "deberta-v2")
    assert Reference(folder).model.inference([text], LABELS) == [[]]
    assert ours.in_document(ours.blank(folder, labels=LABELS)(text)) == []

"""Corpora on disk → windows, dev passages and the card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spacy_gliner_biomed.scorer import TrainingCard
from spacy_gliner_biomed.training.cards import make_card
from spacy_gliner_biomed.training.dev_set import DevSet
from spacy_gliner_biomed.training.settings import DevSettings, SourceSettings
from spacy_gliner_biomed.training.sources import build_store, dev_passages, open_stream, source_passages, take_words
from spacy_gliner_biomed.training.windows import GoldReport
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import BARE, passage

SCORER = make_scorer("bi", pass_rate=0.0)
ROWS = [
    {"corpus": "a", "text": "aspirin for acute pain", "entities": [{"start": 0, "end": 7, "label": "drug"}]},
    {"corpus": "a", "text": "no pain", "entities": [{"start": 3, "end": 7, "label": "symptom"}]},
    {"corpus": "b", "text": "liver cells", "entities": [{"start": 0, "end": 5, "label": "organ"}], "labels": ["organ", "cell"]},
    {
        "corpus": "silver", "text": "tau in neurons", "entities": [{"start": 7, "end": 14, "label": "cell"}],
        "labels": ["cell"], "partial": True, "weight": 0.5,
    },
]  # fmt: skip


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """A folder of corpora."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "all.train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    manifest = {"some": {"a.train": {"licence": "CC0"}, "b.dev": {"licence": "CC BY"}}}
    (tmp_path / "MANIFEST.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


def store_of(corpora: Path, **settings):
    """RETURNS (WindowStore): of the folder's one source."""
    return build_store([SourceSettings("train", **settings)], BARE, SCORER, corpora, progress=False)


def test_everything_is_read(corpora):
    """Labels, weights and partial rows included."""
    store = store_of(corpora)
    assert [key.name for key in store.corpora] == ["a", "b", "silver"]
    assert store.corpus_labels() == {"a": ["drug", "symptom"], "b": ["cell", "organ"], "silver": ["cell"]}
    assert store.weight.tolist() == [1.0, 1.0, 1.0, 0.5] and store.partial.tolist() == [False] * 3 + [True]
    assert store.fingerprint == store_of(corpora).fingerprint != store_of(corpora, exclude=("b",)).fingerprint


def test_corpora_and_labels_can_be_left_out(corpora):
    """`only`, `exclude`, `exclude_labels`, `partial`; a corpus that isn't there is an error."""
    assert set(store_of(corpora, exclude=("a", "silver")).corpus_labels()) == {"b"}
    assert set(store_of(corpora, only=("a",)).corpus_labels()) == {"a"}
    left = store_of(corpora, exclude_labels=("cell", "symptom")).corpus_labels()
    assert left == {"a": ["drug"], "b": ["organ"], "silver": []}
    assert store_of(corpora, partial=True).partial.all()
    with pytest.raises(ValueError, match="no corpus 'z' in train; it holds a, b, silver"):
        store_of(corpora, only=("z",))
    with pytest.raises(ValueError, match="There is no corpus at"):
        list(source_passages(SourceSettings("nowhere"), corpora))


def test_what_is_left_out_and_not_there_is_told(corpora, capsys):
    """A misspelt name would else train on what is held out; a folder without that corpus stays usable. Dev sets are silent."""
    store = build_store([SourceSettings("train", exclude=("silvr",), exclude_labels=("Drugs",))], BARE, SCORER, corpora)
    assert set(store.corpus_labels()) == {"a", "b", "silver"}
    said = capsys.readouterr().err
    assert "There is no corpus 'silvr' to leave out in train; the nearest that it holds are silver, " in said
    assert "There is no label 'Drugs' to leave out in train; the nearest that it holds are drug, " in said
    store_of(corpora, exclude=("silvr",))
    dev_passages(DevSettings("train", exclude=("silvr",)), corpora)
    assert capsys.readouterr().err == ""


def test_a_source_keeps_its_own_labels_out(corpora):
    """Though another source has them of the same corpus."""
    (corpora / "more").mkdir()
    (corpora / "more" / "a.jsonl").write_text(json.dumps(ROWS[0]) + "\n")
    sources = [SourceSettings("train", only=("a",), exclude_labels=("drug",)), SourceSettings("more")]
    store = build_store(sources, BARE, SCORER, corpora, progress=False)
    known = {store.corpora[c].source: store.label_sets[s] for c, s in zip(store.corpus, store.label_set, strict=True)}
    assert {source: [store.labels[n] for n in own] for source, own in known.items()} == {0: ["symptom"], 1: ["symptom", "drug"]}


def test_withheld_labels_are_unknown_everywhere(corpora):
    """Whatever their case and the source: neither mentions nor negatives of them are left."""
    store = build_store([SourceSettings("train")], replace(BARE, withhold=("Organ", "DRUG")), SCORER, corpora, progress=False)
    assert store.corpus_labels() == {"a": ["symptom"], "b": ["cell"], "silver": ["cell"]}
    assert {store.labels[label] for label in store.spans[:, 2]} == {"symptom", "cell"}


def test_a_mistake_has_file_and_line(corpora):
    """As everywhere."""
    rows = '{"text": "a", "entities": []}\n{"text": "b", "entities": [], "weight": -1}\n'
    (corpora / "train" / "all.train.jsonl").write_text(rows)
    with pytest.raises(ValueError, match=r"all\.train\.jsonl, line 2: the weight -1"):
        store_of(corpora)


def test_fewer_words_come_evenly_from_the_whole():
    """`words` is a limit that is met about."""
    passages = [passage("a", f"one two three four {n}") for n in range(100)]
    chosen = take_words(passages, 50)
    assert len(chosen) == 10 and chosen[0].text.endswith(" 0") and chosen[-1].text.endswith(" 90")
    assert take_words(passages, 5000) == passages


def test_mentions_that_cannot_be_learnt_are_told(corpora, capsys):
    """In one line; where there are no others, there is nothing to learn from."""
    wide = {"corpus": "a", "text": "one two three four five", "entities": [{"start": 0, "end": 23, "label": "x"}]}
    path = corpora / "train" / "all.train.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n" + json.dumps(wide) + "\n")
    build_store([SourceSettings("train")], BARE, SCORER, corpora)
    assert "Mentions left out of the training: 1 wider than this model's 4 words.\n" in capsys.readouterr().err
    path.write_text(json.dumps(wide) + "\n")
    with pytest.raises(ValueError, match=r"No mention in the sources can be learnt \(1 wider than this model's 4 words\)"):
        store_of(corpora)


def test_mentions_are_counted(corpora):
    """What was widened, too wide or cut is reported."""
    row = {"corpus": "a", "text": "one two-three four five six seven", "entities": []}
    row["entities"] = [{"start": 4, "end": 7, "label": "x"}, {"start": 0, "end": 33, "label": "x"}]
    (corpora / "train" / "all.train.jsonl").write_text(json.dumps(row) + "\n")
    report = GoldReport()
    store = build_store([SourceSettings("train")], BARE, SCORER, corpora, report, progress=False)
    assert (report.mentions, report.widened, report.too_wide) == (2, 1, 1)
    assert store.spans.tolist() == [[1, 1, 0]]


def test_a_stream_has_the_wordings_of_the_package(corpora):
    """From `label_sets`, without what is withheld."""
    settings = replace(BARE, name=0.0, synonym=1.0, withhold=("medicine",))
    stream = open_stream([SourceSettings("train", only=("a",))], settings, SCORER, corpora, progress=False)
    texts = {text for step in range(40) for window in stream.batch(step) for text in window.labels}
    assert len(texts) > 4 and "medicine" not in texts


def test_dev_passages_know_what_they_were_annotated_for(corpora):
    """Their own labels, or all of their corpus."""
    passages = dev_passages(DevSettings("train", exclude=("silver",)), corpora)
    assert [item.labels for item in passages] == [("drug", "symptom"), ("drug", "symptom"), ("organ", "cell")]


def test_dev_score_is_strict():
    """Right where start, end and label are equal; corpora apart, and everything together."""
    scorer = make_scorer("bi", pass_rate=0.2, seed=3)
    texts = ["aspirin for acute pain", "metformin helps against pain", "tau binds lithium in neurons"]
    labels = ("drug", "symptom")
    from spacy_gliner_biomed.reading import Reading, read_docs

    reading = Reading(labels, labels, (0.5, 0.5), "nested", False, 24, 12)
    items, right, found, gold = [], 0, 0, 0
    for number, (text, hits) in enumerate(zip(texts, read_docs(scorer, texts, reading), strict=True)):
        spans = [(int(s), int(e), labels[n]) for s, e, n in zip(hits.start, hits.end, hits.label, strict=True)]
        mentions = [f"{text[s:e]}|{label}" for s, e, label in spans[::2] if text.index(text[s:e]) == s] + ["a|drug"]
        item = passage(f"c{number}", text, *mentions, labels=labels)
        items.append(item)
        right, found, gold = right + len(set(spans) & set(item.mentions)), found + len(spans), gold + len(set(item.mentions))
    score = DevSet(items).score(scorer)
    assert right and found > right
    assert score.precision == pytest.approx(right / found) and score.recall == pytest.approx(right / gold)
    assert score.f1 == pytest.approx(2 * right / (found + gold))
    assert set(score.corpora) == {"c0", "c1", "c2"}
    assert score.mean == pytest.approx(sum(score.corpora.values()) / 3)


def test_the_card_is_honest(corpora):
    """What was read, under which licence, by which share; and what the model had seen before."""
    from dataclasses import replace

    settings = replace(BARE, description=0.5)
    stream = open_stream([SourceSettings("train")], settings, SCORER, corpora, progress=False)
    before = TrainingCard(corpora=[{"name": "old", "passages": 3}, {"name": "a", "passages": 9}], labels={"old": ["x"], "a": ["y"]})
    card = make_card(stream, before, corpora)
    entries = {entry["name"]: entry for entry in card.corpora}
    assert list(entries) == ["old", "a", "b", "silver"] and entries["a"]["licence"] == "CC0"
    assert entries["a"]["mentions"] == 2 and entries["a"]["words"] == 6 and entries["a"]["passages"] == 9
    assert entries["silver"]["annotation"] == "silver, in part"
    assert sum(entry.get("share", 0.0) for entry in card.corpora) == pytest.approx(1.0, abs=1e-3)
    assert card.labels == {"old": ["x"], "a": ["drug", "symptom", "y"], "b": ["cell", "organ"], "silver": ["cell"]}
    assert card.trained_on == "both" and card.label_template == "{name}: {description}"
    sources = [SourceSettings("train", only=("a",)), SourceSettings("train", weight=0.0)]
    unread = make_card(open_stream(sources, BARE, SCORER, corpora, progress=False), TrainingCard(), corpora)
    assert [entry["name"] for entry in unread.corpora] == list(unread.labels) == ["a"]
    names = make_card(open_stream([SourceSettings("train")], BARE, SCORER, corpora, progress=False), TrainingCard(), corpora)
    assert names.trained_on == "names" and names.label_template == "{description}"

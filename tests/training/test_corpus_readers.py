"""Passages → examples: what each says, how often it is read, and every refusal with file and line."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_gliner_biomed.training.reader import (
    annotated_labels,
    check_row,
    create_docbin_reader,
    create_jsonl_reader,
    gold_spans,
    label_inventory,
    read_rows,
    take_evenly,
)

NLP = spacy.blank("en")


def row(text: str = "aspirin for pain", entities=(), **more) -> dict:
    """RETURNS (dict): a passage; entities as (start, end, label)."""
    return {"text": text, "entities": [dict(zip(("start", "end", "label"), e, strict=True)) for e in entities], **more}


def write(path: Path, rows) -> Path:
    """Write passages as JSON Lines, gzipped where the name says so."""
    data = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows).encode("utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def texts(reader, count: int | None = None) -> list[str]:
    """RETURNS (list): the texts a reader gives, at most `count` of them."""
    return [example.reference.text for example in itertools.islice(reader(NLP), count)]


# -- what an example says -----------------------------------------------------------------------------------------------------


def test_an_example_holds_spans_characters_and_labels(tmp_path):
    """Gold spans widened to tokens, their own characters, sorted; the labels of the passage."""
    passage = row("EGFR+ cells, aspirin", [(13, 20, "drug"), (0, 4, "gene")], labels=["gene", "drug", "virus"])
    [example] = create_jsonl_reader(write(tmp_path / "a.jsonl", [passage]))(NLP)
    group = example.reference.spans["gliner"]
    assert [(span.text, span.label_) for span in group] == [("EGFR+", "gene"), ("aspirin", "drug")]
    assert group.attrs["offsets"].tolist() == [[0, 4], [13, 20]]
    assert annotated_labels(example.reference, "gliner") == ["gene", "drug", "virus"]
    assert gold_spans(example.reference, "gliner") == [(0, 4, "gene"), (13, 20, "drug")]
    assert example.predicted.text == example.reference.text and "gliner" not in example.predicted.spans


def test_labels_come_from_the_corpus_where_the_passage_lists_none(tmp_path):
    """All labels that its corpus uses anywhere in the files; other corpora's labels are unknown."""
    write(
        tmp_path / "a.jsonl", [row(entities=[(0, 7, "drug")], corpus="one"), row("none", corpus="two", labels=["gene"])]
    )
    write(tmp_path / "b.jsonl.gz", [row(entities=[(12, 16, "symptom")], corpus="one"), row("nothing")])
    examples = list(create_jsonl_reader(tmp_path, spans_key="g")(NLP))
    assert [annotated_labels(example.reference, "g") for example in examples] == [
        ["drug", "symptom"],
        ["gene"],
        ["drug", "symptom"],
        [],
    ]


def test_a_limit_leaves_the_labels(tmp_path):
    """Passages that are not read say all the same what their corpus was annotated for."""
    path = write(tmp_path / "a.jsonl", [row(entities=[(0, 7, "drug")])] * 3 + [row(entities=[(12, 16, "symptom")])])
    [example] = create_jsonl_reader(path, limit=1)(NLP)
    assert annotated_labels(example.reference, "gliner") == ["drug", "symptom"]


def test_a_passage_without_entities_is_an_example(tmp_path):
    """Nothing was found there: the group is there and empty."""
    [example] = create_jsonl_reader(write(tmp_path / "a.jsonl", [{"text": "nothing"}]))(NLP)
    assert len(example.reference.spans["gliner"]) == 0
    assert example.reference.spans["gliner"].attrs["offsets"].shape == (0, 2)


def test_inventory():
    """Used and listed labels of each corpus, sorted."""
    rows = [row(entities=[(0, 1, "b")], corpus="x"), row(corpus="x", labels=["a", "b"]), row(corpus="y")]
    assert label_inventory(rows) == {"x": ["a", "b"], "y": []}


def test_gold_of_documents_without_a_group():
    """Entities stand in; a group without offsets gives its tokens' characters."""
    doc = Doc(NLP.vocab, words=["a", "b"])
    doc.ents = [Span(doc, 1, 2, "L")]
    assert gold_spans(doc, "gliner") == [(2, 3, "L")]
    assert annotated_labels(doc, "gliner") is None
    doc.spans["gliner"] = [Span(doc, 0, 1, "M")]
    assert gold_spans(doc, "gliner") == [(0, 1, "M")]
    assert annotated_labels(doc, "gliner") is None


# -- how often and in which order ---------------------------------------------------------------------------------------------


@pytest.fixture
def corpora(tmp_path) -> Path:
    """A large corpus of 80 passages and a small one of 5."""
    write(tmp_path / "large.jsonl", [row(f"l{number}", corpus="large") for number in range(80)])
    write(tmp_path / "small.jsonl", [row(f"s{number}", corpus="small") for number in range(5)])
    return tmp_path


def test_files_in_order_of_their_names(corpora):
    """One round, as written; other files are left alone."""
    (corpora / "notes.txt").write_text("no passage", encoding="utf-8")
    assert texts(create_jsonl_reader(corpora)) == [*(f"l{n}" for n in range(80)), *(f"s{n}" for n in range(5))]


def test_shuffle_and_repeat(corpora):
    """The same order for the same seed, another in each round; every passage once a round."""
    endless = create_jsonl_reader(corpora, shuffle=True, repeat=True, seed=3)
    three = texts(endless, 255)
    rounds = [three[:85], three[85:170], three[170:]]
    assert all(sorted(each) == sorted(rounds[0]) for each in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    assert texts(create_jsonl_reader(corpora, shuffle=True, repeat=True, seed=3), 255) == three
    assert texts(create_jsonl_reader(corpora, shuffle=True, seed=4)) != rounds[0]
    assert texts(create_jsonl_reader(corpora, repeat=True), 90)[85:] == [f"l{n}" for n in range(5)]


def test_repeating_nothing_ends(tmp_path):
    """An empty file doesn't turn for ever."""
    assert texts(create_jsonl_reader(write(tmp_path / "a.jsonl", []), repeat=True)) == []


def test_temperature(corpora):
    """Below 1 small corpora are read more often, in rounds of the same size; each passage of a corpus about as often as its
    neighbours."""
    counts = Counter(texts(create_jsonl_reader(corpora, temperature=0.5)))
    by_corpus = Counter()
    for text, count in counts.items():
        by_corpus[text[0]] += count
    large, small = 80**0.5, 5**0.5
    assert by_corpus["s"] == round(85 * small / (large + small))
    assert by_corpus["l"] == round(85 * large / (large + small))
    assert {counts[f"s{n}"] for n in range(5)} <= {3, 4}
    assert max(counts[f"l{n}"] for n in range(80)) == 1


def test_limit(corpora):
    """At most so many, taken evenly; the inventory is that of what is read."""
    assert texts(create_jsonl_reader(corpora, limit=5)) == ["l0", "l17", "l34", "l51", "l68"]
    assert len(texts(create_jsonl_reader(corpora, limit=1000))) == 85


@given(st.integers(0, 50), st.integers(0, 60))
def test_taking_evenly(count, limit):
    """Distinct, in order, as many as asked for."""
    rows = list(range(count))
    taken = take_evenly(rows, limit)
    assert taken == sorted(set(taken)) and set(taken) <= set(rows)
    assert len(taken) == (min(limit, count) if limit else count)


# -- refusals -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("[1]", "a passage needs a 'text' and a list of 'entities'"),
        ('{"entities": []}', "a passage needs a 'text'"),
        ('{"text": 3}', "a passage needs a 'text'"),
        ('{"text": "a", "entities": {}}', "a list of 'entities'"),
        ('{"text": "a", "entities": [3]}', "an entity needs 'start', 'end' and 'label', not 3"),
        ('{"text": "a", "entities": [{"start": 0, "end": 1}]}', "an entity needs 'start', 'end' and 'label'"),
        (
            '{"text": "a", "entities": [{"start": 0, "end": 2, "label": "x"}]}',
            "mention 0–2 \\(x\\) does not fit its text of 1",
        ),
        ('{"text": "a", "entities": [{"start": 1, "end": 1, "label": "x"}]}', "mention 1–1"),
        ('{"text": "a", "entities": [{"start": -1, "end": 1, "label": "x"}]}', "mention -1–1"),
        ('{"text": "a", "entities": [{"start": "0", "end": 1, "label": "x"}]}', "does not fit"),
        ('{"text": "a", "entities": [{"start": 0, "end": 1, "label": " "}]}', "the label ' ' of mention 0–1 is blank"),
        ('{"text": "a", "entities": [{"start": 0, "end": 1, "label": 7}]}', "the label 7"),
        ('{"text": "a", "labels": "drug"}', "'labels' a list of texts"),
        ('{"text": "a", "labels": [3]}', "'labels' a list of texts"),
        ('{"text": "a", "corpus": ["x"]}', "'corpus' must be a text"),
        ('{"text": "a\\ud800"}', "half a surrogate pair"),
    ],
)
def test_lines_that_are_no_passage(tmp_path, line, message):
    """One sentence with file and line."""
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "good"}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        texts(create_jsonl_reader(path))
    assert str(caught.value).startswith(f"{path}, line 3: ")


def test_a_mention_of_white_space_is_refused(tmp_path):
    """No token could carry it."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_gliner_biomed.Words.v1"}}})
    path = write(tmp_path / "a.jsonl", [row("a b", [(1, 2, "x")])])
    with pytest.raises(ValueError, match="line 1: the mention 1–2 holds nothing but white space"):
        list(create_jsonl_reader(path)(nlp))


def test_files_that_can_not_be_read(tmp_path):
    """Missing, empty, broken and in another encoding: each says which file."""
    with pytest.raises(ValueError, match="There is no corpus at .*gone.jsonl; name a .jsonl file or a folder of them"):
        read_rows(tmp_path / "gone.jsonl")
    with pytest.raises(ValueError, match="holds no .jsonl or .jsonl.gz file"):
        read_rows(tmp_path)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes('{"text": "a"}\n{"text": "Müller"}\n'.encode("latin-1"))
    with pytest.raises(ValueError, match="latin.jsonl, line 2: this is not UTF-8"):
        read_rows(latin)
    whole = write(tmp_path / "c.jsonl.gz", [row("a" * 5000 + str(n)) for n in range(50)]).read_bytes()
    for number, data in enumerate(
        (whole[:100], whole[:-20], b"no gzip at all", whole[:60] + b"\xff" * 20 + whole[80:])
    ):
        broken = tmp_path / f"broken{number}.jsonl.gz"
        broken.write_bytes(data)
        with pytest.raises(ValueError, match=f"broken{number}.jsonl.gz"):
            read_rows(broken)


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["text", "entities", "labels", "corpus", "start", "end", "label"])
                | st.text(max_size=3),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_passage_or_a_clear_error(value):
    """Nothing else comes out of a line."""
    try:
        found = check_row(json.dumps(value), "here, line 1", "file")
    except ValueError as error:
        assert str(error).startswith("here, line 1: ")
    else:
        assert label_inventory([found])[found["corpus"]] == sorted(
            {*(found.get("labels") or ()), *(entity["label"] for entity in found.get("entities", []))}
        )


# -- .spacy files -------------------------------------------------------------------------------------------------------------


def test_docbin_reader(tmp_path):
    """Gold from the group with its labels, or else from the entities."""
    grouped, plain = (Doc(NLP.vocab, words=["aspirin", "helps"]) for _ in range(2))
    grouped.spans["gliner"] = SpanGroup(
        grouped, name="gliner", spans=[Span(grouped, 0, 1, "drug")], attrs={"annotated_labels": ["drug", "gene"]}
    )
    plain.ents = [Span(plain, 1, 2, "effect")]
    DocBin(docs=[grouped, plain], store_user_data=True).to_disk(tmp_path / "a.spacy")
    one, two = create_docbin_reader(tmp_path / "a.spacy")(NLP)
    assert gold_spans(one.reference, "gliner") == [(0, 7, "drug")]
    assert annotated_labels(one.reference, "gliner") == ["drug", "gene"]
    assert gold_spans(two.reference, "gliner") == [(8, 13, "effect")]
    assert annotated_labels(two.reference, "gliner") is None
    assert len(list(create_docbin_reader(tmp_path, limit=1)(NLP))) == 1


def test_readers_are_registered(tmp_path):
    """By their names, for `[corpora]`."""
    from spacy.util import registry

    path = write(tmp_path / "a.jsonl", [row()])
    assert len(list(registry.readers.get("spacy_gliner_biomed.Jsonl.v1")(path=path)(NLP))) == 1
    assert registry.readers.get("spacy_gliner_biomed.DocBin.v1") is create_docbin_reader

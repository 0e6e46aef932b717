"""Out to training: GLiNER rows, spaCy documents; `gliner` loads the rows and takes a training step on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.formats import read, write_jsonl
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.distill.export import export, write_docs
from spacy_gliner_biomed.distill.gliner_rows import RowCounts, plan_cuts, to_rows
from spacy_gliner_biomed.distill.stages import read_stage
from spacy_gliner_biomed.scorer.words import split_words

TEXT = "Aspirin eased the fever of renin-treated patients."
PASSAGES = [
    AnnotatedPassage(
        "1",
        TEXT,
        (Mention(0, 7, "drug"), Mention(18, 23, "disease"), Mention(27, 32, "gene")),
        labels=("drug", "disease", "gene", "cell"),
    ),
    AnnotatedPassage("2", "Nothing was found.", (), labels=("drug", "cell")),
    AnnotatedPassage("3", "BRCA1 is a gene.", (Mention(0, 5, "gene"),), labels=("gene", "species")),
]


@pytest.fixture
def passages(tmp_path: Path) -> Path:
    """The passages in a file."""
    write_jsonl(PASSAGES, tmp_path / "passages.jsonl")
    return tmp_path / "passages.jsonl"


def test_a_row() -> None:
    """Words, token numbers with inclusive ends, negatives under both keys; part of a word is widened to it, and counted."""
    counts = RowCounts()
    (row,) = to_rows(PASSAGES[0], counts)
    assert row["tokenized_text"] == ["Aspirin", "eased", "the", "fever", "of", "renin-treated", "patients", "."]
    assert row["ner"] == [[0, 0, "drug"], [3, 3, "disease"], [5, 5, "gene"]]
    assert row["ner_negatives"] == row["negatives"] == ["cell"]
    assert (counts.widened, counts.negatives, counts.empty) == (1, 1, 0)


def test_unknown_labels_have_no_negatives() -> None:
    """A passage that does not say what it was annotated for gets no list, and gliner takes negatives from the batch."""
    counts = RowCounts()
    (row,) = to_rows(AnnotatedPassage("1", "Aspirin.", (Mention(0, 7, "drug"),)), counts)
    assert "ner_negatives" not in row and "negatives" not in row and counts.unknown == 1


def test_what_rows_can_not_say_is_counted_and_never_said_wrong() -> None:
    """A mention longer than a row is in none, but its label is no negative there; partial passages are counted."""
    text = "one two three four five six"
    passage = AnnotatedPassage("1", text, (Mention(0, 18, "long"),), labels=("long", "cell"), partial=True)
    counts = RowCounts()
    rows = list(to_rows(passage, counts, 3))
    assert [row["ner_negatives"] for row in rows] == [["cell"], ["cell"]] and (counts.across, counts.partial) == (1, 2)


@given(
    st.lists(st.sampled_from(["aspirin", "fever", ".", "in-vitro", "(x)", "\n"]), max_size=30),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40), st.sampled_from("ab")), max_size=6),
    st.integers(1, 12),
)
def test_rows_hold_all_words_and_mentions(words: list[str], spans: list[tuple[int, int, str]], most: int) -> None:
    """However a passage is cut: no word is lost, no row too long, each mention in one row or counted."""
    text = " ".join(words)
    mentions = {
        Mention(start, min(start + width, len(text)), label)
        for start, width, label in spans
        if start < len(text) and text[start : start + width].strip()
    }
    passage = AnnotatedPassage("1", text, tuple(sorted(mentions)), labels=("a", "b", "c"))
    counts = RowCounts()
    rows = list(to_rows(passage, counts, most))
    assert [word for row in rows for word in row["tokenized_text"]] == split_words(text)[0]
    assert all(0 < len(row["tokenized_text"]) <= most for row in rows)
    assert counts.mentions == len(mentions) == sum(len(row["ner"]) for row in rows) + counts.repeated + counts.across
    for row in rows:
        assert all(0 <= first <= last < len(row["tokenized_text"]) for first, last, _ in row["ner"])
        assert {label for *_, label in row["ner"]}.isdisjoint(row["ner_negatives"]) and "c" in row["ner_negatives"]


def test_cuts_lie_behind_sentences() -> None:
    """Behind a full stop in the second half, else outside mentions, else where the row is full."""
    words = "a b c . d e f g".split()
    assert plan_cuts(words, [], 6) == [0, 4, 8]
    assert plan_cuts(words, [(3, 5, "x")], 5) == [0, 3, 8]
    assert plan_cuts(words, [(0, 7, "x")], 5) == [0, 5, 8]
    with pytest.raises(ValueError, match="row cannot hold 0 words"):
        plan_cuts(words, [], 0)


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.json.gz"])
def test_rows_come_back(passages: Path, name: str) -> None:
    """Our reader of GLiNER rows, which also reads the released sets, gives labels and mentions back."""
    out = passages.with_name(name)
    export(passages, out, progress=False)
    back = list(read(out, format="gliner_rows"))
    assert [each.id for each in back] == ["1", "2", "3"]
    assert [[(each.text[a:b], label) for a, b, label in each.mentions] for each in back] == [
        [("Aspirin", "drug"), ("fever", "disease"), ("renin-treated", "gene")],
        [],
        [("BRCA1", "gene")],
    ]
    assert [set(each.labels or ()) for each in back] == [set(each.labels or ()) for each in PASSAGES]
    assert read_stage(out)["counts"]["rows"] == 3


def test_gliner_trains_on_the_rows(passages: Path) -> None:
    """`gliner` 0.2.29 reads the file as its own script does, takes our negatives as its labels, and learns from them."""
    import torch

    from tests.support.published import load_in_gliner, make_checkpoint

    folder = make_checkpoint(passages.parent / "model", "uni", "bert", calibration_texts=1, calibration_labels=(3,))
    model = load_in_gliner(folder)
    export(passages, passages.with_name("rows.json"), progress=False)
    rows = json.loads(passages.with_name("rows.json").read_text(encoding="utf-8"))
    class_to_ids, _ = model.data_processor.batch_generate_class_mappings(rows)
    assert [set(each) for each in class_to_ids] == [{"drug", "disease", "gene", "cell"}, {"drug", "cell"}, {"gene", "species"}]
    model.model.train()
    torch.manual_seed(0)
    batch = model._create_data_collator()(rows)
    optimiser = torch.optim.AdamW(model.model.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        optimiser.zero_grad()
        loss = model.model(**batch).loss
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_the_released_rows_train_our_component(tmp_path: Path) -> None:
    """Rows as the paper released them (`negatives`, labels "match" and relations) are sources of a training as they are."""
    from spacy_gliner_biomed.training.settings import SourceSettings
    from spacy_gliner_biomed.training.sources import source_passages

    rows = [
        {"tokenized_text": ["Name", "the", "drug", ":", "aspirin"], "ner": [[4, 4, "match"]], "negatives": ["label"]},
        {"tokenized_text": ["No", "drug"], "ner": [], "negatives": ["drug <> treats <> disease"]},
    ]
    (tmp_path / "post.json").write_text(json.dumps(rows), encoding="utf-8")
    first, second = source_passages(SourceSettings("post.json"), tmp_path)
    assert first.mentions == (Mention(16, 23, "match"),) and set(first.labels or ()) == {"match", "label"}
    assert second.labels == ("drug <> treats <> disease",)


def test_spacy_reads_the_documents(passages: Path) -> None:
    """A `.spacy` file, and a folder of them, give the spans and what was annotated."""
    from spacy_gliner_biomed.training.reader import create_docbin_reader

    nlp = spacy.blank("en")
    assert export(passages, passages.with_name("out.spacy"), progress=False) == ("spacy", {"passages": 3})
    folder = passages.with_name("out")
    (folder / "part-00007.spacy").parent.mkdir()
    (folder / "part-00007.spacy").write_bytes(b"of an earlier run")

    def some() -> Iterator[AnnotatedPassage]:
        yield from read(passages)

    assert write_docs(some(), folder, docs_a_file=2) == 3
    assert sorted(path.name for path in folder.iterdir()) == ["part-00000.spacy", "part-00001.spacy"]
    for path in (passages.with_name("out.spacy"), folder):
        docs = [each.reference for each in create_docbin_reader(path)(nlp)]
        groups = [doc.spans["gliner"] for doc in docs]
        assert [[span.label_ for span in group] for group in groups] == [["drug", "disease", "gene"], [], ["gene"]]
        assert list(groups[0].attrs["annotated_labels"]) == ["drug", "disease", "gene", "cell"]


@pytest.mark.parametrize(
    ("name", "format"), [("rows.csv", ""), ("rows.json", "jsonl"), ("rows.json", "spacy"), ("docs.spacy", "gliner")]
)
def test_a_name_that_says_something_else_is_refused(passages: Path, name: str, format: str) -> None:
    """Before anything is read."""
    with pytest.raises(ValueError, match="is no name for the format .*; end it in"):
        export(passages, passages.with_name(name), format, progress=False)
    assert not passages.with_name(name).exists()


def test_a_folder_of_other_things_is_left_alone(passages: Path) -> None:
    """Only documents of an earlier run make way."""
    with pytest.raises(OSError, match="holds 'passages.jsonl', which is none of our documents"):
        export(passages, passages.parent, progress=False)
    assert passages.exists()


@pytest.mark.parametrize("name", ["rows.jsonl", "docs.spacy", "docs"])
def test_nothing_is_written_among_the_sources(passages: Path, name: str) -> None:
    """Where the next run would read it."""
    with pytest.raises(ValueError, match="lies in a folder that this step reads"):
        export(passages.parent, passages.with_name(name), progress=False)
    assert [path.name for path in passages.parent.iterdir()] == [passages.name]


def test_nothing_is_overwritten_for_nothing(tmp_path: Path, passages: Path) -> None:
    """An empty source leaves the target as it was; the source is never the target."""
    empty, target = tmp_path / "empty.jsonl", tmp_path / "rows.jsonl"
    empty.write_text("\n", encoding="utf-8")
    target.write_text("kept", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no annotated passage|format"):
        export(empty, target, progress=False)
    assert target.read_text(encoding="utf-8") == "kept"
    with pytest.raises(ValueError, match="holds the passages themselves"):
        export(passages, passages, "jsonl", progress=False)
    with pytest.raises(ValueError, match="no format 'csv'"):
        export(passages, target, "csv", progress=False)

"""Names and the keys they are found by."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.training.silver.names import (
    EXACT,
    LexiconRow,
    is_symbol,
    keys_of,
    name_table,
    read_lexicon_rows,
    shape,
    split,
)
from tests.training.silver.support import CONCEPTS, write_lexicon


def test_the_file_is_read_back(tmp_path: Path) -> None:
    """Every concept with all its names."""
    assert list(read_lexicon_rows(write_lexicon(tmp_path / "names.tsv"))) == CONCEPTS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kb_id\tlabel\tname\tsource\n", "lacks the column 'synonyms'"),
        ("kb_id\tlabel\tname\tsynonyms\tsource\nX\t\tfever\t\tme\n", "line 2: a concept needs a kb_id, a label"),
    ],
)
def test_broken_files(tmp_path: Path, content: str, message: str) -> None:
    """Told with the file's name."""
    path = tmp_path / "names.tsv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        list(read_lexicon_rows(path))


@pytest.mark.parametrize(
    ("name", "label", "keys"),
    [
        ("breast tumour", "disease", {"breast tumor", "breast tumors"}),
        ("Head", "anatomical structure", {"head"}),
        ("CAT", "gene", {EXACT + "CAT"}),
        ("TNF-α", "gene", {"tnf alpha"}),
        ("the", "disease", set()),
        ("42", "drug", set()),
        ("obsolete thing", "disease", set()),
    ],
)
def test_keys(name: str, label: str, keys: set[str]) -> None:
    """Case rules, plurals, Greek letters, British spelling."""
    assert keys <= set(keys_of(name, label)) if keys else not set(keys_of(name, label))


def test_one_reading_a_label_and_the_preferred_name_first() -> None:
    """"fever" is the name of one concept and a synonym of another."""
    rows = [
        LexiconRow("D:1", "disease", "DO", ("influenza", "fever")),
        LexiconRow("D:2", "disease", "DO", ("fever",)),
        LexiconRow("S:1", "sign or symptom", "SO", ("fever",)),
    ]
    assert {(c.label, c.kb_id) for c in name_table(rows)["fever"]} == {("disease", "D:2"), ("sign or symptom", "S:1")}


def test_names_that_only_say_a_class_are_left_out() -> None:
    """And those of the list of names that mean something else."""
    rows = [LexiconRow("D:1", "disease", "DO", ("disease", "diseases", "treatment outcome", "gout"))]
    assert "gout" in name_table(rows) and not {"disease", "treatment outcome"} & set(name_table(rows))


def test_topics_must_end_like_a_name() -> None:
    """A page title about a disease is not its name."""
    rows = [
        LexiconRow("D:1", "disease", "DO", ("lung infection",)),
        LexiconRow("T:1", "disease", "MedQuAD focus (NIH)", ("HIV infection", "HIV testing")),
    ]
    names = name_table(rows)
    assert "hiv infection" in names and "hiv testing" not in names


def test_words_keep_their_place() -> None:
    """British words are compared as American ones, but offsets are the text's."""
    words, starts, ends = split("Oesophageal anaemia, leukaemia")
    assert words == ["Esophageal", "anemia", ",", "leukemia"]
    assert [(s, e) for s, e in zip(starts, ends, strict=True)] == [(0, 11), (12, 19), (19, 20), (21, 30)]


def test_shapes() -> None:
    """Symbols by length and digits, words by number."""
    assert is_symbol(EXACT + "CAT") and not is_symbol("cat") and not is_symbol(EXACT + "CAT 1")
    assert len({shape(key) for key in (EXACT + "CAT", EXACT + "CA1", EXACT + "CATS", "gout", "aspirin", "a b", "a b c")}) == 7

"""The lexicon matcher."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation.lexicon import (
    CLASS_WORD,
    LabelRow,
    LexiconMatcher,
    label_keys,
    read_label_table,
    read_lexicon,
)
from tests.evaluation.support import write_lexicon

NAMES = [
    ("disease", "breast cancer"),
    ("disease", "cancer"),
    ("disease", "fever"),
    ("disease", "disease"),
    ("anatomy", "breast"),
    ("gene", "CAT"),
    ("gene", "BRCA2"),
    ("gene", "TNF-alpha"),
    ("protein", "TNF alpha"),
    ("drug", "the"),
    ("drug", "5"),
    ("drug", "-"),
]
KEYS = {"gene": "gene", "protein": "gene", "disease": "illness", "drug": "drug"}


@pytest.fixture(scope="module")
def matcher() -> LexiconMatcher:
    return LexiconMatcher(NAMES)


def matched(matcher: LexiconMatcher, text: str, keys: dict[str, str] = KEYS) -> list[tuple[str, str]]:
    return [(text[start:end], label) for start, end, label in matcher.match(text, keys)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fever was high", [("Fever", "illness")]),
        ("CAT of a cat", [("CAT", "gene")]),
        ("breast cancers", [("breast cancers", "illness")]),
        ("breast or cancer", [("cancer", "illness")]),
        ("Brca2-deficient", [("Brca2", "gene")]),
        ("TNF-α, TNF alpha", [("TNF-α", "gene"), ("TNF alpha", "gene")]),
        ("5 of the - disease", []),
        ("", []),
    ],
)
def test_matches(matcher: LexiconMatcher, text: str, expected: list[tuple[str, str]]) -> None:
    """Case, plurals, Greek letters and hyphens; the longest match wins; stop words and class words are no names."""
    assert expected == matched(matcher, text)


def test_only_the_labels_asked_for(matcher: LexiconMatcher) -> None:
    """A longer name of another label does not stand in the way."""
    assert [("breast", "organ")] == matched(matcher, "breast cancer", {"anatomy": "organ"})


def test_the_first_key_wins_a_tie(matcher: LexiconMatcher) -> None:
    """One extent, two labels."""
    assert [("TNF alpha", "p")] == matched(matcher, "TNF alpha", {"protein": "p", "gene": "g"})
    assert [("TNF alpha", "g")] == matched(matcher, "TNF alpha", {"gene": "g", "protein": "p"})


def test_class_words_where_a_corpus_annotates_them(matcher: LexiconMatcher) -> None:
    """They have a key of their own."""
    assert [("disease", "illness")] == matched(matcher, "this disease", {**KEYS, "disease" + CLASS_WORD: "illness"})


def test_keys_of_a_corpus() -> None:
    """The likeliest reading of every label comes before the second of any; no key is given twice."""
    table = {
        "gene": LabelRow(("gene", "protein"), False),
        "protein": LabelRow(("protein", "gene"), False),
        "cell": LabelRow(("cell type",), True),
    }
    expected = {"gene": "gene", "protein": "protein", "cell type": "cell", "cell type" + CLASS_WORD: "cell"}
    assert expected == label_keys(["gene", "protein", "cell", "cell line"], table)
    assert list(expected)[:2] == list(label_keys(["gene", "protein", "cell"], table))[:2]


def test_a_corpus_that_shares_no_label() -> None:
    """Has no keys."""
    assert {} == label_keys(["cell line"], read_label_table())


def test_case_makes_no_other_label() -> None:
    """Of a corpus; its own spelling is what mentions get."""
    plain = label_keys(["disease", "gene or gene product"], read_label_table())
    names = {"disease": "Disease", "gene or gene product": "GENE_OR_GENE_PRODUCT"}
    assert {key: names[label] for key, label in plain.items()} == label_keys(list(names.values()), read_label_table())


def test_the_committed_table() -> None:
    """Every row has labels of the lexicon, and says what becomes of class words."""
    table = read_label_table()
    assert table["cell"] == LabelRow(("cell type",), True)
    assert table["chemical"] == LabelRow(("chemical or drug", "drug"), False)
    assert all(row.lexicon_labels and all(row.lexicon_labels) for row in table.values())


@pytest.mark.parametrize("packed", [False, True])
def test_a_lexicon_file(tmp_path: Path, packed: bool) -> None:
    """Names and synonyms; quotes are letters."""
    path = write_lexicon(
        tmp_path / "lexicon.tsv", ("drug", "aspirin", "ASA|acetyl  salicylate"), ("gene", '5"-gene', "")
    )
    if packed:
        (tmp_path / "lexicon.tsv.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = tmp_path / "lexicon.tsv.gz"
    expected = [("drug", "aspirin"), ("drug", "ASA"), ("drug", "acetyl salicylate"), ("gene", '5"-gene')]
    assert expected == list(read_lexicon(path))


def test_a_lexicon_without_its_columns_is_refused(tmp_path: Path) -> None:
    """The message names the column."""
    path = tmp_path / "lexicon.tsv"
    path.write_text("label\tname\ndrug\taspirin\n")
    with pytest.raises(ValueError, match="lacks the column 'synonyms'; its first line must name it."):
        list(read_lexicon(path))

"""Mentions from names and abbreviations."""

from __future__ import annotations

from spacy_gliner_biomed.training.silver.evidence import LEAST_NAMES, Evidence
from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.names import EXACT
from spacy_gliner_biomed.training.silver.teacher import LexiconTeacher, Senses, contradicted_symbols
from tests.training.silver.support import table

SURE = Evidence(labels=dict.fromkeys(("disease", "drug", "gene", "anatomical structure"), (0.9, LEAST_NAMES)))
SURE.names[EXACT + "CAT", "gene"] = [5, 0, 0]
SURE.spread[EXACT + "CAT", "gene"] = {"a", "b"}
FINDER = NameFinder(table())


def mentions(text: str, senses: Senses | None = None, **settings: object) -> list[tuple[str, str]]:
    """RETURNS (list): surface and label of what the teacher finds."""
    teacher = LexiconTeacher(table(), FINDER, SURE, **settings)  # type: ignore[arg-type]
    return [(text[one.start : one.end], one.label) for one in teacher.annotate(text, senses)]


def test_the_longest_name() -> None:
    """And nothing inside it."""
    assert mentions("breast cancer and aspirin") == [("breast cancer", "disease"), ("aspirin", "drug")]


def test_labels_to_give() -> None:
    """Others are left out, and still keep shorter names out."""
    assert mentions("breast cancer and aspirin", labels=["drug", "anatomical structure"]) == [("aspirin", "drug")]


def test_abbreviations_of_the_text_and_of_earlier_passages() -> None:
    """In the plural too; not inside other words."""
    senses: Senses = {}
    text = "Breast cancer (BC) is treated; BCs and ABC differ."
    assert mentions(text, senses) == [("Breast cancer", "disease"), ("BC", "disease"), ("BCs", "disease")]
    assert mentions("Later BC grew.", senses) == [("BC", "disease")]
    assert mentions("Later BC grew.") == []


def test_a_definition_beats_the_lexicon() -> None:
    """"CAT" is a gene, but not where it is defined as something else."""
    assert mentions("the gene CAT") == [("CAT", "gene")]
    assert mentions("a computed axial tomography (CAT) of the gene CAT") == []


def test_gene_symbols_need_a_cue() -> None:
    """A word about genes or proteins near by."""
    assert mentions("The CAT sat there.") == []
    assert mentions("CAT expression") == [("CAT", "gene")]


def test_symbols_that_texts_define_otherwise() -> None:
    """Twice or more, and mostly."""
    other = "A computed axial tomography (CAT) was made."
    same = "The catalase (CAT) gene"
    assert contradicted_symbols([other, other, same], table()) == {(EXACT + "CAT", "gene")}
    assert contradicted_symbols([other], table()) == contradicted_symbols([other, same, same], table()) == set()
    assert mentions("CAT expression", contradicted={(EXACT + "CAT", "gene")}) == []

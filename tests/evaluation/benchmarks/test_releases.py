"""Each benchmark from files in the true format of its release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.formats import Problems
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.benchmarks import BENCHMARKS, PARTS, load
from tests.evaluation.benchmarks import releases


def surfaces(passage: AnnotatedPassage) -> list[tuple[str, str]]:
    """RETURNS (list): words and label of each mention, in text order."""
    return [(passage.text[start:end], label) for start, end, label in passage.mentions]


def in_pieces(passage: AnnotatedPassage) -> list[tuple[tuple[str, ...], str]]:
    """RETURNS (list): the words of the pieces, and the label."""
    return [
        (tuple(passage.text[start:end] for start, end in fragments), label) for fragments, label in passage.discontinuous
    ]


def test_ncbi_disease(tmp_path: Path) -> None:
    """Four types become one label; a document that is there twice stays, under a second id."""
    first, second, third = load("ncbi_disease", releases.ncbi_disease(tmp_path), "train")
    assert [
        ("tumour", "Disease"),
        ("colon cancer", "Disease"),
        ("cancers", "Disease"),
        ("colorectal and gastric cancer", "Disease"),
    ] == surfaces(first)
    assert ("8528200", "8528200#2", "8528200", "8528200") == (second.id, third.id, second.doc_id, third.doc_id)
    assert second.mentions == third.mentions and second.mentions


def test_bc5cdr(tmp_path: Path) -> None:
    """Found below the folders of its archive; relations say nothing."""
    (passage,) = load("bc5cdr", releases.bc5cdr(tmp_path), "test")
    assert "Lithium and tremor. Naloxone helped." == passage.text
    assert [("Lithium", "Chemical"), ("tremor", "Disease"), ("Naloxone", "Chemical")] == surfaces(passage)
    assert ("13", "bc5cdr", ("Chemical", "Disease")) == (passage.document, passage.corpus, passage.labels)


def test_biored(tmp_path: Path) -> None:
    """The PubTator file is taken where there is one, and else its BioC copies."""
    releases.biored(tmp_path)
    (passage,) = load("biored", tmp_path, "train")
    assert [
        ("TP53", "Gene or gene product"),
        ("HeLa", "Cell line"),
        ("patients", "Organism"),
        ("p.V600E", "Sequence variant"),
        ("melanoma", "Disease or phenotype"),
        ("cisplatin", "Chemical entity"),
    ] == surfaces(passage)
    for part, document in (("dev", "22"), ("test", "23")):
        (passage,) = load("biored", tmp_path, part)
        assert (document, [("TP53", "Gene or gene product")]) == (passage.document, surfaces(passage))


def test_chia(tmp_path: Path) -> None:
    """Mentions are moved to their words, go on over lines, lose blanks at their edges; notes on a criterion are left out."""
    releases.chia(tmp_path)
    passages = [passage for part in PARTS for passage in load("chia", tmp_path, part)]
    (passage,) = [passage for passage in passages if passage.id == "NCT00000003_inc"]
    assert [
        ("Adults", "Person"),
        ("over 18 years", "Value"),
        ("No", "Negation"),
        ("allergy", "Condition"),
        ("allergy to aspirin \nwithin 3 months", "Scope"),
        ("aspirin", "Drug"),
        ("surgery", "Reference point"),
    ] == surfaces(passage)
    assert [(("known", "to"), "Qualifier")] == in_pieces(passage)
    (passage,) = [passage for passage in passages if passage.id == "NCT00000003_exc"]
    assert () == passage.mentions


def test_biomed_ner(tmp_path: Path) -> None:
    """Variants of a class fold; blanks are cut off, `Unlabelled` is left out, what leaves the text is reported."""
    releases.biomed_ner(tmp_path)
    problems = Problems()
    passages = [passage for part in PARTS for passage in load("biomed_ner", tmp_path, part, "report", problems)]
    assert 20 == len(passages) == len(problems)
    assert [("Weed", "Organism"), ("seeds", "Product"), ("Peru", "Geographical area"), ("asthma", "Finding")] == surfaces(
        passages[0]
    )
    listed = {str(problem) for problem in problems}
    expected = f"{tmp_path / 'biomed_NER.jsonl'}, line 7: the mention 25–40 (DISORDERS) does not fit its text of 32 characters."
    assert expected in listed


def test_biomed_ner_as_a_json_list(tmp_path: Path) -> None:
    """The same rows in one JSON list give the same passages, in the same split."""
    releases.biomed_ner(tmp_path / "lines")
    rows = [json.loads(line) for line in (tmp_path / "lines" / "biomed_NER.jsonl").read_text().splitlines()]
    releases.write(tmp_path / "list" / "biomed_NER.json", json.dumps(rows, indent=1))
    of_lines, of_list = (
        [(passage.id, passage.mentions) for passage in load("biomed_ner", tmp_path / kind, "test", "report")]
        for kind in ("lines", "list")
    )
    assert of_lines == of_list and 2 == len(of_list)


def test_cadec(tmp_path: Path) -> None:
    """Texts and annotations come from two folders; MedDRA's copies are not read."""
    passages = [passage for part in PARTS for passage in load("cadec", releases.cadec(tmp_path), part)]
    assert 20 == len(passages) == len({passage.document for passage in passages})
    assert [("Lipitor", "Drug"), ("muscle", "Symptom"), ("muscle pain", "Adverse drug event")] == surfaces(passages[0])
    assert [(("cramps in legs", "arms"), "Adverse drug event")] == in_pieces(passages[0])


def test_n2c2(tmp_path: Path) -> None:
    """A mention that a line end parts is one mention; others stay in pieces."""
    releases.n2c2(tmp_path)
    (passage,) = load("n2c2", tmp_path, "test")
    assert [
        ("warfarin", "Drug"),
        ("5 mg", "Drug strength"),
        ("PO", "Drug administration route"),
        ("daily", "Frequency of drug administration"),
        ("paroxysmal\natrial fibrillation", "Reason for drug prescription"),
    ] == surfaces(passage)
    assert [(("warfarin", "daily"), "Treatment duration")] == in_pieces(passage)
    assert ["102027"] == [passage.document]


def test_tac(tmp_path: Path) -> None:
    """A passage a section, offsets in its text; blank sections are none."""
    warnings_last = list(load("tac", releases.tac(tmp_path), "test"))
    assert ["ACTEMRA.S1", "ACTEMRA.S3"] == [passage.id for passage in warnings_last]
    assert {"ACTEMRA"} == {passage.document for passage in warnings_last}
    assert [
        ("Severe", "Adverse drug event severity"),
        ("nausea", "Adverse drug event"),
        ("rats", "Animal model"),
        ("not", "Adverse drug event negation cue"),
    ] == surfaces(warnings_last[0])
    assert [(("Severe", "vomiting"), "Adverse drug event")] == in_pieces(warnings_last[0])
    assert [
        ("NSAIDs", "Drug class"),
        ("may", "Adverse drug event contextual modifier"),
    ] == surfaces(warnings_last[1])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_missing_release_says_what_to_download(name: str, tmp_path: Path) -> None:
    """In one sentence, with the first name looked for, the folder and the address."""
    with pytest.raises(FileNotFoundError) as raised:
        load(name, tmp_path, "test")
    entry = BENCHMARKS[name]
    wanted = entry.sources[entry.splits["test"].source][0]
    assert f"There is no '{wanted}' in or below '{tmp_path}'; " in str(raised.value)
    assert str(raised.value).endswith(f" (from {entry.homepage}).")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        load(name, tmp_path / "nowhere", "test")


def test_two_copies_of_a_release_are_not_guessed_between(tmp_path: Path) -> None:
    """Which one was meant is the user's to say."""
    releases.ncbi_disease(tmp_path / "old")
    releases.ncbi_disease(tmp_path / "new")
    with pytest.raises(ValueError, match="Both .*new.* and .*old.* could be the test data of NCBI Disease"):
        load("ncbi_disease", tmp_path, "test")


def test_leftovers_of_a_mac_archive_are_no_second_copy(tmp_path: Path) -> None:
    """Such archives unpack into a folder of their own beside the files."""
    releases.ncbi_disease(tmp_path)
    releases.write(tmp_path / "__MACOSX" / "NCBItestset_corpus.txt", "")
    assert 1 == len(list(load("ncbi_disease", tmp_path, "test")))


def test_an_unknown_label_is_a_problem(tmp_path: Path) -> None:
    """A label that no entry knows would otherwise vanish."""
    document = releases.pubtator("1", "Gout.", "Rare.", ("Gout", "Illness"))
    releases.write(tmp_path / "NCBItestset_corpus.txt", document)
    with pytest.raises(ValueError, match="passage 1: NCBI Disease has no label 'Illness'"):
        list(load("ncbi_disease", tmp_path, "test"))
    problems = Problems()
    (passage,) = load("ncbi_disease", tmp_path, "test", "report", problems)
    assert ((), 1) == (passage.mentions, len(problems))


def test_words_that_differ_from_the_text_are_a_problem(tmp_path: Path) -> None:
    """In CHIA and CADEC, where the words are nowhere near."""
    releases.cadec(tmp_path, 1)
    annotations = tmp_path / "CADEC.v2" / "cadec" / "original" / "LIPITOR.1.ann"
    annotations.write_text("T1\tDrug 0 7\tZocor\nnonsense\there\n", encoding="utf-8")
    problems = Problems()
    (passage,) = [passage for part in PARTS for passage in load("cadec", tmp_path, part, "report", problems)]
    assert () == passage.mentions
    assert 2 == len(problems)
    assert {f"{annotations}, line 1", f"{annotations}, line 2"} == {problem.where for problem in problems}


def test_windows_line_ends_count_once_or_twice(tmp_path: Path) -> None:
    """Whichever reading the annotated words agree with is taken."""
    for counted, start in (("once", 6), ("twice", 7)):
        folder = tmp_path / counted / "cadec"
        releases.write(folder / "text" / "A.1.txt", "Pain.\r\nZocor helped.")
        releases.write(folder / "original" / "A.1.ann", f"T1\tDrug {start} {start + 5}\tZocor\r\n")
        (passage,) = [passage for part in PARTS for passage in load("cadec", tmp_path / counted, part)]
        assert [("Zocor", "Drug")] == surfaces(passage)
        assert (start, "\r" in passage.text) == (passage.mentions[0].start, counted == "twice")

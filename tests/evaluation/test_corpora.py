"""Annotated corpora in the uniform format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.discontinuous import Tally
from spacy_gliner_biomed.corpus.formats import Problems
from spacy_gliner_biomed.evaluation.corpora import GoldCorpus, choose_corpora, corpora_at, find_corpora, open_corpus
from tests.evaluation.support import ROW, write_corpus


def test_passages(tmp_path: Path) -> None:
    """Mentions as tuples; a blank line is no row; a missing id becomes the line's number."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + json.dumps({"text": "Rest.", "entities": []}) + "\n")
    first, second = open_corpus(path).passages()
    assert (first.id, first.text) == ("p1", "Aspirin for fever.")
    assert first.mentions == ((0, 7, "drug"), (12, 17, "disease"))
    assert (second.id, second.text, second.mentions) == ("3", "Rest.", ())


def test_packed_passages(tmp_path: Path) -> None:
    """`.gz` is unpacked."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode()))
    assert ["p1"] == [passage.id for passage in open_corpus(path).passages()]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "line 1: this is not JSON"),
        ('{"text": "x"}', "an annotated passage needs 'entities'"),
        ('{"text": "x", "entities": [{"start": 0, "end": 1}]}', "an entity needs 'start', 'end' and 'label'"),
        ("[]", "line 1: a passage needs a 'text'"),
        (
            '{"text": "x", "entities": [{"start": 0, "end": 2, "label": "a"}]}',
            "the mention 0–2 (a) does not fit its text of 1 characters.",
        ),
        ('{"text": "x", "entities": [{"start": 1, "end": 1, "label": "a"}]}', "the mention 1–1 (a) does not fit"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, row: str, message: str) -> None:
    """The message names file and line."""
    path = tmp_path / "a.jsonl"
    path.write_text(row)
    with pytest.raises(ValueError) as caught:
        list(GoldCorpus("a", path, (), format="jsonl").passages())
    assert f"{path}, line 1" in str(caught.value)
    assert message in str(caught.value)


def test_what_does_not_fit_can_be_counted(tmp_path: Path) -> None:
    """A collection of problems takes it, and the rest is read; looking for nested mentions raises nothing."""
    bad = {"text": "x", "entities": [{"start": 0, "end": 2, "label": "a"}, {"start": 0, "end": 1, "label": "b"}]}
    corpus = open_corpus(write_corpus(tmp_path, "dev", "a", [ROW, bad]))
    problems = Problems()
    assert [len(passage.mentions) for passage in corpus.passages(problems)] == [2, 1]
    assert [problem.where for problem in problems] == [f"{corpus.path}, line 2"]
    assert not corpus.is_nested() and corpus.labels == ("b", "disease", "drug")


def test_mentions_in_pieces_follow_the_policy(tmp_path: Path) -> None:
    """They are decided about in every passage that a corpus gives, and counted."""
    row = {"text": "renal and hepatic failure", "entities": []}
    row["discontinuous"] = [{"spans": [[0, 5], [18, 25]], "label": "disease"}]
    path = write_corpus(tmp_path, "dev", "a", [row])
    for policy, expected in (
        ("drop", ()),
        ("hull", ((0, 25, "disease"),)),
        ("fragments", ((0, 5, "disease"), (18, 25, "disease"))),
    ):
        tally = Tally()
        [passage] = open_corpus(path, policy=policy).passages(tally=tally)
        assert (passage.mentions, passage.discontinuous) == (expected, ())
        assert (tally.count, tally.added) == (1, len(expected))
    assert find_corpora(tmp_path, policy="hull")[0].policy == "hull"
    with pytest.raises(ValueError, match="no policy 'all'"):
        open_corpus(path, policy="all")


def test_corpora_of_other_formats(tmp_path: Path) -> None:
    """A folder of BRAT's files and a PubTator file stand beside a JSONL file; a note is none."""
    write_corpus(tmp_path, "dev", "c", [ROW])
    (tmp_path / "dev" / "README.txt").write_text("no corpus")
    (tmp_path / "dev" / "a").mkdir()
    (tmp_path / "dev" / "a" / "1.txt").write_text("Aspirin")
    (tmp_path / "dev" / "a" / "1.ann").write_text("T1\tDrug 0 7\tAspirin\n")
    (tmp_path / "dev" / "b.pubtator").write_text("1|t|Fever\n1|a|\n1\t0\t5\tFever\tDisease\n")
    found = [(corpus.name, corpus.labels) for corpus in find_corpora(tmp_path)]
    assert found == [("a", ("Drug",)), ("b", ("Disease",)), ("c", ("disease", "drug"))]


def test_a_folder_of_corpora(tmp_path: Path) -> None:
    """One part of it, in alphabetical order; the labels are those met in the files."""
    write_corpus(tmp_path, "dev", "b", [ROW])
    write_corpus(tmp_path, "dev", "a.dev", [])
    write_corpus(tmp_path, "train", "c", [ROW])
    expected = [("a.dev", ()), ("b", ("disease", "drug"))]
    assert expected == [(corpus.name, corpus.labels) for corpus in find_corpora(tmp_path)]


def test_the_manifest_knows_labels_that_a_file_never_uses(tmp_path: Path) -> None:
    """A corpus annotates its whole inventory."""
    path = write_corpus(tmp_path, "dev", "a.dev", [ROW])
    manifest = {"notes": [], "dev": {"a.dev": {"labels": {"drug": 9, "disease": 3, "gene": 0}}, "b.dev": {}}}
    (tmp_path / "MANIFEST.json").write_text(json.dumps(manifest))
    assert ("drug", "disease", "gene") == open_corpus(path).labels


def test_a_corpus_the_manifest_does_not_list(tmp_path: Path) -> None:
    """Its labels are read from the file."""
    path = write_corpus(tmp_path, "dev", "a.dev", [ROW])
    (tmp_path / "MANIFEST.json").write_text("{}")
    assert ("disease", "drug") == open_corpus(path).labels


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """The message names the folder that was looked at."""
    with pytest.raises(FileNotFoundError, match="dev' .*; name the folder that holds it."):
        find_corpora(tmp_path)


def test_corpora_by_name(tmp_path: Path) -> None:
    """Some, or all where none is named."""
    for name in ("a", "b", "c"):
        write_corpus(tmp_path, "dev", name, [ROW])
    assert ["b", "c"] == [corpus.name for corpus in choose_corpora(tmp_path, "dev", ["c", "b"])]
    assert 3 == len(choose_corpora(tmp_path))


def test_an_unknown_corpus_is_refused(tmp_path: Path) -> None:
    """The message lists those there are."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    with pytest.raises(ValueError, match="There is no corpus 'z' in '.*dev'; it holds a."):
        choose_corpora(tmp_path, "dev", ["z"])


def test_two_corpora_of_one_name_are_refused(tmp_path: Path) -> None:
    """They would share a row in every table and a file of predictions; where neither is wanted they do not matter."""
    for name in ("a", "x"):
        write_corpus(tmp_path, "dev", name, [ROW])
    (tmp_path / "dev" / "x.pubtator").write_text("1|t|Fever\n1|a|\n1\t0\t5\tFever\tDisease\n")
    with pytest.raises(ValueError, match="Two corpora in '.*dev' are called 'x' .'x.jsonl' and 'x.pubtator'.; rename one."):
        choose_corpora(tmp_path)
    assert ["a"] == [corpus.name for corpus in choose_corpora(tmp_path, "dev", ["a"])]


def test_a_folder_of_corpora_or_one_corpus(tmp_path: Path) -> None:
    """What `--corpora` names; what plays no part there is refused rather than passed over."""
    path = write_corpus(tmp_path, "dev", "a", [ROW])
    assert corpora_at(tmp_path) == corpora_at(path) == corpora_at(path, names=["a"]) == [open_corpus(path)]
    with pytest.raises(ValueError, match="There is no corpus 'b' in '.*a.jsonl'; it holds a."):
        corpora_at(path, names=["b"])
    with pytest.raises(ValueError, match="whose formats are found out; leave 'brat' out"):
        corpora_at(tmp_path, format="brat")
    with pytest.raises(FileNotFoundError, match="There is no folder 'test' in '.*', and it is no corpus itself"):
        corpora_at(tmp_path, "test")


@pytest.mark.parametrize("manifest", ["[1]", '{"dev": [1]}', '{"dev": {"a": 1}}', '{"dev": {"a": {"labels": 3}}}'])
def test_a_manifest_of_another_kind(tmp_path: Path, manifest: str) -> None:
    """Says nothing about labels; one that is no JSON is named."""
    path = write_corpus(tmp_path, "dev", "a", [ROW])
    (tmp_path / "MANIFEST.json").write_text(manifest)
    assert ("disease", "drug") == open_corpus(path).labels
    (tmp_path / "MANIFEST.json").write_text("{oops")
    with pytest.raises(ValueError, match="MANIFEST.json' is not JSON"):
        open_corpus(path)

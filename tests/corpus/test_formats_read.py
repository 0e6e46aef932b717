"""One function for every format: which it is, folders of files, labels renamed, refusals at once."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from spacy.tokens import DocBin

from spacy_gliner_biomed.corpus.formats import (
    FORMATS,
    Problems,
    corpus_name,
    detect_format,
    read,
    read_label_map,
    rename_labels,
    write_jsonl,
)
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous, Mention
from tests.corpus.format_files import passages, write_bioc_json, write_brat

PASSAGE = AnnotatedPassage("1", "Fever rises", (Mention(0, 5, "Disease"),))
PUBTATOR = "1|t|Fever rises\n1|a|\n1\t0\t5\tFever\tDisease\tX\n"
ROW = json.dumps({"text": "Fever rises", "entities": [{"start": 0, "end": 5, "label": "Disease"}]})
GLINER = json.dumps({"tokenized_text": ["Fever", "rises"], "ner": [[0, 0, "Disease"]]})
XML = (
    "<collection><document><id>1</id><passage><offset>0</offset><text>Fever rises</text><annotation id='1'>"
    "<infon key='type'>Disease</infon><location offset='0' length='5'/><text>Fever</text></annotation>"
    "</passage></document></collection>"
)
TOKENS = "Fever\tB-Disease\nrises\tO\n"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", ROW, "jsonl"),
        ("a.json", ROW, "jsonl"),
        ("a.jsonl", GLINER, "gliner_rows"),
        ("a.json", f"[{GLINER}]", "gliner_rows"),
        ("a.json", json.dumps([json.loads(GLINER)], indent=1), "gliner_rows"),
        ("a.PubTator", PUBTATOR, "pubtator"),
        ("corpus.txt", "\n" + PUBTATOR, "pubtator"),
        ("a.xml", XML, "bioc"),
        ("a.XML", "<?xml version='1.0'?>\n<!DOCTYPE collection SYSTEM 'BioC.dtd'>\n" + XML, "bioc"),
        ("a.tsv", TOKENS, "conll"),
        ("a.txt", "-DOCSTART- -X- O\n\n" + TOKENS, "conll"),
        ("a.iob", "# sentence 1\n" + TOKENS, "conll"),
    ],
)
def test_files_of_every_format(tmp_path: Path, name: str, content: str, expected: str) -> None:
    """By what they hold; the same mention comes out of all of them, with its file as `where`."""
    path = tmp_path / name
    path.write_text(content)
    assert detect_format(path) == expected and expected in FORMATS
    [passage] = read(path)
    assert passage.text.rstrip() == "Fever rises" and passage.mentions == PASSAGE.mentions
    assert passage.where.startswith(str(path)) and passage.corpus == corpus_name(path)


def test_formats_of_folders_and_binary_files(tmp_path: Path) -> None:
    """BRAT's folder and its files; spaCy's files by their name."""
    write_brat(tmp_path / "brat", "1", PASSAGE)
    assert detect_format(tmp_path / "brat") == "brat"
    assert detect_format(tmp_path / "brat" / "1.txt") == detect_format(tmp_path / "brat" / "1.ann") == "brat"
    doc = spacy.blank("en")("Fever rises")
    doc.ents = [doc.char_span(0, 5, label="Disease")]
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    assert detect_format(tmp_path / "a.spacy") == "docbin"
    for path in (tmp_path / "brat", tmp_path / "a.spacy"):
        assert [passage.mentions for passage in read(path)] == [PASSAGE.mentions]


def test_empty_files_go_by_their_names(tmp_path: Path) -> None:
    """Nothing is in them to tell; an empty corpus is a corpus."""
    for name, expected in (("a.jsonl", "jsonl"), ("a.jsonl.gz", "jsonl"), ("a.pubtator", "pubtator"), ("a.iob2", "conll")):
        (tmp_path / name).write_bytes(b"")
        assert detect_format(tmp_path / name) == expected
    assert not list(read(tmp_path / "a.jsonl"))


def test_a_folder_of_files(tmp_path: Path) -> None:
    """In the order of their names; notes and hidden files are left alone; two formats are refused, one can be named."""
    (tmp_path / "b.pubtator").write_text(PUBTATOR)
    (tmp_path / "a.pubtator").write_text(PUBTATOR.replace("1|", "9|").replace("1\t", "9\t"))
    (tmp_path / "README.md").write_text("# About\n\nThese files.")
    (tmp_path / ".hidden.jsonl").write_text("{")
    assert [passage.id for passage in read(tmp_path)] == ["9", "1"]
    (tmp_path / "c.jsonl").write_text(ROW)
    with pytest.raises(ValueError, match=r"holds several formats \(jsonl, pubtator\); name one file, or the format"):
        read(tmp_path)
    assert [passage.corpus for passage in read(tmp_path, "jsonl")] == ["c"]
    with pytest.raises(ValueError, match="holds no file of the format bioc"):
        read(tmp_path, "bioc")


def test_refusals_come_at_once(tmp_path: Path) -> None:
    """Before the first passage is asked for."""
    path = tmp_path / "a.jsonl"
    path.write_text(ROW)
    with pytest.raises(ValueError, match="There is no format 'xls'; those there are: jsonl, brat"):
        read(path, "xls")
    with pytest.raises(ValueError, match="can 'raise' or 'report' problems, not 'ignore'"):
        read(path, on_problem="ignore")
    for format in (None, "jsonl"):
        with pytest.raises(FileNotFoundError, match="There is no corpus at '.*gone'; name a file"):
            read(tmp_path / "gone", format)
    with pytest.raises(ValueError, match="holds no corpus"):
        (tmp_path / "empty").mkdir()
        read(tmp_path / "empty")
    (tmp_path / "note.txt").write_text("Just a note.")
    with pytest.raises(ValueError, match="The format of '.*note.txt' cannot be told; name it"):
        read(tmp_path / "note.txt")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(passages())
def test_all_formats_agree(tmp_path: Path, passage: AnnotatedPassage) -> None:
    """The same passage, found out and read from BRAT, BioC and JSONL."""
    write_brat(tmp_path / "brat", "1", passage)
    write_bioc_json(tmp_path / "a.json", passage)
    write_jsonl([passage], tmp_path / "a.jsonl")
    for path in ("brat", "a.json", "a.jsonl"):
        for found in read(tmp_path / path):
            assert (found.text, found.mentions, found.discontinuous) == (
                passage.text,
                passage.mentions,
                passage.discontinuous,
            )


def test_labels_renamed(tmp_path: Path) -> None:
    """In mentions, pieces and inventory; None leaves out; others stay."""
    passage = replace(
        PASSAGE,
        mentions=(Mention(0, 5, "A"), Mention(0, 5, "B"), Mention(6, 11, "C")),
        discontinuous=(Discontinuous(((0, 1), (3, 4)), "A"), Discontinuous(((0, 1), (3, 4)), "C")),
        labels=("A", "B", "C", "D"),
    )
    write_jsonl([passage], tmp_path / "a.jsonl")
    (tmp_path / "map.json").write_text('{"A": "Z", "B": "D", "C": null}')
    names = read_label_map(tmp_path / "map.json")
    [found] = read(tmp_path / "a.jsonl", label_map=names)
    assert found.mentions == (Mention(0, 5, "D"), Mention(0, 5, "Z"))
    assert found.discontinuous == (Discontinuous(((0, 1), (3, 4)), "Z"),)
    assert found.labels == ("Z", "D")
    assert rename_labels(PASSAGE, names) == PASSAGE


@pytest.mark.parametrize(("content", "message"), [("{", "not JSON"), ("[]", "a map of labels"), ('{"A": " "}', "mapped to ' '")])
def test_maps_that_are_none(tmp_path: Path, content: str, message: str) -> None:
    """One sentence with the file."""
    (tmp_path / "map.json").write_text(content)
    with pytest.raises(ValueError, match=f"map.json: .*{message}"):
        read_label_map(tmp_path / "map.json")


def test_names_of_corpora(tmp_path: Path) -> None:
    """Endings of formats go, part names stay."""
    names = ["a/bc5cdr.dev.jsonl.gz", "CDR_TrainingSet.PubTator.txt", "Train.BioC.XML", "x.y", "n2c2", ".jsonl"]
    assert [corpus_name(Path(name)) for name in names] == [
        "bc5cdr.dev",
        "CDR_TrainingSet.PubTator",
        "Train.BioC",
        "x.y",
        "n2c2",
        ".jsonl",
    ]
    assert corpus_name(tmp_path) == tmp_path.name


def test_problems_do_not_stop_a_report(tmp_path: Path) -> None:
    """Without a collection they are only left out."""
    path = tmp_path / "a.jsonl"
    path.write_text("{\n" + ROW)
    assert len(list(read(path, on_problem="report"))) == 1
    problems = Problems()
    assert not problems and not list(problems)


@pytest.mark.parametrize(
    ("name", "head", "one", "tail"),
    [
        ("a.jsonl", "", ROW + "\n", ""),
        ("a.json", "[", GLINER + ", ", GLINER + "]"),
        ("a.pubtator", "", PUBTATOR + "\n", ""),
        ("a.conll", "", TOKENS + "\n", ""),
        ("a.xml", "<collection>", XML.removeprefix("<collection>").removesuffix("</collection>") + "\n", "</collection>"),
        ("b.json", '{"documents": [', "BIOC, ", 'BIOC], "x": 1}'),
    ],
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str, head: str, one: str, tail: str) -> None:
    """Four times the passages, about the same peak; JSON all on one line."""
    inner = {"offset": 0, "text": "Fever rises"}
    bioc = json.dumps({"id": "1", "passages": [{**inner, "annotations": [], "infons": {}}]})
    peaks = []
    for count in (600, 600, 2400):  # the first reading imports what it needs
        path = tmp_path / name
        path.write_text((head + one * count + tail).replace("BIOC", bioc).replace("rises", "x" * 200))
        tracemalloc.start()
        assert sum(1 for _ in read(path, on_problem="report")) >= count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1] + 50_000


def test_files_whose_format_cannot_be_told(tmp_path: Path) -> None:
    """They are told of, and stop nothing; files about the corpus, and records of our own steps, are passed over."""
    (tmp_path / "a.txt").write_text("#source x\nalone\n" + TOKENS)
    (tmp_path / "b.txt").write_text("Just words.\n")
    beside = ("c.json.stage.json", "c.report.json", "c.jsonl.partial", "settings.json", "summary.json", "review.tsv")
    for name in ("README", "README.txt", "MANIFEST.json", "guide.pdf", *beside):
        (tmp_path / name).write_text("{}\n" if "json" in name else "About it.\n")
    (tmp_path / "c.jsonl.partial").write_text(ROW)
    for format in (None, "conll"):
        problems = Problems()
        [passage] = read(tmp_path, format, "report", problems)
        assert passage.text == "alone Fever rises" and len(problems) == 2
        assert str(problems.listed[0]).startswith(f"{tmp_path / 'b.txt'}: the format of this file cannot be told")
    (tmp_path / "a.txt").write_text("#source x\n" + TOKENS)
    with pytest.warns(UserWarning, match="b.txt: the format of this file cannot be told, and it is left out"):
        assert len(list(read(tmp_path, "conll"))) == 1

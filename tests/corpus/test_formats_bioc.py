"""BioC as XML and as JSON: passages, sentences, offsets of the document, and every annotation that does not fit."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import bioc
import pytest
from bioc import biocjson, biocxml
from hypothesis import HealthCheck, given, settings

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous
from tests.corpus.format_files import everything, passages, read_all, surface, write_bioc_json

XML = """<?xml version='1.0' encoding='UTF-8'?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>PubTator</source><date></date><key>BioC.key</key>
<document><id>11</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Fever &amp; pain</text>
  <annotation id="0"><infon key="type">Disease</infon><location offset="0" length="5"/><text>Fever</text></annotation>
</passage>
<passage><infon key="type">abstract</infon><offset>13</offset><text>Kidney and liver failure.</text>
  <annotation id="1"><infon key="type">Disease</infon>
    <location offset="13" length="6"/><location offset="30" length="7"/><text>Kidney failure</text></annotation>
  <annotation id="2"><infon key="type">Disease</infon><location offset="24" length="13"/><text>liver failure</text></annotation>
  <relation id="R0"><infon key="type">x</infon><node refid="1" role=""/></relation>
</passage>
</document>
<document><id>12</id>
<passage><offset>0</offset>
  <sentence><offset>0</offset><text>One.</text></sentence>
  <sentence><offset>6</offset><text>Aspirin.</text>
    <annotation id="0"><infon key="type">Chemical</infon><location offset="6" length="7"/><text>Aspirin</text></annotation>
  </sentence>
</passage>
</document>
</collection>
"""


def write(path: Path, content: str) -> Path:
    """RETURNS (Path): the file."""
    path.write_text(content, encoding="utf-8")
    return path


def document(*annotations: Any, **more: Any) -> dict[str, Any]:
    """RETURNS (dict): a BioC document as JSON, of one passage "Fever" at 3."""
    return {"id": "d", "passages": [{"offset": 3, "text": "Fever", "annotations": list(annotations)}], **more}


def mention(offset: int = 3, length: int = 5, text: str = "Fever", **infons: str) -> dict[str, Any]:
    """RETURNS (dict): an annotation."""
    infons = infons or {"type": "Disease"}
    return {"id": "1", "infons": infons, "text": text, "locations": [{"offset": offset, "length": length}]}


def check_documents(path: Path) -> None:
    """The passages of `XML`."""
    title, abstract, sentences = read(path)
    assert (title.id, title.doc_id, title.text, title.corpus) == ("11#0", "11", "Fever & pain", path.stem)
    assert title.mentions == ((0, 5, "Disease"),)
    assert abstract.mentions == ((11, 24, "Disease"),)
    assert abstract.discontinuous == (Discontinuous(((0, 6), (17, 24)), "Disease"),)
    assert (sentences.id, sentences.text) == ("12", "One.  Aspirin.")
    assert sentences.mentions == ((6, 13, "Chemical"),)


def test_xml(tmp_path: Path) -> None:
    """Offsets become the passage's; a passage of sentences is put together."""
    check_documents(write(tmp_path / "a.xml", XML))


def test_json_as_bioc_writes_it(tmp_path: Path) -> None:
    """A collection, and a document a line."""
    collection = biocxml.loads(XML)
    check_documents(write(tmp_path / "a.json", biocjson.dumps(collection, indent=2)))
    check_documents(write(tmp_path / "b.json", biocjson.dumps(collection)))
    lines = [json.dumps(biocjson.toJSON(each)) for each in collection.documents]
    check_documents(write(tmp_path / "c.jsonl", "\n".join(lines)))


def test_lists_that_writers_leave_out(tmp_path: Path) -> None:
    """An export of PubTator 3 names its list otherwise; sentences and relations may be missing."""
    [passage] = read(write(tmp_path / "a.json", json.dumps({"PubTator3": [document(mention())]})), "bioc")
    assert passage.mentions == ((0, 5, "Disease"),)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(passages())
def test_round_trip(tmp_path: Path, passage: AnnotatedPassage) -> None:
    """Offsets, labels and pieces survive any text, in both kinds of file."""
    write_bioc_json(tmp_path / "a.json", passage)
    collection, own = bioc.BioCCollection(), bioc.BioCPassage.of_text(passage.text, 4)
    for number, (fragments, label) in enumerate(everything(passage)):
        annotated = bioc.BioCAnnotation()
        annotated.id, annotated.infons["type"], annotated.text = str(number), label, surface(passage, fragments)
        for start, end in fragments:
            annotated.add_location(bioc.BioCLocation(start + 4, end - start))
        own.add_annotation(annotated)
    one = bioc.BioCDocument()
    one.id = "1"
    one.add_passage(own)
    collection.add_document(one)
    with (tmp_path / "a.xml").open("w", encoding="utf-8") as stream:
        stream.write(biocxml.dumps(collection))
    for name in ("a.json", "a.xml"):
        found = list(read(tmp_path / name))
        assert len(found) == bool(passage.text)
        for each in found:
            assert (each.text, each.mentions, each.discontinuous) == (
                passage.text,
                passage.mentions,
                passage.discontinuous,
            )


@pytest.mark.parametrize(
    ("annotated", "message"),
    [
        (mention(text="Feve"), "the mention 0–5 (Disease) reads 'Fever' in the text, not 'Feve'"),
        (mention(offset=0), "the mention -3–2 (Disease) does not fit its text of 5 characters"),
        (mention(length=6), "0–6 (Disease) does not fit"),
        (mention(identifier="D1"), "the label None of mention 0–5 is blank"),
        ({**mention(), "locations": []}, "the mention  (Disease) does not fit"),
    ],
)
def test_annotations_that_do_not_fit(tmp_path: Path, annotated: dict, message: str) -> None:
    """With the line of each in both kinds of file; the other mentions are kept."""
    collection = {"documents": [document(mention()), document(mention(), annotated)]}
    path = write(tmp_path / "a.json", json.dumps(collection, indent=1))
    found, [problem] = read_all(path)
    assert [len(passage.mentions) for passage in found] == [1, 1]
    line = int(problem.removeprefix(f"{path}, line ").split(":")[0])
    locations = [n for n, text in enumerate(path.read_text().splitlines(), start=1) if '"locations"' in text]
    assert line == locations[2] and message in problem
    with pytest.raises(ValueError, match=f"line {line}"):
        list(read(path))


def test_lines_of_xml(tmp_path: Path) -> None:
    """The line where the annotation begins."""
    path = write(tmp_path / "a.xml", XML.replace('"24" length="13"', '"24" length="12"').replace(">Aspirin<", ">aspirin<"))
    found, problems = read_all(path)
    assert [len(passage.mentions) for passage in found] == [1, 0, 0]
    assert [problem.split(":")[0] for problem in problems] == [f"{path}, line 11", f"{path}, line 19"]


def test_annotations_of_a_document(tmp_path: Path) -> None:
    """They go to the passage that they lie in; those in none are told of."""
    whole = document(annotations=[mention(), mention(offset=50)], infons={})
    path = write(tmp_path / "a.jsonl", json.dumps(whole))
    [passage], [problem] = read_all(path)
    assert passage.mentions == ((0, 5, "Disease"),)
    assert problem == f"{path}, line 1: the mention at 50 lies in no passage of 'd'."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", XML[:-100], "this is not XML"),
        ("a.xml", "<html></html>", None),
        ("a.json", '{"documents": [{"id": "1", "passages": []}', "line 1: this is not JSON, or is cut off"),
        ("a.json", '{"documents": 3}', "it holds no list of the kind"),
        ("a.json", "no", "BioC begins with '<'"),
    ],
)
def test_files_that_are_not_bioc(tmp_path: Path, name: str, content: str, message: str | None) -> None:
    """One sentence, or nothing where there is no document."""
    path = write(tmp_path / name, content)
    if message is None:
        assert not list(read(path, "bioc"))
        return
    with pytest.raises(ValueError, match=message) as caught:
        list(read(path, "bioc"))
    assert str(path) in str(caught.value)


def test_documents_that_are_not_bioc(tmp_path: Path) -> None:
    """They are told of and left out; the others are read."""
    bad = document()
    del bad["passages"][0]["offset"]
    path = write(tmp_path / "a.json", json.dumps({"documents": [bad, 3, document(mention())]}, indent=1))
    found, problems = read_all(path)
    assert len(found) == 1 and len(problems) == 2
    assert all("this document is not BioC" in problem for problem in problems)
    xml = write(tmp_path / "a.xml", XML.replace("<offset>13</offset>", ""))
    found, [problem] = read_all(xml)
    assert [passage.doc_id for passage in found] == ["12"]
    assert problem.startswith(f"{xml}, line 4: this document is not BioC")


def test_a_hostile_file_reads_nothing_else(tmp_path: Path) -> None:
    """An entity that names another file, or one that grows, is not expanded."""
    (tmp_path / "secret").write_text("secret")
    for entity in (f'SYSTEM "file://{tmp_path}/secret"', '"secret"'):
        head = f"<!DOCTYPE collection [<!ENTITY x {entity}>]>\n<collection>"
        path = write(tmp_path / "a.xml", XML.split("?>")[0] + "?>\n" + head + XML.split("<collection>")[1])
        path.write_text(path.read_text().replace("&amp;", "&x;"))
        found, problems = read_all(path)
        assert not any("secret" in passage.text for passage in found)
        assert len(problems) == 1 and "this document is not BioC" in problems[0]


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is named."""
    monkeypatch.setitem(sys.modules, "bioc", None)
    with pytest.raises(ImportError, match=r"needs the extra 'evaluation': pip install 'spacy-gliner-biomed\[evaluation\]'"):
        list(read(write(tmp_path / "a.xml", XML)))


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    """Packed XML ends in one sentence with the file's name."""
    path = tmp_path / "a.xml.gz"
    documents = (f"<document><id>{number**9}</id></document>\n" for number in range(9000))
    path.write_bytes(gzip.compress(f"<collection>{''.join(documents)}</collection>".encode())[:-20])
    with pytest.raises(ValueError, match=r"a\.xml\.gz: the gzip file is damaged"):
        list(read(path))


def test_half_a_surrogate_pair(tmp_path: Path) -> None:
    """Its passage is told of and left out."""
    half = {"id": "x", "passages": [{"offset": 0, "text": "\ud83d"}]}
    path = write(tmp_path / "a.json", json.dumps({"documents": [half, document(mention())]}))
    [passage], [problem] = read_all(path)
    assert passage.text == "Fever" and "line 1: the text holds half a surrogate pair" in problem

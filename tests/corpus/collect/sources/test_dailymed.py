"""DailyMed: labels from SPL files, bulk archives, and a server that gives them by set id."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import List

import pytest

from spacy_gliner_biomed.corpus.collect.sources import Report, dailymed, files
from spacy_gliner_biomed.corpus.collect.sources.drug_names import DrugNames, read_drug_names
from spacy_gliner_biomed.corpus.collect.sources.http import Client
from tests.corpus.collect.sources.reading import problems, read_all, zipped
from tests.corpus.collect.sources.server import Reply, Request, file_answer, serving

SET_ID = "0a1b2c3d-0000-4000-8000-00000000000a"
OTHER = "0a1b2c3d-0000-4000-8000-00000000000b"
PRODUCTS = """<subject><manufacturedProduct><manufacturedProduct><code code="0001-0001"/><name>Examplin<suffix> XR</suffix></name>
<asEntityWithGeneric><genericMedicine><name>examplitol hydrochloride</name></genericMedicine></asEntityWithGeneric>
<ingredient classCode="ACTIM"><quantity/><ingredientSubstance><code code="X"/><name>EXAMPLITOL HYDROCHLORIDE</name>
<activeMoiety><activeMoiety><code code="Y"/><name>EXAMPLITOL</name></activeMoiety></activeMoiety></ingredientSubstance></ingredient>
<ingredient classCode="IACT"><ingredientSubstance><name>STARCH, CORN</name></ingredientSubstance></ingredient>
</manufacturedProduct></manufacturedProduct></subject>"""


def label(*sections: str, set_id: str = SET_ID, namespace: str = "urn:hl7-org:v3", products: str = PRODUCTS) -> bytes:
    """RETURNS (bytes): an SPL document."""
    components = "".join(f"<component>{each}</component>" for each in sections)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="https://www.accessdata.fda.gov/spl/stylesheet/spl.xsl" type="text/xsl"?>
<document xmlns="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="11111111-0000-4000-8000-000000000000"/><code code="34391-3" codeSystem="2.16.840.1.113883.6.1"/>
<title>EXAMPLIN tablets<br/>Rx only</title><effectiveTime value="20240131"/><setId root="{set_id}"/><versionNumber value="3"/>
<component><structuredBody>
<component><section><id root="x"/><code code="48780-1" codeSystem="2.16.840.1.113883.6.1"/>
<title>SPL PRODUCT DATA ELEMENTS SECTION</title><text/>{products}</section></component>{components}
</structuredBody></component></document>""".encode()


def section(title: str, text: str, *within: str, rest: str = "") -> str:
    """RETURNS (str): a section, with sections within it."""
    inner = "".join(f"<component>{each}</component>" for each in within)
    heading = f"<title>{title}</title>" if title else ""
    return f'<section ID="s"><id root="y"/><code code="34067-9"/>{heading}<text>{text}</text>{rest}{inner}</section>'


INDICATIONS = section(
    "1 INDICATIONS",
    "<paragraph>Examplin is <content styleCode='bold'>indicated</content>\n  for pain.<footnoteRef IDREF='f'/> Not more."
    "</paragraph>"
    "<list><caption>Such as</caption><item>gout; <renderMultiMedia referencedObject='m'/>and</item><item>aches</item></list>"
    "<table><caption>T</caption><tr><td>gone</td></tr></table>Kept behind the table."
    "<paragraph>A<br/>B</paragraph>",
    section("1.1 Children", "<paragraph>None.</paragraph>"),
    rest="<excerpt><highlight><text><paragraph>In short: pain.</paragraph></text></highlight></excerpt>",
)


def test_label_is_cut_at_headings(tmp_path: Path) -> None:
    """A passage a section, headings and tables out, what follows them kept, lines where the label has them."""
    (tmp_path / "label.xml").write_bytes(label(INDICATIONS, section("", "Without a heading.")))
    found, report = read_all("dailymed", tmp_path)
    assert [] == problems(report)
    assert [("1 INDICATIONS", f"{SET_ID}.1"), ("1.1 Children", f"{SET_ID}.2"), ("", f"{SET_ID}.3")] == [
        (passage.section, passage.id) for passage in found
    ]
    assert (
        "Examplin is indicated for pain. Not more.\nSuch as\ngout; and\naches\nKept behind the table.\nA\nB"
        == found[0].text
    )
    assert ["None.", "Without a heading."] == [passage.text for passage in found[1:]]
    assert {(SET_ID, "dailymed", "Examplin XR", "2024-01-31")} == {
        (p.document, p.source, p.title, p.date) for p in found
    }
    assert f"https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm?setid={SET_ID}" == found[0].url


def test_highlights_only_where_wanted(tmp_path: Path) -> None:
    """They repeat the label."""
    (tmp_path / "label.xml").write_bytes(label(INDICATIONS))
    assert not any("In short" in passage.text for passage in read_all("dailymed", tmp_path)[0])
    found, _ = read_all("dailymed", tmp_path, {"highlights": True})
    assert ["In short: pain."] == [passage.text for passage in found if passage.section == "Highlights: 1 INDICATIONS"]


def test_prefixed_namespace(tmp_path: Path) -> None:
    """The namespace counts, not how it is written."""
    text = label(INDICATIONS).decode().replace("xmlns=", "xmlns:v3=")
    text = text.replace("<document", "<v3:document").replace("</document", "</v3:document")
    (tmp_path / "label.xml").write_text(text)
    assert 2 == len(read_all("dailymed", tmp_path)[0])


def test_bulk_archive(tmp_path: Path) -> None:
    """A zip of zips with pictures beside; a damaged label in it costs only itself."""
    good = zipped(a__xml=label(INDICATIONS), picture__jpg=b"\xff\xd8")
    other = zipped(b__xml=label(INDICATIONS, set_id=OTHER.upper()))
    archive = zipped(
        **{
            "prescription/20240131_good__zip": good,
            "prescription/broken__zip": good[:200],
            "prescription/other__zip": other,
            "prescription/deep__zip": zipped(deeper__zip=zipped(deepest__zip=good)),
        }
    )
    (tmp_path / "dm_spl_release_human_rx_part1.zip").write_bytes(archive)
    found, report = read_all("dailymed", tmp_path / "dm_spl_release_human_rx_part1.zip")
    assert [SET_ID, SET_ID, OTHER, OTHER] == [passage.document for passage in found]
    assert 2 == report.count
    assert any("broken.zip" in line for line in problems(report)) and any("deep" in line for line in problems(report))


def test_names_in_archives_are_never_paths(tmp_path: Path) -> None:
    """A name that climbs out of its folder writes nothing anywhere."""
    (tmp_path / "in").mkdir()
    archive = zipped(**{"../../evil__zip": zipped(**{"/etc/../evil__xml": label(INDICATIONS)})})
    (tmp_path / "in" / "a.zip").write_bytes(archive)
    before = sorted(tmp_path.rglob("*"))
    assert 2 == len(read_all("dailymed", tmp_path / "in")[0])
    assert before == sorted(tmp_path.rglob("*"))


def test_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the bound is reported, whatever the archive says about its size."""
    monkeypatch.setattr(files, "MOST_ARCHIVE", 100_000)
    inner = zipped(a__xml=label(INDICATIONS), zeros__xml=bytes(2_000_000))
    (tmp_path / "a.zip").write_bytes(
        zipped(bomb__zip=inner + bytes(2_000_000), good__zip=zipped(a__xml=label(INDICATIONS)))
    )
    found, report = read_all("dailymed", tmp_path)
    assert 2 == len(found)
    assert any("more than 100,000 bytes" in line for line in problems(report))


@pytest.mark.parametrize("set_id", ["../../../etc/passwd", "", "x" * 36, SET_ID + "/..", SET_ID[:-1]])
def test_set_ids_are_checked(tmp_path: Path, set_id: str) -> None:
    """A set id that is none makes no passage, and no request."""
    (tmp_path / "label.xml").write_bytes(label(INDICATIONS, set_id=set_id))
    found, report = read_all("dailymed", tmp_path)
    assert [] == found and "for a set id" in problems(report)[0]
    if set_id:
        with pytest.raises(ValueError, match="is no set id"):
            read_all("dailymed", f"setid:{set_id}", {"address": "http://localhost:1"})


def test_other_documents_are_reported(tmp_path: Path) -> None:
    """Another namespace, an entity bomb, a cut label, a web page."""
    (tmp_path / "a.xml").write_bytes(label(INDICATIONS, namespace="urn:other"))
    bomb = label(INDICATIONS).replace(b"<document ", b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><document ')
    (tmp_path / "b.xml").write_bytes(bomb.replace(b"None.", b"&b;"))
    (tmp_path / "c.xml").write_bytes(label(INDICATIONS)[:-100])
    (tmp_path / "d.xml").write_bytes(b"<!doctype html><html><body><p>Sorry</body></html>")
    found, report = read_all("dailymed", tmp_path)
    assert [] == found
    lines = problems(report)
    for name, message in (("a", "no drug label"), ("b", "'a' is declared"), ("c", "cut off"), ("d", "d.xml")):
        assert any(f"{name}.xml" in line and message in line for line in lines)


def test_names_by_set_id(tmp_path: Path) -> None:
    """The product's name, and generic names and active ingredients, each once; fillers are no names."""
    (tmp_path / "a.xml").write_bytes(label())
    (tmp_path / "b.xml").write_bytes(label(set_id=OTHER, products=""))
    expected = DrugNames(SET_ID, "Examplin XR", ("examplitol hydrochloride", "EXAMPLITOL"))
    report = Report()
    assert [expected] == list(read_drug_names(tmp_path, report))
    assert 0 == report.count


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in a test."""
    monkeypatch.setattr(dailymed, "Client", partial(Client, sleep=lambda _: None))


def test_labels_by_set_id(tmp_path: Path) -> None:
    """Fetched once, a busy server and a cut label endured, an unknown id reported."""
    content = label(INDICATIONS)
    good, failures = file_answer(content, cuts=[500]), [Reply(status=429), Reply(content[:-50])]

    def answer(request: Request) -> Reply:
        if OTHER in request.path:
            return Reply(status=404)
        return failures.pop() if failures else good(request)

    asked: List[str] = [OTHER, SET_ID.upper()]
    with serving(answer) as server:
        where, settings = "setid:" + ",".join(asked), {"address": f"{server.url}/services/v2/spls/"}
        found, report = read_all("dailymed", where, settings, tmp_path)
        assert 2 == len(found) and all(passage.retrieved for passage in found)
        assert ["DailyMed has no label"] == [line.partition(": ")[2][:21] for line in problems(report)]
        n_requests = len(server.asked(f"/services/v2/spls/{SET_ID}.xml"))
        assert 4 == n_requests
        assert found == read_all("dailymed", where, settings, tmp_path)[0]
        assert n_requests == len(server.asked(f"/services/v2/spls/{SET_ID}.xml"))


def test_archive_by_address(tmp_path: Path) -> None:
    """A bulk archive is downloaded once, in pieces if need be, and read from disk."""
    archive = zipped(a__zip=zipped(a__xml=label(INDICATIONS)))
    with serving(file_answer(archive)) as server:
        address = f"{server.url}/public-release-files/dm_spl_release_human_rx_part1.zip"
        found, _ = read_all("dailymed", address, raw=tmp_path)
        assert 2 == len(found) and found[0].retrieved
        assert found == read_all("dailymed", address, raw=tmp_path)[0]
        assert 1 == len(server.requests)


def test_a_set_id_with_404_in_it(tmp_path: Path) -> None:
    """A server that refuses is not one without the label."""
    with serving(lambda request: Reply(status=403)) as server:
        with pytest.raises(OSError, match="the server says 403"):
            read_all("dailymed", f"setid:{SET_ID[:-3]}404", {"address": f"{server.url}/"}, tmp_path)

"""XML from anywhere: whole records from broken files, and nothing from an attack."""

from __future__ import annotations

import io
import tracemalloc
from typing import Iterator, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect.sources.files import Bounded
from spacy_gliner_biomed.corpus.collect.sources.report import Report
from spacy_gliner_biomed.corpus.collect.sources.xml import records
from spacy_gliner_biomed.corpus.collect.sources.xml_document import LIMITS, Limits
from spacy_gliner_biomed.corpus.collect.sources.xml_text import lines_of, text_of

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<set><item>&c;</item></set>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><set><item>&x;</item></set>"""
PARAMETER = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY % x SYSTEM "http://localhost:1/x.dtd"> %x;]><set><item>a</item></set>"""


class InPieces(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        """RETURNS (bytes): at most as many as the piece has."""
        return self._stream.read(self._size)


def read_all(
    text: str | bytes, limits: Limits = LIMITS, piece: int = 1 << 16
) -> Tuple[List[Tuple[str, str]], List[str]]:
    """RETURNS (tuple): text and place of each <item>, and the problems."""
    report = Report()
    data = text.encode() if isinstance(text, str) else text
    stream = Bounded(InPieces(data, piece), "f.xml", report)  # type: ignore[arg-type]
    found = [(text_of(each.element), each.where) for each in records(stream, ("item",), "f.xml", report, limits)]
    return found, [str(problem) for problem in report]


def test_records_with_their_lines() -> None:
    """Text, elements within, entities of XML itself, and where each record begins."""
    found, problems = read_all(
        "<?xml version='1.0'?>\n<set>\n<item>a &lt; b&#228;</item>\n<x/><item>c<i>d</i>e</item></set>"
    )
    assert [("a < bä", "f.xml, line 3"), ("cde", "f.xml, line 4")] == found
    assert [] == problems


@pytest.mark.parametrize("attack", [LAUGHS, OUTSIDE, PARAMETER])
def test_entities_are_refused(attack: str) -> None:
    """Nothing is expanded, nothing is opened; the problem names file, line and entity."""
    found, problems = read_all(attack)
    assert [] == found
    assert 1 == len(problems)
    assert problems[0].startswith("f.xml, line 2:") and "is declared here" in problems[0]


def test_document_behind_an_attack_is_read() -> None:
    """In a file of several documents only the hostile one is lost."""
    good = "<?xml version='1.0'?><set><item>good</item></set>"
    found, problems = read_all(f"{good}\n{LAUGHS}\n{good}")
    assert ["good", "good"] == [text for text, _ in found]
    assert 1 == len(problems)


def test_document_type_without_entities_is_fine() -> None:
    """PubMed's files name a document type elsewhere, which is not fetched; HTML's entities are known anyway."""
    text = '<?xml version="1.0"?><!DOCTYPE set PUBLIC "-//X" "https://example.org/x.dtd"><set><item>a&alpha;&odd;b</item></set>'
    assert ([("aα&odd;b", "f.xml, line 1")], []) == read_all(text)


def test_pictures_of_old_patents_are_no_attack() -> None:
    """A name with a notation is not text."""
    text = '<!DOCTYPE set [<!NOTATION TIF SYSTEM "t"><!ENTITY p SYSTEM "p.tif" NDATA TIF>]><set><item>a</item></set>'
    assert ([("a", "f.xml, line 1")], []) == read_all(text)


def test_broken_record_costs_only_itself() -> None:
    """The records around it are read, and the problem says where it is."""
    found, problems = read_all("<set>\n<item>1</item>\n<item>2<b></item>\n<item>3</item>\n<item>4</item></set>")
    assert [("1", "f.xml, line 2"), ("3", "f.xml, line 4"), ("4", "f.xml, line 5")] == found
    assert 1 == len(problems)
    assert problems[0].startswith("f.xml, line 3: the record that begins here is broken")


def test_record_without_an_end() -> None:
    """The next one is not swallowed."""
    found, problems = read_all("<set>\n<item>1\n<item>2</item>\n</set>")
    assert [("2", "f.xml, line 3")] == found
    assert "f.xml, line 2" in problems[0]


def test_records_without_a_root() -> None:
    """Damage can make the first record the root; the others are read."""
    found, problems = read_all("<item>1<item>2</item>\n<item>3</item>")
    assert ["2", "3"] == [text for text, _ in found] and 1 == len(problems)
    found, problems = read_all("<item>1</item><item>2</item><item>3</item>")
    assert ["1", "2", "3"] == [text for text, _ in found] and 1 == len(problems)


def test_cut_off_file() -> None:
    """What was whole is read; the rest is reported."""
    found, problems = read_all("<set><item>1</item>\n<item>2")
    assert [("1", "f.xml, line 1")] == found
    assert 1 == len(problems) and "f.xml, line 2" in problems[0] and "cut off" in problems[0]


def test_not_xml_at_all() -> None:
    """A web page or nothing is reported, not passed over in silence."""
    for text in ("", "   \n", "PK\x03\x04 nonsense", "<html><p>Access denied</p></html>"):
        found, problems = read_all(text)
        assert [] == found
        assert 1 == len(problems)


def test_blank_lines_and_mark_before_the_declaration() -> None:
    """Some writers leave them."""
    assert [("1", "f.xml, line 3")] == read_all("\n\n<?xml version='1.0'?><set><item>1</item></set>")[0]
    assert [("1", "f.xml, line 1")] == read_all("\ufeff<?xml version='1.0'?><set><item>1</item></set>")[0]


def test_other_encodings() -> None:
    """The declared encoding counts, also behind a broken record."""
    text = "<?xml version='1.0' encoding='iso-8859-1'?><set><item>é</item><item><b></item><item>ü</item></set>"
    assert ["é", "ü"] == [text for text, _ in read_all(text.encode("latin-1"))[0]]
    assert ["é"] == [
        text for text, _ in read_all("<?xml version='1.0' encoding='utf-16'?><item>é</item>".encode("utf-16"))[0]
    ]
    found, problems = read_all(b"<?xml version='1.0' encoding='wonder'?><item>a</item>")
    assert [] == found and "wonder" in problems[0]


def test_depth_is_bounded() -> None:
    """Elements in elements in elements end the document, inside a record and outside."""
    for text in ("<item>" + "<a>" * 1000, "<a>" * 1000):
        found, problems = read_all(text)
        assert [] == found and "more than 256 deep" in problems[0]


def test_length_of_a_tag_is_bounded() -> None:
    """The parser must keep a tag until its end."""
    for text in ("<set><item x='" + "y" * 300_000, "<set><!-- " + "y" * 300_000):
        found, problems = read_all(text, Limits(token=100_000))
        assert [] == found and "longer than 100,000 bytes" in problems[0]


def test_number_of_names_is_bounded() -> None:
    """The parser keeps each name for ever."""
    found, problems = read_all("<set>" + "".join(f"<n{number}/>" for number in range(30_000)))
    assert "different names" in problems[0]


def test_large_record_is_passed_over() -> None:
    """By its bytes or its elements; the next one is read."""
    large = "<set><item>" + "x" * 5000 + "</item><item>2</item></set>"
    assert ["2"] == [text for text, _ in read_all(large, Limits(record=1000))[0]]
    many = "<set><item>" + "<a/>" * 500 + "</item><item>2</item></set>"
    found, problems = read_all(many, Limits(elements=100))
    assert ["2"] == [text for text, _ in found] and "more than 100 elements" in problems[0]


def test_memory_does_not_grow() -> None:
    """A line of 30 MB costs no more than a line of 30 bytes."""

    class Endless(io.RawIOBase):
        left = 480

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"<set><item>" if self.left == 479 else b"x" * 65536 if self.left > 0 else b""

    report = Report()
    tracemalloc.start()
    try:
        assert [] == list(records(Bounded(Endless(), "f", report), ("item",), "f", report, Limits(record=1 << 20)))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()
    assert report.count == 2  # too large, and cut off


@given(
    st.lists(
        st.tuples(st.text("ab<&>é漢😀 \n", max_size=5), st.booleans(), st.sampled_from(("", "<?xml version='1.0'?>"))),
        max_size=5,
    ),
    st.integers(1, 40),
)
def test_any_cut_into_blocks_gives_the_same(items: List[Tuple[str, bool, str]], piece: int) -> None:
    """Good and broken records, one document or several, read in pieces of any size."""
    text, expected = "<?xml version='1.0'?><set>", []
    for content, broken, declaration in items:
        escaped = content.replace("&", "&amp;").replace("<", "&lt;")
        text += f"</set>{declaration}<set>" if declaration else ""
        text += f"<item>{escaped}{'<b>' if broken else ''}</item>"
        if not broken:
            expected.append(" ".join(content.split()))
    found, problems = read_all(text + "</set>", piece=piece)
    whole = read_all(text + "</set>")
    assert (found, problems) == whole
    assert expected == [text for text, _ in found]


def tails(text: str) -> Iterator[str]:
    """YIELDS (str): text with tables in the places where a careless reader loses what follows."""
    for table in ("<table><td>x</td></table>", "<table/>"):
        yield f"<p>{table}{text}</p>"
        yield f"<p>a{table}{text}</p>"
        yield f"<p><q>a</q>{table}{text}<q/></p>"


@pytest.mark.parametrize("source", list(tails("kept")))
def test_what_follows_a_table_stays(source: str) -> None:
    """Leaving out an element does not leave out its tail."""
    from xml.etree.ElementTree import fromstring

    text = lines_of(fromstring(source), ("q", "table"), ("table",))
    assert "kept" == text.splitlines()[-1] and "x" not in text

"""PubMed: abstracts from XML as it is published, and from a server that speaks as the E-utilities do."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Dict, List

import pytest

from spacy_gliner_biomed.corpus.collect.sources import eutils
from spacy_gliner_biomed.corpus.collect.sources.http import Client
from tests.corpus.collect.sources.reading import problems, read_all
from tests.corpus.collect.sources.server import Reply, Request, serving

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"
 "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet>
"""
STRUCTURED = """<Abstract>
  <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Itching is <i>common</i> in
    cholestasis; H<sub>2</sub>O helps.</AbstractText>
  <AbstractText Label="UNLABELLED">We asked &lt; 10 patients.</AbstractText>
  <AbstractText Label="RESULTS"/>
  <AbstractText Label="CONCLUSIONS">It did.</AbstractText>
  <CopyrightInformation>© 2024 The Authors.</CopyrightInformation>
</Abstract><OtherAbstract Type="plain-language-summary"><AbstractText>Not this.</AbstractText></OtherAbstract>"""
DATE = "<PubDate><Year>2024</Year><Month>Mar</Month><Day>9</Day></PubDate>"


def article(pmid: Any, abstract: str | None = None, title: str = "A <i>title</i>.", when: str = DATE) -> str:
    """RETURNS (str): a PubmedArticle."""
    text = f"<Abstract><AbstractText>Text of {pmid}.</AbstractText></Abstract>" if abstract is None else abstract
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">
<PMID Version="1">{pmid}</PMID><DateRevised><Year>2025</Year></DateRevised>
<Article PubModel="Print"><Journal><ISSN>1</ISSN><JournalIssue CitedMedium="Print">{when}</JournalIssue></Journal>
<ArticleTitle>{title}</ArticleTitle>{text}<Language>eng</Language></Article>
<CommentsCorrectionsList><CommentsCorrections RefType="Cites"><PMID Version="1">99</PMID></CommentsCorrections>
</CommentsCorrectionsList>
</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList></PubmedData>
</PubmedArticle>
"""


def article_set(*articles: str) -> str:
    """RETURNS (str): a file."""
    return f"{HEAD}{''.join(articles)}</PubmedArticleSet>\n"


def write(path: Path, *articles: str) -> Path:
    """RETURNS (Path): a file of articles; packed where it is called `.gz`."""
    data = article_set(*articles).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_structured_abstract(tmp_path: Path) -> None:
    """A line a part with its label; mark-up goes, provenance comes along."""
    found, report = read_all("pubmed", write(tmp_path / "pubmed25n0001.xml.gz", article(123, STRUCTURED)))
    assert [] == problems(report)
    (passage,) = found
    assert (
        "BACKGROUND: Itching is common in cholestasis; H2O helps.\nWe asked < 10 patients.\nCONCLUSIONS: It did."
        == passage.text
    )
    assert ("123", "PMID:123", "pubmed") == (passage.id, passage.document, passage.source)
    assert ("A title.", "2024-03-09") == (passage.title, passage.date)
    assert "https://pubmed.ncbi.nlm.nih.gov/123/" == passage.url
    assert passage.licence.endswith("© 2024 The Authors.") and "" == passage.retrieved


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<PubDate><Year>2024</Year></PubDate>", "2024"),
        ("<PubDate><Year>2024</Year><Month>03</Month></PubDate>", "2024-03"),
        ("<PubDate><Year>2024</Year><Season>Spring</Season></PubDate>", "2024"),
        ("<PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate>", "1998"),
        ("<PubDate><Year>../..</Year></PubDate>", ""),
        ("", ""),
    ],
)
def test_dates(tmp_path: Path, written: str, expected: str) -> None:
    """As much of the date as there is."""
    found, _ = read_all("pubmed", write(tmp_path / "f.xml", article(1, when=written)))
    assert [expected] == [passage.date for passage in found]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """No abstract, a PMID again, books, lists of deleted records."""
    rest = "<PubmedBookArticle><BookDocument/></PubmedBookArticle><DeleteCitation><PMID>7</PMID></DeleteCitation>"
    path = write(tmp_path / "f.xml", article(1), article(1), article(2, ""), article(3, "<Abstract/>"), rest)
    found, report = read_all("pubmed", path)
    assert ["1"] == [passage.id for passage in found]
    assert {
        "no abstract": 2,
        "a PMID that was read before": 1,
        "books": 1,
        "lists of deleted records": 1,
    } == report.left_out


def test_broken_articles_are_reported(tmp_path: Path) -> None:
    """No title, no number for a PMID, a path for a PMID, mark-up that does not end: each costs itself."""
    broken = article(5).replace("</Abstract>", "")
    path = write(
        tmp_path / "f.xml",
        article(1),
        article(2, title=""),
        article(""),
        article("../../etc/passwd"),
        broken,
        article(6),
    )
    found, report = read_all("pubmed", path)
    assert ["1", "6"] == [passage.id for passage in found]
    assert 4 == report.count
    assert all(line.startswith(f"{path}, line ") for line in problems(report))
    assert any("'../../etc/passwd'" in line for line in problems(report))


@pytest.mark.parametrize("name", ["f.xml", "f.xml.gz"])
def test_cut_off_file(tmp_path: Path, name: str) -> None:
    """Articles before the end are read, and the end is reported."""
    texts = (f"<Abstract><AbstractText>{number**9}</AbstractText></Abstract>" for number in range(400))
    path = write(tmp_path / name, *(article(number, text) for number, text in enumerate(texts, start=1)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found, report = read_all("pubmed", path)
    assert 50 < len(found) < 399
    assert any("cut off" in line for line in problems(report))


def test_folder_in_order(tmp_path: Path) -> None:
    """Files by name; one that cannot be read does not stop the others; a hostile one gives nothing."""
    write(tmp_path / "b.xml.gz", article(2))
    write(tmp_path / "a.xml", article(1))
    (tmp_path / "c.xml.gz").write_bytes(b"no gzip")
    (tmp_path / "d.xml").write_text(
        '<!DOCTYPE a [<!ENTITY x "y">]>' + article_set(article(3)).partition("\n<PubmedA")[2]
    )
    (tmp_path / "readme.txt").write_text("x")
    found, report = read_all("pubmed", tmp_path)
    assert ["1", "2"] == [passage.id for passage in found]
    assert 2 == report.count and 1 == report.left_out.total()


class FakeEutils:
    """E-utilities over articles of given days, with a history server, its bound of records, and failures to order."""

    def __init__(self, articles: Dict[str, List[int]]) -> None:
        self.articles = articles
        self.searches: Dict[str, List[int]] = {}
        self.failures: List[Reply] = []
        self.forgets = 0

    def __call__(self, request: Request) -> Reply:
        """RETURNS (Reply): what the servers at NCBI say."""
        asked = request.parameters
        if self.failures:
            return self.failures.pop(0)
        if request.path.endswith("esearch.fcgi"):
            return self._search(asked)
        pmids = self.searches.get(asked["WebEnv"])
        if pmids is None or self.forgets:
            self.forgets = max(self.forgets - 1, 0)
            return Reply(b'<?xml version="1.0"?><eFetchResult><ERROR>Unable to obtain query #1</ERROR></eFetchResult>')
        start = int(asked["retstart"])
        assert start + int(asked["retmax"]) <= eutils.MOST_RECORDS
        page = pmids[start : start + int(asked["retmax"])]
        return Reply(article_set(*map(article, page)).encode())

    def _search(self, asked: Dict[str, str]) -> Reply:
        first, last = (asked[name].replace("/", "-") for name in ("mindate", "maxdate"))
        pmids = [pmid for day, many in sorted(self.articles.items()) if first <= day <= last for pmid in many]
        if bounds := re.search(r" AND (\d+):(\d+)\[UID\]$", asked["term"]):
            pmids = [pmid for pmid in pmids if int(bounds[1]) <= pmid <= int(bounds[2])]
        if "[[" in asked["term"]:
            return Reply(json.dumps({"esearchresult": {"ERROR": "Search Backend failed: bad query"}}).encode())
        environment = f"MCID_{len(self.searches)}"
        self.searches[environment] = pmids
        result = {
            "count": str(len(pmids)),
            "retmax": "0",
            "retstart": "0",
            "querykey": "1",
            "webenv": environment,
            "idlist": [],
        }
        return Reply(json.dumps({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}).encode())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in a test."""
    monkeypatch.setattr(eutils, "Client", partial(Client, sleep=lambda _: None))
    monkeypatch.delenv("NCBI_API_KEY", raising=False)
    monkeypatch.delenv("NCBI_EMAIL", raising=False)


ARTICLES = {"2024-01-01": [11, 12, 13], "2024-01-05": [14], "2024-01-09": [15, 16], "2024-02-01": [99]}
RANGE = {"from": "2024-01-01", "to": "2024-01-10", "page": 2}


def test_query(tmp_path: Path) -> None:
    """All records of the range and no others, in pages, each with the time when it was fetched."""
    fake = FakeEutils(ARTICLES)
    with serving(fake) as server:
        found, report = read_all("pubmed", "query:asthma[MeSH Terms]", {**RANGE, "address": server.url}, tmp_path)
    assert ["11", "12", "13", "14", "15", "16"] == [passage.id for passage in found]
    assert [] == problems(report)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", passage.retrieved) for passage in found)
    search = server.asked("/esearch.fcgi")[0].parameters
    assert ("asthma[MeSH Terms]", "pdat", "y", "2024/01/01", "2024/01/07") == tuple(
        search[name] for name in ("term", "datetype", "usehistory", "mindate", "maxdate")
    )
    assert "spacy-gliner-biomed" == search["tool"] and "api_key" not in search


def test_key_and_email_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are sent with each request, and nothing that is kept shows them."""
    monkeypatch.setenv("NCBI_API_KEY", "SECRET")
    monkeypatch.setenv("NCBI_EMAIL", "me@example.org")
    with serving(FakeEutils(ARTICLES)) as server:
        read_all("pubmed", "query:x", {**RANGE, "address": server.url}, tmp_path)
    assert all(
        ("SECRET", "me@example.org") == (each.parameters["api_key"], each.parameters["email"])
        for each in server.requests
    )
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"SECRET" not in kept and b"example.org" not in kept


def test_second_reading_asks_nothing(tmp_path: Path) -> None:
    """What was fetched is read from disk and gives the same."""
    with serving(FakeEutils(ARTICLES)) as server:
        settings = {**RANGE, "address": server.url}
        first, _ = read_all("pubmed", "query:x", settings, tmp_path)
        n_requests = len(server.requests)
        assert first == read_all("pubmed", "query:x", settings, tmp_path)[0]
        assert n_requests == len(server.requests)


def test_broken_off_query_goes_on(tmp_path: Path) -> None:
    """After a failure only the missing pages are fetched, from a new search."""
    fake = FakeEutils(ARTICLES)
    with serving(fake) as server:
        settings = {**RANGE, "address": server.url}
        whole, _ = read_all("pubmed", "query:x", settings, tmp_path / "other")
        n_requests = len(server.requests)
        read_all("pubmed", "query:x", settings, tmp_path / "raw")
        for page in (tmp_path / "raw").rglob("page-00002.xml"):
            page.unlink()
        again, _ = read_all("pubmed", "query:x", settings, tmp_path / "raw")
        assert [each.text for each in whole] == [each.text for each in again]
        assert 2 == len(server.requests) - 2 * n_requests


@pytest.mark.parametrize(
    "failure",
    [
        Reply(b'{"error":"API rate limit exceeded","count":"11"}', 429, {"Retry-After": "1"}),
        Reply(b"", 500),
        Reply(b"x" * 100, cut=10),
        Reply(b"", 502),
    ],
)
def test_failures_that_pass(tmp_path: Path, failure: Reply) -> None:
    """Too many requests, a failing server and cut replies cost time only."""
    fake = FakeEutils(ARTICLES)
    fake.failures = [failure, failure]
    with serving(fake) as server:
        found, report = read_all("pubmed", "query:x", {**RANGE, "address": server.url}, tmp_path)
    assert 6 == len(found) and [] == problems(report)


def test_forgotten_search_is_made_again(tmp_path: Path) -> None:
    """The history server keeps a search for hours only."""
    fake = FakeEutils(ARTICLES)
    fake.forgets = 2
    with serving(fake) as server:
        assert 6 == len(read_all("pubmed", "query:x", {**RANGE, "address": server.url}, tmp_path)[0])


def test_half_a_page_is_no_page(tmp_path: Path) -> None:
    """A page without its end is fetched again, even if its length is right."""
    fake = FakeEutils({"2024-01-01": [1, 2]})
    real, cut = fake.__call__, [True]

    def answer(request: Request) -> Reply:
        reply = real(request)
        if "efetch" in request.path and cut and cut.pop():
            return Reply(reply.body[:-30])
        return reply

    with serving(answer) as server:
        assert 2 == len(read_all("pubmed", "query:x", {**RANGE, "address": server.url}, tmp_path)[0])


def test_too_many_records_are_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By days, then by PMID; no record is lost, none comes twice."""
    monkeypatch.setattr(eutils, "MOST_RECORDS", 3)
    articles = {"2024-01-01": list(range(100, 117)), "2024-01-03": [5, 6, 7, 8]}
    with serving(FakeEutils(articles)) as server:
        found, report = read_all("pubmed", "query:x", {**RANGE, "address": server.url}, tmp_path)
    assert [str(pmid) for day in sorted(articles) for pmid in articles[day]] == [passage.id for passage in found]
    assert 0 == report.count + report.left_out.total()


def test_other_number_of_records_than_before(tmp_path: Path) -> None:
    """Pages of two days are not mixed; the error names the folder to remove."""
    fake = FakeEutils(ARTICLES)
    with serving(fake) as server:
        settings = {**RANGE, "address": server.url}
        read_all("pubmed", "query:x", settings, tmp_path)
        next(tmp_path.rglob("page-00002.xml")).unlink()
        fake.articles["2024-01-02"] = [17]
        with pytest.raises(OSError, match="remove that folder"):
            read_all("pubmed", "query:x", settings, tmp_path)


def test_refused_query(tmp_path: Path) -> None:
    """The server's reason is handed on."""
    with serving(FakeEutils(ARTICLES)) as server:
        with pytest.raises(ValueError, match="bad query"):
            read_all("pubmed", "query:[[", {**RANGE, "address": server.url}, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"from": ""}, "'from' of pubmed must be a day"),
        ({"to": "today"}, "'to' of pubmed must be a day"),
        ({"to": "2023-01-01"}, "must not lie before"),
        ({"date_type": "x"}, "one of pdat"),
        ({"page": 0}, "pages of 1 to"),
        ({"page": "many"}, "whole number"),
        ({"wrong": 1}, "has no setting 'wrong'"),
    ],
)
def test_wrong_settings(tmp_path: Path, change: Dict[str, Any], message: str) -> None:
    """A collection that could not be made again, and other mistakes, are said before anything is asked."""
    with pytest.raises(ValueError, match=message):
        read_all("pubmed", "query:x", {**RANGE, "address": "http://localhost:1", **change}, tmp_path)


def test_range_that_is_not_over_is_reported(tmp_path: Path) -> None:
    """A range up to today finds more tomorrow."""
    with serving(FakeEutils({})) as server:
        today = date.today().isoformat()
        _, report = read_all("pubmed", "query:x", {"from": today, "to": today, "address": server.url}, tmp_path)
    assert "not over" in problems(report)[0]


def test_other_length_of_pages(tmp_path: Path) -> None:
    """Pages of another length are fetched anew, as their numbers mean other records."""
    with serving(FakeEutils(ARTICLES)) as server:
        settings = {**RANGE, "address": server.url}
        whole, _ = read_all("pubmed", "query:x", settings, tmp_path)
        for page in (6, 1):
            again, _ = read_all("pubmed", "query:x", {**settings, "page": page}, tmp_path)
            assert [each.id for each in whole] == [each.id for each in again]

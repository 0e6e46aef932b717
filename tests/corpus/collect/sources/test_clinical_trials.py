"""ClinicalTrials.gov: trials from JSON as the site gives it, and from a server that pages as API v2 does."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any, Dict, List

import pytest

from spacy_gliner_biomed.corpus.collect.sources import clinical_trials, json_objects
from spacy_gliner_biomed.corpus.collect.sources.http import Client
from tests.corpus.collect.sources.reading import problems, read_all, zipped
from tests.corpus.collect.sources.server import Reply, Request, serving


def trial(number: int, description: Any = "A \\> B\\*, really.\n\n* one\n* two", arms: Any = None) -> Dict[str, Any]:
    """RETURNS (dict): a study record."""
    groups = [
        {
            "label": "Drug",
            "type": "EXPERIMENTAL",
            "description": f"Takes {number} mg.",
            "interventionNames": ["Drug: X"],
        },
        {"label": "Nothing", "type": "NO_INTERVENTION"},
    ]
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": f"Trial {number}"},
            "statusModule": {"lastUpdatePostDateStruct": {"date": "2024-05-06", "type": "ACTUAL"}},
            "descriptionModule": {"briefSummary": "Not this.", "detailedDescription": description},
            "armsInterventionsModule": {"armGroups": groups if arms is None else arms},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2024-05-07"}},
        "hasResults": False,
    }


TRIALS = [trial(number) for number in (1, 2, 3)]
IDS = [f"NCT0000000{number}{arm}" for number in (1, 2, 3) for arm in ("", ".arm0")]


def test_description_and_arms(tmp_path: Path) -> None:
    """Two kinds of passages of one document, escapes of CommonMark undone, provenance beside."""
    (tmp_path / "NCT00000001.json").write_text(json.dumps(trial(1), indent=2))
    (description, arm), report = read_all("clinical_trials", tmp_path)
    assert [] == problems(report)
    assert "A > B*, really.\n\n* one\n* two" == description.text
    assert ("NCT00000001", "NCT00000001", "clinical_trials", "Trial 1", "2024-05-06") == (
        description.id, description.document, description.source, description.title, description.date,
    )  # fmt: skip
    assert ("NCT00000001.arm0", "Takes 1 mg.", "Drug") == (arm.id, arm.text, arm.section)
    assert ("NCT00000001", "clinical_trials_arms") == (arm.document, arm.source)
    assert "https://clinicaltrials.gov/study/NCT00000001" == arm.url
    assert {"an arm without a description": 1} == report.left_out


def forms() -> Dict[str, bytes]:
    """RETURNS (dict): the same three trials in every form that files have, by file name."""
    one_a_line = "".join(json.dumps(each) + "\n" for each in TRIALS).encode()
    several = {f"NCT0000000{number}__json": json.dumps(each).encode() for number, each in enumerate(TRIALS, start=1)}
    return {
        "list.json": json.dumps(TRIALS).encode(),
        "indented.json": json.dumps(TRIALS, indent=2).encode(),
        "marked.json": b"\xef\xbb\xbf" + json.dumps(TRIALS).encode(),
        "page.json": json.dumps({"totalCount": 3, "studies": TRIALS, "nextPageToken": "x{["}).encode(),
        "page2.json": json.dumps({"studies": TRIALS}, indent=1).encode(),
        "lines.jsonl": one_a_line,
        "lines.jsonl.gz": gzip.compress(one_a_line),
        "lines.json": one_a_line,
        "list.json.gz": gzip.compress(json.dumps(TRIALS).encode()),
        "several.zip": zipped(**several),
        "folder.zip": zipped(**{f"ctg-studies/{name}": data for name, data in several.items()}),
    }


@pytest.mark.parametrize("name", forms())
def test_every_form_of_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the form, the same passages; also where brackets and quotes stand at the ends of blocks."""
    (tmp_path / name).write_bytes(forms()[name])
    for size in (1 << 16, 7):
        monkeypatch.setattr(json_objects, "_BLOCK", size if "page" not in name else 1 << 16)
        found, report = read_all("clinical_trials", tmp_path / name)
        assert IDS == [passage.id for passage in found]
        assert [] == problems(report)


def test_strings_are_not_structure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets, quotes and backslashes in texts, wherever blocks end."""
    text = 'a } ] " \\" \\\\ { [ \\u0022 \\'
    (tmp_path / "f.json").write_text(json.dumps([trial(1, text + " x"), trial(2, text + " y")]))
    for size in range(1, 12):
        monkeypatch.setattr(json_objects, "_BLOCK", size)
        found, report = read_all("clinical_trials", tmp_path)
        assert 4 == len(found) and [] == problems(report)


def test_broken_trials_are_reported(tmp_path: Path) -> None:
    """Each costs itself; file and line are named."""
    rows: List[Any] = [
        trial(1),
        {"x": 1},
        trial(2, description=["no text"]),
        trial(3, arms="none"),
        trial(4, arms=[None, 3]),
    ]
    path_like = trial(5)
    path_like["protocolSection"]["identificationModule"]["nctId"] = "../../../etc/passwd"
    lines = [json.dumps(each) for each in (*rows, path_like)]
    lines[3:3] = [
        '{"protocolSection": {"a": tru}}',
        '{"protocolSection": {"a"',
        "[" * 5000 + "]" * 5000,
        "\udcff",
        "null",
        "3",
    ]
    path = tmp_path / "f.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    found, report = read_all("clinical_trials", path)
    assert ["NCT00000001", "NCT00000001.arm0", "NCT00000002.arm0", "NCT00000003", "NCT00000004"] == [
        each.id for each in found
    ]
    assert 9 == report.count
    assert all(line.startswith(f"{path}, line ") for line in problems(report))


def test_half_a_surrogate_pair(tmp_path: Path) -> None:
    """JSON can hold what no file can; it is replaced, and said."""
    (tmp_path / "f.json").write_text("[" + json.dumps(trial(1)).replace("really", "\\ud800 really") + "]")
    found, report = read_all("clinical_trials", tmp_path)
    assert "A > B*, \ufffd really." == found[0].text.splitlines()[0]
    assert "half a surrogate pair" in problems(report)[0]


def test_cut_off_list(tmp_path: Path) -> None:
    """Whole trials are read; the rest is reported."""
    (tmp_path / "f.json").write_text(json.dumps(TRIALS)[:-300])
    found, report = read_all("clinical_trials", tmp_path)
    assert IDS[:4] == [passage.id for passage in found]
    assert "cut off" in problems(report)[0]


def test_damaged_archives(tmp_path: Path) -> None:
    """A cut zip, a zip whose content was changed, a gzip that is none: reported, the others are read."""
    good = zipped(a__json=json.dumps(TRIALS).encode())
    (tmp_path / "a.zip").write_bytes(good[:-30])
    changed = bytearray(good)
    changed[60:70] = b"0123456789"
    (tmp_path / "b.zip").write_bytes(changed)
    (tmp_path / "c.json.gz").write_bytes(b"xx")
    (tmp_path / "d.zip").write_bytes(good)
    found, report = read_all("clinical_trials", tmp_path)
    assert IDS == [passage.id for passage in found][-6:]
    assert 3 <= report.count
    for name in "abc":
        assert any(f"{tmp_path}/{name}." in line for line in problems(report))


def test_objects_and_lines_beyond_their_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are passed over in lists and in lines; what follows is read."""
    from spacy_gliner_biomed.corpus.collect.sources.files import documents
    from spacy_gliner_biomed.corpus.collect.sources.report import Report

    large = {"protocolSection": {"x": "y" * 300_000}}
    (tmp_path / "a.json").write_text(json.dumps([large, trial(1)]))
    (tmp_path / "b.jsonl").write_text(f"{json.dumps(large)}\n{json.dumps(trial(1))}\n")
    report, n_found = Report(), 0
    for document in documents(tmp_path, (".json", ".jsonl"), report):
        n_found += len(
            list(json_objects.json_objects(document.stream, document.name, document.where, report, most=100_000))
        )
    assert 2 == n_found and 2 == report.count
    assert all("longer than 100,000 bytes" in line for line in problems(report))


class FakeApi:
    """API v2's /studies: pages with tokens, filters checked, failures to order."""

    def __init__(self) -> None:
        self.failures: List[Reply] = []

    def __call__(self, request: Request) -> Reply:
        """RETURNS (Reply): a page."""
        if self.failures:
            return self.failures.pop(0)
        asked = request.parameters
        if set(asked) - {"format", "markupFormat", "fields", "pageSize", "pageToken", "query.term", "filter.advanced"}:
            return Reply(b"unknown parameter", 400)
        start = int(asked.get("pageToken", "t0")[1:])
        stop = start + int(asked["pageSize"])
        page: Dict[str, Any] = {"studies": TRIALS[start:stop]}
        if stop < len(TRIALS):
            page["nextPageToken"] = f"t{stop}"
        return Reply(json.dumps(page).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in a test."""
    monkeypatch.setattr(clinical_trials, "Client", partial(Client, sleep=lambda _: None))


def test_query(tmp_path: Path) -> None:
    """All pages, in order; the range of days is asked for in the API's words."""
    with serving(FakeApi()) as server:
        settings = {"address": server.url, "page": 2, "from": "2024-01-01", "to": "2024-06-30"}
        found, report = read_all("clinical_trials", "query:heart attack", settings, tmp_path)
        assert IDS == [passage.id for passage in found] and [] == problems(report)
        assert all(passage.retrieved for passage in found)
        first, second = server.requests
        assert "AREA[LastUpdatePostDate]RANGE[2024-01-01,2024-06-30]" == first.parameters["filter.advanced"]
        assert "heart attack" == first.parameters["query.term"] and "t2" == second.parameters["pageToken"]
        assert "DetailedDescription" in first.parameters["fields"].split("|")
        assert found == read_all("clinical_trials", "query:heart attack", settings, tmp_path)[0]
        assert 2 == len(server.requests)
        read_all("clinical_trials", "query:lung", settings, tmp_path)
        assert 4 == len(server.requests)


def test_broken_off_query_goes_on(tmp_path: Path) -> None:
    """The pages that are there are not asked for again; the last one tells which is next."""
    with serving(FakeApi()) as server:
        settings = {"address": server.url, "page": 1}
        read_all("clinical_trials", "query:", settings, tmp_path)
        next(tmp_path.rglob("page-00002.json")).unlink()
        assert IDS == [each.id for each in read_all("clinical_trials", "query:", settings, tmp_path)[0]]
        assert 4 == len(server.requests) and "t2" == server.requests[-1].parameters["pageToken"]


@pytest.mark.parametrize(
    "failure",
    [
        Reply(status=429),
        Reply(status=500),
        Reply(b'{"studies": [', cut=5),
        Reply(b'{"studies": ['),
        Reply(b'{"error": "x"}'),
        Reply(b"[1]"),
    ],
)
def test_failures_that_pass(tmp_path: Path, failure: Reply) -> None:
    """Status codes, cut bodies and bodies that are no page cost time only."""
    api = FakeApi()
    api.failures = [failure]
    with serving(api) as server:
        assert 6 == len(read_all("clinical_trials", "query:", {"address": server.url}, tmp_path)[0])


def test_refused_query(tmp_path: Path) -> None:
    """A 400 is handed on."""
    api = FakeApi()
    api.failures = [Reply(b"bad", 400)]
    with serving(api) as server, pytest.raises(OSError, match="400"):
        read_all("clinical_trials", "query:(((", {"address": server.url}, tmp_path)


def test_one_kind_only(tmp_path: Path) -> None:
    """Descriptions or arms can be left out; the command line's words for yes and no are read."""
    (tmp_path / "f.json").write_text(json.dumps(TRIALS))
    only_arms, _ = read_all("clinical_trials", tmp_path, {"descriptions": "no"})
    assert {"clinical_trials_arms"} == {passage.source for passage in only_arms}
    with pytest.raises(ValueError, match="true or false"):
        read_all("clinical_trials", tmp_path, {"arms": "perhaps"})


def test_nothing_there(tmp_path: Path) -> None:
    """A wrong path is an error, not an empty corpus."""
    with pytest.raises(FileNotFoundError, match="There is nothing at"):
        read_all("clinical_trials", tmp_path / "none.json")

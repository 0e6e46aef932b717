"""ClinicalTrials.gov: the detailed description of each trial, and of each of its arms. From API v2, or from JSON files.

    {"protocolSection": {
       "identificationModule": {"nctId": "NCT…", "briefTitle": …},
       "statusModule": {"lastUpdatePostDateStruct": {"date": …}, …},
       "descriptionModule": {"detailedDescription": …},
       "armsInterventionsModule": {"armGroups": [{"label": …, "type": …, "description": …}]}}}

A file holds one trial, a list of them, a trial a line, or a page of the API; the archives that the site offers are zips of
such files. The texts are CommonMark, in which a "\\" before a sign only says that the sign is meant as itself.
https://clinicaltrials.gov/data-api/api
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..heuristics import ARM_GROUPS
from ..passages import Passage
from .base import Reading, Setting, Source
from .download import Again, Fetched, fetched
from .files import documents
from .http import Client
from .json_objects import LINES, Item, json_objects
from .places import local_file

ADDRESS = "https://clinicaltrials.gov/api/v2/studies"
LICENCE = "ClinicalTrials.gov terms; a work of the US government"
NAME = "clinical_trials"
FIELDS = "NCTId|BriefTitle|LastUpdatePostDate|DetailedDescription|ArmGroupLabel|ArmGroupType|ArmGroupDescription"
MOST_PAGE = 256 << 20
MOST_TRIALS = 1000  # a page
SUFFIXES = (".json", *LINES)
_ID = re.compile(r"NCT\d{8}")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def read_clinical_trials(where: str, reading: Reading) -> Iterator[Passage]:
    """Read descriptions.

    where (str): `query:` and words (all trials where none follow), asked of API v2; or a file (.json, .jsonl, .gz, .zip), a
        folder of them, or the https address of one.
    """
    pages = _fetch_pages(where.removeprefix("query:").strip(), reading) if where.startswith("query:") else None
    for path, note in [local_file(where, reading)] if pages is None else pages:
        for document in documents(path, SUFFIXES, reading.report):
            for item in json_objects(document.stream, document.name, document.where, reading.report):
                yield from _passages(item, reading, note)


def _passages(item: Item, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    trial, where = item
    protocol = _part(trial, "protocolSection")
    if protocol is None:
        reading.report.add(where, "this object is no trial of ClinicalTrials.gov: it has no 'protocolSection'.")
        return
    identity = _part(protocol, "identificationModule") or {}
    trial_id = identity.get("nctId")
    if not isinstance(trial_id, str) or not _ID.fullmatch(trial_id):
        reading.report.add(where, f"a trial with {str(trial_id)[:40]!r} for an id, which is NCT and eight digits.")
        return
    dates = _part(_part(protocol, "statusModule") or {}, "lastUpdatePostDateStruct") or {}
    common = {
        "document": trial_id,
        "title": _text(identity.get("briefTitle")),
        "date": _text(dates.get("date")),
        "licence": LICENCE,
        "url": f"https://clinicaltrials.gov/study/{trial_id}",
    }
    if reading["descriptions"]:
        text = _checked((_part(protocol, "descriptionModule") or {}).get("detailedDescription"), where, reading)
        if text:
            yield from reading.passage(where, text, note, id=trial_id, source=NAME, **common)
        else:
            reading.report.leave_out("no detailed description")
    if reading["arms"]:
        for number, arm in enumerate(_arms(protocol)):
            text = _checked(arm.get("description"), where, reading) if isinstance(arm, dict) else ""
            if text:
                own = {"id": f"{trial_id}.arm{number}", "section": _text(arm.get("label"))}
                yield from reading.passage(where, text, note, source=ARM_GROUPS, **own, **common)
            else:
                reading.report.leave_out("an arm without a description")


def _arms(protocol: Dict[str, Any]) -> List[Any]:
    groups = (_part(protocol, "armsInterventionsModule") or {}).get("armGroups")
    return groups if isinstance(groups, list) else []


def _part(value: Any, name: str) -> Optional[Dict[str, Any]]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    return _ESCAPE.sub(r"\1", value).strip() if isinstance(value, str) else ""


def _checked(value: Any, where: str, reading: Reading) -> str:
    if value is not None and not isinstance(value, str):
        reading.report.add(where, f"a description that is no text but {str(value)[:40]!r}; it is passed over.")
    return _text(value)


def _fetch_pages(query: str, reading: Reading) -> Iterator[Tuple[Path, Fetched]]:
    """Page through API v2; pages that an earlier run has fetched are taken from disk, and the next is asked for by the last.

    RAISES (ValueError): for dates or pages that are none. RAISES (OSError): where the server refuses or fails for long.
    """
    if not 1 <= reading["page"] <= MOST_TRIALS:
        raise ValueError(f"A page has 1 to {MOST_TRIALS} trials, not {reading['page']}.")
    parameters = {"format": "json", "markupFormat": "markdown", "fields": FIELDS, "pageSize": str(reading["page"])}
    if query:
        parameters["query.term"] = query
    if reading["from"] or reading["to"]:
        first, last = reading.day("from"), reading.day("to")
        parameters["filter.advanced"] = f"AREA[{reading['date']}]RANGE[{first},{last}]"
    asked = json.dumps([reading["address"], parameters], sort_keys=True)
    folder = reading.folder() / "clinical_trials" / hashlib.sha256(asked.encode()).hexdigest()[:12]
    # The server allows about 50 requests a minute
    client = Client(per_second=0.8)
    token, number = "", 0
    while True:
        path = folder / f"page-{number:05d}.json"
        done = fetched(path)
        if done is None:
            asks = {**parameters, **({"pageToken": token} if token else {})}
            done = client.fetch(reading["address"], path, asks, _check_page, MOST_PAGE)
        yield path, done
        following = _next_token(path)
        if not following:
            return
        if following == token:
            raise OSError(f"ClinicalTrials.gov names page '{path.name}' as its own next page; try again later.")
        token, number = following, number + 1


def _next_token(path: Path) -> str:
    """RETURNS (str): what asks for the next page; "" on the last one."""
    token = json.loads(path.read_bytes()).get("nextPageToken")
    return token if isinstance(token, str) else ""


def _check_page(path: Path) -> None:
    """RAISES (Again): where a page is no whole page."""
    try:
        page = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Again(f"the page is not whole JSON ({error})") from None
    if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
        raise Again("the page holds no list of studies")


CLINICAL_TRIALS = Source(
    NAME,
    "descriptions of trials and their arms, ClinicalTrials.gov",
    (NAME, ARM_GROUPS),
    LICENCE,
    "query:WORDS (API v2), or JSON files: a trial each, lists, a trial a line, zips",
    read_clinical_trials,
    (
        Setting("descriptions", True, "Read the detailed descriptions."),
        Setting("arms", True, "Read the descriptions of arms."),
        Setting("from", "", "For a query: first day of the range, as 2024-01-01; empty for all."),
        Setting("to", "", "For a query: last day of the range."),
        Setting("date", "LastUpdatePostDate", "For a query: which date the range is about, as StudyFirstPostDate."),
        Setting("page", 500, "For a query: trials to a request, 1,000 at most."),
        Setting("address", ADDRESS, "Where the API is."),
    ),
    suffixes=SUFFIXES,
)

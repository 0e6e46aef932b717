"""The uniform format: a JSON object a line, plain or gzipped. Its one reader, for training and for evaluation.

    {"id": "1", "doc_id": "d", "corpus": "c", "text": "Aspirin for fever", "labels": ["drug", "disease"],
     "entities": [{"start": 0, "end": 7, "label": "drug"}],
     "discontinuous": [{"spans": [[0, 3], [8, 11]], "label": "drug"}]}

Offsets count characters (Python's), ends are exclusive. Only `text` and `entities` must be there. Without `labels` a passage
was annotated for the whole inventory of its corpus. `"partial": true` says that only its mentions were looked at (silver
annotations), `weight` how much it counts in training, and `unknown`, pairs of start and end, where nothing is known but the
mentions: training takes nothing there for a negative. Other keys are let through.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional

from ..passage import AnnotatedPassage, Discontinuous, Mention
from .checks import HALF_PAIR, label_fits
from .lines import numbered_lines
from .naming import corpus_name
from .problems import Problems, RaisedProblems

Row = Dict[str, Any]


def read_jsonl(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a file of annotated passages line by line.

    path (Path): the file; `.gz` is unpacked.
    problems (Problems): told of lines that are no annotated passage and of mentions that do not fit; both are left out.
    YIELDS (AnnotatedPassage): a missing `id` becomes the line's number, a missing `corpus` the file's name.
    RAISES (ValueError): where the file is damaged.
    """
    name = corpus_name(path)
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = _parse(line, where, problems)
        if row is None:
            continue
        if "entities" not in row:
            problems.add(where, "an annotated passage needs 'entities', if only an empty list.")
            continue
        _check_entities(row, where, problems)
        yield _to_passage(row, str(number), name, where)


def read_rows(path: Path) -> Iterator[Row]:
    """Read a file as training reads it: checked rows, as they are.

    path (Path): the file; `.gz` is unpacked.
    YIELDS (dict): each row, with its file and line as `where`; a missing `corpus` becomes the file's name.
    RAISES (ValueError): at the first line that is no passage; names file and line.
    """
    for number, line in numbered_lines(path):
        if line.strip():
            yield check_row(line, f"{path}, line {number}", path.name)


def check_row(line: str, where: str, file_name: str = "") -> Row:
    """Check one line.

    line (str): the line.
    where (str): file and line, for messages.
    file_name (str): stands in for a missing `corpus`.
    RETURNS (dict): one passage, with `where`.
    RAISES (ValueError): with `where`, for anything that is not a passage.
    """
    raises = RaisedProblems()
    row = _parse(line, where, raises)
    assert row is not None
    _check_entities(row, where, raises)
    row["where"] = where
    row.setdefault("corpus", file_name)
    return row


def to_row(passage: AnnotatedPassage) -> Row:
    """RETURNS (dict): a passage in the uniform format; `read` gives the same passage back."""
    row: Row = {"id": passage.id}
    if passage.doc_id:
        row["doc_id"] = passage.doc_id
    if passage.corpus:
        row["corpus"] = passage.corpus
    row["text"] = passage.text
    if passage.labels is not None:
        row["labels"] = list(passage.labels)
    row["entities"] = [{"start": start, "end": end, "label": label} for start, end, label in passage.mentions]
    if passage.partial:
        row["partial"] = True
    if passage.weight != 1.0:
        row["weight"] = passage.weight
    if passage.discontinuous:
        row["discontinuous"] = [
            {"spans": [list(fragment) for fragment in fragments], "label": label}
            for fragments, label in passage.discontinuous
        ]
    if passage.unknown:
        row["unknown"] = [list(region) for region in passage.unknown]
    return row


def write_jsonl(passages: Iterable[AnnotatedPassage], path: Path) -> int:
    """Write passages as a file in the uniform format, which appears whole or not at all.

    passages (Iterable[AnnotatedPassage]): taken one at a time.
    path (Path): the file; `.gz` packs it. Its folder is made.
    RETURNS (int): how many passages were written.
    """
    from ...annotate.output import text_file

    count = 0
    with text_file(path) as stream:
        for passage in passages:
            stream.write(json.dumps(to_row(passage), ensure_ascii=False) + "\n")
            count += 1
    return count


def _parse(line: str, where: str, problems: Problems) -> Optional[Row]:
    """RETURNS (dict): the row, its entities not looked at yet; None after a problem."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        problems.add(where, f"this is not JSON ({error}).")
        return None
    if (
        not isinstance(row, dict)
        or not isinstance(row.get("text"), str)
        or not isinstance(row.get("entities", []), list)
    ):
        problems.add(where, "a passage needs a 'text' and a list of 'entities'.")
        return None
    corpus, labels = row.get("corpus", ""), row.get("labels") or []
    if not isinstance(corpus, str) or not isinstance(labels, list) or not all(isinstance(x, str) and x for x in labels):
        problems.add(where, "'corpus' must be a text and 'labels' a list of texts.")
        return None
    for name, value in (("text", row["text"]), ("id", row.get("id")), ("doc_id", row.get("doc_id")), ("corpus", corpus)):
        if isinstance(value, str) and HALF_PAIR.search(value):
            problems.add(where, f"the {name} holds half a surrogate pair, which is no character.")
            return None
    if HALF_PAIR.search("".join(labels)):
        problems.add(where, "a label in 'labels' holds half a surrogate pair, which is no character.")
        return None
    for key in ("discontinuous", "unknown"):
        if not isinstance(row.get(key) or [], list):
            problems.add(where, f"'{key}' must be a list.")
            return None
    weight = row.get("weight", 1.0)
    if not isinstance(row.get("partial", False), bool) or isinstance(weight, bool) or not isinstance(weight, (int, float)):
        problems.add(where, "'partial' must be true or false and 'weight' a number.")
        return None
    if not 0.0 <= weight <= sys.float_info.max:  # a whole number may be larger than any float
        problems.add(where, f"the weight {str(weight)[:40]} is no number from 0 up.")
        return None
    for key in ("id", "doc_id"):
        if isinstance(row.get(key), bool) or not isinstance(row.get(key, ""), (str, int, type(None))):
            problems.add(where, f"'{key}' must be a text or a whole number, not {row[key]!r}.")
            return None
    return row


def _check_entities(row: Row, where: str, problems: Problems) -> None:
    """Leave out of a row what does not fit its text."""
    for key, fits in (("entities", _entity_fits), ("discontinuous", _pieces_fit), ("unknown", _region_fits)):
        if row.get(key):
            row[key] = [entity for entity in row[key] if fits(entity, row["text"], where, problems)]


def _entity_fits(entity: Any, text: str, where: str, problems: Problems) -> bool:
    try:
        start, end, label = entity["start"], entity["end"], entity["label"]
    except (TypeError, KeyError):
        problems.add(where, f"an entity needs 'start', 'end' and 'label', not {entity!r}.")
        return False
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        problems.add(where, f"the mention {start}–{end} ({label}) does not fit its text of {len(text)} characters.")
        return False
    if text[start:end].isspace():
        problems.add(where, f"the mention {start}–{end} holds nothing but white space.")
        return False
    return label_fits(label, f"{start}–{end}", where, problems)


def _pieces_fit(entity: Any, text: str, where: str, problems: Problems) -> bool:
    try:
        spans, label = [(start, end) for start, end in entity["spans"]], entity["label"]
    except (TypeError, KeyError, ValueError):
        problems.add(where, f"a mention in pieces needs 'spans' (pairs of start and end) and 'label', not {entity!r}.")
        return False
    numbers = all(isinstance(start, int) and isinstance(end, int) for start, end in spans)
    # CRAFT has a piece without characters; it says nothing as long as another piece does.
    if (
        not numbers
        or not all(0 <= start <= end <= len(text) for start, end in spans)
        or not "".join(text[start:end] for start, end in spans).strip()
    ):
        problems.add(where, f"the mention in pieces {spans} ({label}) does not fit its text of {len(text)} characters.")
        return False
    return label_fits(label, str(spans), where, problems)


def _region_fits(region: Any, text: str, where: str, problems: Problems) -> bool:
    try:
        start, end = region
    except (TypeError, ValueError):
        problems.add(where, f"an unknown region needs start and end, not {region!r}.")
        return False
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text):
        return True
    problems.add(where, f"the unknown region {start}–{end} does not fit its text of {len(text)} characters.")
    return False


def _to_passage(row: Row, number: str, file_name: str, where: str) -> AnnotatedPassage:
    mentions = [Mention(e["start"], e["end"], e["label"]) for e in row["entities"]]
    discontinuous = [
        Discontinuous(tuple(sorted((start, end) for start, end in e["spans"] if start < end)), e["label"])
        for e in row.get("discontinuous") or ()
    ]
    identifier, doc_id, labels = row.get("id"), row.get("doc_id"), row.get("labels")
    return AnnotatedPassage(
        id=number if identifier is None else str(identifier),
        text=row["text"],
        mentions=tuple(sorted(mentions)),
        doc_id="" if doc_id is None else str(doc_id),
        corpus=row.get("corpus", file_name),
        labels=None if labels is None else tuple(labels),
        discontinuous=tuple(sorted(discontinuous)),
        where=where,
        partial=row.get("partial", False),
        weight=float(row.get("weight", 1.0)),
        unknown=tuple(sorted((start, end) for start, end in row.get("unknown") or ())),
    )

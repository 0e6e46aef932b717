"""Grounded passages, and the file that holds them between grounding and the types.

    {"passage": {…}, "annotator": "teacher", "answers": 1,
     "mentions": [{"start": 0, "end": 7, "type": "Drug", "status": "exact", "overlap": 1.0, "text": "Aspirin"}],
     "relations": [{"head": 0, "tail": 1, "type": "treats"}], "descriptions": [{"type": "Drug", "description": "…"}]}

Heads and tails number the mentions of the row, from 0. Mentions that failed stay, with start and end -1, so that nothing is
lost and their types are no negatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Tuple

from ...corpus.collect.passages import Passage, from_row
from ..lines import read_lines, write_lines
from .occurrences import FAILED, STATUSES
from .place import NOWHERE, Grounded


class GroundedRelation(NamedTuple):
    """A directed relation. head, tail (int): numbers of mentions. type (str): its name."""

    head: int
    tail: int
    type: str


@dataclass(frozen=True)
class GroundedPassage:
    """A passage with what an annotator found in it, at its place.

    passage (Passage): the passage.
    annotator (str): who annotated it.
    mentions (tuple): all that were listed, in their order, failed ones too, then those that were propagated.
    relations (tuple): between mentions.
    descriptions (tuple): type and description of each type that was described.
    answers (int): how many answers there were; a long passage has one a part.
    where (str): file and line, for messages.
    """

    passage: Passage
    annotator: str
    mentions: Tuple[Grounded, ...]
    relations: Tuple[GroundedRelation, ...] = ()
    descriptions: Tuple[Tuple[str, str], ...] = ()
    answers: int = 1
    where: str = ""

    @property
    def placed(self) -> Tuple[Grounded, ...]:
        """The mentions that have a place."""
        return tuple(each for each in self.mentions if each.status != FAILED)

    def to_row(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON; `read_grounded` gives the same back."""
        row: Dict[str, Any] = {"passage": self.passage.to_row(), "annotator": self.annotator, "answers": self.answers}
        row["mentions"] = [each._asdict() for each in self.mentions]
        row["relations"] = [each._asdict() for each in self.relations]
        if self.descriptions:
            row["descriptions"] = [{"type": name, "description": text} for name, text in self.descriptions]
        return row


def write_grounded(path: Path, passages: Iterable[GroundedPassage]) -> int:
    """Write grounded passages, one a line; the file appears whole or not at all. RETURNS (int): how many."""
    return write_lines(path, (passage.to_row() for passage in passages))


def read_grounded(*paths: Path) -> Iterator[GroundedPassage]:
    """Read grounded passages, one at a time; arguments and errors as for `distill.answers.read_answers`.

    YIELDS (GroundedPassage): in the order of the files.
    """
    return read_lines(paths, _from_row)


def _from_row(row: Any, where: str) -> GroundedPassage:
    if not isinstance(row, dict) or not {"passage", "annotator", "mentions"} <= row.keys():
        raise ValueError(f"{where}: a grounded passage needs 'passage', 'annotator' and 'mentions'; `distill ground` writes it.")
    passage = from_row(row["passage"], where)
    for name in ("mentions", "relations", "descriptions"):
        if not isinstance(row.get(name, []), list):
            raise ValueError(f"{where}: '{name}' must be a list.")
    mentions = tuple(_mention(each, passage.text, where) for each in row["mentions"])
    relations = tuple(_relation(each, len(mentions), where) for each in row.get("relations", []))
    answers = row.get("answers", 1)
    if not isinstance(row["annotator"], str) or type(answers) is not int or answers < 1:
        raise ValueError(f"{where}: 'annotator' must be text and 'answers' a number of 1 or more.")
    try:
        descriptions = tuple((str(each["type"]), str(each["description"])) for each in row.get("descriptions", []))
    except (TypeError, KeyError):
        raise ValueError(f"{where}: each of 'descriptions' needs 'type' and 'description'.") from None
    return GroundedPassage(passage, row["annotator"], mentions, relations, descriptions, answers, where)


def _mention(each: Any, text: str, where: str) -> Grounded:
    try:
        mention = Grounded(*(each[name] for name in Grounded._fields))
    except (TypeError, KeyError):
        needs = ", ".join(Grounded._fields)
        raise ValueError(f"{where}: a grounded mention needs {needs}, not {str(each)[:60]!r}.") from None
    numbers = all(type(number) is int for number in (mention.start, mention.end))
    if not all(isinstance(value, str) for value in (mention.type, mention.status, mention.text)) or not numbers:
        raise ValueError(f"{where}: the mention {str(each)[:60]!r} has a field of the wrong kind.")
    if mention.status not in STATUSES or not mention.type.strip():
        raise ValueError(
            f"{where}: the mention {mention.text[:40]!r} needs a type and one of the statuses {', '.join(STATUSES)}."
        )
    failed = mention.status == FAILED and (mention.start, mention.end) == (NOWHERE, NOWHERE)
    fits = mention.status != FAILED and 0 <= mention.start < mention.end <= len(text)
    if not (failed or fits):
        raise ValueError(
            f"{where}: the mention {mention.start}–{mention.end} ({mention.type}) does not fit its text of {len(text)} characters."
        )
    if not isinstance(mention.overlap, (int, float)) or not 0 <= mention.overlap <= 1:
        raise ValueError(f"{where}: 'overlap' must be a number from 0 to 1, not {mention.overlap!r}.")
    return mention._replace(overlap=float(mention.overlap))


def _relation(each: Any, n_mentions: int, where: str) -> GroundedRelation:
    try:
        relation = GroundedRelation(each["head"], each["tail"], each["type"])
    except (TypeError, KeyError):
        raise ValueError(f"{where}: a relation needs 'head', 'tail' and 'type', not {str(each)[:60]!r}.") from None
    for end in (relation.head, relation.tail):
        if type(end) is not int or not 0 <= end < n_mentions:
            raise ValueError(f"{where}: a relation names the mention {end!r}; there are {n_mentions}, numbered from 0.")
    if not isinstance(relation.type, str) or not relation.type.strip():
        raise ValueError(f"{where}: a relation needs a type, not {relation.type!r}.")
    return relation

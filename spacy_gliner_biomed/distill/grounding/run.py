"""Answers → grounded passages: one pass over the file, a passage at a time, everything counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..answers import Answer, read_answers
from ..lines import refuse_overwriting
from ..propagate import propagate
from ..stages import plain, write_stage
from .occurrences import FAILED, is_whole
from .passages import GroundedPassage, GroundedRelation, write_grounded
from .place import DEFAULTS, Grounded, GroundingSettings, ground
from .report import Samples, write_report


@dataclass
class GroundingCounts:
    """What grounding met and made.

    answers, passages (int): read and written; a long passage has several answers.
    without_mentions (int): passages in which nothing was listed.
    listed (int): mentions listed. repeated (int): of these, listed again at the place and with the type of one before.
    inside_words (int): mentions placed that begin or end inside a word.
    statuses (Counter): what became of the mentions, repeated ones left out, propagated ones added.
    annotators (Counter): passages by annotator.
    relations (int): relations listed. relations_failed (int): of these, with a head or tail that has no place.
    """

    answers: int = 0
    passages: int = 0
    without_mentions: int = 0
    listed: int = 0
    repeated: int = 0
    inside_words: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    annotators: Counter[str] = field(default_factory=Counter)
    relations: int = 0
    relations_failed: int = 0

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        return plain(self)


def ground_file(
    answers: Sequence[Path],
    out: Path,
    settings: GroundingSettings = DEFAULTS,
    report: Optional[Path] = None,
    samples: int = 20,
    progress: bool = True,
) -> GroundingCounts:
    """Ground the answers of files. The output appears whole or not at all; it depends on the answers and settings alone.

    answers (sequence): files of answers, and folders of them.
    out (Path): the file of grounded passages to write; `.gz` packs it. Its record is written beside it.
    settings (GroundingSettings): when a fuzzy match is good enough, and whether mentions are propagated.
    report (Path): the HTML page to write; None writes none. samples (int): passages to show on it.
    progress (bool): show a bar on stderr, where that is a terminal.
    RETURNS (GroundingCounts): what was met and made.
    RAISES (ValueError, OSError): as `read_answers`, and where a passage has answers of two annotators, or comes back later.
    """
    from tqdm import tqdm

    refuse_overwriting(answers, out, report)
    counts, shown = GroundingCounts(), Samples(samples if report is not None else 0)
    bar = tqdm(unit=" passages", desc="Grounding", disable=None if progress else True, mininterval=1.0)
    with bar:
        grounded = ground_answers(read_answers(*answers), counts, settings)
        write_grounded(out, _ticked(shown.through(grounded), bar))
    if report is not None:
        write_report(report, counts.to_dict(), shown.taken(), settings)
    write_stage(out, "ground", asdict(settings), counts.to_dict(), answers)
    return counts


def ground_answers(
    answers: Iterable[Answer], counts: GroundingCounts, settings: GroundingSettings = DEFAULTS
) -> Iterator[GroundedPassage]:
    """Ground answers, one passage at a time.

    answers (iterable): the answers to one passage follow each other.
    counts (GroundingCounts): added to.
    settings (GroundingSettings): as for `ground_file`.
    YIELDS (GroundedPassage): one a passage.
    RAISES (ValueError): where a passage has answers of two annotators, and where it comes back after another one.
    """
    seen: set[int] = set()
    for key, found in groupby(answers, key=lambda answer: (answer.passage.source, answer.passage.id)):
        parts = list(found)
        digest = hash(key)  # 8 bytes a passage: only equal ids are meant to meet here
        if digest in seen:
            raise ValueError(
                f"The passage '{parts[0].passage.id}' comes back after others; the answers to one passage must follow each other."
            )
        seen.add(digest)
        names = sorted({part.annotator for part in parts})
        if len(names) > 1 or len({part.passage for part in parts}) > 1:
            told = f"annotators {' and '.join(names)}" if len(names) > 1 else "different texts"
            raise ValueError(f"The passage '{parts[0].passage.id}' has answers of {told}; ground each file by itself.")
        yield _ground_passage(parts, counts, settings)


def _ground_passage(parts: List[Answer], counts: GroundingCounts, settings: GroundingSettings) -> GroundedPassage:
    passage = parts[0].passage
    mentions: List[Grounded] = []
    numbers: Dict[Tuple[Any, ...], int] = {}
    relations: Dict[GroundedRelation, None] = {}
    descriptions: Dict[str, str] = {}
    for part in parts:
        entities = part.extraction.entities
        placed = ground(part.text, [(entity.text, entity.type) for entity in entities], settings)
        ids: Dict[int, int] = {}
        for entity, each in zip(entities, placed, strict=True):
            if each.status != FAILED:
                each = each._replace(start=each.start + part.part[0], end=each.end + part.part[0])
            key = (each.start, each.end, each.type) if each.status != FAILED else (each.text, each.type)
            if key in numbers:
                counts.repeated += 1
            else:
                numbers[key] = len(mentions)
                mentions.append(each)
            ids[entity.id] = numbers[key]
        counts.listed += len(entities)
        for relation in part.extraction.relations:
            relations[GroundedRelation(ids[relation.head], ids[relation.tail], relation.type)] = None
        for described in part.extraction.descriptions:
            descriptions.setdefault(described.type, described.description)
    if settings.propagate:
        mentions += propagate(passage.text, mentions)
    counts.answers += len(parts)
    counts.passages += 1
    counts.without_mentions += not mentions
    counts.statuses.update(each.status for each in mentions)
    counts.inside_words += sum(
        each.status != FAILED and not is_whole(passage.text, each.start, each.end) for each in mentions
    )
    counts.annotators[parts[0].annotator] += 1
    counts.relations += len(relations)
    counts.relations_failed += sum(
        FAILED in (mentions[each.head].status, mentions[each.tail].status) for each in relations
    )
    return GroundedPassage(
        passage, parts[0].annotator, tuple(mentions), tuple(relations), tuple(descriptions.items()), len(parts)
    )


def _ticked(passages: Iterable[GroundedPassage], bar: Any) -> Iterator[GroundedPassage]:
    for passage in passages:
        yield passage
        bar.update()

"""Relations of grounded passages as span labels: "aspirin <> treats" marks "fever".

As the seed makes them (`convert_to_gliner_format.py`, `--task relation_extraction`): the label is the head's words and the
relation's type, the span is the tail; every other pairing of a mention's words with a relation of the same passage is a label
that the passage lacks. The seed joins both by ">", the released sets by "<>", and so does this. Unlike there, heads and tails
go by their ids, a tail is marked where it stands and not wherever its words do, and only as many negatives are written as a row
can hold, drawn by the passage's id.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, List, Sequence, Set

from ..corpus.formats import write_jsonl
from ..corpus.passage import AnnotatedPassage, Mention
from .grounding.occurrences import FAILED
from .grounding.passages import GroundedPassage, read_grounded
from .lines import refuse_overwriting
from .negatives import MOST_LABELS
from .stages import plain, write_stage
from .type_names import tidy

JOIN = " <> "


@dataclass
class RelationCounts:
    """passages (int): written. without_relations (int): left out. relations (int): marked. without_place (int): left out, as the
    tail failed. negatives (int): labels that passages lack, summed. many_labels (int): passages with more labels than gliner takes.
    """

    passages: int = 0
    without_relations: int = 0
    relations: int = 0
    without_place: int = 0
    negatives: int = 0
    many_labels: int = 0


def write_relations(grounded: Sequence[Path], out: Path, most_labels: int = MOST_LABELS, seed: int = 0) -> RelationCounts:
    """Write the relations of grounded passages as annotated passages, which `distill export` makes GLiNER rows.

    grounded (sequence): files of grounded passages. out (Path): the JSON Lines file.
    most_labels (int): of a passage, positive and negative. seed (int): of the draw of negatives.
    RETURNS (RelationCounts): the counts.
    """
    refuse_overwriting(grounded, out)
    counts = RelationCounts()
    write_jsonl(relation_passages(read_grounded(*grounded), counts, most_labels, seed), out)
    write_stage(out, "relations", {"most_labels": most_labels, "seed": seed}, plain(counts), grounded)
    return counts


def relation_passages(
    passages: Iterable[GroundedPassage], counts: RelationCounts, most_labels: int = MOST_LABELS, seed: int = 0
) -> Iterator[AnnotatedPassage]:
    """YIELDS (AnnotatedPassage): each passage that has a relation whose tail has a place; the others are counted."""
    for passage in passages:
        marked: Set[Mention] = set()
        for head, tail, kind in passage.relations:
            if passage.mentions[tail].status == FAILED:
                counts.without_place += 1
            else:
                label = f"{_words(passage.mentions[head].text)}{JOIN}{tidy(kind)}"
                marked.add(Mention(passage.mentions[tail].start, passage.mentions[tail].end, label))
        if not marked:
            counts.without_relations += 1
            continue
        positive = Counter(mention.label for mention in marked)
        # what failed may be true all the same: its label is no negative
        stated = {f"{_words(passage.mentions[head].text)}{JOIN}{tidy(kind)}" for head, _, kind in passage.relations}
        heads = sorted({_words(each.text) for each in passage.placed})
        kinds = sorted({tidy(kind) for _, _, kind in passage.relations})
        lacking = [label for head in heads for kind in kinds if (label := f"{head}{JOIN}{kind}") not in stated]
        draw = random.Random(f"{seed} {passage.passage.id}")
        drawn: List[str] = sorted(draw.sample(lacking, min(len(lacking), max(most_labels - len(positive), 0))))
        counts.passages += 1
        counts.relations += len(marked)
        counts.negatives += len(drawn)
        counts.many_labels += len(positive) > most_labels
        yield AnnotatedPassage(
            id=passage.passage.id,
            text=passage.passage.text,
            mentions=tuple(sorted(marked)),
            doc_id=passage.passage.document,
            corpus=passage.passage.source,
            labels=(*sorted(positive), *drawn),
            where=passage.where,
        )


def _words(text: str) -> str:
    return " ".join(text.split())

"""Relations: head, relation and tail, made into spans: the tail under the label "head <> relation".

So the released set has its positives. Its negatives are whole triples ("head <> relation <> tail"), which no span could carry;
here they are labels like the positives, of a head of the passage and a relation of the passage that do not go together.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from pydantic import Field, field_validator

from ...corpus.passage import Mention
from ..answers import MENTION_LENGTH
from ..grounding import ground
from ..negatives import MOST_LABELS
from ..type_names import tidy
from .drawing import draw
from .placing import VERBATIM, place
from .task import MOST_ITEMS, SEPARATOR, Checked, Row, Tally, Task, TypeName

MOST_NEGATIVES = 20


class Relation(Checked):
    """A directed relation.

    head, tail (str): two mentions, letter by letter.
    relation (str): what the head has to do with the tail, in a few words.
    """

    head: str = Field(min_length=1, max_length=MENTION_LENGTH)
    relation: TypeName
    tail: str = Field(min_length=1, max_length=MENTION_LENGTH)

    @field_validator("head", "relation", "tail")
    @classmethod
    def _no_separator(cls, value: str) -> str:
        if SEPARATOR.strip() in value:
            raise ValueError(f"holds '{SEPARATOR.strip()}', which parts head and relation in a label")
        return value


class Relations(Checked):
    """The relations of a passage.

    relations (list): in any order.
    """

    relations: List[Relation] = Field(max_length=MOST_ITEMS)


def to_row(text: str, answer: Relations, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): the passage, each tail a span; heads that do not stand in the passage take their relations with them."""
    if not answer.relations:
        tally.dropped["no relations"] += 1
        return None
    ends = dict.fromkeys(end for each in answer.relations for end in (each.head, each.tail))
    grounded = ground(text, list(ends))
    # As the passage writes it, so that the label is about words that are there
    written = {each.text: text[each.start : each.end] for each in grounded if each.status in VERBATIM}
    listed: List[Tuple[str, str]] = []
    lost = 0
    for each in answer.relations:
        if each.head in written:
            listed.append((each.tail, label(written[each.head], each.relation)))
        else:
            tally.left_out["the head stands nowhere in the passage"] += 1
            lost += 1
    listed = list(dict.fromkeys(listed))
    found: List[Mention] = []
    for name in dict.fromkeys(name for _, name in listed):  # apart, since a tail may belong to several heads
        placed = place(text, [pair for pair in listed if pair[1] == name], tally)
        found += placed.mentions
        lost += placed.lost
    if not found:
        tally.dropped["nothing of the answer stands in the passage"] += 1
        return None
    mentions = tuple(sorted(found))
    positives = tuple(dict.fromkeys(mention.label for mention in mentions))
    free = max(MOST_LABELS - len(positives), 0)
    return Row(text, mentions, (*positives, *negatives(answer.relations, written)[:free]), partial=bool(lost))


def label(head: str, relation: str) -> str:
    """RETURNS (str): "aspirin <> treats"."""
    return " ".join(head.split()) + SEPARATOR + tidy(relation)


def negatives(relations: List[Relation], written: Dict[str, str]) -> List[str]:
    """The labels that no tail has: an entity of the passage and a relation of the passage that do not go together.

    What the passage might still mean is left out: an entity that is an end of that relation itself, which may hold in both
    directions, and one that another relation ties to a head of it, as a product to its substance. Case makes no difference.

    relations (list): all that the model listed, also those that could not be placed.
    written (dict): each head and tail as the passage writes it, where it does.
    RETURNS (list): at most 20, heads of other relations first, else in an order that depends on nothing but the labels.
    """
    tied: Dict[str, Set[str]] = {}
    ends: Dict[str, Set[str]] = {}
    heads: Dict[str, Set[str]] = {}
    for each in relations:
        head, tail, name = each.head.casefold(), each.tail.casefold(), tidy(each.relation)
        tied.setdefault(head, set()).add(tail)
        tied.setdefault(tail, set()).add(head)
        ends.setdefault(name, set()).update((head, tail))
        heads.setdefault(name, set()).add(head)
    all_heads = set().union(*heads.values())
    entities = {surface.casefold(): surface for surface in reversed(written.values())}
    found = [
        (folded not in all_heads, label(entity, name))
        for name in heads
        for folded, entity in entities.items()
        if folded not in ends[name] and tied.get(folded, set()).isdisjoint(heads[name])
    ]
    return [name for _, name in sorted(set(found), key=lambda each: (each[0], draw(0, each[1])))][:MOST_NEGATIVES]


TASK = Task(
    name="relations",
    help='head, relation and tail; the tail becomes a span of the label "head <> relation"',
    share=0.025,
    answer=Relations,
    to_row=to_row,
    hints=(
        "Name relations by short verbs.",
        "Name relations as the edges of a knowledge graph are named.",
    ),
)

"""Summarisation by extraction: the sentences of the passage that tell the most.

A sentence that the model has not copied letter by letter stands for the nearest one of the passage, by the Jaccard index of
their words, where that is 0.5 or more; with none so near it is left out. The seed takes the last sentence then, and sends
the prompt of another task (`generate_multitask_data.py`).
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Set, Tuple

from ...corpus.passage import Mention
from ..grounding import FAILED, ground
from .placing import VERBATIM
from .sentences import split_sentences
from .task import MATCH, Instructed, Row, Tally, Task, with_instruction

LEAST_JACCARD = 0.5
SNAPPED = "snapped"
_WORD = re.compile(r"\w+")


def to_row(text: str, answer: Instructed, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): instruction and passage; partial where a sentence is like none of the passage."""
    spans: Dict[Tuple[int, int], None] = {}
    lost = 0
    for each in ground(text, list(answer.answers)):
        span = (each.start, each.end) if each.status in VERBATIM else nearest_sentence(text, each.text)
        lost += span is None
        tally.statuses[each.status if each.status in VERBATIM else FAILED if span is None else SNAPPED] += 1
        if span is not None:
            spans[span] = None
    if not spans:
        tally.dropped["nothing of the answer stands in the passage" if lost else "no sentences"] += 1
        return None
    mentions = tuple(Mention(start, end, MATCH) for start, end in sorted(spans))
    return with_instruction(answer.instruction, Row(text, mentions, (MATCH,), partial=bool(lost)))


def nearest_sentence(text: str, sentence: str, least: float = LEAST_JACCARD) -> Optional[Tuple[int, int]]:
    """Find the sentence of a text that shares the most words with another.

    text (str): the passage.
    sentence (str): what the model wrote.
    least (float): the least Jaccard index of the two sets of words, above 0 and at most 1.
    RETURNS (tuple): first character and end, of the first where several are as near; None where all are farther.
    """
    wanted = _words(sentence)
    found: List[Tuple[float, int, int]] = []
    for start, end in split_sentences(text):
        own = _words(text[start:end])
        if own | wanted:
            found.append((len(own & wanted) / len(own | wanted), start, end))
    best = max(found, key=lambda each: each[0], default=None)
    return None if best is None or best[0] < least else (best[1], best[2])


def _words(text: str) -> Set[str]:
    return set(_WORD.findall(text.casefold()))


TASK = Task(
    name="summarisation",
    help="an instruction to summarise, and the sentences that do",
    share=0.045,
    answer=Instructed,
    to_row=to_row,
    hints=(
        "One sentence is enough.",
        "Choose two or three sentences.",
        "Let the summary be for a patient.",
        "Let the summary be for somebody who looks for results only.",
    ),
)

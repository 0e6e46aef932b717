"""Open matching: an instruction to find what the passage says about something, and those pieces of it."""

from __future__ import annotations

from typing import Optional

from .matching import matching_row
from .task import Instructed, Row, Tally, Task


def to_row(text: str, answer: Instructed, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): instruction and passage, partial where a piece stands nowhere."""
    return matching_row(text, answer.instruction, answer.answers, tally)


TASK = Task(
    name="open_matching",
    help="an instruction to find what is said about something, and those pieces of the passage",
    share=0.055,
    answer=Instructed,
    to_row=to_row,
    hints=(
        "Let the pieces be phrases of two to eight words.",
        "Let the pieces be whole sentences or halves of them.",
        "Put it as a polite request.",
        "Put it as a terse search.",
    ),
)

"""An instruction and the pieces of the passage that it asks for → a row whose spans all carry the label "match"."""

from __future__ import annotations

from typing import Optional, Sequence

from .placing import place
from .task import MATCH, Row, Tally, with_instruction


def matching_row(text: str, instruction: str, answers: Sequence[str], tally: Tally, whole: bool = False) -> Optional[Row]:
    """Make the row.

    text (str): the passage.
    instruction (str): what is asked for.
    answers (sequence): the pieces; none makes an empty row, with "match" as its negative.
    tally (Tally): counts what became of them.
    whole (bool): whether there is no row where one of the answers stands nowhere; else it is partial.
    RETURNS (Row): with the instruction in front; None where nothing, or not everything, was found.
    """
    placed = place(text, [(each, MATCH) for each in answers], tally)
    if placed.lost and (whole or not placed.mentions):
        which = "an answer does not stand" if placed.mentions else "nothing of the answer stands"
        tally.dropped[f"{which} in the passage"] += 1
        return None
    return with_instruction(instruction, Row(text, placed.mentions, (MATCH,), partial=bool(placed.lost)))

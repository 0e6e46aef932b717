"""Question answering: a question about the passage, and the answers in its words, under the label "match"."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field

from .matching import matching_row
from .task import MOST_ITEMS, Checked, Line, Piece, Row, Tally, Task


class QuestionAndAnswers(Checked):
    """A question and its answers.

    question (str): what is asked.
    answers (list): letter by letter; none where the passage does not say.
    """

    question: Line
    answers: List[Piece] = Field(max_length=MOST_ITEMS)


def to_row(text: str, answer: QuestionAndAnswers, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): question and passage. Where one of the answers stands nowhere there is no row: what is left would teach
    that the missing one is none."""
    return matching_row(text, answer.question, answer.answers, tally, whole=True)


TASK = Task(
    name="question_answering",
    help="a question and its answers in the passage's words",
    share=0.065,
    answer=QuestionAndAnswers,
    to_row=to_row,
    hints=(
        "Let the answer be a name.",
        "Let the answer be a number with its unit, or a date.",
        "Let there be two or more answers.",
        "Let the question begin with 'Why' or 'How'.",
        "Ask something that the passage could have told but does not; then there are no answers.",
    ),
)

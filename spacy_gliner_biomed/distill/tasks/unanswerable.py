"""Questions that a passage can't answer: those of other passages, put where none of their telling words stands.

A negative that is no negative teaches the model to be blind. So a question is put in front of a passage that it was not made for
only where no word of it that says what it is about, nor the beginning of one, stands in the passage.
"""

from __future__ import annotations

import random
import re
from typing import FrozenSet, Iterable, List, Optional, Tuple

MOST_QUESTIONS = 2000
_TRIES = 50
_WORD = re.compile(r"[^\W_]+")
_STEM = 5  # letters: "treated" and "treatment" begin alike


class UnanswerableQuestions:
    """Draws questions that a passage can't answer.

    questions (iterable): pairs of a question and the document that it was made for. Where there are more than 2,000, these are
        the first; those with fewer than two telling words are left out.
    """

    def __init__(self, questions: Iterable[Tuple[str, str]]) -> None:
        self._questions: List[Tuple[str, str, FrozenSet[str]]] = []
        for question, document in questions:
            stems = _telling_stems(question)
            if len(stems) > 1:
                self._questions.append((question, document, stems))
            if len(self._questions) == MOST_QUESTIONS:
                break

    def draw(self, text: str, document: str, randomness: random.Random) -> Optional[str]:
        """Draw a question.

        text (str), document (str): the passage and its document.
        randomness (Random): the row's own.
        RETURNS (str): a question of another document with none of its telling words in the text; None where none was found.
        """
        if not self._questions:
            return None
        stems = _stems(text)
        for _ in range(_TRIES):
            question, origin, telling = randomness.choice(self._questions)
            if origin != document and telling.isdisjoint(stems):
                return question
        return None


def _stems(text: str) -> FrozenSet[str]:
    """The beginnings of a text's words."""
    return frozenset(word[:_STEM].casefold() for word in _WORD.findall(text))


def _telling_stems(question: str) -> FrozenSet[str]:
    """The beginnings of those words of a question that say what it is about."""
    from spacy.lang.en.stop_words import STOP_WORDS

    words = (word.casefold() for word in _WORD.findall(question))
    return frozenset(word[:_STEM] for word in words if len(word) > 1 and word not in STOP_WORDS)

"""What the student is asked about each passage: the teacher's door, with the student's short prompt."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from ..answers import json_schema
from ..messages import unmarked
from ..requests import ChatSettings, Message
from ..splitting import FRAME, TokenCounter
from ..teacher import LEAST_ROOM, NOTE, Teacher, TeacherSettings
from .prompt import student_messages

VARIANTS = ("chat", "descriptions")


class StudentPrompts:
    """Makes the messages of a request, as `messages.Prompts` does for the teacher; passages are shown as they are.

    descriptions (bool): whether the student is to describe its types.
    """

    def __init__(self, descriptions: bool = False) -> None:
        self.variant = "descriptions" if descriptions else "chat"
        self.before: Tuple[Message, ...] = student_messages("", descriptions)[:-1]

    def question(self, text: str, candidates: Sequence[str] = ()) -> str:
        """RETURNS (str): the user's turn about a text."""
        return unmarked(text)

    def messages(self, text: str, candidates: Sequence[str] = ()) -> Tuple[Message, ...]:
        """RETURNS (tuple): the whole conversation about a text."""
        return (*self.before, Message("user", self.question(text)))


class StudentQuestions(Teacher):
    """Turns passages into the student's requests; `annotation.annotate` takes it in the teacher's place.

    chat (ChatSettings): the model and how it answers.
    context (int): tokens that it can read and write together.
    tokenizer (str): of the model, see `TokenCounter`.
    descriptions (bool): whether it is to describe its types.
    part_tokens (int): the longest text of a request, where that is to be less than what fits; it should be no longer than
        the texts that the student has learned from.
    RAISES (ValueError): where the answer leaves no room for a text.
    """

    def __init__(
        self,
        chat: ChatSettings,
        context: int,
        tokenizer: str = "",
        descriptions: bool = False,
        part_tokens: Optional[int] = None,
    ) -> None:
        variant = "descriptions" if descriptions else "chat"
        self.settings = TeacherSettings(
            chat, variant=variant, tokenizer=tokenizer, context=context, part_tokens=part_tokens
        )
        self.prompts = StudentPrompts(descriptions)  # type: ignore[assignment]
        self.counter = TokenCounter(tokenizer)
        self._schema = json_schema(variant)
        self._nlp = None
        self.tokens_before = self.counter.count_messages([message.content for message in self.prompts.before])
        self._room = context - self.tokens_before - chat.max_tokens - NOTE
        self.text_room = self._room - FRAME
        if self.text_room < LEAST_ROOM:
            raise ValueError(
                f"An answer of {chat.max_tokens:,} tokens leaves {max(self.text_room, 0):,} of the model's {context:,} for the "
                "text; allow shorter answers."
            )
        self.text_room = min(self.text_room, part_tokens or self.text_room)

"""What the teacher is asked about each passage, within the room that its context leaves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..corpus.collect.passages import Passage
from .answers import json_schema
from .candidates import load_parser, noun_phrases
from .messages import Prompts
from .requests import ChatRequest, ChatSettings, Completion
from .splitting import FRAME, TokenCounter, split

NOTE = 80  # tokens that stay free for what a second try says about the first, as `ChatRequest.asked_again` words it
LEAST_ROOM = 50  # tokens of text; with less, a sentence is cut
CONTEXT = 8192


@dataclass(frozen=True)
class TeacherSettings:
    """What is asked, and of whom.

    chat (ChatSettings): the model and how it answers.
    variant (str): of the prompt, see `messages`.
    prompts (Optional[Path]): a folder of prompts in place of ours.
    demonstrations (Optional[Path]): a file of worked examples in place of ours.
    parser (str): the spaCy pipeline that finds noun phrases, for the variant "candidates".
    tokenizer (str): of the model, see `TokenCounter`; empty for an estimate.
    context (int): tokens that the model can read and write together.
    part_tokens (Optional[int]): the longest text of a request, where that is to be less than what fits.
    keep_cut (bool): whether an answer that is cut off twice counts with its whole items.
    price (tuple): of a million tokens read and written, in the provider's currency.
    RAISES (ValueError): for a combination that can't work.
    """

    chat: ChatSettings
    variant: str = "chat"
    prompts: Optional[Path] = None
    demonstrations: Optional[Path] = None
    parser: str = ""
    tokenizer: str = ""
    context: int = CONTEXT
    part_tokens: Optional[int] = None
    keep_cut: bool = False
    price: Tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if bool(self.parser) != (self.variant == "candidates"):
            raise ValueError(
                f"The prompt variant '{self.variant}' and the parser '{self.parser}' don't go together; 'candidates' needs a spaCy "
                "pipeline, as en_core_web_sm, and the others have no use for one."
            )
        if self.part_tokens is not None and self.part_tokens < LEAST_ROOM:
            raise ValueError(f"Parts of {self.part_tokens} tokens cut sentences; use {LEAST_ROOM} or more.")
        if min(self.price) < 0:
            raise ValueError(f"A price of {min(self.price)} is below 0; give what a million tokens cost.")

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON; of files their names."""
        row = {**asdict(self), "annotator": self.chat.model, "price": list(self.price)}
        files = {name: row[name].name for name in ("prompts", "demonstrations") if row[name] is not None}
        return {**row, **files, "tokenizer": self.tokenizer and Path(self.tokenizer).name}


@dataclass(frozen=True)
class Part:
    """A stretch of a passage and the question about it.

    passage (Passage): the whole passage.
    part (tuple): `(start, end)` in characters.
    request (Optional[ChatRequest]): None where there is nothing but white space.
    """

    passage: Passage
    part: Tuple[int, int]
    request: Optional[ChatRequest]


class Teacher:
    """Turns passages into requests.

    settings (TeacherSettings): what is asked.
    RAISES (ValueError): where prompt and answer leave no room for a text.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.prompts = Prompts(settings.variant, settings.prompts, settings.demonstrations)
        self.counter = TokenCounter(settings.tokenizer)
        self._schema = json_schema(settings.variant)
        self._nlp = load_parser(settings.parser) if settings.parser else None
        # Tokens before the user's turn; the same for each request
        self.tokens_before = self.counter.count_messages([message.content for message in self.prompts.before])
        frame = self.counter.count(self.prompts.question("")) + FRAME
        self._room = settings.context - self.tokens_before - settings.chat.max_tokens - NOTE
        self.text_room = self._room - frame
        if self._nlp is not None:
            self.text_room //= 2  # noun phrases are nearly as long as their text
        if self.text_room < LEAST_ROOM:
            raise ValueError(
                f"The prompt of {self.tokens_before + frame:,} tokens and an answer of {settings.chat.max_tokens:,} leave "
                f"{max(self.text_room, 0):,} of {settings.context:,} for the text; allow a longer context or shorter answers."
            )
        self.text_room = min(self.text_room, settings.part_tokens or self.text_room)

    def parts(self, passages: Iterable[Passage]) -> Iterator[Part]:
        """Make the requests of passages.

        passages (iterable): read one at a time.
        YIELDS (Part): in order; a passage has one part or more, which together are its whole text.
        """
        for passage in passages:
            for start, end in split(passage.text, self.text_room, self.counter):
                yield from self._fitting(passage, start, end)

    def tokens(self, request: ChatRequest) -> int:
        """RETURNS (int): the tokens of a request's messages, the chat template's included."""
        before = len(self.prompts.before)
        if request.messages[:before] == self.prompts.before:
            return self.tokens_before + sum(self.counter.count(each.content) + FRAME for each in request.messages[before:])
        return self.counter.count_messages([each.content for each in request.messages])

    def _fitting(self, passage: Passage, start: int, end: int) -> Iterator[Part]:
        """A part, cut again where marks that were broken up, or noun phrases, have made its question too long."""
        text = passage.text[start:end]
        if not text.strip():
            yield Part(passage, (start, end), None)
            return
        request = self._request(text)
        if self.tokens(request) - self.tokens_before <= self._room:
            yield Part(passage, (start, end), request)
            return
        most = self.counter.count(text) // 2
        if most < 1:
            raise ValueError(f"Passage {passage.id!r}: the text {text[:40]!r} does not fit into the context; allow a longer one.")
        for first, last in split(text, most, self.counter):
            yield from self._fitting(passage, start + first, start + last)

    def _request(self, text: str) -> ChatRequest:
        candidates: Sequence[str] = noun_phrases(self._nlp(text)) if self._nlp is not None else ()
        return ChatRequest(self.prompts.messages(text, candidates), self.settings.chat, self._schema)


def passages_of(parts: Iterable[Tuple[Part, Optional[Completion]]]) -> Iterator[List[Tuple[Part, Optional[Completion]]]]:
    """Gather what belongs to one passage.

    parts (iterable): parts and their completions, in order.
    YIELDS (list): those of one passage; a passage that comes twice in a row comes twice here.
    """
    gathered: List[Tuple[Part, Optional[Completion]]] = []
    for part, completion in parts:
        if gathered and part.part[0] == 0:
            yield gathered
            gathered = []
        gathered.append((part, completion))
    if gathered:
        yield gathered

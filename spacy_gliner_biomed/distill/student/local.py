"""The student in this process, behind the one door to a model (`completion.complete`): any task may ask it, held to its schema.

To its own question, about the entities of a text, it is held more strictly, see `schema.extraction_grammar`: what it says is
always valid, and by default copied from the text.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

from ..requests import ChatRequest, ChatSettings, Completion, Usage
from .causal import Causal
from .constrain import Walk
from .generate import Sampling, Writer
from .grammar import Node
from .prompt import INSTRUCTION, prompt_of
from .schema import extraction_grammar, schema_grammar

HOLDS = ("verbatim", "schema", "none")
BATCHES_AHEAD = 4  # of so many batches the prompts are sorted by length, so that little is padded


@dataclass(frozen=True)
class Hold:
    """What the student's answers about entities are held to. Answers to other questions are held to their schema.

    kind (str): "verbatim": mentions are copied from the text; "schema": they are any words; "none": nothing is enforced.
    flat (bool): copied mentions may not overlap; weak students do better so.
    types, relations (tuple): the only names; None leaves them free. An empty tuple of relations allows none.
    RAISES (ValueError): for another kind.
    """

    kind: str = "verbatim"
    flat: bool = False
    types: Optional[Tuple[str, ...]] = None
    relations: Optional[Tuple[str, ...]] = None

    def __post_init__(self) -> None:
        if self.kind not in HOLDS:
            raise ValueError(f"The student can't be held to '{self.kind}'; use one of {', '.join(HOLDS)}.")

    def settings(self, chat: ChatSettings) -> ChatSettings:
        """RETURNS (ChatSettings): the same, with what the answers are held to, so that the cache tells such answers apart."""
        return chat.with_extra({"hold": self.kind, "flat": self.flat, "types": self.types, "relations": self.relations})


class _Waiting(NamedTuple):
    """A request that waits. grammar (Node): None where it is free. number (int): in the order of arrival."""

    request: ChatRequest
    prompt: List[int]
    grammar: Optional[Node]
    future: Future[Completion]
    number: int


class LocalStudent:
    """A causal model as whoever answers requests (`requests.Model`).

    causal (Causal): the model, see `causal.load_causal`.
    hold (Hold): what its answers about entities are held to.
    batch_size (int): requests that are written side by side.
    RAISES (ValueError): for a batch of none.
    """

    def __init__(self, causal: Causal, hold: Optional[Hold] = None, batch_size: int = 8) -> None:
        if batch_size < 1:
            raise ValueError(f"A batch of {batch_size} requests is none; use 1 or more.")
        self.writer = Writer(causal)
        self.hold = hold or Hold()
        self.batch_size = batch_size
        self.window = BATCHES_AHEAD * batch_size
        self._waiting: Deque[_Waiting] = deque()
        self._count = 0

    def __enter__(self) -> LocalStudent:
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting.clear()

    def submit(self, request: ChatRequest) -> Future[Completion]:
        """Take a request; it is answered when somebody waits.

        RETURNS (Future): of its completion; one with an error where prompt and answer do not fit, or its schema can't be held to.
        """
        future: Future[Completion] = Future()
        try:
            prompt = prompt_of(self.writer.causal.tokenizer, request.messages).ids
            room = self.writer.causal.window - request.settings.max_tokens
            if len(prompt) > room:
                raise ValueError(f"a prompt of {len(prompt)} tokens does not fit, {max(room, 0)} are left beside the answer")
            grammar = self._grammar(request)
            if grammar is not None:
                Walk(grammar, self.writer.vocabulary, request.settings.max_tokens)
        except ValueError as error:
            future.set_result(Completion(request, error=str(error).rstrip(".")))
            return future
        self._waiting.append(_Waiting(request, prompt, grammar, future, self._count))
        self._count += 1
        return future

    def wait(self, future: Future[Completion]) -> None:
        """Answer what is waiting, until this one is among it."""
        while self._waiting and not future.done():
            self._answer([self._waiting.popleft() for _ in range(min(self.window, len(self._waiting)))])

    def _answer(self, waiting: List[_Waiting]) -> None:
        groups: Dict[Sampling, List[_Waiting]] = {}
        for each in waiting:
            groups.setdefault(_sampling(each.request.settings), []).append(each)
        for sampling, group in groups.items():
            group.sort(key=lambda each: (len(each.prompt), each.number))
            for begin in range(0, len(group), self.batch_size):
                batch = group[begin : begin + self.batch_size]
                made = self.writer.write([each.prompt for each in batch], [each.grammar for each in batch], sampling)
                for each, answer in zip(batch, made, strict=True):
                    usage = Usage(len(each.prompt), answer.tokens)
                    each.future.set_result(Completion(each.request, answer.text, answer.finish, usage))

    def _grammar(self, request: ChatRequest) -> Optional[Node]:
        if not request.messages[0].content.startswith(INSTRUCTION):
            return None if request.schema is None else schema_grammar(request.schema)
        if self.hold.kind == "none":
            return None
        described = request.schema is not None and "descriptions" in request.schema.get("properties", {})
        return extraction_grammar(
            request.messages[-1].content,
            verbatim=self.hold.kind == "verbatim",
            flat=self.hold.flat,
            types=self.hold.types,
            relations=self.hold.relations,
            descriptions=described,
        )


def student_settings(name: str, *, revision: str = "", hold: Optional[Hold] = None, **settings: Any) -> ChatSettings:
    """RETURNS (ChatSettings): for a student in this process, by its name and the hash of its weights.

    name (str): of its folder. revision (str): what tells its weights apart, see `causal.weights_hash`. hold (Hold): as for
    `LocalStudent`. settings: those of `ChatSettings`.
    """
    return (hold or Hold()).settings(replace(ChatSettings(name, revision=revision), **settings))


def _sampling(settings: ChatSettings) -> Sampling:
    return Sampling(
        settings.max_tokens,
        settings.temperature or 0.0,
        1.0 if settings.top_p is None else settings.top_p,
        settings.seed or 0,
    )

"""Before the tasks are put: how many requests, tokens and what they cost."""

from __future__ import annotations

from functools import lru_cache
from typing import Iterable, Iterator, Optional, Tuple

from ...corpus.collect.passages import Passage
from ..cache import AnswerCache
from ..client import ServerSettings
from ..plan import Asking, Plan, plan_requests
from ..requests import ChatRequest, Message
from ..splitting import FRAME, TokenCounter
from .ask import AskSettings, task_requests
from .messages import demonstrations


def plan_tasks(
    passages: Iterable[Passage],
    settings: AskSettings,
    counter: TokenCounter,
    price: Tuple[float, float] = (0.0, 0.0),
    *,
    cache: Optional[AnswerCache] = None,
    server: Optional[ServerSettings] = None,
    batch: bool = False,
) -> Plan:
    """Count what `ask_tasks` would ask. Nothing is sent.

    passages (iterable), cache, server, batch: as for `distill.plan.plan_requests`.
    settings (AskSettings): what is asked.
    counter (TokenCounter): counts tokens.
    price (tuple): of a million tokens read and written.
    RETURNS (Plan): the counts, and one request.
    """

    @lru_cache(maxsize=16)  # all requests of a task begin alike
    def before(messages: Tuple[Message, ...]) -> int:
        return counter.count_messages([each.content for each in messages])

    def tokens(request: ChatRequest) -> int:
        return before(request.messages[:-1]) + counter.count(request.messages[-1].content) + FRAME

    def requests(given: Iterable[Passage]) -> Iterator[Tuple[ChatRequest, str]]:
        for asked in task_requests(given, settings, counter):
            yield asked.request, asked.passage.text[slice(*asked.part)]

    shown = [each for name in settings.tasks for each in demonstrations(name)]
    demonstrated = [answer for _, _, answer in shown], [text for text, _, _ in shown]
    asking = Asking(requests, tokens, counter, settings.chat.max_tokens, demonstrated, price)
    return plan_requests(passages, asking, cache=cache, server=server, batch=batch)

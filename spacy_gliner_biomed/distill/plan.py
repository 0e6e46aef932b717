"""Before a run: how much will be asked, what it will cost, and what a request looks like (as autolabel's `plan`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, List, Optional, Set, Tuple

from ..corpus.collect.passages import Passage
from .cache import AnswerCache
from .client import ServerSettings
from .requests import ChatRequest, Usage
from .splitting import TokenCounter
from .teacher import Teacher

MILLION = 1_000_000
ENOUGH_ANSWERS = 20  # from so many known answers on, their mean length is expected of the others
BATCH_DISCOUNT = 0.5  # what providers take of the price for answers within a day


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    passages, parts (int): to annotate; each part is a request.
    known (int): requests whose answer is in the cache, and those that came before: each is asked once.
    blank (int): parts without text.
    prompt_tokens (int): of the requests still to be answered.
    expected, most (Usage): tokens that these are expected to take, and can take at most, without second tries.
    price (tuple): of a million tokens read and written.
    minutes (float): that the provider's limits make it last at least.
    measured (bool): whether tokens were counted with a tokenizer.
    basis (str): what the expected length of an answer is drawn from.
    example (Optional[ChatRequest]): the first request.
    """

    passages: int
    parts: int
    known: int
    blank: int
    expected: Usage
    most: Usage
    price: Tuple[float, float]
    minutes: float
    measured: bool
    basis: str
    example: Optional[ChatRequest]

    @property
    def to_ask(self) -> int:
        """How many requests will be paid for."""
        return self.parts - self.known - self.blank

    def lines(self) -> List[str]:
        """RETURNS (list): the table that a person reads, a line each."""
        rows = [
            ("passages", f"{self.passages:,}"),
            ("requests", f"{self.parts - self.blank:,}, of which {self.known:,} are answered"),
            ("to ask", f"{self.to_ask:,}"),
            ("tokens to read", f"{self.expected.prompt:,} ({'measured' if self.measured else 'estimated, without a tokenizer'})"),
            ("tokens to write", f"about {self.expected.answer:,} ({self.basis}), at most {self.most.answer:,}"),
        ]
        if any(self.price):
            expected, most = cost(self.expected, self.price), cost(self.most, self.price)
            each = expected / self.to_ask if self.to_ask else 0.0
            rows.append(("cost", f"about {expected:,.2f}, at most {most:,.2f} without second tries; {each:.5f} a request"))
        else:
            rows.append(("cost", "unknown; give the price of a million tokens with --price-in and --price-out"))
        if self.minutes:
            rows.append(("time", f"at least {self.minutes:,.1f} minutes, by the limits"))
        width = max(len(name) for name, _ in rows)
        return [f"{name.ljust(width)}  {value}" for name, value in rows]

    def example_lines(self) -> List[str]:
        """RETURNS (list): the first request, turn by turn."""
        if self.example is None:
            return ["There is nothing to ask."]
        lines = [f"One request, {self.example.key}:"]
        for message in self.example.messages:
            lines += ["", f"[{message.role}]", message.content]
        return lines


@dataclass(frozen=True)
class Asking:
    """What a run is made of, as far as its plan wants to know.

    requests (callable): makes pairs of a request, None where there is no text, and the text that it is about, of passages.
    tokens (callable): the tokens of a request's messages.
    counter (TokenCounter): counts those of texts.
    longest (int): tokens of an answer, at most.
    demonstrated (tuple): the answers of the prompt's demonstrations, and the texts that they are about.
    price (tuple): of a million tokens read and written.
    """

    requests: Callable[[Iterable[Passage]], Iterable[Tuple[Optional[ChatRequest], str]]]
    tokens: Callable[[ChatRequest], int]
    counter: TokenCounter
    longest: int
    demonstrated: Tuple[List[str], List[str]]
    price: Tuple[float, float] = (0.0, 0.0)


def plan(
    passages: Iterable[Passage],
    teacher: Teacher,
    *,
    cache: Optional[AnswerCache] = None,
    server: Optional[ServerSettings] = None,
    batch: bool = False,
) -> Plan:
    """Count what it takes to annotate passages. Arguments and outcome as for `plan_requests`; `teacher` makes the requests."""

    def requests(given: Iterable[Passage]) -> Iterator[Tuple[Optional[ChatRequest], str]]:
        for part in teacher.parts(given):
            yield part.request, part.passage.text[slice(*part.part)]

    longest, price = teacher.settings.chat.max_tokens, teacher.settings.price
    asking = Asking(requests, teacher.tokens, teacher.counter, longest, teacher.prompts.demonstrated, price)
    return plan_requests(passages, asking, cache=cache, server=server, batch=batch)


def plan_requests(
    passages: Iterable[Passage],
    asking: Asking,
    *,
    cache: Optional[AnswerCache] = None,
    server: Optional[ServerSettings] = None,
    batch: bool = False,
) -> Plan:
    """Count what a run would ask. Nothing is sent.

    passages (iterable): read once.
    asking (Asking): makes and measures the requests.
    cache (Optional[AnswerCache]): what is in it need not be asked.
    server (Optional[ServerSettings]): its limits.
    batch (bool): the batch API will be used, at half the price.
    RETURNS (Plan): the counts, and one request.
    """
    n_passages = parts = known = blank = prompt_tokens = text_tokens = 0
    example: Optional[ChatRequest] = None
    seen: Set[str] = set()

    def counted() -> Iterator[Passage]:
        nonlocal n_passages
        for passage in passages:
            n_passages += 1
            yield passage

    for request, text in asking.requests(counted()):
        parts += 1
        if request is None:
            blank += 1
            continue
        example = example or request
        if request.key in seen or (cache is not None and cache.get(request, request.key) is not None):
            known += 1
            continue
        seen.add(request.key)
        prompt_tokens += asking.tokens(request)
        text_tokens += asking.counter.count(text)
    to_ask = parts - known - blank
    written, basis = _expected_answers(asking, cache, to_ask, text_tokens)
    most = Usage(prompt_tokens, to_ask * asking.longest)
    expected = Usage(prompt_tokens, min(written, most.answer))
    read_price, write_price = asking.price
    share = BATCH_DISCOUNT if batch else 1.0
    return Plan(
        passages=n_passages, parts=parts, known=known, blank=blank, expected=expected, most=most,
        price=(read_price * share, write_price * share), minutes=0.0 if batch else _minutes(to_ask, expected, server),
        measured=asking.counter.measured, basis=basis, example=example,
    )


def cost(usage: Usage, price: Tuple[float, float]) -> float:
    """RETURNS (float): what tokens cost, at the price of a million read and written."""
    return (usage.prompt * price[0] + usage.answer * price[1]) / MILLION


def _expected_answers(asking: Asking, cache: Optional[AnswerCache], to_ask: int, text_tokens: int) -> Tuple[int, str]:
    """Tokens that the answers will have together, and how we know."""
    known = cache.statistics() if cache is not None else {"answers": 0, "answer_tokens": 0}
    if known["answers"] >= ENOUGH_ANSWERS and known["answer_tokens"]:
        return round(to_ask * known["answer_tokens"] / known["answers"]), f"as long as {known['answers']:,} known answers"
    written, read = (sum(map(asking.counter.count, each)) for each in asking.demonstrated)
    return round(text_tokens * written / max(read, 1)), "as long for their texts as those of the demonstrations"


def _minutes(to_ask: int, usage: Usage, server: Optional[ServerSettings]) -> float:
    if server is None:
        return 0.0
    return max(to_ask / (server.requests_a_minute or float("inf")), sum(usage) / (server.tokens_a_minute or float("inf")))

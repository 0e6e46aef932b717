"""The plan of the tasks counts what asking then asks."""

from __future__ import annotations

from pathlib import Path

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.splitting import TokenCounter
from spacy_gliner_biomed.distill.tasks.ask import AskSettings, ask_tasks, task_requests
from spacy_gliner_biomed.distill.tasks.messages import task_of
from spacy_gliner_biomed.distill.tasks.plan import plan_tasks

from .making import CHAT, RIGHT, FakeModel, make_passages


def test_the_plan_counts_what_would_be_asked(tmp_path: Path) -> None:
    """Every request with all its tokens; a passage without text has none, known answers cost nothing."""
    settings, counter = AskSettings(CHAT, ("ner", "relations")), TokenCounter()
    given = [*make_passages(3), Passage("blank", " ", "own", "d")]
    with AnswerCache(tmp_path / "cache.sqlite") as cache:
        planned = plan_tasks(given, settings, counter, (2.0, 8.0), cache=cache)
        requests = [asked.request for asked in task_requests(given, settings, counter)]
        counted = sum(counter.count_messages([message.content for message in each.messages]) for each in requests)
        assert (planned.passages, planned.to_ask, planned.known) == (4, 6, 0) and planned.expected.prompt == counted
        assert 0 < planned.expected.answer <= planned.most.answer == 6 * CHAT.max_tokens
        assert planned.example == requests[0] and any("cost" in line for line in planned.lines())
        ask_tasks(given[:2], settings, FakeModel(lambda request: RIGHT[task_of(request).name]), tmp_path / "a.jsonl", cache=cache)
        assert plan_tasks(given, settings, counter, cache=cache).to_ask == 2

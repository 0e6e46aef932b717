"""A server's limits, its trouble, and what is sent to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.client import FAILED_KNOWN, Server, ServerSettings, openai_client, without_key
from spacy_gliner_biomed.distill.completion import complete
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings, Completion, Message, Usage
from tests.distill.asking import quick, request
from tests.distill.chat_server import ChatServer


def test_limits_are_kept_by_all_workers_together(server: ChatServer) -> None:
    """A minute is half a second here: 14 requests at 6 a minute take two whole ones, however many could go at a time."""
    with Server(quick(server.url, requests_a_minute=6, minute=0.5)) as model:
        assert len(list(complete((request(f"Text {n}.") for n in range(14)), model))) == 14
    assert server.arrivals[-1][0] - server.arrivals[0][0] > 0.9


def test_tokens_are_limited_by_what_a_request_may_take_until_it_is_known(server: ChatServer) -> None:
    """1,000 tokens a minute let two requests of 500 go at a time; their answers have 120, which makes room for others."""
    server.delay = 0.05
    with Server(quick(server.url, tokens_a_minute=1000, minute=0.5)) as model:
        assert len(list(complete((request(f"Text {n}.") for n in range(6)), model))) == 6
    assert server.most_under_way <= 2


def test_no_more_at_a_time_than_asked_for(server: ChatServer) -> None:
    """And more than one where it may be."""
    server.delay = 0.03
    with Server(quick(server.url, concurrency=3)) as model:
        list(complete((request(f"Text {n}.") for n in range(12)), model))
    assert server.most_under_way in (2, 3)


def test_429_halves_what_is_under_way(server: ChatServer) -> None:
    """And the answer comes all the same."""
    with Server(quick(server.url, concurrency=4)) as model:
        (answer,) = complete([request("Busy [429].")], model)
        assert model.concurrency == 2 and not answer.error


def test_a_server_that_is_never_there_fails_each_request_with_a_reason() -> None:
    """After so many tries."""
    with Server(quick("http://127.0.0.1:9/v1", tries=2)) as model:
        (answer,) = complete([request("Text.")], model)
    assert "no answer in 2 tries, at last the connection broke" in answer.error


def test_a_run_ends_whose_server_is_never_there() -> None:
    """Rather than try each of a hundred thousand requests for minutes."""
    with Server(quick("http://127.0.0.1:9/v1", tries=1)) as model, pytest.raises(ValueError, match="answers no request .*check"):
        list(complete((request(f"Text {n}.") for n in range(30)), model))


def test_an_address_needs_its_scheme() -> None:
    """Said at once, and not after minutes of tries."""
    with pytest.raises(ValueError, match="'localhost:8000/v1' has no http:// or https:// in front"):
        openai_client(ServerSettings("localhost:8000/v1"))


def test_the_key_is_hidden_in_a_server_s_words_and_nothing_else() -> None:
    """Before they are cut short; the word that stands for no key is a word."""
    assert without_key("x " * 98 + "sk-secret", "sk-secret") == "x " * 98 + "***"
    assert without_key("none of\nthese", "none") == "none of these"


def test_a_server_that_dawdles_is_given_up(server: ChatServer) -> None:
    """The run goes on without it."""
    server.delay = 0.3
    with Server(quick(server.url, timeout=0.1, tries=2)) as model:
        (answer,) = complete([request("Text.")], model)
    assert "no answer in 2 tries" in answer.error


def test_the_request_is_sent_as_the_protocol_wants_it(server: ChatServer) -> None:
    """Settings that are none are left out, extras are put in."""
    schema = {"type": "object", "properties": {}}
    plain = ChatRequest((Message("user", "<text>\nA\n</text>\n"),), ChatSettings("m", max_tokens=7), schema)
    other = ChatSettings("m", None, None, 9, None, "none").with_extra({"top_k": 1, "min_p": 0.1})
    with Server(quick(server.url, concurrency=1)) as model:
        list(complete([plain, ChatRequest(plain.messages, other, schema)], model))
    first, second = server.bodies
    assert first["response_format"]["json_schema"]["schema"] == schema and first["response_format"]["json_schema"]["strict"]
    assert (first["temperature"], first["top_p"], first["seed"], first["max_tokens"]) == (0, 1, 42, 7)
    assert second == {"model": "m", "messages": first["messages"], "max_tokens": 9, "top_k": 1, "min_p": 0.1}
    assert json.loads(json.dumps(plain.body())) == first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 3.0}, "temperature of 3.0 is not from 0 to 2"),
        ({"top_p": 0.0}, "top_p of 0.0 is no share"),
        ({"max_tokens": 0}, "answer of 0 tokens is none"),
        ({"answer_format": "xml"}, "answer_format can't be 'xml'; use one of json_schema"),
        ({"model": ""}, "no name"),
    ],
)
def test_settings_that_no_server_takes_are_refused(settings: dict, message: str) -> None:
    """At once, and not by the server."""
    with pytest.raises(ValueError, match=message):
        ChatSettings(**{"model": "m", **settings})


def test_an_extra_may_not_be_a_setting_of_ours_nor_a_key() -> None:
    """It would change the request behind its back, or get into files."""
    for name in ("messages", "seed", "api_key"):
        with pytest.raises(ValueError, match=f"'{name}' can't be set as an extra"):
            ChatSettings("m").with_extra({name: 1})


def test_without_a_key_only_a_server_of_ones_own_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the sentence says which variable is meant."""
    for name in ("OPENAI_BASE_URL", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="MY_KEY holds no key; set it, or name a server"):
        openai_client(ServerSettings(key_variable="MY_KEY"))
    assert openai_client(ServerSettings("http://localhost:1/v1", key_variable="MY_KEY")).api_key == "none"


@pytest.mark.parametrize("name", ["concurrency", "tries", "timeout", "most_bytes"])
def test_a_server_can_not_be_asked_in_no_time_or_not_at_all(name: str) -> None:
    """Numbers of 0 are refused."""
    with pytest.raises(ValueError, match=f"'{name}' can't be 0"):
        ServerSettings(**{name: 0})


@pytest.mark.parametrize("status", [400, 403])
def test_a_few_refusals_do_not_end_a_run_of_a_server_that_has_answered(
    server: ChatServer, tmp_path: Path, status: int
) -> None:
    """In this run or, of the same model, in an earlier one, of which only the refused requests are left."""
    texts = [f"Text {n} [refused]." if n % 2 else f"Text {n}." for n in range(20)]
    with AnswerCache(tmp_path / "cache") as cache:
        with Server(quick(server.url), cache=cache) as model:
            list(complete(map(request, texts[::2]), model, cache=cache))
            server.status = status
            assert f"refused it with {status}" in next(complete([request("New.")], model, cache=cache)).error
        with Server(quick(server.url), cache=cache) as model:
            answers = list(complete(map(request, texts), model, cache=cache))
        assert [answer.error[:30] for answer in answers] == ["", f"the server refused it with {status}"[:30]] * 10
        other = ChatSettings("other")
        with Server(quick(server.url), cache=cache) as model, pytest.raises(ValueError, match=f"The server .*{status}"):
            list(complete((request(text, other) for text in texts), model, cache=cache))


@pytest.mark.parametrize("status", [400, 403])
def test_old_answers_do_not_hide_for_ever_that_the_server_refuses_everything(
    server: ChatServer, tmp_path: Path, status: int
) -> None:
    """As without the right to ask, or with a setting that it doesn't know; but what was refused before may be refused again."""
    texts = [f"Text {n}." for n in range(FAILED_KNOWN + 50)]
    with AnswerCache(tmp_path / "cache") as cache:
        cache.put(request("a").key, Completion(request("a"), "{}"), request("a").key)
        server.status = status
        with Server(quick(server.url), cache=cache) as model, pytest.raises(ValueError, match=f"refuses every request .*{status}"):
            list(complete(map(request, texts), model, cache=cache))
        assert FAILED_KNOWN - 1 <= cache.statistics()["failures"] < len(texts)
        for text in texts:
            cache.fail(request(text).key, "refused", Usage(), request(text).key, keep_first=False)
        with Server(quick(server.url), cache=cache) as model:
            assert all(answer.error for answer in complete(map(request, texts), model, cache=cache))


def test_a_server_that_ran_once_and_runs_no_more_ends_the_run(tmp_path: Path) -> None:
    """Known answers don't say that it runs now."""
    with AnswerCache(tmp_path / "cache") as cache:
        cache.put(request("a").key, Completion(request("a"), "{}"), request("a").key)
        with Server(quick("http://127.0.0.1:9/v1", tries=1), cache=cache) as model, pytest.raises(ValueError, match="no request"):
            list(complete((request(f"Text {n}.") for n in range(30)), model, cache=cache))


def test_a_key_is_freed_of_its_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file of variables from another system leaves it; what can be no key is refused at once, and not shown."""
    monkeypatch.setenv("MY_KEY", "sk-mine\r\n")
    assert openai_client(ServerSettings(key_variable="MY_KEY")).api_key == "sk-mine"
    for wrong in ("sk-m\u00efne", "sk-\nmine"):
        monkeypatch.setenv("MY_KEY", wrong)
        with pytest.raises(ValueError, match="variable MY_KEY holds a key with characters") as caught:
            openai_client(ServerSettings(key_variable="MY_KEY"))
        assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [{"Authorization": "x"}, {"API_KEY": "x"}, {"apiKey": "x"}, {"x-api-key": "x"}, {"token": "x"}, {"hf_token": "x"},
     {"extra_headers": {}}, {"options": [{"Client-Secret": "x"}]}, {"Password": "x"}],
)  # fmt: skip
def test_an_extra_may_not_hold_a_secret(extra: dict) -> None:
    """However it is spelt, and wherever it stands."""
    with pytest.raises(ValueError, match="can't be set as an extra, which is written to files"):
        ChatSettings("m").with_extra(extra)


def test_tokens_of_texts_are_no_secrets() -> None:
    """They are ordinary settings."""
    extra = {"min_tokens": 1, "stop_token_ids": [2], "options": {"skip_special_tokens": True, "eos_token": "</s>"}}
    assert dict(ChatSettings("m").with_extra(extra).extra)["min_tokens"] == "1"

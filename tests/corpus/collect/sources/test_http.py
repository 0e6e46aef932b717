"""The client: patience, politeness, downloads that go on, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.collect.sources.addresses import shown
from spacy_gliner_biomed.corpus.collect.sources.download import Again, fetched
from tests.corpus.collect.sources.server import Clock, Reply, Request, file_answer, in_turn, serving

CONTENT = bytes(range(256)) * 1000


def test_get_returns_the_body_and_says_who_asks() -> None:
    """A reply is handed on whole; the request carries our name and the parameters."""
    with serving(in_turn(Reply(b"hello"))) as server:
        assert b"hello" == Clock().client().get(server.url + "/x", {"term": "a b&c"})
    assert {"term": "a b&c"} == server.requests[0].parameters
    assert server.requests[0].headers["user-agent"].startswith("spacy-gliner-biomed/")


def test_requests_keep_their_distance() -> None:
    """No more requests a second than allowed."""
    clock = Clock()
    client = clock.client(per_second=4.0)
    with serving(in_turn(Reply())) as server:
        for _ in range(5):
            client.get(server.url)
    assert 1.0 == pytest.approx(clock.now)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_server_is_asked_again_ever_later(status: int) -> None:
    """Waiting times double, give or take a quarter."""
    clock = Clock()
    with serving(in_turn(*[Reply(status=status)] * 3, Reply(b"ok"))) as server:
        assert b"ok" == clock.client(first_wait=1.0).get(server.url)
    waits = [each for each in clock.slept if each > 0.1]
    assert 3 == len(waits)
    for expected, wait in zip((1.0, 2.0, 4.0), waits, strict=True):
        assert 0.75 * expected <= wait <= 1.25 * expected


def test_retry_after_in_seconds_is_obeyed() -> None:
    """The server says how long to wait."""
    clock = Clock()
    with serving(in_turn(Reply(status=429, headers={"Retry-After": "17"}), Reply(b"ok"))) as server:
        clock.client().get(server.url)
    assert 17.0 in clock.slept


def test_retry_after_as_a_date_is_obeyed() -> None:
    """The header may hold a date."""
    clock = Clock()
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    with serving(in_turn(Reply(status=503, headers={"Retry-After": when}), Reply(b"ok"))) as server:
        clock.client().get(server.url)
    assert any(27 <= each <= 30 for each in clock.slept)


def test_too_long_a_wait_is_said() -> None:
    """Nobody waits for a day; the error says how long it would be."""
    with serving(in_turn(Reply(status=429, headers={"Retry-After": "86400"}))) as server:
        with pytest.raises(OSError, match="asks to wait 86,400 seconds"):
            Clock().client().get(server.url)


def test_giving_up_says_why_and_hides_the_key() -> None:
    """The message names the address, the reason and the tries, but no key and no e-mail address."""
    with serving(in_turn(Reply(status=500))) as server:
        with pytest.raises(OSError) as caught:
            Clock().client(attempts=3).get(server.url + "/s", {"db": "pubmed", "api_key": "SECRET", "email": "a@b.c"})
        assert 3 == len(server.requests)
    assert "500" in str(caught.value) and "after 3 tries" in str(caught.value) and "db=pubmed" in str(caught.value)
    assert "SECRET" not in str(caught.value) and "a%40b.c" not in str(caught.value)


def test_what_is_not_there_is_not_asked_for_again() -> None:
    """A 404 stays one."""
    with serving(in_turn(Reply(status=404))) as server:
        with pytest.raises(OSError, match="404"):
            Clock().client().get(server.url)
        assert 1 == len(server.requests)


def test_cut_reply_is_asked_for_again() -> None:
    """A body that ends before its announced length is none."""
    with serving(in_turn(Reply(CONTENT, cut=1000), Reply(CONTENT))) as server:
        assert CONTENT == Clock().client().get(server.url)


def test_reply_beyond_its_bound_is_refused() -> None:
    """Nobody can fill the memory."""
    with serving(in_turn(Reply(CONTENT))) as server:
        with pytest.raises(ValueError, match="more than the 1,000 bytes"):
            Clock().client().get(server.url, most=1000)


def test_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    """After two breaks the file is whole, and no byte was sent twice."""
    path = tmp_path / "big.bin"
    with serving(file_answer(CONTENT, cuts=[100_000, 60_000])) as server:
        done = Clock().client().fetch(server.url + "/big.bin", path)
    assert CONTENT == path.read_bytes()
    assert [None, "bytes=100000-", "bytes=160000-"] == [each.headers.get("range") for each in server.requests]
    assert len(CONTENT) == done.size and done == fetched(path)
    assert ["big.bin", "big.bin.fetched.json"] == sorted(each.name for each in tmp_path.iterdir())


def test_later_run_goes_on(tmp_path: Path) -> None:
    """What a client got before it gave up serves the next one."""
    path = tmp_path / "big.bin"
    with serving(file_answer(CONTENT, cuts=[100_000])) as server:
        with pytest.raises(OSError, match="a later run goes on from here"):
            Clock().client(attempts=1).fetch(server.url, path)
        assert not path.exists()
        Clock().client().fetch(server.url, path)
    assert CONTENT == path.read_bytes()
    assert "bytes=100000-" == server.requests[-1].headers["range"]


def test_changed_file_is_fetched_anew(tmp_path: Path) -> None:
    """The beginning of one version is never glued to the end of another."""
    path, newer = tmp_path / "f", CONTENT[::-1]
    with serving(file_answer(CONTENT, cuts=[100_000])) as server, pytest.raises(OSError):
        Clock().client(attempts=1).fetch(server.url, path)
    before = (tmp_path / "f.part.json").read_text()
    with serving(file_answer(newer, tag='"v2"')) as server:
        (tmp_path / "f.part.json").write_text(before.replace(before.split('"')[3], server.url))
        Clock().client().fetch(server.url, path)
    assert "bytes=100000-" == server.requests[0].headers["range"]
    assert newer == path.read_bytes()


def test_server_without_ranges_sends_all_again(tmp_path: Path) -> None:
    """A 200 in answer to a range replaces what there is."""
    first, whole = Reply(CONTENT, headers={"ETag": '"a"'}, cut=5000), Reply(CONTENT, headers={"ETag": '"a"'})
    with serving(in_turn(first, whole)) as server:
        Clock().client().fetch(server.url, tmp_path / "f")
    assert CONTENT == (tmp_path / "f").read_bytes()


def test_no_range_is_asked_for_without_a_validator(tmp_path: Path) -> None:
    """Where the server does not say which version it sends, all is fetched again."""
    with serving(in_turn(Reply(CONTENT, cut=5000), Reply(CONTENT))) as server:
        Clock().client().fetch(server.url, tmp_path / "f")
    assert [None, None] == [each.headers.get("range") for each in server.requests]
    assert CONTENT == (tmp_path / "f").read_bytes()


def test_another_part_than_asked_for_is_thrown_away(tmp_path: Path) -> None:
    """A wrong Content-Range cannot damage the file."""
    wrong = Reply(CONTENT[10:], 206, {"Content-Range": f"bytes 10-{len(CONTENT) - 1}/{len(CONTENT)}", "ETag": '"a"'})
    with serving(in_turn(Reply(CONTENT, headers={"ETag": '"a"'}, cut=5000), wrong, Reply(CONTENT))) as server:
        Clock().client().fetch(server.url, tmp_path / "f")
    assert CONTENT == (tmp_path / "f").read_bytes()
    assert 3 == len(server.requests)


def test_whole_part_needs_only_its_name(tmp_path: Path) -> None:
    """Broken off after the last byte: the server says 416, and the file is there."""
    with serving(file_answer(CONTENT)) as server:
        (tmp_path / "f.part").write_bytes(CONTENT)
        (tmp_path / "f.part.json").write_text('{"url": "' + server.url + '", "validator": "\\"v1\\""}')
        Clock().client().fetch(server.url, tmp_path / "f")
    assert CONTENT == (tmp_path / "f").read_bytes()
    assert 1 == len(server.requests)


def test_file_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    """A second fetch asks nothing, and knows when the first one was."""
    with serving(file_answer(CONTENT)) as server:
        first = Clock().client().fetch(server.url, tmp_path / "f")
        assert first == Clock().client().fetch(server.url, tmp_path / "f")
        assert 1 == len(server.requests)


def test_file_that_was_cut_later_is_fetched_again(tmp_path: Path) -> None:
    """A file of another size than was fetched is not taken for it."""
    with serving(file_answer(CONTENT)) as server:
        Clock().client().fetch(server.url, tmp_path / "f")
        (tmp_path / "f").write_bytes(CONTENT[:10])
        Clock().client().fetch(server.url, tmp_path / "f")
    assert CONTENT == (tmp_path / "f").read_bytes()


def test_check_sends_it_back(tmp_path: Path) -> None:
    """A body that is an error in disguise is fetched anew, from its first byte."""

    def check(path: Path) -> None:
        if b"error" in path.read_bytes():
            raise Again("busy")

    with serving(in_turn(Reply(b"error", headers={"ETag": '"x"'}), Reply(b"fine"))) as server:
        Clock().client().fetch(server.url, tmp_path / "f", check=check)
    assert b"fine" == (tmp_path / "f").read_bytes()
    assert [None, None] == [each.headers.get("range") for each in server.requests]


@pytest.mark.parametrize(
    "url",
    ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "https:///x", "http://localhost.example.org"],
)
def test_only_https_is_fetched(url: str) -> None:
    """Nothing goes over the wire in the clear, and no local file is opened."""
    with pytest.raises(ValueError, match="only https:// is"):
        Clock().client().get(url)


@pytest.mark.parametrize("target", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd"])
def test_redirects_obey_the_same_rule(target: str) -> None:
    """A server cannot send us where we would not go."""
    with serving(in_turn(Reply(status=302, headers={"Location": target}))) as server:
        with pytest.raises((ValueError, OSError), match="only https:// is|302"):
            Clock().client().get(server.url)
        assert 1 == len(server.requests)


def test_key_stays_with_its_server() -> None:
    """A header with a key is not sent behind a redirect."""

    def answer(request: Request) -> Reply:
        return Reply(b"ok") if request.path == "/there" else Reply(status=302, headers={"Location": "/there"})

    with serving(answer) as server:
        assert b"ok" == Clock().client(headers={"X-API-KEY": "SECRET"}).get(server.url + "/here")
    assert ["SECRET", None] == [each.headers.get("x-api-key") for each in server.requests]


def test_endless_redirects_end() -> None:
    """A circle of redirects is an error."""
    with serving(in_turn(Reply(status=302, headers={"Location": "/again"}))) as server:
        with pytest.raises(OSError):
            Clock().client().get(server.url)
        assert len(server.requests) < 20


def test_shown_url_has_no_secrets() -> None:
    """Neither keys nor passwords."""
    assert "https://h/p?db=x" == shown("https://u:p@h/p?db=x&api_key=K&email=e&tool=t")


def test_refused_connection_is_an_error_after_all_tries() -> None:
    """A server that is not there is given its chances."""
    with serving(in_turn(Reply())) as server:
        pass
    with pytest.raises(OSError, match="after 2 tries"):
        Clock().client(attempts=2).get(server.url)

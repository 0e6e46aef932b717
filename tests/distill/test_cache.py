"""The cache's file."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.cache import AnswerCache, pack, unpack
from spacy_gliner_biomed.distill.recorded import RecordedAnswers, recorded_row, write_recorded
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings, Completion, Message, Usage
from tests.distill.asking import request


def test_an_answer_is_there_after_the_file_was_closed(tmp_path: Path) -> None:
    """With everything that belongs to it."""
    asked = request("a")
    with AnswerCache(tmp_path / "made" / "cache.sqlite") as cache:
        cache.put(asked.key, Completion(asked, "half a \ud83d pair", "stop", Usage(3, 4), tries=2), asked.key)
    with AnswerCache(tmp_path / "made" / "cache.sqlite") as cache:
        assert cache.get(asked, asked.key) == Completion(asked, "half a \ud83d pair", "stop", Usage(3, 4), cached=True, tries=2)
        assert cache.get(request("b"), request("b").key) is None
        assert cache.statistics() == {"answers": 1, "prompt_tokens": 3, "answer_tokens": 4, "failures": 0}


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Whether it is a database or not; and one of a later release."""
    (tmp_path / "notes.txt").write_text("These are my notes, which are longer than the header of a database. " * 20)
    with pytest.raises(ValueError, match="notes.txt' is not a cache of answers"):
        AnswerCache(tmp_path / "notes.txt")
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE mine (a); INSERT INTO mine VALUES (1);")
    with pytest.raises(ValueError, match="other.db' is a database of something else"):
        AnswerCache(tmp_path / "other.db")
    AnswerCache(tmp_path / "later.db").__exit__()
    sqlite3.connect(tmp_path / "later.db").execute("PRAGMA user_version = 9")
    with pytest.raises(ValueError, match="version 9, of a later release; this one reads 1"):
        AnswerCache(tmp_path / "later.db")
    assert (tmp_path / "notes.txt").read_text().startswith("These are my notes")


def test_threads_and_runs_may_share_a_file(tmp_path: Path) -> None:
    """Nothing is lost."""
    with AnswerCache(tmp_path / "c") as one, AnswerCache(tmp_path / "c") as other:

        def work(cache: AnswerCache, start: int) -> None:
            for number in range(start, start + 5):
                asked = request(f"t{number}")
                cache.put(asked.key, Completion(asked, str(number)), asked.key)

        threads = [threading.Thread(target=work, args=(cache, start)) for start, cache in enumerate([one, other] * 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.statistics()["answers"] == 8


def test_a_folder_is_no_cache(tmp_path: Path) -> None:
    """Said in a sentence, too."""
    with pytest.raises(ValueError, match="can't be opened .*; name a file that may be written"):
        AnswerCache(tmp_path)


def test_a_cache_that_fails_says_so_in_a_sentence(tmp_path: Path) -> None:
    """As an `OSError`, which the command line prints."""
    cache = AnswerCache(tmp_path / "c")
    cache.__exit__()
    with pytest.raises(OSError, match="The cache '.*c' can't be used .*closed"):
        cache.statistics()


@given(st.text())
def test_any_text_is_packed_and_unpacked(text: str) -> None:
    """Half pairs too."""
    assert unpack(pack(text + "\udcff")) == text + "\udcff"


def test_the_key_is_of_everything_that_is_asked() -> None:
    """And of nothing else: it is the same in another process, and on another day."""
    asked = ChatRequest((Message("user", "Grüße"),), ChatSettings("m"), {"type": "object"})
    assert asked.key == "691c1c883dcf49ae1716759f355d1c339c1356d6a05ac71017eec5d71faa4eec"
    others = [
        ChatRequest((Message("system", "Grüße"),), ChatSettings("m"), {"type": "object"}),
        ChatRequest((Message("user", "Gruß"),), ChatSettings("m"), {"type": "object"}),
        ChatRequest((Message("user", "Grüße"),), ChatSettings("m"), {"type": "array"}),
        ChatRequest((Message("user", "Grüße"),), ChatSettings("m")),
        *(
            ChatRequest((Message("user", "Grüße"),), settings, {"type": "object"})
            for settings in (
                ChatSettings("n"), ChatSettings("m", temperature=0.1), ChatSettings("m", top_p=0.9), ChatSettings("m", seed=1),
                ChatSettings("m", max_tokens=9), ChatSettings("m", answer_format="none"), ChatSettings("m", revision="r"),
                ChatSettings("m").with_extra({"top_k": 3}), ChatSettings("m", length_name="max_completion_tokens"),
            )
        ),
    ]
    assert len({asked.key, *(other.key for other in others)}) == 1 + len(others)


def test_recorded_answers_are_written_by_hand_as_well(tmp_path: Path) -> None:
    """As JSON values, which a person can read."""
    import json

    path = tmp_path / "recorded.jsonl"
    values = {"entities": [{"id": 0, "text": "Röteln", "type": "disease"}], "relations": []}
    path.write_text(json.dumps(recorded_row(request("a"), values, note="p1")) + "\n")
    with RecordedAnswers(path) as model:
        completion = model.submit(request("a")).result()
        assert len(model) == 1 and json.loads(completion.text) == values and completion.cached
        assert "holds no answer to the request" in model.submit(request("b")).result().error


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "this is not JSON"),
        ("[]", "a recorded answer is a JSON object"),
        ('{"request": "abc", "text": ""}', "'request' must be a SHA-256"),
        ('{"request": "' + "a" * 64 + '", "text": "", "mood": 1}', "has no field 'mood'"),
        ('{"request": "' + "a" * 64 + '", "text": "", "usage": [1]}', "'usage' must be two numbers"),
        ('{"request": "' + "a" * 64 + '", "text": "", "finish": 1}', "'finish' must be text"),
        ('{"request": "' + "b" * 64 + '", "text": "other"}', "has another answer further up"),
    ],
)
def test_a_broken_recording_is_refused_with_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    """In one sentence."""
    path = tmp_path / "recorded.jsonl"
    path.write_text('{"request": "' + "b" * 64 + '", "text": "one"}\n\n' + line + "\n")
    with pytest.raises(ValueError, match=f"line 3: .*{message}") as caught:
        RecordedAnswers(path)
    assert "\n" not in str(caught.value)


def test_a_recording_is_the_same_whatever_came_first(tmp_path: Path) -> None:
    """It is sorted, so that git shows what has changed."""
    for name, texts in (("one", "abcdef"), ("other", "fedcba")):
        with AnswerCache(tmp_path / f"{name}.sqlite") as cache:
            for text in texts:
                cache.put(request(text).key, Completion(request(text), text), request(text).key)
            assert write_recorded(tmp_path / name, cache) == 6
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()

"""What the tests of asking a teacher share."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.distill.chat_server import KEY, ChatServer, running


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A chat server, and its key in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running() as chat_server:
        yield chat_server

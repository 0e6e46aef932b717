"""Passages, a teacher and settings that the tests use."""

from __future__ import annotations

from typing import Any, List

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.client import ServerSettings
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings, Message
from spacy_gliner_biomed.distill.teacher import Teacher, TeacherSettings

CHAT = ChatSettings("tiny", max_tokens=500)


def passages(*texts: str) -> List[Passage]:
    """RETURNS (list): passages with these texts, the ids `p0`, `p1`…"""
    return [Passage(f"p{number}", text, "own", f"d{number}") for number, text in enumerate(texts)]


def teacher(**settings: Any) -> Teacher:
    """RETURNS (Teacher): with these settings in place of the usual ones."""
    return Teacher(TeacherSettings(**{"chat": CHAT, **settings}))


def request(text: str, settings: ChatSettings = CHAT) -> ChatRequest:
    """RETURNS (ChatRequest): as short as can be."""
    return ChatRequest((Message("user", f"<text>\n{text}\n</text>\n"),), settings)


def quick(url: str, **settings: Any) -> ServerSettings:
    """RETURNS (ServerSettings): for a test's server, with hardly any waiting."""
    return ServerSettings(**{"base_url": url, "wait": 0.01, "timeout": 5.0, "concurrency": 8, **settings})

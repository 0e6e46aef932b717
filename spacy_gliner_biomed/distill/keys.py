"""Keys of servers: read from the environment, hidden in what a server says, and refused where they would be written to a file."""

from __future__ import annotations

import os
from typing import Any

NO_KEY = "none"  # what is sent to a server of one's own that wants no key
_SECRETS = frozenset("token apitoken authtoken accesstoken bearertoken refreshtoken sessiontoken idtoken hftoken auth".split())
_PARTS_OF_SECRETS = (
    "apikey", "accesskey", "privatekey", "authorization", "bearer", "headers", "secret", "password", "credential", "cookie"
)


def key_of(variable: str) -> str:
    """RETURNS (str): the key in an environment variable, without the line end that a file of variables may have left there.

    RAISES (ValueError): where it can't be sent; the sentence doesn't hold it.
    """
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"The environment variable {variable} holds a key with characters that no key has; copy it there anew.")
    return key


def without_key(words: str, key: str) -> str:
    """RETURNS (str): a server's words on one line, cut to 200 characters, with our key in them hidden first."""
    return " ".join(hide_key(words, key).split())[:200]


def hide_key(words: str, key: str) -> str:
    """RETURNS (str): a server's words, with our key in them hidden."""
    return words if key == NO_KEY else words.replace(key, "***")


def secret_in(values: Any) -> str:
    """RETURNS (str): the first name in JSON values, at any depth, that could hold a secret; "" where there is none.

    "max_tokens" and "stop_token_ids" are settings, "token" and "accessToken" are not.
    """
    inner = values if isinstance(values, list) else []
    if isinstance(values, dict):
        for name in values:
            plain = str(name).casefold().replace("_", "").replace("-", "")
            if plain in _SECRETS or any(part in plain for part in _PARTS_OF_SECRETS):
                return str(name)
        inner = list(values.values())
    return next(filter(None, map(secret_in, inner)), "")

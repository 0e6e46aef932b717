"""A word list → one regular expression that reads each letter once, however long the list."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List

_END = ""
Trie = Dict[str, Any]


def words_pattern(words: Iterable[str]) -> str:
    """Join words into a pattern.

    words (iterable): plain text; a blank stands for white space or a hyphen.
    RETURNS (str): a pattern in a group that captures nothing; prefers longer words.
    RAISES (ValueError): for an empty list.
    """
    root: Trie = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[_END] = {}
    if not root:
        raise ValueError("A word list without words matches nothing; give it one.")
    return _pattern(root)


def _pattern(node: Trie) -> str:
    branches: List[str] = []
    for character, below in sorted(node.items()):
        if character != _END:
            branches.append(("[\\s-]" if character == " " else re.escape(character)) + _pattern(below))
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 and _END not in node else f"(?:{'|'.join(branches)})"
    return joined + ("?" if _END in node else "")

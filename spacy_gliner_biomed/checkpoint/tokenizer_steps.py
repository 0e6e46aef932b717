"""What the normalisers and pre-tokenizers of a `tokenizer.json` may do to a text, bounded before the file is used.

Four normalisers that write 3,000 letters for each `e` make a terabyte of a word; the library would try.
"""

from __future__ import annotations

import base64
from math import prod
from typing import Any, Dict, Iterator

from . import limits
from .errors import CheckpointError, short


def check_steps(values: Dict[str, Any], where: str) -> None:
    """Judge steps by their fields: old files leave their types out.

    values (dict): the parsed `tokenizer.json`. where (str): its place, for messages.
    RAISES (CheckpointError): for too many steps, too long a pattern, and steps that together make a text too long.
    """
    steps = [step for name in ("normalizer", "pre_tokenizer") for step in _steps(values.get(name))]
    if len(steps) > limits.STEPS:
        raise CheckpointError(
            f"{where} has {len(steps)} normalisers and pre-tokenizers; no model has more than {limits.STEPS}."
        )
    for step in steps:
        pattern = _pattern(step)
        if len(pattern) > limits.PATTERN_LENGTH:
            raise CheckpointError(
                f"{where} has the pattern {short(pattern)} of {len(pattern):,} characters; no model has one of more than "
                f"{limits.PATTERN_LENGTH:,}."
            )
    if prod(map(_growth, steps)) > limits.TEXT_GROWTH:
        raise CheckpointError(
            f"{where} has normalisers that can make a text more than {limits.TEXT_GROWTH:,} times longer; no model's do."
        )


def _steps(value: Any) -> Iterator[Dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for name in ("normalizers", "pretokenizers"):
            inner = value.get(name)
            for step in inner if isinstance(inner, list) else ():
                yield from _steps(step)


def _pattern(step: Dict[str, Any]) -> str:
    pattern = step.get("pattern")
    return max(map(_text, pattern.values()), key=len, default="") if isinstance(pattern, dict) else _text(pattern)


def _growth(step: Dict[str, Any]) -> int:
    """RETURNS (int): how many times longer a step can make a text, in bytes."""
    if "content" in step:  # Replace
        pattern, content = step.get("pattern"), _n_bytes(step["content"])
        literal = _n_bytes(pattern["String"]) if isinstance(pattern, dict) and list(pattern) == ["String"] else 0
        if literal:
            return max(1, -(-content // literal))
        return 1 + content  # an expression may match between any two letters
    if "prepend" in step:
        return 1 + _n_bytes(step["prepend"])
    if "precompiled_charsmap" in step:
        return _longest_replacement(_text(step["precompiled_charsmap"]))
    return 2 if step.get("type") == "ByteLevel" or "add_prefix_space" in step else 1  # a letter for each byte


def _longest_replacement(charsmap: str) -> int:
    """sentencepiece's table: the size of a search tree, the tree, then the replacements, each with a zero byte at its end."""
    try:
        data = base64.b64decode(charsmap)
    except ValueError:  # the library refuses it
        return 1
    replacements = data[4 + int.from_bytes(data[:4], "little") :]
    return max(1, *map(len, replacements.split(b"\0")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _n_bytes(value: Any) -> int:
    return len(_text(value).encode("utf-8", "surrogatepass"))

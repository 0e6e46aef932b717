"""JSON from a stranger: bounded, UTF-8, no NaN, and every field typed before use."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .errors import CheckpointError, short

DEEPEST = 64  # levels; beyond that code that walks the values may run out of stack


def parse_object(data: bytes, where: str) -> Dict[str, Any]:
    """Parse a JSON object; of a name given twice the last value counts, as everywhere.

    data (bytes): the file's content, its size already checked.
    where (str): the file's place, for messages.
    RAISES (CheckpointError): when it isn't UTF-8, JSON and an object, or is nested too deep.
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{where} is not UTF-8 text (byte {error.start}).") from None
    except RecursionError:
        raise CheckpointError(f"{where} is nested deeper than {DEEPEST} levels; no model's files are.") from None
    except ValueError as error:
        raise CheckpointError(f"{where} is not valid JSON: {short(str(error))}.") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{where} holds {short(value)}, not a JSON object.")
    if _deeper_than(value, DEEPEST):
        raise CheckpointError(f"{where} is nested deeper than {DEEPEST} levels; no model's files are.")
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
    return bool(level)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def dump_object(value: Mapping[str, Any]) -> bytes:
    """RETURNS (bytes): an object as the JSON text that our files hold."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


class Fields:
    """The fields of a JSON object, each read with its type, its bounds and the default that applies when it is missing.

    All getters raise `CheckpointError` with the file, the field, the value found and what is wanted.
    """

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def wrong(self, name: str, wanted: str) -> CheckpointError:
        """RETURNS (CheckpointError): the error for a field that holds something else than what is wanted."""
        return CheckpointError(f"{name!r} in {self.where} is {short(self.values.get(name))}, but must be {wanted}.")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """RETURNS (int): an integer from `low` to `high`."""
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(name, f"an integer from {low} to {high}")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """RETURNS (float): a finite number from `low` to `high`."""
        value = self.values.get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(name, f"a number from {low} to {high}")
        return float(value)

    def boolean(self, name: str, default: bool) -> bool:
        """RETURNS (bool): true or false."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def text(self, name: str, default: str, longest: int = 10_000) -> str:
        """RETURNS (str): a string of 1 to `longest` characters that UTF-8 can hold."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not _encodable(value):
            raise self.wrong(name, f"a string of 1 to {longest} characters")
        return value

    def optional_text(self, name: str, longest: int = 10_000) -> Optional[str]:
        """RETURNS (str): as `text`, or None where the field is missing or null."""
        return None if self.values.get(name) is None else self.text(name, "", longest)

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """RETURNS (str): one of the allowed strings."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.wrong(name, " or ".join(repr(choice) for choice in allowed))
        return value

    def object(self, name: str) -> Optional[Dict[str, Any]]:
        """RETURNS (dict): an object, or None where the field is missing or null."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "an object or null")
        return value

    def refuse(self, names: Sequence[str], reason: str) -> None:
        """Raise when any of these fields holds anything but null, false, zero or an empty value."""
        for name in names:
            if self.values.get(name):
                raise CheckpointError(f"{name!r} in {self.where} is {short(self.values[name])}: {reason}.")

    def only(self, known: Sequence[str]) -> None:
        """Raise when there is a field that isn't known."""
        for name in self.values:
            if name not in known:
                raise CheckpointError(
                    f"{self.where} has the unknown field {short(name)}; it may be from a newer version."
                )


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def strings(value: Any) -> Optional[Tuple[str, ...]]:
    """RETURNS (tuple): the items of a JSON list of strings, or None when it is anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) and _encodable(item) for item in value):
        return None
    return tuple(value)

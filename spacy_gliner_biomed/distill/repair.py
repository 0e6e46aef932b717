"""From a model's words to an `Extraction`: what is plainly meant is mended and counted, anything else is said to be wrong.

Mended is the packing (a code fence, words around the object, Python's quotes, a comma too many) and single items that break
the rules (a blank or over-long mention, an id twice, a relation to nobody), which leave the rest as it is. An answer that
was cut off is not mended, since what is missing would be taught as absent; `keep_cut` keeps its whole items all the same.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Tuple

from pydantic import BaseModel, ValidationError

from .answers import (
    MOST_ENTITIES,
    MOST_RELATIONS,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    TypeDescription,
    short_reason,
)
from .requests import TOO_LONG, Completion

LONGEST_LITERAL = 100_000  # characters; Python's own parser takes much memory
# A string is passed over as a whole; one without an end reaches to the end, so that no text is slow
_COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*"?)|,(\s*[}\]])', re.DOTALL)
_STRING = re.compile(r"""(["'])(?:(?!\1)[^\\]|\\.)*\1?""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = "\"'\\bfnrtu"  # those of JSON, and the quote that Python's strings may have
_FINISHES = {
    "length": "it was cut off at the longest answer allowed; list nothing twice",
    TOO_LONG: "it was far too long; list nothing twice",
    "content_filter": "the server's content filter stopped it",
    "abort": "the server broke it off",
    "error": "the server broke it off",
}


class BadOutput(ValueError):
    """An answer that can't be used; the message is part of a sentence, for the next prompt and the report."""


@dataclass(frozen=True)
class Mended:
    """An answer that can be used.

    extraction (Extraction): what it says.
    repairs (Counter): what was mended, by kind; empty for an answer that was right.
    """

    extraction: Extraction
    repairs: Counter[str]


def read_extraction(completion: Completion, keep_cut: bool = False) -> Mended:
    """Read an answer.

    completion (Completion): without an error.
    keep_cut (bool): whether the whole items of an answer that was cut off are kept.
    RETURNS (Mended): the extraction, and what was mended.
    RAISES (BadOutput): where there is nothing to mend.
    """
    repairs: Counter[str] = Counter()
    cut = completion.finish == "length"
    if (reason := unfinished(completion)) and not (cut and keep_cut):
        raise BadOutput(reason)
    if cut:
        repairs["answer cut off, its whole items kept"] += 1
        values = json_object(close_cut(completion.text), repairs)
    else:
        values = json_object(completion.text, repairs)
    return Mended(extraction_of(values, repairs), repairs)


def unfinished(completion: Completion) -> str:
    """RETURNS (str): why an answer ended before its end, as part of a sentence; "" where it did not."""
    return _FINISHES.get(completion.finish, "")


def wrong_with(completion: Completion, keep_cut: bool = False) -> str:
    """RETURNS (str): why an answer can't be used, or "": a `Check` for `completion.complete`."""
    try:
        read_extraction(completion, keep_cut)
    except BadOutput as error:
        return str(error)
    return ""


def json_object(text: str, repairs: Counter[str]) -> Dict[str, Any]:
    """Find the JSON object in a model's words.

    text (str): the words.
    repairs (Counter): counts what had to be mended; changed in place.
    RETURNS (dict): the object.
    RAISES (BadOutput): where there is none, or one that has a field twice.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise BadOutput("it holds no JSON object")
    inner = text[start : end + 1]
    if text.strip() != inner:
        repairs["words around the JSON"] += 1
    values = _loads(inner)
    if values is None and (values := _loads(_COMMA.sub(r"\1\2", inner))) is not None:
        repairs["comma too many"] += 1
    if values is None and (values := _literal(inner)) is not None:
        repairs["Python's quotes"] += 1
    if values is None:
        raise BadOutput("it is no valid JSON")
    if not isinstance(values, dict):
        raise BadOutput("it is no JSON object")
    return values


def extraction_of(values: Dict[str, Any], repairs: Counter[str]) -> Extraction:
    """Make an extraction of JSON values, without the items that break its rules.

    values (dict): of `json_object`.
    repairs (Counter): counts what was left out or changed; changed in place.
    RETURNS (Extraction): the rest.
    RAISES (BadOutput): where it has no list of entities, or nothing in it is one.
    """
    if not isinstance(values.get("entities"), list):
        raise BadOutput("it has no list 'entities'")
    if unknown := set(values) - set(Extraction.model_fields):
        repairs["unknown field"] += len(unknown)
    given = values["entities"]
    entities, ids = _entities(given, repairs)
    if given and not entities:
        raise BadOutput("none of its entities has an id, a text and a type within the limits")
    relations = list(_relations(_list(values, "relations", repairs), ids, repairs))
    descriptions = list(_items(TypeDescription, _list(values, "descriptions", repairs), "description", repairs))
    for name, items, most in (("entities", entities, MOST_ENTITIES), ("relations", relations, MOST_RELATIONS)):
        if len(items) > most:
            raise BadOutput(f"it lists {len(items)} different {name}; {most} are the most")
    try:
        return Extraction(entities=entities, relations=relations, descriptions=_one_a_type(descriptions, repairs))
    except ValidationError as error:
        raise BadOutput(short_reason(error)) from None


def close_cut(text: str) -> str:
    """RETURNS (str): JSON that was cut off, back to its last whole item, and closed; anything else as it is."""
    stack: List[str] = []
    in_string = escaped = False
    whole, closing = -1, ""
    for place, letter in enumerate(text):
        if in_string:
            in_string, escaped = (letter != '"' or escaped), (letter == "\\" and not escaped)
        elif letter == '"':
            in_string = True
        elif letter in "{[":
            stack.append("}" if letter == "{" else "]")
        elif letter in "}]" and stack:
            stack.pop()
            # An object in a list that stands in the outermost object is a whole item
            whole, closing = place + 1, "".join(reversed(stack))
    return text if not stack else text[:whole] + closing if whole > 0 else text


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False, object_pairs_hook=_once)
    except BadOutput:
        raise
    except (ValueError, RecursionError):
        return None


def _once(pairs: List[Tuple[Any, Any]]) -> Dict[Any, Any]:
    """An object; which of two values of a field is meant can't be known."""
    values: Dict[Any, Any] = {}
    for name, value in pairs:
        if name in values:
            raise BadOutput(f"an object in it has the field {str(name)[:40]!r} twice")
        values[name] = value
    return values


def _literal(text: str) -> Any:
    """Python's notation, read by its own parser and never executed; None where it is none.

    And where it would read something else than is written: escapes that JSON doesn't know, strings without a comma between.
    """
    if len(text) > LONGEST_LITERAL or any(letter not in _ESCAPES for letter in _ESCAPE.findall(text)):
        return None
    if re.search(r'"\s*\w*"', _STRING.sub('"', text)):
        return None
    try:
        tree = ast.parse(text, mode="eval")
        value = ast.literal_eval(tree)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            _once([(key.value, None) for key in node.keys if isinstance(key, ast.Constant)])
    return value


def _list(values: Dict[str, Any], name: str, repairs: Counter[str]) -> List[Any]:
    found = values.get(name, [])
    if isinstance(found, list):
        return found
    repairs[f"no list of {name}"] += 1
    return []


def _entities(given: List[Any], repairs: Counter[str]) -> Tuple[List[ExtractedEntity], Dict[int, int]]:
    """The entities, each with an id of its own, and from an id as given to the one it has now.

    An id that two different entities share names neither: relations can't tell which is meant.
    """
    entities = list(_items(ExtractedEntity, given, "entity", repairs))
    times = Counter(entity.id for entity in dict.fromkeys(entities))
    # The same entity under one id after the other is a list that runs away; in a list of usual length it is mentioned twice
    runs_away = len(entities) > MOST_ENTITIES
    free = max(times, default=-1) + 1
    kept: Dict[Tuple[Any, ...], ExtractedEntity] = {}
    ids: Dict[int, int] = {}
    taken = set()
    for entity in entities:
        same = (entity.text, entity.type) if runs_away else (entity.text, entity.type, entity.id)
        if same in kept:
            repairs["entity twice"] += 1
            if times[entity.id] == 1:
                ids[entity.id] = kept[same].id
            continue
        if entity.id in taken:
            repairs["id twice"] += 1
            kept[same] = entity.model_copy(update={"id": free})
            free += 1
        else:
            kept[same] = entity
            taken.add(entity.id)
            if times[entity.id] == 1:
                ids[entity.id] = entity.id
    return list(kept.values()), ids


def _relations(given: List[Any], ids: Dict[int, int], repairs: Counter[str]) -> Iterator[ExtractedRelation]:
    seen = set()
    for relation in _items(ExtractedRelation, given, "relation", repairs):
        if relation.head not in ids or relation.tail not in ids:
            repairs["relation to no entity"] += 1
            continue
        relation = ExtractedRelation(head=ids[relation.head], tail=ids[relation.tail], type=relation.type)
        if relation in seen:
            repairs["relation twice"] += 1
        else:
            seen.add(relation)
            yield relation


def _one_a_type(descriptions: List[TypeDescription], repairs: Counter[str]) -> List[TypeDescription]:
    """The first description of each type."""
    first: Dict[str, TypeDescription] = {}
    for each in descriptions:
        if first.setdefault(each.type, each) is not each:
            repairs["type described twice"] += 1
    kept = list(first.values())
    if len(kept) > MOST_ENTITIES:
        repairs["description too many"] += len(kept) - MOST_ENTITIES
    return kept[:MOST_ENTITIES]


def _items(kind: type[Any], given: List[Any], name: str, repairs: Counter[str]) -> Iterator[Any]:
    """The items of a list that are of a kind, numbers in quotes read as numbers, fields too many left out."""
    assert issubclass(kind, BaseModel)
    for each in given:
        if not isinstance(each, dict):
            repairs[f"{name} left out"] += 1
            continue
        row = {field: each[field] for field in kind.model_fields if field in each}
        if len(row) < len(each):
            repairs["unknown field"] += len(each) - len(row)
        for field in ("id", "head", "tail"):
            if isinstance(row.get(field), str) and row[field].strip().isdecimal() and len(row[field]) < 10:
                row[field] = int(row[field])
                repairs["number in quotes"] += 1
        try:
            yield kind.model_validate(row)
        except ValidationError:
            repairs[f"{name} left out"] += 1

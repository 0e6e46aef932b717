"""From a JSON schema to the nodes of the grammar; and the grammar of an extraction, which says more than a schema can."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..answers import DESCRIPTION_LENGTH, MENTION_LENGTH, MOST_ENTITIES, MOST_RELATIONS, TYPE_LENGTH
from .grammar import Node, Series
from .json_nodes import Choice, Counted, Counter, Either, Items, Literal, Text, Whole
from .verbatim import Mention, PassageText

LONGEST_STRING, LONGEST_LIST = 2000, 500  # where a schema sets no bound: nothing may run for ever
LARGEST_NUMBER = 10**9

_IGNORED = frozenset(("title", "description", "default", "additionalProperties", "required", "examples", "$defs", "$schema"))
_KNOWN: Dict[str, frozenset] = {
    "object": frozenset(("type", "properties")),
    "array": frozenset(("type", "items", "minItems", "maxItems")),
    "string": frozenset(("type", "minLength", "maxLength")),
    "integer": frozenset(("type", "minimum", "maximum")),
    "boolean": frozenset(("type",)),
    "null": frozenset(("type",)),
}


def schema_grammar(schema: Mapping[str, Any]) -> Node:
    """The grammar of a JSON schema.

    Understood are objects (every property is written, in the order of the schema, and no other), lists with their bounds,
    strings with theirs, whole numbers with theirs, booleans, null, `enum`, `const`, `anyOf` and references within the schema.
    A string that may be long has 2,000 characters at most, a list without bounds 500 items.

    schema (mapping): as pydantic's `model_json_schema` writes it.
    RETURNS (Node): of the whole.
    RAISES (ValueError): for anything else that a schema might ask for, such as a pattern; one sentence.
    """
    return _node(schema, schema, ())


def _node(schema: Any, root: Mapping[str, Any], inside: Tuple[str, ...]) -> Node:
    if not isinstance(schema, Mapping):
        raise ValueError(f"A JSON schema is an object, not {str(schema)[:60]!r}.")
    if "$ref" in schema:
        return _node(*_referred(str(schema["$ref"]), root, inside))
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        if not values:
            raise ValueError("A JSON schema has an 'enum' without a value; give it one.")
        return Choice(tuple(dict.fromkeys(_dumped(value) for value in values)))
    if "anyOf" in schema:
        return Either(tuple(_node(each, root, inside) for each in schema["anyOf"]))
    kind = schema.get("type")
    known = _KNOWN.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise ValueError(f"A constrained answer can't have the type {kind!r}; use one of {', '.join(_KNOWN)}.")
    if strange := sorted(set(schema) - known - _IGNORED):
        raise ValueError(f"A constrained answer can't be held to '{strange[0]}' of a JSON schema; leave it out.")
    if kind == "object":
        properties = schema.get("properties", {})
        return record({name: _node(value, root, inside) for name, value in properties.items()})
    if kind == "array":
        most = schema.get("maxItems", LONGEST_LIST)
        return Items(_node(schema.get("items"), root, inside), most, _least(schema.get("minItems", 0), most))
    if kind == "string":
        most = schema.get("maxLength", LONGEST_STRING)
        return Text(most, _least(schema.get("minLength", 0), most))
    if kind == "integer":
        most = schema.get("maximum", LARGEST_NUMBER)
        return Whole(_least(schema.get("minimum", min(-LARGEST_NUMBER, most)), most), most)
    return Choice((b"true", b"false") if kind == "boolean" else (b"null",))


def _referred(name: str, root: Mapping[str, Any], inside: Tuple[str, ...]) -> Tuple[Any, Mapping[str, Any], Tuple[str, ...]]:
    if name in inside:
        raise ValueError(f"The JSON schema's '{name}' holds itself; a constrained answer must have an end.")
    found: Any = root
    for key in name.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping) or key not in found:
            raise ValueError(f"The JSON schema refers to '{name}', which it does not hold.")
        found = found[key]
    return found, root, (*inside, name)


def _least(least: int, most: int) -> int:
    if least > most:
        raise ValueError(f"A JSON schema asks for {least} at least and {most} at most; no answer can be both.")
    return least


def record(values: Mapping[str, Node]) -> Node:
    """RETURNS (Node): an object with these properties, in order."""
    nodes: List[Node] = []
    before = b"{"
    for name, value in values.items():
        nodes += [Literal(before + _dumped(name) + b": "), value]
        before = b", "
    return Series((*nodes, Literal(b"}") if nodes else Literal(b"{}")))


def extraction_grammar(
    text: str,
    *,
    verbatim: bool = True,
    flat: bool = False,
    types: Optional[Sequence[str]] = None,
    relations: Optional[Sequence[str]] = None,
    descriptions: bool = False,
    entities: int = MOST_ENTITIES,
) -> Node:
    """The grammar of `answers.Extraction` for a text.

    Beyond what its JSON schema says, the entities' ids count up from 0, relations hold only between entities that are listed,
    and, if `verbatim`, mentions are copied from the text, each from a place of its own, see `verbatim`.

    text (str): what is annotated.
    verbatim (bool): whether mentions must stand in the text letter by letter.
    flat (bool): whether such mentions may not overlap.
    types, relations (sequence): the only names of types and of relations; free text without. An empty list of relations
        leaves none.
    descriptions (bool): whether the answer describes its types.
    entities (int): how many may be listed.
    RETURNS (Node): of the whole.
    RAISES (ValueError): where `types` is empty, or a name blank or too long.
    """
    passage = PassageText(text, flat)
    mention: Node = Mention(passage) if verbatim else Counted(Text(MENTION_LENGTH))
    is_left: Optional[Callable[..., bool]] = passage.is_left if verbatim else None
    if types is not None and not types:
        raise ValueError("No type is allowed, so that no entity could be listed; name one, or leave the types free.")
    entity = record({"id": Counter(), "text": mention, "type": _names(types)})
    end = Choice(tuple(b"%d" % number for number in range(entities)), lambda memory: memory.entities)
    relation = record({"head": end, "tail": end, "type": _names(relations or None)})
    most = 0 if relations is not None and not relations else MOST_RELATIONS
    values = {
        "entities": Items(entity, entities, more=is_left),
        "relations": Items(relation, most, more=lambda memory: memory.entities > 0),
    }
    if descriptions:
        described = record({"type": _names(types), "description": Text(DESCRIPTION_LENGTH)})
        values["descriptions"] = Items(described, MOST_ENTITIES)
    return record(values)


def _names(names: Optional[Sequence[str]]) -> Node:
    if names is None:
        return Text(TYPE_LENGTH)
    for name in names:
        if not name.strip() or len(name) > TYPE_LENGTH:
            raise ValueError(f"A type has 1 to {TYPE_LENGTH} characters, not {name[:60]!r}.")
    return Choice(tuple(dict.fromkeys(_dumped(name) for name in names)))


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")

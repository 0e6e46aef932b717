"""Knowledge bases in scispaCy's JSON-lines format: one concept a line, every line checked.

Format after `scispacy.linking_utils.Entity`: `concept_id`, `canonical_name`, `aliases`, `types`, `definition`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union


class KnowledgeBaseError(ValueError):
    """A knowledge base that cannot be read; the message names the line and what it should hold."""


class Concept(NamedTuple):
    """One entry of a knowledge base, field for field scispaCy's `Entity`.

    concept_id (str): identifier, unique in its knowledge base, e.g. "DEMO:0001".
    canonical_name (str): preferred name.
    aliases (list): other names; the canonical name need not be repeated.
    types (list): semantic types, in the knowledge base's own terms.
    definition (Optional[str]): what the concept is, in words.
    """

    concept_id: str
    canonical_name: str
    aliases: List[str] = []
    types: List[str] = []
    definition: Optional[str] = None

    @property
    def names(self) -> List[str]:
        """RETURNS (list): canonical name and aliases, each once, in that order."""
        return list(dict.fromkeys([self.canonical_name, *self.aliases]))


def read_concepts(path: Union[str, Path]) -> List[Concept]:
    """Read a knowledge base file.

    path (Union[str, Path]): JSON lines, UTF-8.
    RETURNS (list): its concepts, in file order, at least one.
    RAISES (KnowledgeBaseError): where the file is missing or a line is not a concept.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or "not readable"
        raise KnowledgeBaseError(
            f"Cannot read the knowledge base '{path}' ({reason}); give a JSON-lines file."
        ) from error
    return parse_concepts(content, source=str(path))


def parse_concepts(content: bytes, *, source: str = "knowledge base") -> List[Concept]:
    """Parse the bytes of a knowledge base file; blank lines are passed over.

    content (bytes): JSON lines, UTF-8.
    source (str): what errors call the file.
    RETURNS (list): its concepts, in file order, at least one.
    RAISES (KnowledgeBaseError): where a line is not a concept, an identifier repeats, or no line is left.
    """
    try:
        # Only the line feed parts lines: str.splitlines would also cut at U+2028, which JSON allows inside a string.
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise KnowledgeBaseError(f"{source} is not UTF-8 (byte {error.start}); save it as UTF-8 JSON lines.") from error
    concepts: List[Concept] = []
    first_seen: Dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        concept = _parse_line(line, f"{source}, line {number}")
        if concept.concept_id in first_seen:
            earlier = first_seen[concept.concept_id]
            raise KnowledgeBaseError(
                f"{source}, line {number}: concept_id '{concept.concept_id}' was used on line {earlier}; merge the two."
            )
        first_seen[concept.concept_id] = number
        concepts.append(concept)
    if not concepts:
        raise KnowledgeBaseError(f"{source} holds no concept; write one JSON object a line.")
    return concepts


def _parse_line(line: str, where: str) -> Concept:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise KnowledgeBaseError(f"{where} is not JSON ({error}); write one JSON object a line.") from error
    if not isinstance(row, dict):
        raise KnowledgeBaseError(f"{where} is a JSON {type(row).__name__}, not an object; write one concept a line.")
    unknown = sorted(set(row) - set(Concept._fields))
    if unknown:
        raise KnowledgeBaseError(f"{where} has the unknown field '{unknown[0]}'; use {', '.join(Concept._fields)}.")
    definition = row.get("definition")
    if definition is not None and not isinstance(definition, str):
        raise KnowledgeBaseError(f"{where}: definition {definition!r} must be a string or null.")
    return Concept(
        concept_id=_name(row, "concept_id", where),
        canonical_name=_name(row, "canonical_name", where),
        aliases=_names(row, "aliases", where),
        types=_names(row, "types", where),
        definition=definition,
    )


def _name(row: Dict[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise KnowledgeBaseError(f"{where}: {field} {value!r} must be a string that is not blank.")
    return value


def _names(row: Dict[str, Any], field: str, where: str) -> List[str]:
    values = row.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise KnowledgeBaseError(f"{where}: {field} {values!r} must be a list of strings, none of them blank.")
    return values

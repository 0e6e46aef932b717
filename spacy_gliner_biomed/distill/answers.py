"""What an annotator answers about a passage, and the file that holds answers between the steps of distillation.

The answer is the graph of the paper's pipeline (GLiNER-biomed, `OblConfig.py`): entities with free-text types, and relations
between them by the entities' ids. It holds strings, no offsets: `distill.grounding` places them in the text. Unlike there,
every length is bounded, so that a run-away list can't eat the whole answer, and an id must be that of a listed entity.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..corpus.collect.passages import Passage, from_row
from .lines import check_row, part_of, read_lines, write_lines

MENTION_LENGTH = 200
TYPE_LENGTH = 80
DESCRIPTION_LENGTH = 400
MOST_ENTITIES = 200
MOST_RELATIONS = 200
VARIANTS = ("chat", "single", "candidates", "descriptions")
_FIELDS = ("passage", "part", "annotator", "request", "entities", "relations", "descriptions")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*")
    @classmethod
    def _not_blank(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("is blank")
        return value


class ExtractedEntity(_Strict):
    """A mention as the annotator wrote it.

    id (int): what relations name it by, 0 or more; unique in its answer.
    text (str): the mention's words, which should stand in the passage letter by letter; grounding finds out.
    type (str): its type, in free text.
    """

    id: int = Field(ge=0)
    text: str = Field(min_length=1, max_length=MENTION_LENGTH)
    type: str = Field(min_length=1, max_length=TYPE_LENGTH)


class ExtractedRelation(_Strict):
    """A directed relation between two entities of the same answer.

    head, tail (int): the ids of the entities.
    type (str): its name, in free text.
    """

    head: int = Field(ge=0)
    tail: int = Field(ge=0)
    type: str = Field(min_length=1, max_length=TYPE_LENGTH)


class TypeDescription(_Strict):
    """What the annotator means by a type.

    type (str): the type, as its entities carry it.
    description (str): a sentence about it.
    """

    type: str = Field(min_length=1, max_length=TYPE_LENGTH)
    description: str = Field(min_length=1, max_length=DESCRIPTION_LENGTH)


class Extraction(_Strict):
    """Everything that an annotator found in a text.

    entities (list): at most 200, their ids unique.
    relations (list): at most 200, between listed entities.
    descriptions (list): of the types, where they were asked for.
    RAISES (pydantic.ValidationError): a `ValueError`, for anything else; `distill.repair` mends what can be mended first.
    """

    entities: List[ExtractedEntity] = Field(max_length=MOST_ENTITIES)
    relations: List[ExtractedRelation] = Field(max_length=MOST_RELATIONS)
    descriptions: List[TypeDescription] = Field(default=[], max_length=MOST_ENTITIES)

    @model_validator(mode="after")
    def _ids(self) -> Extraction:
        known = {entity.id for entity in self.entities}
        if len(known) < len(self.entities):
            raise ValueError("two entities have the same id")
        for relation in self.relations:
            for end in (relation.head, relation.tail):
                if end not in known:
                    raise ValueError(f"a relation names the entity {end}, which is not listed")
        return self

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, in the order of the fields; no descriptions where there are none."""
        values = self.model_dump()
        return values if self.descriptions else {name: values[name] for name in ("entities", "relations")}


@dataclass(frozen=True)
class Answer:
    """An annotator's answer about a passage, or about a part of it.

    passage (Passage): the whole passage.
    extraction (Extraction): what was found.
    annotator (str): who found it: a model's name, or the kind ("lexicon", "component").
    request (str): the hash of the full request, "" where there was none.
    part (tuple): `(start, end)`, the characters of the passage that the annotator was shown, end exclusive. A long passage
        has several answers, one a part.
    """

    passage: Passage
    extraction: Extraction
    annotator: str
    request: str
    part: Tuple[int, int]

    @property
    def text(self) -> str:
        """The text that the annotator was shown."""
        return self.passage.text[self.part[0] : self.part[1]]

    def to_row(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        row = {"passage": self.passage.to_row(), "part": list(self.part), "annotator": self.annotator}
        return {**row, "request": self.request, **self.extraction.to_dict()}


def json_schema(variant: str = "chat") -> Dict[str, Any]:
    """The JSON schema that a server is given to hold the model to.

    References are written out, and every property is required, since grammar engines differ in what else they understand.

    variant (str): of the prompt; only "descriptions" asks for the types' descriptions.
    RETURNS (dict): the schema of `Extraction`, with its bounds.
    RAISES (ValueError): for a variant that there is none of.
    """
    if variant not in VARIANTS:
        raise ValueError(f"There is no prompt variant '{variant}'; use one of {', '.join(VARIANTS)}.")
    schema = plain_schema(Extraction)
    if variant != "descriptions":
        del schema["properties"]["descriptions"]
    schema["required"] = list(schema["properties"])
    return schema


def plain_schema(model: type[BaseModel]) -> Dict[str, Any]:
    """RETURNS (dict): the JSON schema of a pydantic model, without references, titles, descriptions and defaults."""
    schema = model.model_json_schema()
    return _plain(schema, schema.get("$defs", {}))


def _plain(schema: Any, definitions: Dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_plain(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    kept = {}
    for name, value in schema.items():
        if name == "properties":  # its names are the fields', "description" and "title" among them
            kept[name] = {field: _plain(each, definitions) for field, each in value.items()}
        elif name not in ("$defs", "title", "description", "default"):
            kept[name] = _plain(value, definitions)
    return kept


def answer_from_row(row: Any, where: str) -> Answer:
    """Check a row and make it an answer.

    row (any): what a line of the file holds.
    where (str): file and line, for the message.
    RETURNS (Answer): the answer.
    RAISES (ValueError): where a field is missing, unknown or wrong; one sentence.
    """
    check_row(row, _FIELDS[:-1], _FIELDS[-1:], where)
    passage = from_row(row["passage"], where)
    for name in ("annotator", "request"):
        if not isinstance(row[name], str):
            raise ValueError(f"{where}: '{name}' must be text, not {str(row[name])[:60]!r}.")
    part = part_of(row["part"], passage.text, where)
    try:
        extraction = Extraction.model_validate({name: row[name] for name in _FIELDS[4:] if name in row})
    except ValidationError as error:
        raise ValueError(f"{where}: {short_reason(error)}.") from None
    return Answer(passage, extraction, row["annotator"], row["request"], part)


def short_reason(error: ValidationError) -> str:
    """RETURNS (str): the first thing that is wrong, as "entities.3.text: …", without a full stop; it may quote the value."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ")
    given = "" if isinstance(first["input"], (dict, list, BaseModel)) else f" ({str(first['input'])[:60]!r})"
    return f"{place}: {reason}{given}" if place else reason


def write_answers(path: Path, answers: Iterable[Answer]) -> int:
    """Write answers as JSON Lines, one at a time; the file appears whole or not at all.

    path (Path): the file; `.gz` packs it.
    answers (iterable): in the order of the passages, and of the parts in a passage: the file keeps the order it is given.
    RETURNS (int): how many.
    """
    return write_lines(path, (answer.to_row() for answer in answers))


def read_answers(*paths: Path) -> Iterator[Answer]:
    """Read answers, one at a time.

    paths (Path): JSON Lines files, plain or gzipped, and folders of them.
    YIELDS (Answer): in the order of the files.
    RAISES (ValueError): at the first line that is no answer; one sentence with file and line.
    RAISES (FileNotFoundError): where there is no such file.
    """
    return read_lines(paths, answer_from_row)


def without_answered(passages: Iterable[Passage], answers: Sequence[Path]) -> Iterator[Passage]:
    """YIELDS (Passage): those that these files of answers, and folders of them, are not about; their ids are held in memory."""
    known = {(answer.passage.source, answer.passage.id) for answer in read_answers(*answers)} if answers else set()
    yield from (passage for passage in passages if (passage.source, passage.id) not in known)

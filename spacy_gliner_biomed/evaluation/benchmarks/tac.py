"""TAC 2017 Adverse Reaction Extraction: drug labels as XML, a file a label, a passage a section.

    <Label drug="ADCETRIS" track="TAC2017_ADR">
      <Text>
        <Section name="adverse reactions" id="S1">…</Section>
      </Text>
      <Mentions>
        <Mention id="M1" section="S1" type="AdverseReaction" start="142,160" len="10,8" str="peripheral neuropathy"/>
      </Mentions>
      …
    </Label>

`start` and `len` count characters of the section's text; commas separate the pieces of a mention. The files come from
elsewhere, so they are parsed by expat alone: entity declarations and references out of the file stop the reading, and a
file may hold 32 MiB at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional
from xml.parsers import expat

from ...corpus.formats.checks import Annotation, annotation, split_kinds
from ...corpus.formats.problems import Problems
from ...corpus.passage import AnnotatedPassage

MAX_BYTES = 32 << 20


@dataclass
class Section:
    """A section of a drug label: its text, and what was annotated in it."""

    id: str
    line: int
    pieces: List[str] = field(default_factory=list)
    mentions: List[Dict[str, str]] = field(default_factory=list)


def read_file(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read one drug label.

    path (Path): an `.xml` file of `train_xml` or `gold_xml`.
    problems (Problems): takes mentions that do not fit their section.
    YIELDS (AnnotatedPassage): one for each section that is not blank; the document's id is the file's name.
    RAISES (ValueError): where the file is no such XML, is too large, or declares entities.
    """
    for section in parse(path, problems):
        text = "".join(section.pieces)
        found = [_annotation(attributes, text, path, problems) for attributes in section.mentions]
        if text.strip():
            mentions, discontinuous = split_kinds(found)
            yield AnnotatedPassage(
                id=f"{path.stem}.{section.id}",
                text=text,
                mentions=mentions,
                doc_id=path.stem,
                discontinuous=discontinuous,
                where=f"{path}, line {section.line}",
            )


def parse(path: Path, problems: Problems) -> List[Section]:
    """RETURNS (List[Section]): the sections in file order, each with the attributes of its mentions and their `line`."""
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"'{path}' is larger than {MAX_BYTES >> 20} MiB; a drug label of TAC 2017 has far less.")
    sections: Dict[str, Section] = {}
    opened: List[Section] = []  # holds the section whose text is being read
    root: List[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: Dict[str, str]) -> None:
        if not root:
            root.append(name)
        if name == "Section":
            section = Section(attributes.get("id", ""), parser.CurrentLineNumber)
            if section.id in sections:
                raise ValueError(f"{path}, line {section.line}: a second section {section.id!r}; ids must differ.")
            sections[section.id] = section
            opened[:] = [section]
        elif name == "Mention":
            where = f"{path}, line {parser.CurrentLineNumber}"
            lacking = [key for key in ("section", "type", "start", "len") if key not in attributes]
            if lacking:
                problems.add(where, f"a mention without {lacking[0]!r}.")
            elif attributes["section"] not in sections:
                problems.add(where, f"a mention in section {attributes['section']!r}, which the file does not hold.")
            else:
                line = str(parser.CurrentLineNumber)
                sections[attributes["section"]].mentions.append({**attributes, "line": line})

    def end(name: str) -> None:
        if name == "Section":
            opened.clear()

    def characters(text: str) -> None:
        if opened:
            opened[0].pieces.append(text)

    def refuse(*_: object) -> int:
        raise ValueError(
            f"{path}, line {parser.CurrentLineNumber}: XML entities are declared or fetched here, which the files of TAC 2017 "
            "never do; it may be an attack, so the file is not read."
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"{path}, line {error.lineno}: not XML ({expat.ErrorString(error.code)}).") from None
    if root != ["Label"]:
        raise ValueError(f"'{path}' begins with <{root[0]}>, not with <Label>; it is no drug label of TAC 2017.")
    return list(sections.values())


def _annotation(attributes: Dict[str, str], text: str, path: Path, problems: Problems) -> Optional[Annotation]:
    """RETURNS (Annotation): what a `Mention` element says, in its section's offsets; None where it does not fit."""
    where, label = f"{path}, line {attributes['line']}", attributes["type"]
    try:
        starts = [int(number) for number in attributes["start"].split(",")]
        lengths = [int(number) for number in attributes["len"].split(",")]
        fragments = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    except ValueError:
        problems.add(
            where,
            f"the mention start={attributes['start']!r} len={attributes['len']!r} ({label}) needs as many whole numbers on "
            "either side.",
        )
        return None
    return annotation(text, fragments, label, attributes.get("str"), where, problems)

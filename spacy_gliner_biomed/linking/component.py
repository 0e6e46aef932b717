"""`gliner_biomed_linker`: scispaCy's entity linker over a knowledge base that travels with the pipeline.

scispaCy's own factory takes the name of a knowledge base that it downloads. This one takes a file, keeps its content,
and writes it with the pipeline, so `spacy.load` needs neither network nor registration code.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Union

import srsly
from spacy.language import Language
from spacy.pipeline.pipe import Pipe
from spacy.tokens import Doc, Span

from .index import candidate_generator, import_scispacy, require_scispacy
from .knowledge_base import Concept, KnowledgeBaseError, parse_concepts, read_concepts

KB_FILE = "knowledge_base.jsonl"
SETTINGS_FILE = "cfg"
SETTINGS = (
    "threshold",
    "k",
    "max_entities_per_mention",
    "filter_for_definitions",
    "no_definition_threshold",
    "resolve_abbreviations",
)


class KnowledgeBaseLinker(Pipe):
    """Writes `span._.kb_ents` for each of `doc.ents`: a list of (concept id, similarity), best first.

    The settings named in `SETTINGS` are plain attributes and may be changed between documents.
    Arguments are those of `make_linker`.
    RAISES (ImportError): where scispaCy is not installed; the message names the extra.
    RAISES (ValueError): where a threshold is outside 0 to 1 or a count below 1.
    """

    def __init__(
        self,
        name: str = "gliner_biomed_linker",
        *,
        kb_path: Optional[Union[str, Path]] = None,
        threshold: float = 0.7,
        k: int = 30,
        max_entities_per_mention: int = 5,
        filter_for_definitions: bool = False,
        no_definition_threshold: float = 0.95,
        resolve_abbreviations: bool = True,
    ):
        require_scispacy()
        for setting, share in (("threshold", threshold), ("no_definition_threshold", no_definition_threshold)):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{setting} {share} is no cosine similarity; give a number from 0 to 1.")
        for setting, count in (("k", k), ("max_entities_per_mention", max_entities_per_mention)):
            if count < 1:
                raise ValueError(f"{setting} {count} would leave every mention without a concept; give at least 1.")
        self.name = name
        self._kb_path = kb_path
        self.threshold = threshold
        self.k = k
        self.max_entities_per_mention = max_entities_per_mention
        self.filter_for_definitions = filter_for_definitions
        self.no_definition_threshold = no_definition_threshold
        self.resolve_abbreviations = resolve_abbreviations
        self._concepts: Optional[List[Concept]] = None
        self._linker: Any = None
        # scispaCy does this when its linker is made; a parent whose workers link needs it to read what they found.
        if not Span.has_extension("kb_ents"):
            Span.set_extension("kb_ents", default=[])

    @property
    def kb_path(self) -> Optional[Union[str, Path]]:
        """The file of the knowledge base; None where it came with a saved pipeline or as `concepts`. Assign another to change."""
        return self._kb_path

    @kb_path.setter
    def kb_path(self, kb_path: Optional[Union[str, Path]]) -> None:
        self._kb_path = kb_path
        self._concepts = self._linker = None

    @property
    def concepts(self) -> List[Concept]:
        """RETURNS (list): the knowledge base, read from `kb_path` at first use.

        RAISES (KnowledgeBaseError): where there is none, or its file cannot be read.
        """
        if self._concepts is None:
            if self.kb_path is None:
                raise KnowledgeBaseError(f"'{self.name}' has no knowledge base; set kb_path to a JSON-lines file.")
            self._concepts = read_concepts(self.kb_path)
        return self._concepts

    @concepts.setter
    def concepts(self, concepts: Iterable[Concept]) -> None:
        concepts = list(concepts)
        self.kb_path = None
        self._concepts = concepts

    @property
    def kb(self) -> Any:
        """RETURNS (scispacy.linking_utils.KnowledgeBase): with `cui_to_entity` and `alias_to_cuis`, as in scispaCy."""
        return self._entity_linker().kb

    def __call__(self, doc: Doc) -> Doc:
        """Link the entities of one document.

        doc (Doc): its `doc.ents` are looked up, by long form where `abbreviation_detector` found one.
        RETURNS (Doc): the same document.
        """
        return self._entity_linker()(doc)

    def _entity_linker(self) -> Any:
        if self._linker is None:
            linking = import_scispacy("linking")
            self._linker = linking.EntityLinker(candidate_generator=candidate_generator(self.concepts))
        vars(self._linker).update(self._settings())
        return self._linker

    def _settings(self) -> Dict[str, Any]:
        return {setting: getattr(self, setting) for setting in SETTINGS}

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): settings and knowledge base; `exclude` may name "cfg" and "knowledge_base"."""
        message: Dict[str, Any] = {}
        if "cfg" not in exclude:
            message["cfg"] = self._settings()
        if "knowledge_base" not in exclude and self._has_knowledge_base():
            message["knowledge_base"] = _to_json_lines(self.concepts)
        return srsly.msgpack_dumps(message)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "KnowledgeBaseLinker":
        """Take settings and knowledge base from `to_bytes`. RETURNS (KnowledgeBaseLinker): itself."""
        message = srsly.msgpack_loads(data)
        if "knowledge_base" in message and "knowledge_base" not in exclude:
            self.concepts = parse_concepts(message["knowledge_base"], source=f"the knowledge base of '{self.name}'")
        if "cfg" in message and "cfg" not in exclude:
            self._set(message["cfg"])
        return self

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Write settings and knowledge base into a folder; `exclude` may name "cfg" and "knowledge_base"."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if "cfg" not in exclude:
            _write(folder / SETTINGS_FILE, json.dumps(self._settings()).encode("utf8"))
        if "knowledge_base" not in exclude and self._has_knowledge_base():
            _write(folder / KB_FILE, _to_json_lines(self.concepts))

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> "KnowledgeBaseLinker":
        """Take settings and knowledge base from a folder of `to_disk`. RETURNS (KnowledgeBaseLinker): itself."""
        folder = Path(path)
        if "knowledge_base" not in exclude and (folder / KB_FILE).exists():
            self.concepts = read_concepts(folder / KB_FILE)
        if "cfg" not in exclude:
            # The standard library reads a float as it was written; srsly reads 0.6 as 0.6000000000000001.
            self._set(json.loads((folder / SETTINGS_FILE).read_bytes()))
        return self

    def _has_knowledge_base(self) -> bool:
        # A linker that was never given one can still be saved: `spacy init fill-config` and templates do so.
        return self._concepts is not None or self.kb_path is not None

    def _set(self, settings: Dict[str, Any]) -> None:
        for setting in SETTINGS:
            if setting in settings:
                setattr(self, setting, settings[setting])


@Language.factory(
    "gliner_biomed_linker",
    requires=["doc.ents"],
    assigns=["span._.kb_ents"],
    default_config={
        "kb_path": None,
        "threshold": 0.7,
        "k": 30,
        "max_entities_per_mention": 5,
        "filter_for_definitions": False,
        "no_definition_threshold": 0.95,
        "resolve_abbreviations": True,
    },
)
def make_linker(
    nlp: Language,
    name: str,
    kb_path: Optional[str],
    threshold: float,
    k: int,
    max_entities_per_mention: int,
    filter_for_definitions: bool,
    no_definition_threshold: float,
    resolve_abbreviations: bool,
) -> KnowledgeBaseLinker:
    """Build the linker; the knowledge base is read at first use, because a saved pipeline brings its own.

    kb_path (Optional[str]): JSON lines in scispaCy's format, relative to the working directory. A saved pipeline goes on with the
        knowledge base it was saved with; to change that, assign `kb_path` after loading.
    threshold (float): cosine similarity, 0 to 1, that a concept must exceed.
    k (int): names looked up for a mention.
    max_entities_per_mention (int): most concepts a mention gets.
    filter_for_definitions (bool): whether concepts without a definition must exceed `no_definition_threshold` too.
    no_definition_threshold (float): cosine similarity, 0 to 1.
    resolve_abbreviations (bool): whether a mention that `abbreviation_detector` expanded is looked up by its long form.
    """
    return KnowledgeBaseLinker(
        name,
        kb_path=kb_path,
        threshold=threshold,
        k=k,
        max_entities_per_mention=max_entities_per_mention,
        filter_for_definitions=filter_for_definitions,
        no_definition_threshold=no_definition_threshold,
        resolve_abbreviations=resolve_abbreviations,
    )


def _to_json_lines(concepts: Iterable[Concept]) -> bytes:
    return "".join(json.dumps(concept._asdict()) + "\n" for concept in concepts).encode("utf8")


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)

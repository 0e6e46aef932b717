"""The factory `gliner_biomed_linker`."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.linking import Concept, KnowledgeBaseError, index
from spacy_gliner_biomed.linking.component import SETTINGS, KnowledgeBaseLinker

MENTIONS = ("metformin", "CHT", "tumor necrosis factor", "unknowable")
TEXTS = [
    "Cachectin (CHT) rose under metformin. CHT fell later.",
    "Nothing here.",
    "",
    "A tumor necrosis factor is unknowable.",
]

# scispaCy's abbreviation detector warns on each text that defines none.
pytestmark = pytest.mark.filterwarnings("ignore:.*W036")


def links(doc: Doc) -> List[Tuple[str, List[Tuple[str, float]]]]:
    """Links by value: scispaCy's tuples come out of a worker process as lists."""
    return [(ent.text, [(concept, round(score, 5)) for concept, score in ent._.kb_ents]) for ent in doc.ents]


@pytest.fixture
def nlp(kb_path: Path, make_nlp: Callable[..., Language]) -> Language:
    """Abbreviations, entities by rule, and the linker."""
    nlp = make_nlp(*MENTIONS, abbreviations=True)
    nlp.add_pipe("gliner_biomed_linker", config={"kb_path": str(kb_path)})
    return nlp


def test_links_are_those_of_scispacy(nlp: Language, kb_path: Path) -> None:
    """Exact names score 1, near ones less, best first; no concept for a mention nobody knows."""
    linked = links(nlp(TEXTS[0]))
    assert linked == [("CHT", [("T:2", 1.0)]), ("metformin", [("T:1", 1.0)]), ("CHT", [("T:2", 1.0)])]
    near, unknown = links(nlp(TEXTS[3]))
    assert [concept for concept, _ in near[1]] == ["T:2", "T:3"]
    assert 1.0 > near[1][0][1] >= near[1][1][1] > 0.7
    assert unknown == ("unknowable", [])


def test_abbreviations_are_resolved_only_on_wish(nlp: Language) -> None:
    """Without it the short form itself is looked up, and is not in the knowledge base."""
    nlp.get_pipe("gliner_biomed_linker").resolve_abbreviations = False
    assert links(nlp(TEXTS[0]))[0] == ("CHT", [])


def test_the_detector_is_optional(kb_path: Path, make_nlp: Callable[..., Language]) -> None:
    """The linker works on entities alone."""
    nlp = make_nlp("metformin")
    nlp.add_pipe("gliner_biomed_linker", config={"kb_path": str(kb_path)})
    assert links(nlp("metformin")) == [("metformin", [("T:1", 1.0)])]


def test_settings_count_at_once(nlp: Language) -> None:
    """Settings are attributes that may change between documents."""
    linker = nlp.get_pipe("gliner_biomed_linker")
    linker.max_entities_per_mention = 1
    assert len(links(nlp(TEXTS[3]))[0][1]) == 1
    linker.max_entities_per_mention, linker.threshold = 5, 0.99
    assert links(nlp(TEXTS[3]))[0][1] == []
    linker.threshold, linker.filter_for_definitions = 0.7, True
    assert links(nlp(TEXTS[3]))[0][1] == []
    linker.no_definition_threshold = 0.7
    assert len(links(nlp(TEXTS[3]))[0][1]) == 2
    linker.k = 1
    assert len(links(nlp(TEXTS[3]))[0][1]) == 1


@pytest.mark.parametrize("n_process", [1, 2])
def test_pipe_equals_call(nlp: Language, n_process: int) -> None:
    """Streams and worker processes give the links that single calls give, also before the parent has linked."""
    streamed = [links(doc) for doc in nlp.pipe(TEXTS, n_process=n_process, batch_size=1)]
    assert streamed == [links(nlp(text)) for text in TEXTS]


def test_a_saved_pipeline_brings_its_knowledge_base(nlp: Language, kb_path: Path, tmp_path: Path) -> None:
    """The original file is gone, a setting was changed, and the loaded pipeline links the same."""
    nlp.get_pipe("gliner_biomed_linker").threshold = 0.6
    expected = [links(nlp(text)) for text in TEXTS]
    nlp.to_disk(tmp_path / "pipeline")
    kb_path.unlink()
    loaded = spacy.load(tmp_path / "pipeline")
    assert [links(loaded(text)) for text in TEXTS] == expected
    assert loaded.get_pipe("gliner_biomed_linker").threshold == 0.6
    loaded.to_disk(tmp_path / "again")
    assert [links(doc) for doc in spacy.load(tmp_path / "again").pipe(TEXTS)] == expected
    written = [path.name for path in (tmp_path / "again" / "gliner_biomed_linker").iterdir()]
    assert sorted(written) == ["cfg", "knowledge_base.jsonl"]


def test_bytes_and_pickle(nlp: Language, kb_path: Path) -> None:
    """The same through bytes and through pickle, which spawned workers use."""
    expected = [links(nlp(text)) for text in TEXTS]
    linker = nlp.get_pipe("gliner_biomed_linker")
    copies = [KnowledgeBaseLinker().from_bytes(linker.to_bytes()), pickle.loads(pickle.dumps(linker))]
    kb_path.unlink()
    nlp.remove_pipe("gliner_biomed_linker")
    for copy in copies:
        assert [links(copy(nlp(text))) for text in TEXTS] == expected


def test_exclude(nlp: Language, tmp_path: Path) -> None:
    """A part that is excluded is neither written nor read."""
    linker = nlp.get_pipe("gliner_biomed_linker")
    linker.k = 7
    linker.to_disk(tmp_path / "linker", exclude=["knowledge_base"])
    assert [path.name for path in (tmp_path / "linker").iterdir()] == ["cfg"]
    linker.to_disk(tmp_path / "linker")
    fresh = KnowledgeBaseLinker().from_disk(tmp_path / "linker", exclude=["cfg"])
    assert fresh.k == 30 and len(fresh.concepts) == 4
    fresh = KnowledgeBaseLinker().from_bytes(linker.to_bytes(exclude=["cfg"]), exclude=["knowledge_base"])
    assert fresh.k == 30
    with pytest.raises(KnowledgeBaseError):
        fresh.concepts
    assert KnowledgeBaseLinker().from_bytes(linker.to_bytes(), exclude=["knowledge_base"]).k == 7


def test_concepts_can_be_set(nlp: Language) -> None:
    """A knowledge base made in memory replaces the file's."""
    linker = nlp.get_pipe("gliner_biomed_linker")
    nlp("metformin")
    linker.concepts = [Concept("M:1", "metformin")]
    assert links(nlp("metformin")) == [("metformin", [("M:1", 1.0)])]
    assert linker.kb.cui_to_entity["M:1"].canonical_name == "metformin"


def test_another_file_can_be_set(nlp: Language, kb_path: Path, tmp_path: Path) -> None:
    """After use, and after loading, where the path of the config has given way to the knowledge base that came along."""
    other = tmp_path / "other.jsonl"
    other.write_text('{"concept_id": "O:1", "canonical_name": "metformin"}\n')
    linker = nlp.get_pipe("gliner_biomed_linker")
    assert linker.kb_path == str(kb_path)
    assert links(nlp("metformin")) == [("metformin", [("T:1", 1.0)])]
    nlp.to_disk(tmp_path / "pipeline")
    linker.kb_path = other
    assert links(nlp("metformin")) == [("metformin", [("O:1", 1.0)])]
    config = {"components": {"gliner_biomed_linker": {"kb_path": str(other)}}}
    loaded = spacy.load(tmp_path / "pipeline", config=config)
    linker = loaded.get_pipe("gliner_biomed_linker")
    assert linker.kb_path is None
    assert links(loaded("metformin")) == [("metformin", [("T:1", 1.0)])]
    linker.kb_path = other
    assert links(loaded("metformin")) == [("metformin", [("O:1", 1.0)])]


def test_nothing_is_read_at_construction(make_nlp: Callable[..., Language], tmp_path: Path) -> None:
    """A pipeline is built, and saved, before its knowledge base is there; using it says what is missing."""
    nlp = make_nlp("metformin")
    nlp.add_pipe("gliner_biomed_linker")
    nlp.to_disk(tmp_path / "unset")
    with pytest.raises(KnowledgeBaseError, match="'gliner_biomed_linker' has no knowledge base; set kb_path"):
        spacy.load(tmp_path / "unset")("metformin")
    nlp.replace_pipe("gliner_biomed_linker", "gliner_biomed_linker", config={"kb_path": "none.jsonl"})
    with pytest.raises(KnowledgeBaseError, match="'none.jsonl'"):
        nlp("metformin")


def test_a_damaged_saved_knowledge_base_changes_nothing(nlp: Language, tmp_path: Path) -> None:
    """A linker that fails to load keeps what it had."""
    linker = nlp.get_pipe("gliner_biomed_linker")
    linker.to_disk(tmp_path / "linker")
    (tmp_path / "linker" / "knowledge_base.jsonl").write_text("{")
    with pytest.raises(KnowledgeBaseError, match="line 1 is not JSON"):
        linker.from_disk(tmp_path / "linker")
    assert links(nlp("metformin")) == [("metformin", [("T:1", 1.0)])]


@pytest.mark.parametrize(
    "config, message",
    [
        ({"threshold": 1.5}, "threshold 1.5 is no cosine"),
        ({"no_definition_threshold": -0.1}, "no_definition_threshold -0.1"),
        ({"k": 0}, "k 0 would leave"),
        ({"max_entities_per_mention": 0}, "max_entities_per_mention 0 would leave"),
    ],
)
def test_settings_out_of_range_are_refused(config: Any, message: str) -> None:
    """At construction, with the value."""
    with pytest.raises(ValueError, match=message):
        spacy.blank("en").add_pipe("gliner_biomed_linker", config=config)


def test_without_scispacy_construction_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes when the component is added, not at the first document."""
    monkeypatch.setattr(index.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"\[linking\]"):
        KnowledgeBaseLinker()


def test_factory_declares_what_it_needs() -> None:
    """`nlp.analyze_pipes` can tell that entities are missing; each setting is in the default config."""
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed_linker")
    analysis = nlp.analyze_pipes()
    assert analysis["problems"]["gliner_biomed_linker"] == ["doc.ents"]
    assert analysis["summary"]["gliner_biomed_linker"]["assigns"] == ["span._.kb_ents"]
    assert set(SETTINGS) | {"kb_path", "factory"} == set(nlp.get_pipe_config("gliner_biomed_linker")) | {"factory"}

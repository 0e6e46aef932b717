"""The chain with scispaCy: abbreviations, entities, links, over a knowledge base of our own, offline."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Dict, List, Set

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.linking import read_concepts, register_knowledge_base

ASSETS = Path(__file__).parents[2] / "project" / "assets"
KB = ASSETS / "knowledge_base.jsonl"
ABSTRACT = (ASSETS / "abstract.txt").read_text(encoding="utf-8")
LABELS = ["drug", "disease", "gene or protein", "medical procedure", "adverse event", "species", "cell line"]

# scispaCy's abbreviation detector warns on each text that defines none.
pytestmark = pytest.mark.filterwarnings("ignore:.*W036")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails at once."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"network access: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def make_chain(linker: str, **config: Any) -> Language:
    """RETURNS (Language): abbreviations, mini, and a linker."""
    import scispacy.abbreviation  # noqa: F401  scispaCy has no entry points

    nlp = spacy.blank("en")
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
    nlp.add_pipe("gliner_biomed", config={"labels": LABELS, "threshold": 0.3})
    nlp.add_pipe(linker, config=config)
    return nlp


def best_links(doc: Doc) -> Dict[str, Set[str]]:
    """RETURNS (dict): mention → names of the best concepts it was linked to, anywhere in the document."""
    names = {concept.concept_id: concept.canonical_name for concept in read_concepts(KB)}
    linked: Dict[str, Set[str]] = {}
    for entity in doc.ents:
        if entity._.kb_ents:
            linked.setdefault(entity.text, set()).add(names[entity._.kb_ents[0][0]])
    return linked


def by_value(doc: Doc) -> List[Any]:
    """RETURNS (list): entities with links; what scispaCy stores as tuples comes out of a worker as lists."""
    return [
        (entity.text, entity.label_, [(concept, round(score, 4)) for concept, score in entity._.kb_ents])
        for entity in doc.ents
    ]


@pytest.fixture(scope="module")
def own_chain() -> Language:
    """The chain with `gliner_biomed_linker`."""
    return make_chain("gliner_biomed_linker", kb_path=str(KB))


def test_the_abstract_is_linked(own_chain: Language) -> None:
    """Names link to their concepts, and an abbreviation by its long form, which the knowledge base alone knows."""
    linked = best_links(own_chain(ABSTRACT))
    assert linked["baricitinib"] == {"baricitinib"}
    # "MTX" is no alias of any concept.
    assert not any("MTX" in concept.names for concept in read_concepts(KB))
    assert linked["MTX"] == {"methotrexate"}
    assert len(linked) >= 10, linked


def test_the_stock_linker_gives_the_same_links(own_chain: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    """scispaCy's own factory, over the same file by name."""
    from scispacy import candidate_generation

    for table in ("DEFAULT_PATHS", "DEFAULT_KNOWLEDGE_BASES"):
        monkeypatch.setattr(candidate_generation, table, dict(getattr(candidate_generation, table)))
    register_knowledge_base("demo", KB)
    stock = make_chain("scispacy_linker", linker_name="demo", filter_for_definitions=False)
    assert by_value(stock(ABSTRACT)) == by_value(own_chain(ABSTRACT)) != []


def test_two_processes_link_as_one(own_chain: Language) -> None:
    """Workers forked after a forward in the parent finish, and give the same values."""
    texts = [ABSTRACT, "Metformin is a drug.", ""]
    expected = [by_value(own_chain(text)) for text in texts]
    assert [by_value(doc) for doc in own_chain.pipe(texts, n_process=2, batch_size=1)] == expected


def test_the_saved_chain_needs_no_knowledge_base_file(own_chain: Language, tmp_path: Path) -> None:
    """A chain built over a file that is gone when it is loaded links as before."""
    copy = tmp_path / "kb.jsonl"
    copy.write_bytes(KB.read_bytes())
    nlp = make_chain("gliner_biomed_linker", kb_path=str(copy))
    nlp.to_disk(tmp_path / "chain")
    copy.unlink()
    assert by_value(spacy.load(tmp_path / "chain")(ABSTRACT)) == by_value(own_chain(ABSTRACT))


def test_the_chain_is_sound(own_chain: Language) -> None:
    """spaCy's own analysis finds that each component gets what it needs."""
    assert not any(own_chain.analyze_pipes()["problems"].values())

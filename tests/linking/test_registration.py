"""scispaCy's stock factory over a knowledge base of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
import spacy
from spacy.language import Language

from spacy_gliner_biomed.linking import KnowledgeBaseError, register_knowledge_base

# scispaCy's abbreviation detector warns on each text that defines none.
pytestmark = pytest.mark.filterwarnings("ignore:.*W036")


@pytest.fixture(autouse=True)
def _forget_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names registered in a test are gone after it."""
    from scispacy import candidate_generation

    for table in ("DEFAULT_PATHS", "DEFAULT_KNOWLEDGE_BASES"):
        monkeypatch.setattr(candidate_generation, table, dict(getattr(candidate_generation, table)))


def test_stock_factory_links_offline(kb_path: Path, make_nlp: Callable[..., Language]) -> None:
    """The registered name is all that the stock factory needs; long forms are looked up for abbreviations."""
    register_knowledge_base("test_kb", kb_path)
    nlp = make_nlp("metformin", "CHT", abbreviations=True)
    nlp.add_pipe("scispacy_linker", config={"linker_name": "test_kb", "filter_for_definitions": False})
    doc = nlp("Cachectin (CHT) rose under metformin. CHT fell later.")
    assert [(ent.text, ent._.kb_ents[0][0]) for ent in doc.ents] == [
        ("CHT", "T:2"),
        ("metformin", "T:1"),
        ("CHT", "T:2"),
    ]
    assert nlp.get_pipe("scispacy_linker").kb.cui_to_entity["T:1"].definition == "A biguanide."


def test_stock_pipeline_survives_the_disk(kb_path: Path, tmp_path: Path, make_nlp: Callable[..., Language]) -> None:
    """scispaCy stores the name; with the name registered the pipeline loads."""
    register_knowledge_base("test_kb", kb_path)
    nlp = make_nlp("metformin")
    nlp.add_pipe("scispacy_linker", config={"linker_name": "test_kb"})
    nlp.to_disk(tmp_path / "pipeline")
    doc = spacy.load(tmp_path / "pipeline")("metformin")
    assert doc.ents[0]._.kb_ents[0][0] == "T:1"


def test_a_name_can_be_registered_again(kb_path: Path, make_nlp: Callable[..., Language]) -> None:
    """The newer file counts."""
    register_knowledge_base("test_kb", kb_path)
    kb_path.write_text('{"concept_id": "N:1", "canonical_name": "metformin", "definition": "New."}')
    register_knowledge_base("test_kb", kb_path)
    nlp = make_nlp("metformin")
    nlp.add_pipe("scispacy_linker", config={"linker_name": "test_kb"})
    assert nlp("metformin").ents[0]._.kb_ents[0][0] == "N:1"


@pytest.mark.parametrize("name, message", [("umls", "scispaCy's own"), ("mesh", "scispaCy's own"), (" ", "blank")])
def test_names_that_are_refused(kb_path: Path, name: str, message: str) -> None:
    """A stock name would be hijacked for every other user of the process."""
    with pytest.raises(ValueError, match=message):
        register_knowledge_base(name, kb_path)


def test_a_bad_file_registers_nothing(kb_path: Path) -> None:
    """The name stays free, so scispaCy's own handling of unknown names is not changed."""
    from scispacy import candidate_generation

    with pytest.raises(KnowledgeBaseError):
        register_knowledge_base("broken", kb_path.with_name("none.jsonl"))
    assert "broken" not in candidate_generation.DEFAULT_PATHS

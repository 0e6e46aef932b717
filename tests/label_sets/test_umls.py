"""The UMLS semantic types."""

from __future__ import annotations

import re

from spacy_gliner_biomed.label_sets import UMLS_SEMANTIC_TYPES, load_umls, load_wordings


def test_there_are_127_types() -> None:
    assert isinstance(UMLS_SEMANTIC_TYPES, tuple)
    assert len(set(UMLS_SEMANTIC_TYPES)) == len(UMLS_SEMANTIC_TYPES) == 127
    assert {"Disease or Syndrome", "Pharmacologic Substance", "Gene or Genome"} <= set(UMLS_SEMANTIC_TYPES)


def test_identifiers_and_groups() -> None:
    types = load_umls()
    assert len({item.tui for item in types}) == 127
    assert all(re.fullmatch(r"T\d{3}", item.tui) for item in types)
    assert [item.tui for item in types] == sorted(item.tui for item in types)
    assert len({(item.group, item.group_name) for item in types}) == len({item.group for item in types}) == 15


def test_the_hierarchy_has_two_roots_and_no_circle() -> None:
    parents = {item.name: item.parent for item in load_umls()}
    assert [name for name, parent in parents.items() if not parent] == ["Event", "Entity"]
    for name in parents:
        path = []
        while name:
            assert name not in path
            path.append(name)
            name = parents[name]
        assert path[-1] in ("Entity", "Event")


def test_wordings_know_the_same_parents() -> None:
    wordings = load_wordings()
    for item in load_umls():
        assert wordings[item.name].parents == ((item.parent,) if item.parent else ())

"""Names for own knowledge bases, so that scispaCy's stock `scispacy_linker` finds them offline.

scispaCy keeps two tables by `linker_name`: where the index lies (`DEFAULT_PATHS`) and how the knowledge base is made
(`DEFAULT_KNOWLEDGE_BASES`). Its generator asks the first for three things only, which are computed here.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, List, Union

from .index import ExactIndex, fit_vectors, import_scispacy, scispacy_knowledge_base
from .knowledge_base import read_concepts


class InMemoryPaths:
    """Stands where scispaCy expects `LinkerPaths`: the same questions, answered from the concepts, fitted once.

    knowledge_base (scispacy.linking_utils.KnowledgeBase): what the names point to.
    """

    def __init__(self, knowledge_base: Any):
        self.knowledge_base = knowledge_base
        self.names: List[str] = sorted(knowledge_base.alias_to_cuis)

    @cached_property
    def _fitted(self) -> Any:
        return fit_vectors(self.names)

    def get_concept_aliases(self) -> List[str]:
        """RETURNS (list): the name of each row of the index."""
        return self.names

    def get_tfidf_vectorizer(self) -> Any:
        """RETURNS (TfidfVectorizer): turns mentions into the vectors of the index."""
        return self._fitted[0]

    def get_ann_index(self, *, ef_search: int = 200) -> ExactIndex:
        """RETURNS (ExactIndex): the index; `ef_search` belongs to the approximate one and changes nothing here."""
        return ExactIndex(self._fitted[1])


def register_knowledge_base(name: str, kb_path: Union[str, Path]) -> None:
    """Make `nlp.add_pipe("scispacy_linker", config={"linker_name": name})` use a knowledge base of your own.

    Also imports scispaCy's factories, which have no entry points, so `abbreviation_detector` and `scispacy_linker` can
    be added afterwards. Call it before `spacy.load` of such a pipeline too: scispaCy stores the name only (the factory
    `gliner_biomed_linker` stores the knowledge base as well). A name that was registered here before is replaced.

    name (str): the `linker_name` to answer to; scispaCy's own names ("umls", "mesh", …) are refused.
    kb_path (Union[str, Path]): JSON lines in scispaCy's format, read now. Mind that scispaCy's `filter_for_definitions`
        is on by default and drops most matches of concepts without a definition.
    RAISES (ImportError): where scispaCy is not installed; the message names the extra.
    RAISES (KnowledgeBaseError): where the file is not a knowledge base.
    RAISES (ValueError): where the name belongs to scispaCy or is blank.
    """
    generation = import_scispacy("candidate_generation")
    taken = generation.DEFAULT_PATHS.get(name)
    if not name.strip():
        raise ValueError(f"linker_name {name!r} is blank; give the knowledge base a name.")
    if taken is not None and not isinstance(taken, InMemoryPaths):
        raise ValueError(f"linker_name '{name}' is one of scispaCy's own knowledge bases; choose another name.")
    knowledge_base = scispacy_knowledge_base(read_concepts(kb_path))
    generation.DEFAULT_PATHS[name] = InMemoryPaths(knowledge_base)
    generation.DEFAULT_KNOWLEDGE_BASES[name] = lambda: knowledge_base
    import_scispacy("abbreviation")
    import_scispacy("linking")

"""scispaCy's candidate generator over a small knowledge base, fitted in memory.

scispaCy stores its index as nmslib and joblib files. Joblib is pickle, which this package never writes, and a few
thousand names are fitted in well under a second: so the index is built from the concepts whenever they are loaded.
The vectors are scispaCy's own (`scispacy.candidate_generation.create_tfidf_ann_index`), except for its `min_df=10`,
which leaves nothing of a small knowledge base.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

import numpy as np

from .knowledge_base import Concept

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from scispacy.candidate_generation import CandidateGenerator

# Bounds the sparse product: one block of mentions meets every name that shares a trigram with one of them.
_MENTIONS_PER_BLOCK = 256


def require_scispacy() -> None:
    """Say at once, without the seconds that importing scispaCy takes, whether it is there.

    RAISES (ImportError): where scispaCy is not installed; the message names the extra.
    """
    if importlib.util.find_spec("scispacy") is None:
        raise ImportError("Entity linking needs scispaCy: pip install 'spacy-gliner-biomed[linking]'.")


def import_scispacy(module: str) -> ModuleType:
    """Import a module of scispaCy, which takes seconds and so waits until it is needed.

    module (str): name inside the scispacy package, e.g. "linking".
    RAISES (ImportError): where scispaCy is not installed; the message names the extra.
    """
    require_scispacy()
    return importlib.import_module(f"scispacy.{module}")


class ExactIndex:
    """Exact nearest neighbours by cosine, with the one nmslib method that scispaCy's generator calls.

    vectors (csr_matrix): Shape: (n_names, n_trigrams), rows of length 1.
    """

    def __init__(self, vectors: csr_matrix):
        self._transposed = vectors.T.tocsr()

    def knnQueryBatch(self, queries: csr_matrix, k: int) -> List[Tuple[np.ndarray, np.ndarray]]:  # noqa: N802 nmslib's name
        """Look up the nearest names of each mention.

        queries (csr_matrix): Shape: (n_mentions, n_trigrams), rows of length 1.
        k (int): most neighbours a mention gets.
        RETURNS (list): for each mention the rows of its neighbours and their cosine distances, nearest first, equal
            ones by row. Names without a common trigram are no neighbours, so there may be fewer than k.
        """
        neighbours = []
        for first in range(0, queries.shape[0], _MENTIONS_PER_BLOCK):
            similarities = (queries[first : first + _MENTIONS_PER_BLOCK] @ self._transposed).tocsr()
            for start, end in zip(similarities.indptr[:-1], similarities.indptr[1:], strict=True):
                rows, values = similarities.indices[start:end], similarities.data[start:end]
                nearest = np.lexsort((rows, -values))[:k]
                # Rounding can lift the cosine of a name with itself above 1.
                neighbours.append((rows[nearest], 1.0 - np.minimum(values[nearest], 1.0)))
        return neighbours


def fit_vectors(names: Sequence[str]) -> Tuple[Any, csr_matrix]:
    """Fit character-trigram TF-IDF on names.

    names (Sequence[str]): at least one that is not blank.
    RETURNS (tuple): the fitted `TfidfVectorizer`, and the vectors. Shape: (n_names, n_trigrams), float32.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
    return vectorizer, vectorizer.fit_transform(names)


def scispacy_knowledge_base(concepts: Sequence[Concept]) -> Any:
    """RETURNS (scispacy.linking_utils.KnowledgeBase): the concepts, looked up by id or by name."""
    utils = import_scispacy("linking_utils")
    return utils.KnowledgeBase([utils.Entity(*concept) for concept in concepts])


def candidate_generator(concepts: Sequence[Concept]) -> CandidateGenerator:
    """Build scispaCy's candidate generator over concepts; nothing is downloaded or written.

    concepts (Sequence[Concept]): at least one.
    RETURNS (CandidateGenerator): mention strings and k in, candidates with cosine similarities out.
    RAISES (ImportError): where scispaCy is not installed.
    """
    generation = import_scispacy("candidate_generation")
    knowledge_base = scispacy_knowledge_base(concepts)
    names = sorted(knowledge_base.alias_to_cuis)
    vectorizer, vectors = fit_vectors(names)
    return generation.CandidateGenerator(ExactIndex(vectors), vectorizer, names, knowledge_base)

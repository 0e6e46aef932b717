"""What labels mean, in our own words: other names, descriptions, the UMLS semantic types, and labels that unite others.

Training draws a label's wording from here, so that a model learns what is meant and not how it is spelt. The data lie
beside the code: `wordings.jsonl`, `pattern_wordings.jsonl`, `general_wordings.jsonl`, `more_names.jsonl`, `umls.tsv`,
`inventories.json` and `merges.jsonl`.
"""

from __future__ import annotations

from typing import Tuple

from .merges import Merge, load_inventories, load_merges
from .umls import SemanticType, load_umls
from .wordings import TestWording, Wording, hold_out, load_wordings, read_paraphrases, read_test_wordings

#: The names of the 127 UMLS semantic types, by type identifier.
UMLS_SEMANTIC_TYPES: Tuple[str, ...] = tuple(semantic_type.name for semantic_type in load_umls())

__all__ = [
    "Merge",
    "SemanticType",
    "TestWording",
    "UMLS_SEMANTIC_TYPES",
    "Wording",
    "hold_out",
    "load_inventories",
    "load_merges",
    "load_umls",
    "load_wordings",
    "read_paraphrases",
    "read_test_wordings",
]

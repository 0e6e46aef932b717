"""Free-text types → one name for one meaning: spelling, plural, synonyms; the mapping lies in a file that a person can edit."""

from __future__ import annotations

from .mapping import Becomes, build_mapping, read_mapping, write_mapping
from .plurals import singular
from .spelling import tidy

__all__ = ["Becomes", "build_mapping", "read_mapping", "singular", "tidy", "write_mapping"]

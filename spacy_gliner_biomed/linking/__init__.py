"""Entity linking: small knowledge bases of the user's own for scispaCy's linker, offline (extra `linking`)."""

from .knowledge_base import Concept, KnowledgeBaseError, parse_concepts, read_concepts
from .registration import register_knowledge_base

__all__ = ["Concept", "KnowledgeBaseError", "parse_concepts", "read_concepts", "register_knowledge_base"]

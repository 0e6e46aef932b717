"""What can be evaluated: the component, a checkpoint under the `gliner` library, a spaCy pipeline, a lexicon, a file."""

from .base import ScoredMention, System
from .spec import Defaults, open_system, open_systems

__all__ = ["Defaults", "ScoredMention", "System", "open_system", "open_systems"]

"""The GLiNER span scorer: torch and tokenizers, no spaCy."""

from .card import TrainingCard
from .config import EncoderConfig, ScorerConfig
from .decode import Candidates, decode
from .loss import SpanLoss
from .model import build_module
from .scorer import Settings, SpanScorer
from .subwords import EncodedWords, Subwords
from .words import split_words

__all__ = [
    "Candidates",
    "EncodedWords",
    "EncoderConfig",
    "ScorerConfig",
    "Settings",
    "SpanLoss",
    "SpanScorer",
    "Subwords",
    "TrainingCard",
    "build_module",
    "decode",
    "split_words",
]

"""Measures the quality of passages, and drops those that fail a threshold: two steps, the second of which costs little.

The scores stay with the passages, dropped or not, in the folder of the first step. Another threshold needs only the second.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterator, Mapping, Optional, Tuple

import numpy as np

from .counts import Counts
from .heuristics import HEURISTICS, SCORES, failed
from .passages import Passage
from .repair import repair, repair_name

if TYPE_CHECKING:
    from spacy.language import Language

BINS = 50
HISTOGRAM = "histogram"  # tallies named "histogram SCORE SOURCE" hold the number of passages by bin
REPAIRED = "repaired"
LONGEST = 1_000_000  # characters; spaCy's own limit for a text
TOO_LONG = "too long"
MOST_STRINGS = 200_000  # different words after which the tokenizer is made anew
WHOLE = ("a-a", "a/a")  # rules of spaCy's tokenizer that cut such words are left out
_LETTERS = re.compile(r"[A-Za-z]+")
_NEWLINES = re.compile(r"[\r\n]+")
_nlp: Optional[Language] = None


def score_settings(with_repair: bool = True) -> Dict[str, str]:
    """RETURNS (dict): the settings of `score_step`: what repairs, where that is wanted and installed, and whose tokens count."""
    return {"repair": repair_name(with_repair), "tokens": f"spaCy {version('spacy')}"}


def score_step(passages: Iterator[Passage], settings: Mapping[str, Any], counts: Counts) -> Iterator[Passage]:
    """A step: repairs passages and gives them the eight scores.

    passages (iterator): any passages.
    settings (mapping): as `score_settings` gives them.
    counts (Counts): takes the histograms, the repaired passages, and those of more than a million characters, which drop out.
    YIELDS (Passage): with the eight scores beside those it had.
    RAISES (ValueError): where the settings ask for another version of ftfy than there is.
    """
    if settings["repair"] not in (repair_name(False), repair_name(True)):
        raise ValueError(f"The texts are to be repaired by {settings['repair']}, but {repair_name(True)} is installed.")
    with_repair = settings["repair"] != repair_name(False)
    for passage in passages:
        if with_repair:
            repaired = repair(passage)
            if repaired is not passage:
                counts.tally(REPAIRED, passage.source)
            passage = repaired
        if len(passage.text) > LONGEST:
            counts.drop(passage, TOO_LONG)
            continue
        scores = measure(passage.text)
        for heuristic in HEURISTICS:
            counts.tally(
                f"{HISTOGRAM} {heuristic.name} {passage.source}", str(bin_of(scores[heuristic.name], heuristic.top))
            )
        yield passage.with_scores(scores)


def cut_step(passages: Iterator[Passage], settings: Mapping[str, Any], counts: Counts) -> Iterator[Passage]:
    """A step: hands on the passages that pass the heuristics.

    passages (iterator): passages with their eight scores.
    settings (mapping): `thresholds`, as `heuristics.choose_thresholds` gives them.
    counts (Counts): a passage that fails several heuristics counts under each.
    YIELDS (Passage): unchanged.
    """
    thresholds = settings["thresholds"]
    for passage in passages:
        reasons = failed(passage.text, passage.scores, passage.source, thresholds)
        if reasons:
            values = (f"{name} {passage.scores[name]:.3g}" for name in reasons if name in passage.scores)
            counts.drop(passage, *reasons, note=", ".join(values))
        else:
            yield passage


def measure(text: str) -> Dict[str, float]:
    """Measure a text.

    text (str): at most `LONGEST` characters.
    RETURNS (dict): the eight scores by name, as `heuristics.HEURISTICS` defines them; all 0 for a text without a token.
    """
    frequencies, n_sentences = tokens_and_sentences(text)
    if not frequencies:
        return dict.fromkeys(SCORES, 0.0)
    stop_words = _stop_words()
    n_tokens, n_letters = sum(frequencies.values()), sum(map(str.isalpha, text))
    special = sum(n for token, n in frequencies.items() if not _LETTERS.fullmatch(token))
    stopping = sum(n for token, n in frequencies.items() if token.lower() in stop_words)
    return {
        "special_characters": special / n_tokens,
        "sentences": float(n_sentences),
        "sentence_length": n_tokens / n_sentences,
        "capitals": sum(map(str.isupper, text)) / n_letters if n_letters else 0.0,
        "diversity": len(frequencies) / n_tokens,
        "stop_words": stopping / n_tokens,
        "repetition": max(frequencies.values()) / n_tokens,
        "newlines": len(_NEWLINES.findall(text)) / n_sentences,
    }


def tokens_and_sentences(text: str) -> Tuple[Dict[str, int], int]:
    """Cut a text into tokens and sentences, and count them.

    text (str): any text.
    RETURNS (tuple): how often each token is there, white space left out, and the number of sentences that hold a token.
        Both are spaCy's for English, but that "double-blind" and "mg/kg" stay whole, as in the tokens that the thresholds
        were made for.
    """
    nlp = _english()
    doc = nlp(text)
    # Columns of numbers instead of a Python object a token
    words, spaces, starts = doc.to_array(["ORTH", "IS_SPACE", "SENT_START"]).T  # each (n_tokens,)
    is_token = spaces == 0
    distinct, frequencies = np.unique(words[is_token], return_counts=True)
    n_sentences = len(np.unique(np.cumsum(starts == 1)[is_token]))
    return {nlp.vocab.strings[int(word)]: int(n) for word, n in zip(distinct, frequencies, strict=True)}, n_sentences


def bin_of(value: float, top: float) -> int:
    """RETURNS (int): which of `BINS` equal bins from 0 to `top` a score falls into; the last takes all that is above."""
    return min(int(value / top * BINS), BINS - 1)


def _english() -> Language:
    global _nlp
    # The vocabulary keeps every word it has seen; without an end, memory would grow with the corpus
    if _nlp is None or len(_nlp.vocab.strings) > MOST_STRINGS:
        import spacy
        from spacy.util import compile_infix_regex

        _nlp = spacy.blank("en")
        infixes = [rule for rule in _nlp.Defaults.infixes or () if not any(re.search(rule, word) for word in WHOLE)]
        _nlp.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer  # type: ignore[union-attr]
        _nlp.add_pipe("sentencizer")
    return _nlp


@lru_cache(maxsize=1)
def _stop_words() -> FrozenSet[str]:
    from spacy.lang.en.stop_words import STOP_WORDS

    return frozenset(STOP_WORDS)

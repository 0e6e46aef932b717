"""The quality heuristics and their thresholds, in one table; and which passages pass.

| score              | what it is                                             | passes at     |
|--------------------|--------------------------------------------------------|---------------|
| special_characters | share of tokens that are not only letters A–Z and a–z  | 0.30 at most  |
| sentences          | sentences                                              | 6 at least    |
| sentence_length    | tokens a sentence                                      | 10 at least   |
| capitals           | share of letters that are upper case                   | 0.20 at most  |
| diversity          | distinct tokens / tokens, case matters                 | 0.10 at least |
| stop_words         | share of tokens that are stop words                    | 0.05 at least |
| repetition         | share of tokens that are the most frequent one         | 0.20 at most  |
| newlines           | runs of line ends / sentences                          | see NEWLINES  |

The heuristics and their values are those of GLiNER-BioMed's curation (its `raw_curated_corpus` scripts A1 to E1), where the
limit for line ends is the only one that differs between sources. There the tokens, sentences and stop words are NLTK's; here
they are spaCy's, so that near a threshold some texts are judged otherwise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

ARM_GROUPS = "clinical_trials_arms"
ARM_GROUP = re.compile(r"[A-Z][^\n]*[0-9][^\n]*\.")  # a line that begins with a capital, holds a digit, ends with a full stop
ARM_GROUP_SENTENCES = 2
ARM_GROUP_REASON, ARM_GROUP_SHORT = "arm group: form", "arm group: sentences"
NEWLINES: Dict[str, float] = {"pubmed": 0.30, "clinical_trials": 0.15, "patents": 0.15, "dailymed": 0.50}
OTHER_NEWLINES = 0.30


@dataclass(frozen=True)
class Heuristic:
    """One of the eight.

    name (str): of the score.
    title (str): what the score is, for a person.
    limit (float): the threshold itself passes.
    at_least (bool): the score must not be below the limit; otherwise not above it.
    top (float): where a histogram of it ends.
    by_source (tuple): pairs of source and limit that stand in place of `limit`.
    """

    name: str
    title: str
    limit: float
    at_least: bool
    top: float
    by_source: Tuple[Tuple[str, float], ...] = ()


HEURISTICS: Tuple[Heuristic, ...] = (
    Heuristic("special_characters", "Share of tokens that are not only letters A–Z", 0.30, False, 1.0),
    Heuristic("sentences", "Sentences", 6, True, 50.0),
    Heuristic("sentence_length", "Tokens a sentence", 10, True, 75.0),
    Heuristic("capitals", "Share of letters that are upper case", 0.20, False, 1.0),
    Heuristic("diversity", "Distinct tokens / tokens", 0.10, True, 1.0),
    Heuristic("stop_words", "Share of tokens that are stop words", 0.05, True, 1.0),
    Heuristic("repetition", "Share of tokens that are the most frequent one", 0.20, False, 1.0),
    Heuristic("newlines", "Runs of line ends / sentences", OTHER_NEWLINES, False, 2.0, tuple(NEWLINES.items())),
)
SCORES = tuple(heuristic.name for heuristic in HEURISTICS)
Thresholds = Mapping[str, float]


def choose_thresholds(changes: Sequence[str] = ()) -> Dict[str, float]:
    """The table's limits, and what a person wants otherwise.

    changes (sequence): "NAME=LIMIT" for all sources, or "NAME.SOURCE=LIMIT" for one, as on the command line.
    RETURNS (dict): limit by "name", and by "name.source" where a source has its own. A change for all sources is for all:
        the table's limits for single sources give way to it.
    RAISES (ValueError): for a name that is no score, and a limit that is no number.
    """
    table: Dict[str, float] = {}
    for heuristic in HEURISTICS:
        table[heuristic.name] = heuristic.limit
        table.update({f"{heuristic.name}.{source}": limit for source, limit in heuristic.by_source})
    parsed = [_parse(change) for change in changes]
    for key, _ in parsed:
        if "." not in key:
            for own in [known for known in table if known.startswith(f"{key}.")]:
                del table[own]
    return {**table, **dict(parsed)}


def limit_of(name: str, source: str, thresholds: Thresholds) -> float:
    """RETURNS (float): the threshold of a score for a source."""
    own = thresholds.get(f"{name}.{source}")
    return thresholds[name] if own is None else own


def failed(text: str, scores: Mapping[str, float], source: str, thresholds: Thresholds) -> List[str]:
    """Which heuristics a passage fails.

    text (str): the passage; only looked at for arm groups, which have a rule of their own in place of the eight.
    scores (mapping): the eight scores by name; one that is missing counts as 0.
    source (str): the passage's source.
    thresholds (mapping): as `choose_thresholds` gives them.
    RETURNS (list): the names of the scores, in the order of the table; nothing where the passage is good.
    """
    if source == ARM_GROUPS:
        reasons = [] if ARM_GROUP.fullmatch(text) else [ARM_GROUP_REASON]
        return reasons + [ARM_GROUP_SHORT] * (scores.get("sentences", 0) < ARM_GROUP_SENTENCES)
    reasons = []
    for heuristic in HEURISTICS:
        score, limit = scores.get(heuristic.name, 0.0), limit_of(heuristic.name, source, thresholds)
        if score < limit if heuristic.at_least else score > limit:
            reasons.append(heuristic.name)
    return reasons


def threshold_table(thresholds: Thresholds, sources: Sequence[str]) -> List[List[str]]:
    """RETURNS (list): rows of words for a report: score, what it is, and its limit for each source ("≤ 0.3")."""
    rows = []
    for heuristic in HEURISTICS:
        sign = "≥" if heuristic.at_least else "≤"
        limits = [
            "–" if source == ARM_GROUPS else f"{sign} {limit_of(heuristic.name, source, thresholds):g}" for source in sources
        ]
        rows.append([heuristic.name, heuristic.title, *limits])
    return rows


def _parse(change: str) -> Tuple[str, float]:
    key, equals, value = change.partition("=")
    name = key.strip().partition(".")[0]
    if not equals or name not in SCORES:
        raise ValueError(f"The threshold '{change}' is not understood; write NAME=LIMIT or NAME.SOURCE=LIMIT, NAME being "
                         f"one of {', '.join(SCORES)}.")  # fmt: skip
    try:
        limit = float(value)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise ValueError(f"The threshold '{change}' has no number; write for instance {name}=0.25.")
    return key.strip(), limit

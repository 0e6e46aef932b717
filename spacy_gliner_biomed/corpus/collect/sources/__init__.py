"""Where text comes from: one file a source, each yielding the same `Passage`, streaming, from disk or over HTTPS.

| source            | what                                   | from                                                     |
|-------------------|----------------------------------------|----------------------------------------------------------|
| `pubmed`          | abstracts                              | E-utilities by query and days, or baseline XML           |
| `clinical_trials` | descriptions of trials and their arms  | ClinicalTrials.gov API v2, or its JSON files             |
| `dailymed`        | drug labels, cut at their headings     | SPL XML, alone, in bulk archives, or by set id           |
| `patents`         | descriptions of biomedical patents     | CSV, or the US patent office's full texts                |
| `local`           | text of one's own                      | plain text, JSON Lines, BioC                             |

A broken document is reported and passed over. What is fetched is kept, so that a second reading finds the same.
"""

from __future__ import annotations

from typing import Dict

from .base import Setting, Source
from .clinical_trials import CLINICAL_TRIALS
from .dailymed import DAILYMED
from .local import LOCAL
from .patents import PATENTS
from .pubmed import PUBMED
from .report import Report

__all__ = ["SOURCES", "Report", "Setting", "Source", "choose_source"]

SOURCES: Dict[str, Source] = {source.name: source for source in (PUBMED, CLINICAL_TRIALS, DAILYMED, PATENTS, LOCAL)}


def choose_source(name: str) -> Source:
    """RETURNS (Source): the source of that name. RAISES (ValueError): where there is none."""
    if name not in SOURCES:
        raise ValueError(f"There is no source '{name}'; those there are: {', '.join(SOURCES)}.")
    return SOURCES[name]

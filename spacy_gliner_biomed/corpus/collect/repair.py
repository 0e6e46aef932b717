"""Repairs text that was decoded wrongly ("naÃ¯ve" for "naïve"), with ftfy where it is installed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .passages import Passage

NO_REPAIR = "none"
EXTRA = "Repairing texts needs the extra 'corpus': pip install 'spacy-gliner-biomed[corpus]', or pass --no-repair."


def repair_name(wanted: bool = True) -> str:
    """RETURNS (str): what will repair: "ftfy" with its version, or "none" where it is not wanted or not installed."""
    try:
        return f"ftfy {version('ftfy')}" if wanted else NO_REPAIR
    except PackageNotFoundError:
        return NO_REPAIR


def repair(passage: Passage) -> Passage:
    """Repair the text and the title of a passage.

    Undoes wrong decodings, HTML entities, ligatures, control characters and line ends of other systems, and composes
    accents. Curly quotes stay, as models meet them later, too.

    passage (Passage): any passage.
    RETURNS (Passage): the same object where nothing was wrong.
    RAISES (ImportError): where ftfy is not installed.
    """
    text, title = _fixed(passage.text), _fixed(passage.title)
    if text == passage.text and title == passage.title:
        return passage
    return replace(passage, text=text, title=title)


def _fixed(text: str) -> str:
    fix, config = _ftfy()
    return fix(text, config)


@lru_cache(maxsize=1)
def _ftfy() -> Any:
    try:
        from ftfy import TextFixerConfig, fix_text
    except ImportError as error:
        raise ImportError(EXTRA) from error
    return fix_text, TextFixerConfig(uncurl_quotes=False, explain=False)

"""The templates of distillation's reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

STYLE_SHEET = Path(__file__).with_name("page_style.css")


def templates(folder: Path, escape: bool = True) -> Environment:
    """Open a folder of templates.

    folder (Path): the folder. escape (bool): write every text so that it is no HTML.
    RETURNS (Environment): jinja's.
    RAISES (ImportError): where jinja2 is not installed; one sentence.
    """
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError:
        raise ImportError("This page needs the extra 'distill': pip install 'spacy-gliner-biomed[distill]'.") from None
    return Environment(loader=FileSystemLoader(folder), autoescape=escape, trim_blocks=True, lstrip_blocks=True)


def style() -> Markup:
    """RETURNS (Markup): the style sheet that the pages hold."""
    from markupsafe import Markup

    return Markup(STYLE_SHEET.read_text(encoding="utf-8"))

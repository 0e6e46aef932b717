"""A result → what a person reads: tables on the terminal; JSON, a page and a picture in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Optional

from ..annotate.output import text_file
from .html_report import markdown, picture, write_html

RESULT_FILE, PAGE_FILE, PICTURE_FILE = "result.json", "report.html", "picture.svg"


def write_report(result: Dict[str, Any], folder: Optional[Path] = None, quiet: bool = False) -> None:
    """Print a result's tables; with a folder, write the result, its page and its picture there.

    result (dict): as `run.evaluate` and the protocols make it.
    folder (Path): made where it is missing; None prints only.
    quiet (bool): print no tables.
    """
    if not quiet:
        print(markdown(result))
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with text_file(folder / RESULT_FILE) as stream:
        json.dump(result, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
    write_html(result, folder / PAGE_FILE)
    picture(result, folder / PICTURE_FILE)
    print(f"Wrote {folder / RESULT_FILE}, {folder / PAGE_FILE} and {folder / PICTURE_FILE}.")

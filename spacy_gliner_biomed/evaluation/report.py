"""A result → what a person reads: tables on the terminal; JSON, a page and a picture in a folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from ..annotate.output import text_file
from .html_report import markdown, picture, write_html

RESULT_FILE, PAGE_FILE, PICTURE_FILE = "result.json", "report.html", "picture.svg"
DRAWN = ("rows", "few_shot", "throughput")  # sections that the picture is made of
SHOWN_PROBLEMS = 5  # of each corpus, on the terminal


def make_folder(folder: Path) -> Path:
    """Make the folder that a report will go into: before the work is done, not after.

    folder (Path): made where it is missing.
    RETURNS (Path): the same.
    RAISES (OSError): where it is a file, lies in one, or cannot be written to; one sentence.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(f"The report needs a folder, and '{folder}' is a file or lies in one; name another.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"The folder '{folder}' cannot be written to; name another.")
    return folder


def print_problems(result: Mapping[str, Any], shown: int = SHOWN_PROBLEMS) -> None:
    """Tell on stderr which mentions were left out, by file and line.

    result (Mapping): with `corpora`.
    shown (int): how many of each corpus.
    """
    for corpus in result.get("corpora") or ():
        listed, n_problems = corpus.get("problems") or (), corpus.get("n_problems") or 0
        for problem in listed[:shown]:
            print(f"Left out: {problem}", file=sys.stderr)
        if n_problems > len(listed[:shown]):
            print(f"… and {n_problems - len(listed[:shown]):,} more of {corpus['name']}.", file=sys.stderr)


def write_report(result: Dict[str, Any], folder: Optional[Path] = None, quiet: bool = False) -> None:
    """Print a result's tables; with a folder, write the result, its page and its picture there.

    result (dict): as `run.evaluate` and the protocols make it.
    folder (Path): made where it is missing; None prints only.
    quiet (bool): print no tables.
    """
    print_problems(result)
    if not quiet:
        print(markdown(result))
    if folder is None:
        return
    make_folder(folder)
    with text_file(folder / RESULT_FILE) as stream:
        json.dump(result, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
    write_html(result, folder / PAGE_FILE)
    written = [folder / RESULT_FILE, folder / PAGE_FILE]
    if any(result.get(section) for section in DRAWN):
        picture(result, folder / PICTURE_FILE)
        written.append(folder / PICTURE_FILE)
    print(f"Wrote {', '.join(map(str, written))}.")

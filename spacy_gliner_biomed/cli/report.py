"""`gliner-biomed report`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer


def report(
    result: Path = typer.Argument(..., help="The JSON that evaluate, compare, throughput or few-shot wrote."),
    html: Optional[Path] = typer.Option(None, help="The page to write, with plots and the worst passages."),
    picture: Optional[Path] = typer.Option(None, help="The picture to write, .svg or .png: the verdict on one sheet."),
    examples: int = typer.Option(8, min=0, help="Worst passages in the page, of each corpus and system."),
) -> None:
    """Make the page or the picture of a result again; without either its tables are printed as Markdown."""
    from ..evaluation import html_report

    read = html_report.read_result(result)
    if html is not None:
        html_report.write_html(read, html, examples)
        print(f"Wrote '{html}'.")
    if picture is not None:
        html_report.picture(read, picture)
        print(f"Wrote '{picture}'.")
    if html is None and picture is None:
        print(html_report.markdown(read), end="")

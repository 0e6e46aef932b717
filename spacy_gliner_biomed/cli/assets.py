"""`gliner-biomed assets …`."""

from __future__ import annotations

from pathlib import Path

import typer

assets = typer.Typer(help="Check the files that a project starts from.", no_args_is_help=True, rich_markup_mode=None)


@assets.command()
def verify(folder: Path = typer.Argument(..., help="The folder that holds the assets and checksums.json.")) -> None:
    """Compare every asset with its committed SHA-256 sum."""
    from ..corpus import assets as logic

    logic.verify(folder)
    print(f"All assets in '{folder}' are as recorded.")


@assets.command()
def record(folder: Path = typer.Argument(..., help="The folder that holds the assets.")) -> None:
    """Write checksums.json anew, from the assets as they are now."""
    from ..corpus import assets as logic

    print(f"Recorded {len(logic.record(folder))} assets in '{folder}'.")

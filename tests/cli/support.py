"""Runs the command line as a user does, in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from spacy_gliner_biomed.cli import main


@dataclass(frozen=True)
class Outcome:
    """Exit status and what was printed."""

    status: int
    out: str
    err: str


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """RETURNS (Outcome): of `gliner-biomed` with these arguments."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        printed = capsys.readouterr()
        return Outcome(int(end.code or 0), printed.out, printed.err)
    raise AssertionError("The command line ends with SystemExit.")

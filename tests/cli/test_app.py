"""What all commands share: help, version, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spacy_gliner_biomed import __version__
from tests.cli.support import run

HEAVY = ("torch", "spacy", "numpy", "transformers", "tokenizers", "huggingface_hub")


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """And their one-line summaries."""
    outcome = run(capsys, "--help")
    assert 0 == outcome.status
    for command in ("annotate", "evaluate", "export", "info", "assets"):
        assert f"\n  {command} " in outcome.out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The package's."""
    outcome = run(capsys, "--version")
    assert (0, f"gliner-biomed {__version__}\n") == (outcome.status, outcome.out)


@pytest.mark.parametrize("command", ["annotate", "evaluate", "export", "info"])
def test_help_is_fast(command: str) -> None:
    """No command's help imports torch or spaCy."""
    code = (
        "import sys; from spacy_gliner_biomed.cli import main\n"
        f"try: main([{command!r}, '--help'])\n"
        f"except SystemExit: print('loaded:', *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded:" == done.stdout.splitlines()[-1].strip()


def test_the_module_is_the_command() -> None:
    """`python -m spacy_gliner_biomed` calls itself by the command's name."""
    command = [sys.executable, "-m", "spacy_gliner_biomed", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage: gliner-biomed [OPTIONS]" in done.stdout


def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with status 1."""
    outcome = run(capsys, "annotate", "missing.txt")
    sentence = "There is no file 'missing.txt'; check its name, or give a text that looks like one on stdin ('-')."
    expected = (1, "", f"gliner-biomed: {sentence}\n")
    assert expected == (outcome.status, outcome.out, outcome.err)


def test_an_error_of_the_system_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without its number."""
    outcome = run(capsys, "evaluate", "--corpora", tmp_path)
    assert 1 == outcome.status
    assert f"gliner-biomed: There is no folder 'dev' in '{tmp_path}', and it is no corpus itself" in outcome.err


@pytest.mark.usefixtures("dictionary")
def test_an_output_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The message names the path and the reason."""
    (tmp_path / "file").touch()
    outcome = run(capsys, "annotate", "fever", "-o", tmp_path / "file" / "out.jsonl")
    assert (1, f"gliner-biomed: Cannot open '{tmp_path}/file': File exists.\n") == (outcome.status, outcome.err)


def test_the_traceback_is_there_for_the_asking() -> None:
    """`--traceback` lets the error through."""
    from spacy_gliner_biomed.cli import main

    with pytest.raises(FileNotFoundError):
        main(["--traceback", "annotate", "missing.txt"])


def test_a_slip_of_the_pen_has_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    """As every command line does it."""
    assert 2 == run(capsys, "annotate", "fever", "--batch-size", "0").status


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    """`gliner-biomed … | head -1` ends in silence."""
    command = f"{sys.executable} -m spacy_gliner_biomed assets record {tmp_path} | true"
    (tmp_path / "a.txt").write_text("x")
    assert "" == subprocess.run(["bash", "-c", command], capture_output=True, text=True).stderr

"""`gliner-biomed assets`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import run


def test_recorded_assets_are_verified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The two commands fit each other."""
    (tmp_path / "a.txt").write_text("x")
    assert f"Recorded 1 assets in '{tmp_path}'.\n" == run(capsys, "assets", "record", tmp_path).out
    assert f"All assets in '{tmp_path}' are as recorded.\n" == run(capsys, "assets", "verify", tmp_path).out


def test_a_changed_asset_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With status 1, so that a workflow stops."""
    (tmp_path / "a.txt").write_text("x")
    run(capsys, "assets", "record", tmp_path)
    (tmp_path / "a.txt").write_text("y")
    outcome = run(capsys, "assets", "verify", tmp_path)
    assert 1 == outcome.status
    assert outcome.err.startswith(f"gliner-biomed: Asset '{tmp_path}/a.txt' has SHA-256")

"""`gliner-biomed calibrate`, and `annotate --thresholds`, which reads what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.component import GlinerBiomed
from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus

pytestmark = pytest.mark.usefixtures("dictionary")

JAK2 = {"id": "p2", "text": "JAK2", "entities": [{"start": 0, "end": 4, "label": "gene"}]}
WRONG = {"id": "p3", "text": "Breast, not JAK2, nor fever", "entities": [{"start": 0, "end": 6, "label": "gene"}]}


def test_thresholds_are_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Pooled over corpora, with a table and the curve of each corpus."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    write_corpus(tmp_path, "dev", "b", [JAK2])
    write_corpus(tmp_path, "dev", "c", [WRONG])
    out = tmp_path / "out" / "t.json"
    options = ("--only", "a", "--only", "b", "--min-mentions", 1, "--out", out)
    outcome = run(capsys, "calibrate", "mini", "--corpora", tmp_path, *options)
    assert (0, "") == (outcome.status, outcome.err)
    written = json.loads(out.read_text())
    assert {"drug": 0.5, "disease": 0.5, "gene": 0.5} == written["labels"]
    assert ["a", "b"] == [entry["corpus"] for entry in written["calibration"]]
    assert "| all labels | 3 | 0.500 | 100.0 | 100.0 |" in outcome.out.splitlines()
    assert f"Thresholds: {out}" == outcome.out.splitlines()[-1]


def test_the_curves_have_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A reliability curve for each corpus."""
    write_corpus(tmp_path, "dev", "a", [ROW, JAK2])
    options = ("--out", tmp_path / "t.json", "--report", tmp_path / "page")
    outcome = run(capsys, "calibrate", "mini", "--corpora", tmp_path, *options)
    assert outcome.status == 0, outcome.err
    (curve,) = json.loads((tmp_path / "page" / "result.json").read_text())["calibration"]
    assert ("a", 10) == (curve["corpus"], len(curve["bins"]))
    assert "eliability" in (tmp_path / "page" / "report.html").read_text()
    assert not (tmp_path / "page" / "picture.svg").exists()


def test_the_lowest_threshold_is_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch) -> None:
    """And the settings reach the pipe."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    seen = {}

    def remember(pipe: GlinerBiomed, docs: list, **options: object) -> list:
        seen.update(pipe.cfg)
        raise ValueError("seen enough")

    monkeypatch.setattr(GlinerBiomed, "predict", remember)
    options = ("--floor", "0.1", "--precision", "int8", "--overlap", "flat", "--device", "cpu")
    outcome = run(capsys, "calibrate", "--corpora", tmp_path, "--out", tmp_path / "t.json", *options)
    assert "gliner-biomed: seen enough\n" == outcome.err
    assert (0.1, "int8", "flat", "cpu") == tuple(seen[name] for name in ("threshold", "precision", "overlap", "device"))
    assert not (tmp_path / "t.json").exists()


def test_a_threshold_of_the_system_s_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Would spoil the measurement."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    outcome = run(capsys, "calibrate", "mini,threshold=0.4", "--corpora", tmp_path)
    assert "The system 'mini,threshold=0.4' sets a threshold, which is what calibrate is to find; leave it out." in outcome.err


class TestAnnotate:
    """`annotate --thresholds`."""

    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> dict:
        """RETURNS (dict): the pipe's settings at its first call, which ends the run."""
        seen: dict = {}

        def remember(pipe: GlinerBiomed, docs: list, **options: object) -> list:
            seen.update(pipe.cfg)
            raise ValueError("seen enough")

        monkeypatch.setattr(GlinerBiomed, "predict", remember)
        return seen

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ((), {"gene": 0.2, "*": 0.4}),
            (("--threshold", "drug=0.9"), {"gene": 0.2, "drug": 0.9, "*": 0.4}),
            (("--threshold", "0.6"), 0.6),
        ],
    )
    def test_what_is_typed_goes_first(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, seen: dict, options: tuple, expected: object
    ) -> None:
        """Thresholds of labels that are not asked for stay in the file."""
        (tmp_path / "t.json").write_text('{"threshold": 0.4, "labels": {"gene": 0.2, "organism": 0.3}}')
        run(capsys, "annotate", "fever", "--labels", "drug,gene", "--thresholds", tmp_path / "t.json", *options)
        assert expected == seen["threshold"]

    def test_a_broken_file(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        """Told in one sentence, before any model is loaded."""
        (tmp_path / "t.json").write_text("[]")
        outcome = run(capsys, "annotate", "fever", "--thresholds", tmp_path / "t.json")
        assert (1, 1) == (outcome.status, len(outcome.err.splitlines()))
        assert "holds no thresholds; it must be an object with 'threshold', 'labels', or both." in outcome.err


def test_a_mention_that_does_not_fit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Is left out and told, and the thresholds are written all the same."""
    outside = {"start": 0, "end": 99, "label": "drug"}
    path = write_corpus(tmp_path, "dev", "a", [{**ROW, "entities": [*ROW["entities"], outside]}])
    outcome = run(capsys, "calibrate", "mini", "--corpora", tmp_path, "--out", tmp_path / "t.json")
    assert outcome.status == 0, outcome.err
    assert f"Left out: {path}, line 1: the mention 0–99 (drug) does not fit" in outcome.err
    assert "| all labels | 2 |" in outcome.out


def test_a_corpus_without_any_span(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Has no calibration error, in the page neither."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    write_corpus(tmp_path, "dev", "b", [{"id": "p1", "text": "Hello", "entities": [{"start": 0, "end": 5, "label": "drug"}]}])
    options = ("--out", tmp_path / "t.json", "--report", tmp_path / "page")
    outcome = run(capsys, "calibrate", "mini", "--corpora", tmp_path, *options)
    assert outcome.status == 0, outcome.err
    assert "calibration error –" in (tmp_path / "page" / "report.html").read_text()


def test_figures_on_the_same_corpus(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With thresholds chosen there are told to flatter, wherever the file lies, and those on another are not."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    again, other = write_corpus(tmp_path, "x", "a", [ROW]), write_corpus(tmp_path, "x", "b", [JAK2])
    file = tmp_path / "t.json"
    assert run(capsys, "calibrate", "mini", "--corpora", tmp_path, "--out", file).status == 0
    told = "mini: Its thresholds were chosen on a, so its figures there flatter."
    for corpus, system, options, flatters in (
        (again, "mini", ("--thresholds", file), True),
        (again, f"mini,thresholds={file}", (), True),
        (again, "mini,threshold=0.5", ("--thresholds", file), False),
        (other, "mini", ("--thresholds", file), False),
    ):
        outcome = run(capsys, "evaluate", system, "--corpora", corpus, "--bootstrap", 0, *options)
        assert outcome.status == 0, outcome.err
        assert flatters == (told in outcome.out)

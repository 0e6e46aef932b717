"""The pipeline a command line asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed.annotate.pipeline import build_pipeline, find_pipe
from spacy_gliner_biomed.labels import DEFAULT_LABELS


def saved(folder: Path) -> str:
    """RETURNS (str): a saved pipeline without a `gliner_biomed` pipe."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(folder)
    return str(folder)


def test_defaults() -> None:
    """Nothing asked for, nothing changed, nothing loaded."""
    pipe = find_pipe(build_pipeline())
    assert DEFAULT_LABELS == pipe.labels
    assert 0.5 == pipe.threshold


def test_settings_reach_the_pipe() -> None:
    """Labels, thresholds and all the rest."""
    threshold = {"*": 0.5, "drug": 0.4}
    nlp = build_pipeline("mini", None, ["drug", "gene"], threshold, {"overlap": "flat", "precision": "int8"})
    pipe = find_pipe(nlp)
    assert ("drug", "gene") == pipe.labels
    assert threshold == pipe.threshold
    assert ("flat", "int8") == (pipe.cfg["overlap"], pipe.cfg["precision"])


def test_labels_that_a_config_cannot_hold() -> None:
    """They reach the pipe by another way than the config."""
    pipe = find_pipe(build_pipeline("mini", None, {"dose: drug": "the amount"}, {"dose: drug": 0.4}))
    assert (("dose: drug",), {"dose: drug": 0.4}) == (pipe.labels, pipe.threshold)


def test_model_and_revision_reach_the_architecture() -> None:
    """They name the checkpoint that is loaded later."""
    config = build_pipeline("someone/model", "abc123").config["components"]["gliner_biomed"]["model"]
    assert ("someone/model", "abc123") == (config["name"], config["revision"])


def test_texts_of_any_length_are_read() -> None:
    """spaCy's limit of a million characters is for parsers."""
    assert 10_000_000 < build_pipeline().max_length


def test_a_saved_pipeline_without_the_pipe_is_refused(tmp_path: Path) -> None:
    """The message lists the pipes it has."""
    with pytest.raises(ValueError, match=r"has no gliner_biomed pipe \(its pipes: sentencizer\); add one with"):
        build_pipeline(saved(tmp_path))


def test_an_empty_pipeline_has_no_pipe() -> None:
    """The message says what to add."""
    with pytest.raises(ValueError, match=r"'the pipeline' has no gliner_biomed pipe \(its pipes: none\)"):
        find_pipe(spacy.blank("en"))


def test_a_saved_pipeline_has_no_revision(tmp_path: Path) -> None:
    """It is a folder here, not a repository."""
    with pytest.raises(ValueError, match="is a spaCy pipeline, which has no revisions; leave --revision out."):
        build_pipeline(saved(tmp_path), "main")


def test_a_saved_pipeline_is_found_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipe is known by its factory; labels, threshold and settings change, the others stay."""
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", name="finder", config={"labels": ["drug"], "overlap": "flat", "spans_key": "hits"})
    monkeypatch.setattr(spacy, "load", lambda model: nlp)
    (tmp_path / "config.cfg").touch()
    pipe = find_pipe(build_pipeline(str(tmp_path), labels={"gene": "a gene"}, settings={"overlap": "nested"}))
    assert ("finder", ("gene",), 0.5) == (pipe.name, pipe.labels, pipe.threshold)
    assert ("nested", "hits") == (pipe.cfg["overlap"], pipe.cfg["spans_key"])


@pytest.mark.parametrize(
    ("labels", "threshold", "expected"),
    [
        (None, None, {"drug": 0.3, "gene": 0.4}),
        (["gene", "disease"], None, {"gene": 0.4}),
        (["disease"], None, {}),
        (["disease"], {"drug": 0.2}, {"drug": 0.2}),
    ],
)
def test_a_saved_pipeline_s_thresholds_go_with_its_labels(
    labels: list[str] | None, threshold: dict[str, float] | None, expected: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of labels that are not asked for are left out; what the user names is left for the pipe to check."""
    nlp = spacy.blank("en")
    config = {"labels": ["drug", "gene"], "threshold": {"drug": 0.3, "gene": 0.4}}
    nlp.add_pipe("gliner_biomed", config=config)
    monkeypatch.setattr(spacy, "load", lambda model: nlp)
    (tmp_path / "config.cfg").touch()
    assert expected == find_pipe(build_pipeline(str(tmp_path), None, labels, threshold)).threshold

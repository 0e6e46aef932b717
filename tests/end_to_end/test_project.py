"""The spaCy project runs offline from assets to an installable wheel, and skips what is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
import srsly
from weasel.cli.run import project_run

PROJECT = Path(__file__).parents[2] / "project"
STEPS = ["corpus", "train", "evaluate", "package"]
WHEEL = "packages/en_gliner_biomed_demo-0.1.0/dist/en_gliner_biomed_demo-0.1.0-py3-none-any.whl"

# Any proxy that is asked refuses, so that a step which reaches for the network fails instead of passing by luck.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "PIP_NO_INDEX": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def copy_project(folder: Path) -> Path:
    """RETURNS (Path): a copy of what is committed of the project, without what a run at home has left in it."""
    left_by_runs = shutil.ignore_patterns("corpus", "training", "metrics", "packages", "project.lock")
    return Path(shutil.copytree(PROJECT, folder / "project", ignore=left_by_runs))


def lock(project: Path) -> Dict[str, Any]:
    """RETURNS (dict): what each step's inputs and outputs were, and when its outputs were written."""
    written = {
        str(path.relative_to(project)): path.stat().st_mtime_ns
        for folder in ("corpus", "training", "metrics", "packages")
        for path in (project / folder).rglob("*")
        if path.is_file()
    }
    return {"lock": srsly.read_yaml(project / "project.lock"), "written": written}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `all` has run once, from `mini`, with fewer steps than the default."""
    project = copy_project(tmp_path_factory.mktemp("all"))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in OFFLINE.items():
            environment.setenv(name, value)
        project_run(project, "all", overrides={"vars.steps": 6}, capture=True)
    return project


@pytest.mark.timeout(600)
def test_every_step_leaves_its_output(finished: Path) -> None:
    """A corpus, a pipeline that knows its labels, figures by label, and a wheel with the weights in it."""
    assert list(srsly.read_yaml(finished / "project.lock")) == STEPS
    assert (finished / "corpus" / "dev.spacy").stat().st_size > 0
    scores = json.loads((finished / "metrics" / "scores.json").read_text())
    assert set(scores["spans_gliner_per_type"]) == {
        "drug",
        "drug dosage",
        "disease",
        "adverse event",
        "gene or protein",
        "cell line",
        "species",
        "medical procedure",
    }
    assert 0.3 < scores["spans_gliner_f"] < 1.0 and scores["speed"] > 0
    with zipfile.ZipFile(finished / WHEEL) as wheel:
        names = wheel.namelist()
        meta = json.loads(wheel.read("en_gliner_biomed_demo/meta.json"))
    assert any(name.endswith("gliner_biomed/model/model.safetensors") for name in names)
    assert not [name for name in names if name.endswith((".pkl", ".pt", ".bin.index", ".joblib"))]
    assert any(requirement.startswith("spacy-gliner-biomed") for requirement in meta["requirements"])
    assert meta["performance"]["spans_gliner_f"] > 0 and meta["performance"]["speed"] > 0
    assert len(meta["labels"]["gliner_biomed"]) == 8


@pytest.mark.timeout(600)
def test_a_second_run_skips_every_step(finished: Path) -> None:
    """Nothing is written again; with a setting changed, the steps it touches would run."""
    before = lock(finished)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in OFFLINE.items():
            environment.setenv(name, value)
        project_run(finished, "all", overrides={"vars.steps": 6}, capture=True)
    assert lock(finished) == before


@pytest.mark.timeout(600)
def test_the_wheel_holds_a_pipeline_that_reads(finished: Path, tmp_path: Path) -> None:
    """Unpacked where pip would put it, the package loads offline and finds entities of its labels."""
    with zipfile.ZipFile(finished / WHEEL) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "import json, en_gliner_biomed_demo;"
        "doc = en_gliner_biomed_demo.load()('Metformin was given to mice with type 2 diabetes.');"
        "print(json.dumps([[ent.text, ent.label_] for ent in doc.ents]))"
    )
    environment = {**os.environ, **OFFLINE, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert ["Metformin", "drug"] in found, found


def test_a_changed_asset_stops_the_workflow(tmp_path: Path) -> None:
    """The first step fails, so that nothing is trained on it."""
    project = copy_project(tmp_path)
    with (project / "assets" / "train.jsonl").open("a") as passages:
        passages.write("{}\n")
    with pytest.raises(BaseException) as failure:
        project_run(project, "all", capture=True)
    assert "train.jsonl' has SHA-256" in str(failure.value)
    assert not (project / "project.lock").exists() and not list((project / "training").iterdir())


def test_the_mini_workflow_names_the_committed_config(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A dry run: the config it calls is committed beside the project, and the variables reach the command."""
    overrides = {"vars.corpora": "/data/corpora", "vars.encoder": "/data/minilm"}
    project_run(copy_project(tmp_path), "mini", overrides=overrides, dry=True)
    printed = capsys.readouterr().out
    assert "spacy train ../configs/mini.cfg" in printed
    assert "--paths.corpora /data/corpora --paths.encoder /data/minilm" in printed
    assert (PROJECT / "../configs/mini.cfg").is_file()


@pytest.mark.parametrize("config", ["project/configs/finetune.cfg", "configs/mini.cfg"])
def test_configs_build_without_weights(config: str) -> None:
    """Every section and every setting of the committed configs is known, and building loads nothing."""
    path = PROJECT.parent / config
    nlp = spacy.util.load_model_from_config(spacy.util.load_config(path, interpolate=False), auto_fill=True)
    assert nlp.pipe_names == ["gliner_biomed"]

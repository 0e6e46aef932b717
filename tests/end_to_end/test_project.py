"""The spaCy project runs offline from assets to an installable wheel, and skips what is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from weasel.cli.run import project_run

from spacy_gliner_biomed.training.recipe import read_recipe

PROJECT = Path(__file__).parents[2] / "project"
STEPS = ["dev-corpus", "train", "evaluate", "package"]
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


def run_offline(project: Path, workflow: str, **variables: Any) -> None:
    """Run a workflow, or one command, where nothing may be fetched."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in OFFLINE.items():
            environment.setenv(name, value)
        project_run(project, workflow, overrides={f"vars.{name}": value for name, value in variables.items()}, capture=True)


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
    run_offline(project, "all", steps=6)
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
    run_offline(finished, "all", steps=6)
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


@pytest.mark.timeout(600)
def test_finetune_adapts_and_measures(tmp_path: Path) -> None:
    """The shorter sister: a pipeline with the labels of the passages, figures; another number of steps replaces it."""
    project = copy_project(tmp_path)
    run_offline(project, "finetune", steps=3)
    written = (project / "training" / "adapted" / "meta.json").stat().st_mtime_ns
    run_offline(project, "adapt", steps=2)
    scores = json.loads((project / "metrics" / "adapted.json").read_text())
    assert 0.3 < scores["spans_gliner_f"] < 1.0 and 8 == len(scores["spans_gliner_per_type"])
    assert written < (project / "training" / "adapted" / "meta.json").stat().st_mtime_ns
    assert list(srsly.read_yaml(project / "project.lock")) == ["dev-corpus", "adapt", "evaluate-adapted"]
    assert ["adapted"] == [path.name for path in (project / "training").iterdir()]


RECIPES = ("--vars.corpora", "/data/corpora", "--vars.size", "base", "--vars.kind", "uni", "--vars.set", "training.steps=3")


@pytest.mark.parametrize(
    ("workflow", "commands"),
    [
        (
            "mini",
            [
                "train ../configs/train/mini.toml --corpora /data/corpora --out training/mini --set model.encoder=/data/minilm "
                "--set training.steps=3",
                "silver patterns /data/corpora/unlabelled --out /data/corpora/silver_patterns --words 1500000 "
                "--exclude /data/corpora/dev --exclude /data/corpora/train/frd.test.jsonl.gz "
                "--exclude /data/corpora/train/lct.train.jsonl.gz",
                "train ../configs/train/mini-second.toml --corpora /data/corpora --out training/mini-second "
                "--set model.start=training/mini/model-best --set training.steps=3",
                "silver lexicon --corpora /data/corpora --out /data/corpora/silver",
                "train ../configs/train/mini-third.toml --corpora /data/corpora --out training/mini-third "
                "--set model.start=training/mini-second/model-last --set training.steps=3",
                "train ../configs/train/mini-fourth.toml --corpora /data/corpora --out training/mini-fourth "
                "--set model.start=training/mini-third/model-last --set training.steps=3",
                "train ../configs/train/mini-fifth.toml --corpora /data/corpora --out training/mini-fifth "
                "--set model.start=training/mini-fourth/model-last --set training.steps=3",
                "train ../configs/train/mini-sixth.toml --corpora /data/corpora --out training/mini-sixth "
                "--set model.start=training/mini-fifth/model-last --set training.steps=3",
            ],
        ),
        (
            "folds",
            [
                "silver patterns /data/corpora/unlabelled --out /data/corpora/silver_patterns --words 1500000 "
                "--exclude /data/corpora/dev --exclude /data/corpora/train/frd.test.jsonl.gz "
                "--exclude /data/corpora/train/lct.train.jsonl.gz",
                "silver lexicon --corpora /data/corpora --out /data/corpora/silver_folds --exclude /data/corpora/dev "
                "--exclude /data/corpora/train/frd.test.jsonl.gz --exclude /data/corpora/train/lct.train.jsonl.gz "
                "--leave-out lct --leave-out frd --leave-out ncbi_disease --leave-out bc5cdr --leave-out craft "
                "--leave-out mtl_bionlp13cg --leave-out mtl_anatem",
                "silver attach assets/real_types.jsonl.gz --text /data/corpora/unlabelled --text /data/corpora/train "
                "--out /data/corpora/real_types.jsonl.gz",
                "silver attach assets/more_real_types.jsonl.gz --text /data/corpora/unlabelled --text /data/corpora/train "
                "--out /data/corpora/more_real_types.jsonl.gz",
                "train ../configs/train/fold1.toml --corpora /data/corpora --out training/fold-1 "
                "--set model.encoder=/data/minilm --set training.steps=3",
                "train ../configs/train/fold2.toml --corpora /data/corpora --out training/fold-2 "
                "--set model.encoder=/data/minilm --set training.steps=3",
                "train ../configs/train/fold1-more.toml --corpora /data/corpora --out training/fold-1-more "
                "--set model.start=training/fold-1/model-last --set training.steps=3",
                "train ../configs/train/fold2-more.toml --corpora /data/corpora --out training/fold-2-more "
                "--set model.start=training/fold-2/model-last --set training.steps=3",
            ],
        ),
        (
            "ablation",
            [
                "silver patterns /data/corpora/unlabelled --out /data/corpora/silver_patterns --words 1500000 "
                "--exclude /data/corpora/dev --exclude /data/corpora/train/frd.test.jsonl.gz "
                "--exclude /data/corpora/train/lct.train.jsonl.gz",
                "silver lexicon --corpora /data/corpora --out /data/corpora/silver_folds "
                "--exclude /data/corpora/dev --exclude /data/corpora/train/frd.test.jsonl.gz "
                "--exclude /data/corpora/train/lct.train.jsonl.gz --leave-out lct --leave-out frd --leave-out ncbi_disease "
                "--leave-out bc5cdr --leave-out craft --leave-out mtl_bionlp13cg --leave-out mtl_anatem",
                "train ../configs/train/ablation-start.toml --corpora /data/corpora --out training/ablation-start "
                "--set model.encoder=/data/minilm --set training.steps=3",
                "ablate ../configs/train/ablation.toml --corpora /data/corpora --also /data/corpora/train/frd.test.jsonl.gz "
                "--out training/ablation --wordings assets/label_paraphrases.jsonl "
                "--set model.start=training/ablation-start/model-last --set training.steps=3",
            ],
        ),
        (
            "pretrain",
            [
                "silver lexicon --corpora /data/corpora --out /data/corpora/silver",
                "train ../configs/train/base-uni-pretrain.toml --corpora /data/corpora --out training/base-uni-pretrain "
                "--set training.steps=3",
            ],
        ),
        (
            "posttrain",
            [
                "train ../configs/train/base-uni-posttrain.toml --corpora /data/corpora --out training/base-uni-posttrain "
                "--set model.start=training/base-uni-pretrain/model-last --set training.steps=3"
            ],
        ),
    ],
)
def test_the_workflows_for_recipes(tmp_path: Path, workflow: str, commands: list[str]) -> None:
    """A dry run by spaCy's own command line: the variables reach the commands, as words that our command line knows."""
    project = copy_project(tmp_path)
    options = [*RECIPES, "--vars.encoder", "/data/minilm"]
    run = subprocess.run(
        [sys.executable, "-m", "spacy", "project", "run", workflow, str(project), "--dry", *options],
        capture_output=True,
        text=True,
    )
    assert 0 == run.returncode, run.stderr
    printed = [line for line in run.stdout.splitlines() if line.startswith("Running command:")]
    assert commands == [line.partition(" -m spacy_gliner_biomed ")[2] for line in printed]


@pytest.mark.parametrize("size", ["small", "base", "large"])
@pytest.mark.parametrize("kind", ["uni", "bi"])
@pytest.mark.parametrize("stage", ["pretrain", "posttrain"])
def test_the_recipes_are_there(size: str, kind: str, stage: str) -> None:
    """Each that a workflow can name, with the settings that the workflow changes."""
    start = ["model.start=training/x/model-last"] if stage == "posttrain" else []
    path = PROJECT / "../configs/train" / f"{size}-{kind}-{stage}.toml"
    assert 3 == read_recipe(path, [*start, "training.steps=3"]).training.steps


def test_the_recipes_of_mini() -> None:
    """An encoder for the first round, a model for the second, as the workflow gives them."""
    recipe = read_recipe(PROJECT / "../configs/train/mini.toml", ["model.encoder=/data/minilm", "training.seed=0"])
    assert "/data/minilm" == recipe.model.encoder
    second = read_recipe(PROJECT / "../configs/train/mini-second.toml", ["model.start=out/model-best", "training.seed=0"])
    assert "out/model-best" == second.model.start
    assert "silver_patterns" in [source.path for source in second.sources]
    rounds = ("mini-third", "mini-fourth", "mini-fifth", "mini-sixth")
    for name in rounds:
        later = read_recipe(PROJECT / f"../configs/train/{name}.toml", ["model.start=out/model-last"])
        more = [source.path for source in later.sources if Path(source.path).name == "more_open_types.jsonl.gz"]
        assert more == [str(PROJECT / "assets/more_open_types.jsonl.gz")] * (name not in ("mini-third", "mini-fourth"))
        own = [Path(source.path) for source in later.sources if Path(source.path).name == "open_types.jsonl"]
        assert "out/model-last" == later.model.start and own == [PROJECT / "assets/open_types.jsonl"] * (name != "mini-third")


@pytest.mark.parametrize(
    "name, held_out", [("fold1", ["lct", "frd", "ncbi_disease", "bc5cdr"]), ("fold2", ["craft", "mtl_bionlp13cg", "mtl_anatem"])]
)
def test_the_recipes_of_the_folds(name: str, held_out: List[str]) -> None:
    """Neither trains on a corpus that it holds out, nor chooses by it, nor meets a word that only such a corpus has for a label."""
    recipe = read_recipe(PROJECT / f"../configs/train/{name}.toml", ["model.encoder=/data/minilm", "training.seed=0"])
    assert "/data/minilm" == recipe.model.encoder and held_out == list(recipe.sources[0].exclude)
    assert [*held_out, "mtl_jnlpba"] == list(recipe.dev.exclude)
    assert {"DNA", "RNA"} < set(recipe.stream.withhold)
    own = [Path(source.path) for source in recipe.sources if Path(source.path).parent.name == "assets"]
    assert all(path.is_file() for path in own) and 3 == len(own)
    later = read_recipe(PROJECT / f"../configs/train/{name}-more.toml", ["model.start=out/model-last"])
    assert "out/model-last" == later.model.start
    assert [source.path for source in later.sources] == [*(source.path for source in recipe.sources), "more_real_types.jsonl.gz"]
    assert (later.sources[0], later.dev, later.stream.withhold) == (recipe.sources[0], recipe.dev, recipe.stream.withhold)


@pytest.mark.parametrize("config", ["project/configs/finetune.cfg", "configs/mini.cfg"])
def test_configs_build_without_weights(config: str) -> None:
    """Every section and every setting of the committed configs is known, and building loads nothing."""
    path = PROJECT.parent / config
    nlp = spacy.util.load_model_from_config(spacy.util.load_config(path, interpolate=False), auto_fill=True)
    assert nlp.pipe_names == ["gliner_biomed"]

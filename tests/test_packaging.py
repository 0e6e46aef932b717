"""What the installed package promises: names, entry points, data files, a light import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint, distribution
from importlib.resources import files
from pathlib import Path

import pytest
import spacy
from spacy.util import registry

import spacy_gliner_biomed

DISTRIBUTION = distribution("spacy-gliner-biomed")


def test_version() -> None:
    """One version, wherever it is asked."""
    assert spacy_gliner_biomed.__version__ == DISTRIBUTION.version


@pytest.mark.parametrize("entry_point", DISTRIBUTION.entry_points, ids=lambda entry_point: entry_point.value)
def test_entry_points_lead_somewhere(entry_point: EntryPoint) -> None:
    """Every registered name can be loaded."""
    assert entry_point.load() is not None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("architectures", "Checkpoint.v1"),
        ("architectures", "UniEncoder.v1"),
        ("architectures", "BiEncoder.v1"),
        ("readers", "Jsonl.v1"),
        ("readers", "DocBin.v1"),
        ("scorers", "Scorer.v1"),
        ("tokenizers", "Words.v1"),
        ("misc", "BestScoreFilter.v1"),
        ("optimizers", "AdamW.v1"),
    ],
)
def test_registered_names(kind: str, name: str) -> None:
    """spaCy finds them without an import."""
    assert registry.has(kind, f"spacy_gliner_biomed.{name}")


@pytest.mark.parametrize("name", ["gliner_biomed", "gliner_biomed_linker"])
def test_factories_need_no_import(name: str) -> None:
    """A blank pipeline knows them."""
    assert spacy.blank("en").has_factory(name)


@pytest.mark.parametrize("name", ["py.typed", "evaluation/lexicon_labels.tsv", "annotate/page.css"])
def test_data_files(name: str) -> None:
    """They travel with the package."""
    assert files(spacy_gliner_biomed).joinpath(name).is_file()


def test_the_package_imports_little() -> None:
    """Its name alone costs neither torch nor spaCy."""
    code = "import sys, spacy_gliner_biomed; print(*{'torch', 'spacy', 'numpy'} & set(sys.modules))"
    assert "\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("arguments", "installs"), [([], False), (["TORCH_SPEC=torch==2.12.0"], True)])
def test_another_torch_is_installed_into_an_environment_there_is(tmp_path: Path, arguments: list[str], installs: bool) -> None:
    """And the same one is not."""
    for name in ("Makefile", "setup.cfg", "constraints.txt"):
        shutil.copy(Path(__file__).parents[1] / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".installed").write_text("torch==2.13.0\n")
    command = ["make", "--dry-run", "run", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    assert installs == ("pip install --quiet torch==2.12.0" in done.stdout) == ("pip" in done.stdout)

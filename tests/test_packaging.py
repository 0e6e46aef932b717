"""What the installed package promises: names, entry points, data files, a light import."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, distribution
from importlib.resources import files

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

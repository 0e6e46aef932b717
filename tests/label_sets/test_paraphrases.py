"""The paraphrases that measure invariance to wording are none that training saw."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Tuple

import pytest

from spacy_gliner_biomed.label_sets import load_inventories, load_wordings, read_paraphrases

FILE = Path(__file__).parents[2] / "project" / "assets" / "label_paraphrases.jsonl"
MEASURED = (
    "bc5cdr biored craft frd lct mtl_anatem mtl_bc2gm mtl_bionlp11id mtl_bionlp13cg mtl_bionlp13pc mtl_jnlpba ncbi_disease"
).split()


@pytest.fixture(scope="module")
def paraphrases() -> Dict[str, Tuple[str, ...]]:
    return read_paraphrases(FILE)


@pytest.mark.parametrize("corpus", MEASURED)
def test_every_label_measured_has_five(paraphrases: Dict[str, Tuple[str, ...]], corpus: str) -> None:
    """Of 1 to 5 words; labels of one corpus share none, so that five renamed inventories can be made."""
    labels = load_inventories()[corpus]
    names = [name.casefold() for label in labels for name in paraphrases[label]]
    assert len(set(names)) == len(names) == 5 * len(labels)
    assert all(1 <= len(name.split()) <= 5 for name in names)
    assert not set(names) & {label.casefold() for label in labels}


def test_training_never_sees_them(paraphrases: Dict[str, Tuple[str, ...]]) -> None:
    """None is a name of its own label, nor of any other."""
    known = {name.casefold() for wording in load_wordings().values() for name in wording.names}
    for label, names in paraphrases.items():
        assert known.isdisjoint(name.casefold() for name in names), label


@pytest.mark.parametrize(
    "line",
    ['["disease"]', '{"label": "disease"}', '{"label": 1, "paraphrases": ["x"]}', "{", "7"]
    + [f'{{"label": "disease", "paraphrases": {value}}}' for value in ("[]", '"x"', '[""]', "[1]")],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"label": "gene", "paraphrases": ["locus"]}\n\n' + line + "\n", encoding="utf8")
    with pytest.raises(ValueError, match=r"p\.jsonl, line 3"):
        read_paraphrases(path)


def test_a_label_listed_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"label": "gene", "paraphrases": ["locus"]}\n' * 2, encoding="utf8")
    with pytest.raises(ValueError, match="line 2: the label 'gene' is listed twice"):
        read_paraphrases(path)

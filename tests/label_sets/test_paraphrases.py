"""The paraphrases and descriptions that measure invariance to wording are none that training saw."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Dict, Set, Tuple

import pytest

from spacy_gliner_biomed.label_sets import (
    TestWording,
    load_inventories,
    load_wordings,
    read_paraphrases,
    read_test_wordings,
)
from spacy_gliner_biomed.training.wording import FRAMES, ONE_FRAMES

FILE = Path(__file__).parents[2] / "project" / "assets" / "label_paraphrases.jsonl"
MEASURED = (
    "bc5cdr biored craft frd lct mtl_anatem mtl_bc2gm mtl_bionlp11id mtl_bionlp13cg mtl_bionlp13pc mtl_jnlpba ncbi_disease"
).split()


@pytest.fixture(scope="module")
def paraphrases() -> Dict[str, Tuple[str, ...]]:
    return read_paraphrases(FILE)


@pytest.fixture(scope="module")
def wordings() -> Dict[str, TestWording]:
    return read_test_wordings(FILE)


def five_words(text: str) -> Set[Tuple[str, ...]]:
    """Every five consecutive words, whatever their letters' case and the punctuation between them."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


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


def test_training_never_puts_them_together(paraphrases: Dict[str, Tuple[str, ...]]) -> None:
    """Nor does one come about when training puts words around a name of any label."""
    held = {name.casefold() for names in paraphrases.values() for name in names}
    for wording in load_wordings().values():
        for name in wording.names:
            for frame in FRAMES if name == wording.label else ONE_FRAMES:
                assert frame.format(one=name, many=wording.plural).casefold() not in held, (wording.label, name, frame)


def test_every_label_has_a_plain_sentence(wordings: Dict[str, TestWording]) -> None:
    """Of 8 to 20 words, for every label measured, none twice."""
    measured = {label for corpus in MEASURED for label in load_inventories()[corpus]}
    assert measured == set(wordings)
    for label, wording in wordings.items():
        text = wording.description
        assert label == wording.label
        assert 8 <= len(text.split()) <= 20, label
        assert text[0].isupper() and text.endswith(".") and text.count(".") == 1, label
        assert text == " ".join(text.split()), label
    assert len({wording.description.casefold() for wording in wordings.values()}) == len(wordings)


def test_training_never_sees_the_descriptions(wordings: Dict[str, TestWording]) -> None:
    """No five consecutive words are those of a training description, be it of the same label or of another."""
    seen = {words for wording in load_wordings().values() for text in wording.descriptions for words in five_words(text)}
    for label, wording in wordings.items():
        assert seen.isdisjoint(five_words(wording.description)), label


def test_words_in_common_are_found() -> None:
    """The measure itself: five words running count, also across punctuation; four do not."""
    trained = five_words("A substance taken to treat, prevent or diagnose disease.")
    assert not trained.isdisjoint(five_words("What is TAKEN to treat prevent - or cure."))
    assert trained.isdisjoint(five_words("What is taken to treat, prevent and cure."))
    assert five_words("Only four words here.") == set()


def test_a_description_may_be_left_out(tmp_path: Path) -> None:
    """Both readers agree on the names; the order is the file's; empty lines do not matter."""
    path = tmp_path / "p.jsonl"
    path.write_text(
        '{"label": "gène", "paraphrases": ["locus", "unit"], "description": "A unit of heredity."}\r\n\n'
        '{"label": "cell", "paraphrases": ["cyte"]}',
        encoding="utf8",
    )
    wordings = read_test_wordings(path)
    assert list(wordings.values()) == [
        TestWording("gène", ("locus", "unit"), "A unit of heredity."),
        TestWording("cell", ("cyte",), ""),
    ]
    assert list(wordings) == ["gène", "cell"]
    assert read_paraphrases(path) == {"gène": ("locus", "unit"), "cell": ("cyte",)}
    with pytest.raises(FrozenInstanceError):
        wordings["cell"].description = "Another."  # type: ignore[misc]


@pytest.mark.parametrize(
    "line",
    ['["disease"]', '{"label": "disease"}', '{"label": 1, "paraphrases": ["x"]}', "{", "7"]
    + [f'{{"label": "disease", "paraphrases": {value}}}' for value in ("[]", '"x"', '[""]', "[1]")]
    + [f'{{"label": "disease", "paraphrases": ["x"], "description": {value}}}' for value in ('""', "null", '["x"]')]
    + ['{"label": " ", "paraphrases": ["x"]}'],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"label": "gene", "paraphrases": ["locus"]}\n\n' + line + "\n", encoding="utf8")
    for read in (read_paraphrases, read_test_wordings):
        with pytest.raises(ValueError, match=r"p\.jsonl, line 3"):
            read(path)


def test_a_line_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes('{"label": "gène", "paraphrases": ["locus"]}\n'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"p\.jsonl, line 1: .* is no list of paraphrases"):
        read_test_wordings(path)


def test_a_label_listed_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"label": "gene", "paraphrases": ["locus"]}\n' * 2, encoding="utf8")
    with pytest.raises(ValueError, match="line 2: the label 'gene' is listed twice"):
        read_paraphrases(path)

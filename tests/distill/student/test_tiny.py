"""The tiny model: what its tokenizer promises, what it exercises on, and that it can copy from the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.student.drills import drill, drill_answers, short_passages
from spacy_gliner_biomed.distill.student.fit import FitSettings
from spacy_gliner_biomed.distill.student.lora import read_record
from spacy_gliner_biomed.distill.student.tiny import PIECES, TinySettings, make_tiny, tiny_model, tiny_tokenizer
from tests.distill.student.small import TINY, make_base, passages

TOKENIZER = tiny_tokenizer((passage.text for passage in passages(48)), TINY)


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_any_text_comes_back(text: str) -> None:
    """No character is unknown, and no blank is lost."""
    assert TOKENIZER.decode(TOKENIZER(text, add_special_tokens=False)["input_ids"]) == text


def test_a_word_has_the_same_tokens_wherever_it_stands() -> None:
    """Behind a blank, a quote or nothing: copying it means repeating its tokens."""
    alone = TOKENIZER("aspirin")["input_ids"]
    for text in ("the aspirin was", '"text": "aspirin"', "(aspirin)"):
        ids = TOKENIZER(text)["input_ids"]
        assert any(ids[place : place + len(alone)] == alone for place in range(len(ids)))
    for piece in PIECES:
        assert len(TOKENIZER(piece)["input_ids"]) == 1


def test_it_can_copy_before_it_has_learned_anything() -> None:
    """Of random tokens that come a second time, the next one is foretold far more often than by chance (1 in 400)."""
    shape = TinySettings(vocabulary=400, hidden=96, layers=2, heads=2)
    model = tiny_model(400, shape, 0, 1, seed=0).eval()
    once = torch.randint(0, 400, (4, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = model(torch.cat([once, once], dim=1)).logits
    foretold = logits[:, 40:-1].argmax(-1) == once[:, 1:]
    assert foretold.float().mean() > 0.4


def test_exercises_are_true() -> None:
    """Words in the text's order, each of the kind that it is said to be."""
    found = drill("In 12 mice TNF and IL-6 were inhibited by Ritonavir in astrocytomas.")
    assert [(each.text, each.type) for each in found.entities] == [
        ("12", "number"),
        ("TNF", "symbol"),
        ("IL-6", "symbol"),
        ("Ritonavir", "name"),
        ("astrocytomas", "long word"),
    ]
    assert [each.id for each in found.entities] == list(range(5))
    assert not list(drill_answers([type(passages(1)[0])("p", " \n", "s", "d")]))


@given(st.lists(st.sampled_from(["One two.", " Three four five! ", "\n", "six. ", "Seven"]), max_size=12).map("".join))
def test_short_passages_lose_no_word(text: str) -> None:
    """Cut at sentences' ends, in order, none empty, each short where its sentences are."""
    passage = type(passages(1)[0])("p", text, "s", "d")
    pieces = list(short_passages([passage], 30))
    assert " ".join(piece.text for piece in pieces).split() == text.split()
    assert [piece.id for piece in pieces] == [f"p/{number}" for number in range(len(pieces))]
    assert all(piece.text.strip() == piece.text != "" for piece in pieces)
    assert all(len(piece.text) <= 30 or ". " not in piece.text.replace("! ", ". ")[:-1] or len(piece.text) < 60 for piece in pieces)


def test_the_same_passages_make_the_same_model(base: Path, tmp_path: Path) -> None:
    """To the last bit; a second call does nothing, another shape is refused."""
    again = make_base(tmp_path / "again")
    files = sorted(path.name for path in base.iterdir())
    assert "model.safetensors" in files and "tokenizer.json" in files and "student.json" in files
    for name in files:
        assert (base / name).read_bytes() == (again / name).read_bytes(), name
    assert read_record(base)["parameters"] < 200_000
    make_base(again)
    with pytest.raises(ValueError, match="holds another model"):
        make_tiny(passages(47), again, tiny=TINY, settings=FitSettings(), progress=False)
    assert json.loads((again / "config.json").read_text())["model_type"] == "llama"


@pytest.mark.parametrize("shape", [{"vocabulary": 100}, {"heads": 1}, {"layers": 1}, {"hidden": 30}, {"hidden": 16}])
def test_shapes_that_can_not_be_are_refused(shape: dict, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(ValueError, match="use"):
        make_tiny(passages(2), tmp_path / "x", tiny=TinySettings(**shape), progress=False)
    assert not list(tmp_path.iterdir())

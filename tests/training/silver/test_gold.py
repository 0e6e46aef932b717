"""What gold says about a mention."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.training.silver.gold import GoldJudge, Judgement, half_of, read_gold
from tests.training.silver.support import gold, write_corpora

PASSAGE = gold("aspirin for early breast cancer", ("aspirin", "drug"), ("early breast cancer", "disease"))


@pytest.mark.parametrize(
    ("start", "end", "label", "verdict"),
    [
        (0, 7, "drug", Judgement.right),
        (0, 7, "disease", Judgement.wrong),
        (18, 31, "disease", Judgement.near),
        (8, 11, "disease", Judgement.wrong),
        (0, 7, "gene", None),  # a corpus of diseases and drugs knows no genes
        (0, 7, "behaviour", None),
    ],
)
def test_judgements(start: int, end: int, label: str, verdict: Judgement | None) -> None:
    """Right, near, wrong, or nothing to say."""
    assert GoldJudge().judge(start, end, label, PASSAGE) == verdict


def test_another_kind_on_the_same_characters() -> None:
    """Speaks against labels that the corpus does not annotate."""
    assert GoldJudge().contradicts(0, 7, PASSAGE) and not GoldJudge().contradicts(0, 6, PASSAGE)


def test_halves() -> None:
    """A document has one half in all corpora; lone sentences go in runs; both halves are used."""
    assert half_of("123456", 0, "a.train") == half_of("123456", 99, "b.train")
    assert len({half_of(f"mtl_a-train-{number}", number, "mtl_a.train") for number in range(50)}) == 1
    assert {half_of(str(number), 0, "a") for number in range(30)} == {0, 1}


def test_reading_and_leaving_out(tmp_path: Path) -> None:
    """By file name, with or without the part; an unknown name is told."""
    write_corpora(tmp_path)
    passages = list(read_gold(tmp_path))
    assert len(passages) == 12 and set(passages[0].inventory) == {"drug", "disease"}
    assert not list(read_gold(tmp_path, leave_out=["c"])) and not list(read_gold(tmp_path, leave_out=["c.train"]))
    with pytest.raises(ValueError, match="no corpus 'x' to leave out"):
        list(read_gold(tmp_path, leave_out=["x"]))

"""Gold and predicted spans in a passage's text."""

from __future__ import annotations

import re
from time import process_time
from typing import Any, Dict, List

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.html_report.passages import SIGNS, mark
from tests.evaluation.html_report.handmade import everything

TEXT = "chronic renal failure"


def _mark(gold: List[List[Any]], predicted: List[List[Any]], text: str = TEXT) -> Any:
    return mark({"id": "p", "text": text, "gold": gold, "predicted": predicted, "errors": 1})


@st.composite
def examples(draw: st.DrawFn) -> Dict[str, Any]:
    """A text with any spans in it, nested, crossing, equal or beyond its end."""
    text = draw(st.text(min_size=1, max_size=12))
    ends = st.integers(0, len(text) + 2)
    spans = st.lists(st.tuples(ends, ends, st.sampled_from("ab")).map(list), max_size=5)
    gold = draw(spans)
    predicted = [[*span, 0.5] for span in draw(spans)]
    return {"id": "p", "text": text, "gold": gold, "predicted": predicted, "errors": 0}


@given(examples())
def test_the_pieces_are_the_text(example: Dict[str, Any]) -> None:
    """Nothing is lost or doubled; each character carries a line for each span over it."""
    marked = mark(example)
    assert "".join(piece.text for piece in marked.pieces) == example["text"]
    start = 0
    for piece in marked.pieces:
        for place in range(start, start + len(piece.text)):
            over = {("gold", *span[:3]) for span in example["gold"] if span[0] <= place < span[1]}
            over |= {("predicted", *span[:3]) for span in example["predicted"] if span[0] <= place < span[1]}
            # Spans that reach beyond the text are cut there, and may then be equal.
            over = {(side, first, min(last, len(example["text"])), label) for side, first, last, label in over}
            assert piece.style.count("var(--line-") == len(over)
        start += len(piece.text)


@given(examples())
def test_lines_do_not_cover_each_other(example: Dict[str, Any]) -> None:
    """Two spans over the same letters are drawn at different heights or on different sides."""
    for piece in mark(example).pieces:
        places = re.findall(r"left 0 (?:top|bottom) \d+px", piece.style)
        assert len(places) == len(set(places)) == piece.style.count("var(--line-")


def test_many_mentions() -> None:
    """Take time that grows with their number, not with its square: two seconds, not minutes."""
    n = 20_000
    example = {"id": "p", "text": "word alpha " * n, "errors": n}
    example["gold"] = [[11 * i, 11 * i + 4, "a"] for i in range(n)]
    example["predicted"] = [[11 * i + 5, 11 * i + 10, "a", 0.5] for i in range(n)]
    started = process_time()
    marked = mark(example)
    assert process_time() - started < 30
    assert 4 * n == len(marked.pieces)
    assert {1, 0} == {piece.style.count("var(--line-") for piece in marked.pieces}


def test_a_nested_span_lies_nearer_to_the_words() -> None:
    """Room for two lines above; the outer is at the top."""
    marked = _mark([[0, 21, "disease"], [8, 13, "organ"]], [])
    assert marked.padding == "--above:12px;--below:6px"
    assert [piece.text for piece in marked.pieces] == ["chronic ", "renal", " failure"]
    inner = marked.pieces[1].style
    assert "background-position:left 0 top 0px,left 0 top 6px" in inner
    assert "background-size:100% 4px,calc(100% - 3px) 4px" in inner


def test_each_outcome() -> None:
    """Its pattern, its sign, its sentence."""
    cases = {
        "correct": ([[8, 13, "a"]], [[8, 13, "a", 0.9]], None),
        "missed": ([[8, 13, "a"]], [], "missed a “renal”"),
        "spurious": ([], [[8, 13, "a", 0.9]], "spurious a “renal”"),
        "wrong label": ([[8, 13, "a"]], [[8, 13, "b", 0.9]], "wrong label: predicted b, gold a “renal”"),
        "wrong boundary": (
            [[8, 13, "a"]],
            [[8, 21, "a", 0.9]],
            "wrong boundary: predicted a “renal failure”, gold a “renal”",
        ),
        "wrong label and boundary": (
            [[8, 13, "a"]],
            [[8, 21, "b", None]],
            "wrong label and boundary: predicted b “renal failure”, gold a “renal”",
        ),
    }
    assert set(cases) == set(SIGNS) and len(set(SIGNS.values())) == len(SIGNS)
    for outcome, (gold, predicted, sentence) in cases.items():
        marked = _mark(gold, predicted)
        assert f"var(--line-{outcome.replace(' ', '-')})" in marked.pieces[1].style
        assert marked.pieces[1].tags[0].sign == SIGNS[outcome]
        assert marked.differences == (() if sentence is None else ((outcome, SIGNS[outcome], sentence),))


def test_a_right_prediction_repeats_no_label() -> None:
    """The gold mention's tag is enough."""
    assert [tag.side for tag in _mark([[8, 13, "a"]], [[8, 13, "a", 0.9]]).pieces[1].tags] == ["gold"]


def test_hints_give_the_score() -> None:
    """Where there is one."""
    assert "predicted: a, score 0.91 (spurious)" == _mark([], [[8, 13, "a", 0.913]]).pieces[1].hint
    assert "predicted: a (spurious)" == _mark([], [[8, 13, "a", None]]).pieces[1].hint


def test_the_handmade_passage() -> None:
    """All at once."""
    marked = mark(everything()["errors"][0]["examples"][0])
    assert [outcome for outcome, _, _ in marked.differences] == [
        "wrong boundary",
        "wrong boundary",
        "missed",
        "spurious",
        "missed",
        "wrong label",
    ]
    assert marked.correct == 1


def test_the_same_difference_is_said_once() -> None:
    """With how often it comes, where it first comes."""
    example = {"id": "x", "text": "OD, TD, OD", "gold": [[4, 6, "group"]], "predicted": [[0, 2, "drug", 0.6], [8, 10, "drug", 0.7]]}
    said = [("+", "spurious drug “OD”", 2), ("−", "missed group “TD”", 1)]
    assert said == mark(example).counted()

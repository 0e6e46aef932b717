"""Quality: an annotator against gold and against another, the sample page, the card, the records of steps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.formats import write_jsonl
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.distill.dataset_card import cell, describe, quoted, render, write_card
from spacy_gliner_biomed.distill.marked import segments
from spacy_gliner_biomed.distill.quality import cohen_kappa, compare
from spacy_gliner_biomed.distill.sample_page import draw_sample, read_judgements, wilson, write_sample_page
from spacy_gliner_biomed.distill.stages import read_stage, write_stage

TEXT = "Aspirin eased the fever of Ann."


def passage(*mentions: tuple[int, int, str], id: str = "1", text: str = TEXT) -> AnnotatedPassage:
    """An annotated passage."""
    return AnnotatedPassage(id, text, tuple(Mention(*each) for each in mentions), corpus="own", labels=("drug", "disease", "cell"))


def test_an_annotator_against_gold() -> None:
    """Spans and types by hand: aspirin right, fever with wrong borders, Ann of a type that gold lacks."""
    gold = [passage((0, 7, "chemical"), (18, 23, "disease")), passage(text="Only gold.")]
    teacher = [passage((0, 7, "Chemicals"), (14, 23, "disorder"), (27, 30, "person")), passage(text="Only ours.")]
    quality = compare(teacher, gold, {"Chemicals": "chemical"})
    assert (quality.passages, quality.unmatched, quality.unannotated) == (1, 1, 1)
    assert quality.spans["exact"].to_dict() == {"precision": 0.3333, "recall": 0.5, "f1": 0.4}
    assert quality.spans["overlap"].to_dict() == {"precision": 0.5, "recall": 0.75, "f1": 0.6}
    assert quality.gold_types["exact"].to_dict() == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert quality.typed["relaxed"].to_dict() == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert (quality.shared, quality.agreed, quality.types) == (1, 1, {"chemical": {"Chemicals": 1}})


def test_a_text_that_comes_twice_is_compared_once() -> None:
    """The second one is counted as what it is, not as a text that the other side lacks."""
    gold = [passage((0, 7, "drug"))]
    quality = compare([passage((0, 7, "drug")), passage((0, 7, "drug"), id="2")], gold)
    assert (quality.passages, quality.repeated, quality.unmatched) == (1, 1, 0)


def test_an_annotator_agrees_with_itself() -> None:
    """All figures are 1, and kappa too."""
    own = [passage((0, 7, "drug"), (18, 23, "disease"))]
    quality = compare(own, own)
    for scores in (quality.spans, quality.gold_types, quality.typed):
        assert all(score.f1 == 1 for score in scores.values())
    assert (quality.kappa, quality.type_agreement) == (1, 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=1, max_size=30))
def test_kappa(pairs: list[tuple[str, str]]) -> None:
    """As the table of two raters and two labels gives it."""
    counts = {pair: pairs.count(pair) for pair in pairs}
    n = len(pairs)
    a, b, c, d = (counts.get(pair, 0) for pair in (("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")))
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / n**2
    found = cohen_kappa(counts)
    if chance == 1:
        assert found is None
    else:
        assert found == pytest.approx(((a + d) / n - chance) / (1 - chance))


@given(st.text(max_size=20), st.lists(st.tuples(st.integers(0, 19), st.integers(1, 9)), max_size=6))
def test_segments(text: str, spans: list[tuple[int, int]]) -> None:
    """Joined they are the text, each mention is all the segments that name it, and it ends once."""
    fitting = [(start, min(start + width, len(text))) for start, width in spans if start < len(text)]
    cut = segments(text, fitting)
    assert "".join(each.text for each in cut) == text
    for number, (start, end) in enumerate(fitting):
        assert "".join(each.text for each in cut if number in each.mentions) == text[start:end]
        assert sum(number in each.ending for each in cut) == 1


def test_the_sample_is_fair_and_fixed() -> None:
    """Drawn without replacement, the same for the same seed, all where there are fewer."""
    many = [passage(id=str(number)) for number in range(200)]
    drawn = draw_sample(many, 20, seed=1)
    assert drawn == draw_sample(many, 20, seed=1) != draw_sample(many, 20, seed=2)
    assert len({each.id for each in drawn}) == 20
    assert sum(int(each.id) >= 100 for seed in range(30) for each in draw_sample(many, 20, seed)) == pytest.approx(300, abs=60)
    assert draw_sample(many[:3], 20) == many[:3]
    with pytest.raises(ValueError, match="no passage"):
        draw_sample([], 3)


def test_the_sample_page_and_its_judgements(tmp_path: Path) -> None:
    """Every mention is asked about, texts stay texts, no network; what the page saves is counted."""
    shown = passage((0, 7, "drug"), (0, 13, "<b>"), text=TEXT + "</script><img src=x>")
    assert write_sample_page(tmp_path / "page.html", [shown], "A title") == 2
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<tr data-mention=") == 2 and "<img" not in page and page.count("</script>") == 1
    assert "&lt;b&gt;" in page and not re.search(r"https?://", page)
    saved = {
        "mentions": [{"type": "drug", "verdict": verdict} for verdict in ("right", "right", "borders", None)],
        "passages": [{"passage": "1", "missed": 1}],
    }
    (tmp_path / "judgements.json").write_text(json.dumps(saved), encoding="utf-8")
    counts = read_judgements(tmp_path / "judgements.json")
    assert (counts.judged, counts.verdicts["right"], counts.missed, counts.unjudged) == (3, 2, 1, 1)
    assert "precision 66.7 %" in counts.sentences()[0] and "recall 50.0 %" in counts.sentences()[1]
    unknown = {"mentions": [{"type": "x", "verdict": "good"}], "passages": []}
    negative = {"mentions": [], "passages": [{"missed": -1}]}
    for damage in ([], unknown, negative):
        (tmp_path / "judgements.json").write_text(json.dumps(damage), encoding="utf-8")
        with pytest.raises(ValueError, match="judgements.json: "):
            read_judgements(tmp_path / "judgements.json")


def test_wilson() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20; nothing counted says nothing."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_card_tells_every_step(tmp_path: Path) -> None:
    """Counts, settings and hashes of all steps, types with what lacks them, quality, samples; a changed file is named."""
    data = tmp_path / "data.jsonl"
    write_jsonl([passage((0, 7, "drug"), (18, 23, "dis|ease")), passage(id="2")], data)
    write_stage(data, "types", {"policy": "all"}, {"passages": 2, "left_out": {"rare type": 7}}, [tmp_path / "in.jsonl"])
    figures = compare([passage((0, 7, "drug"))], [passage((0, 7, "drug"))]).to_dict()
    card = describe(data, [data], quality={"teacher": figures}, title="Our set")
    text = render(card)
    assert "| left out: rare type | 7 |" in text and "`in.jsonl`" in text and read_stage(data)["sha256"] in text
    assert "| drug | 1 | 1 |" in text and "dis&#124;ease" in text
    assert "| exact, all types | 1.000 | 1.000 | 1.000 |" in text and TEXT in text
    write_card(card, tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == text
    data.write_text(data.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "has been changed since" in render(describe(data, [data]))
    with pytest.raises(ValueError, match="call it .md"):
        write_card(card, tmp_path / "card.html")
    with pytest.raises(FileNotFoundError, match="no record"):
        read_stage(tmp_path / "in.jsonl")


@given(st.text(max_size=30))
def test_texts_are_no_markup(text: str) -> None:
    """A cell is one line without markup; a quoted text ends where its fence says."""
    assert not set(cell(text)) & set("\n|<>`*_[]$~") and len(cell(text).splitlines()) <= 1
    first, *inside, last = quoted(text).split("\n")
    assert "\n".join(inside) == text and first == last + "text" and last not in inside

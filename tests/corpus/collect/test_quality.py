"""The eight scores against a plain reference, each threshold from both sides, and that only the cut depends on thresholds."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect import quality
from spacy_gliner_biomed.corpus.collect.heuristics import (
    ARM_GROUPS,
    HEURISTICS,
    SCORES,
    choose_thresholds,
    failed,
    threshold_table,
)
from spacy_gliner_biomed.corpus.collect.passages import Passage, read_passages
from spacy_gliner_biomed.corpus.collect.quality import (
    cut_step,
    measure,
    score_settings,
    score_step,
    tokens_and_sentences,
)
from spacy_gliner_biomed.corpus.collect.repair import NO_REPAIR, _ftfy, repair, repair_name
from spacy_gliner_biomed.corpus.collect.steps import run_step
from tests.corpus.collect.making import write

# The values of the curation scripts of GLiNER-BioMed
AT_LEAST = {"sentences": 6, "sentence_length": 10, "diversity": 0.10, "stop_words": 0.05}
AT_MOST = {"special_characters": 0.30, "capitals": 0.20, "repetition": 0.20}
NEWLINES = {"pubmed": 0.30, "clinical_trials": 0.15, "patents": 0.15, "dailymed": 0.50}
GOOD = "The patients of this group were seen by a doctor and then treated for ten long days. "

WORDS = st.sampled_from("The the of Aspirin IL-2 p<0.05 5 mg/kg e.g. Dr. naïve β DNA ( ) . ? ! ,".split())
GAPS = st.sampled_from([" ", " ", " ", "  ", "\n", "\n\n", "\r\n", " \n \n", "\t", ""])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=40).map(lambda pairs: "".join(word + gap for word, gap in pairs))
ANY_TEXTS = st.one_of(TEXTS, st.text(max_size=60))


def reference(text: str, tokens: List[str], n_sentences: int) -> Dict[str, float]:
    """RETURNS (dict): the scores, a loop each, as the definitions say."""
    from spacy.lang.en.stop_words import STOP_WORDS

    if not tokens:
        return dict.fromkeys(SCORES, 0.0)
    special = stopping = letters = capitals = most = runs = 0
    distinct: List[str] = []
    for token in tokens:
        if not all("A" <= letter <= "Z" or "a" <= letter <= "z" for letter in token):
            special += 1
        if token.lower() in STOP_WORDS:
            stopping += 1
        if token not in distinct:
            distinct.append(token)
        most = max(most, tokens.count(token))
    for number, letter in enumerate(text):
        letters += letter.isalpha()
        capitals += letter.isupper()
        if letter in "\r\n" and (number == 0 or text[number - 1] not in "\r\n"):
            runs += 1
    return {
        "special_characters": special / len(tokens),
        "sentences": n_sentences,
        "sentence_length": len(tokens) / n_sentences,
        "capitals": capitals / letters if letters else 0.0,
        "diversity": len(distinct) / len(tokens),
        "stop_words": stopping / len(tokens),
        "repetition": most / len(tokens),
        "newlines": runs / n_sentences,
    }


def plain_sentences(text: str) -> List[List[str]]:
    """RETURNS (list): tokens by sentence, by spaCy's own iterators."""
    nlp = quality._english()
    sentences = [[token.text for token in sentence if not token.text.isspace()] for sentence in nlp(text).sents]
    return [tokens for tokens in sentences if tokens]


@given(ANY_TEXTS)
def test_scores_equal_a_plain_reference(text: str) -> None:
    """All eight, on any text."""
    sentences = plain_sentences(text)
    tokens = [token for sentence in sentences for token in sentence]
    assert tokens_and_sentences(text) == (Counter(tokens), len(sentences))
    assert measure(text) == reference(text, tokens, len(sentences))


def test_scores_by_hand() -> None:
    """Counted on paper: 22 tokens, 19 of them different, 3 sentences."""
    text = "The double-blind DNA test was good.\n\nIt took 5 mg/kg (or more) of the drug.\nThe end."
    tokens = "The double-blind DNA test was good . It took 5 mg/kg ( or more ) of the drug . The end .".split()
    assert tokens_and_sentences(text) == (Counter(tokens), 3)
    assert measure(text) == {
        "special_characters": 8 / 22,  # double-blind . 5 mg/kg ( ) . .
        "sentences": 3,
        "sentence_length": 22 / 3,
        "capitals": 6 / 59,
        "diversity": 19 / 22,  # "The" twice, "." three times
        "stop_words": 8 / 22,  # The was It or more of the The
        "repetition": 3 / 22,
        "newlines": 2 / 3,
    }


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\ufeff\n"])
def test_texts_of_nothing(text: str) -> None:
    """They have scores, and fail."""
    scores = measure(text)
    assert set(scores) == set(SCORES) and "sentences" in failed(text, scores, "pubmed", choose_thresholds())


def test_abbreviations_and_hyphens_stay_whole() -> None:
    """As in the tokens that the thresholds were made for."""
    tokens = "Dr. J. Smith gave 0.5 mg/kg IL-2 , e.g. in COVID-19 vs. placebo .".split()
    assert tokens_and_sentences("Dr. J. Smith gave 0.5 mg/kg IL-2, e.g. in COVID-19 vs. placebo.") == (Counter(tokens), 1)


def test_memory_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokenizer is made anew after so many words; the scores stay the same."""
    texts = [GOOD + f"Compound{number} was new." for number in range(5)]
    before = [measure(text) for text in texts]
    monkeypatch.setattr(quality, "MOST_STRINGS", 0)
    first = quality._english()
    assert [measure(text) for text in texts] == before and quality._english() is not first


def test_default_thresholds() -> None:
    """Those of the seed, for each source."""
    table = choose_thresholds()
    assert {name: table[name] for name in AT_LEAST | AT_MOST} == AT_LEAST | AT_MOST
    assert {name for name in table if "." in name} == {f"newlines.{source}" for source in NEWLINES}
    assert {source: table[f"newlines.{source}"] for source in NEWLINES} == NEWLINES
    assert [each.at_least for each in HEURISTICS] == [each.name in AT_LEAST for each in HEURISTICS]


@pytest.mark.parametrize("source", [*NEWLINES, "local"])
@pytest.mark.parametrize("name", SCORES)
def test_each_threshold_from_both_sides(name: str, source: str) -> None:
    """The limit itself passes, the next number beyond does not; nothing else is blamed."""
    limits = {**AT_LEAST, **AT_MOST, "newlines": NEWLINES.get(source, 0.30)}
    good = {"special_characters": 0.1, "sentences": 9, "sentence_length": 20, "capitals": 0.1, "diversity": 0.5}
    good |= {"stop_words": 0.3, "repetition": 0.1, "newlines": 0.0}
    sign = -1 if name in AT_LEAST else 1
    for value, wanted in ((limits[name], []), (limits[name] + sign * 1e-9, [name])):
        assert failed("", {**good, name: value}, source, choose_thresholds()) == wanted


def test_a_missing_score_counts_as_0() -> None:
    """A passage that was never measured fails what must be reached."""
    assert failed("", {}, "pubmed", choose_thresholds()) == ["sentences", "sentence_length", "diversity", "stop_words"]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("Patients get 5 mg daily. They are seen again.", True),
        ("Patients get 5 mg daily.", False),
        ("Patients get it daily. They are seen again.", False),
        ("patients get 5 mg daily. They are seen again.", False),
        ("Patients get 5 mg daily. They are seen again", False),
        ("Patients get 5 mg daily.\nThey are seen again.", False),
        ("Ärzte give 5 mg daily. They are seen again.", False),
        ("Patients get ٥ mg daily. They are seen again.", False),
    ],
)
def test_the_arm_group_rule(text: str, good: bool) -> None:
    """One line, a capital, a digit, a full stop, two sentences; the eight heuristics do not count."""
    assert (failed(text, measure(text), ARM_GROUPS, choose_thresholds()) == []) is good


def test_thresholds_can_be_changed() -> None:
    """For all sources or for one; the last word counts."""
    table = choose_thresholds(["capitals=0.5", "sentences.patents = 2", "newlines=1"])
    assert table["capitals"] == 0.5 and not any(name.startswith("newlines.") for name in table)
    scores = {**measure(GOOD * 3), "newlines": 0.9}
    assert failed("", scores, "patents", table) == [] and failed("", scores, "pubmed", table) == ["sentences"]
    rows = {row[0]: row[2:] for row in threshold_table(table, ["patents", "pubmed", ARM_GROUPS])}
    assert rows["sentences"] == ["≥ 2", "≥ 6", "–"] and rows["capitals"] == ["≤ 0.5", "≤ 0.5", "–"]


@pytest.mark.parametrize("change", ["", "capitals", "size=3", "capitals=many", "capitals=nan", "=1", ".pubmed=2"])
def test_a_threshold_that_is_none(change: str) -> None:
    """One sentence that names it."""
    with pytest.raises(ValueError, match=f"The threshold '{change}' .*[.]$"):
        choose_thresholds([change])


def test_only_the_cut_depends_on_thresholds(tmp_path: Path) -> None:
    """All passages keep their scores; another threshold measures nothing again."""
    texts = [GOOD * 8, GOOD * 2, "XYZ " * 60]
    folder = write(tmp_path / "in", [Passage(str(i), text, "pubmed", "d") for i, text in enumerate(texts)])

    def run(*changes: str) -> Dict[str, Any]:
        run_step("score", folder, tmp_path / "scored", score_step, {"repair": NO_REPAIR}, progress=False)
        settings = {"thresholds": choose_thresholds(changes)}
        return run_step("filter", tmp_path / "scored", tmp_path / "out", cut_step, settings, progress=False)

    counts = run()
    assert counts["out"] == {"pubmed": 1} and counts["reasons"]["sentences"] == {"pubmed": 2}
    assert set(counts["reasons"]) == {"sentences", "capitals", "diversity", "stop_words", "repetition"}
    assert "capitals 1" in counts["examples"]["capitals"][0]["note"]
    [scored, kept] = (list(read_passages(tmp_path / name)) for name in ("scored", "out"))
    assert [passage.scores for passage in scored] == [measure(text) for text in texts] and kept == scored[:1]
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "scored").rglob("*") if path.is_file()}
    assert run("sentences=2")["out"] == {"pubmed": 2}
    assert written == {path: path.stat().st_mtime_ns for path in written}


def test_histograms_hold_all_passages(tmp_path: Path) -> None:
    """One for each score and source, whatever is cut; the last bin takes what is beyond."""
    passages = [Passage(str(i), "Word. " * (20 * i), "pubmed" if i % 2 else "patents", "d") for i in range(1, 6)]
    folder = write(tmp_path / "in", passages)
    tallies = run_step("score", folder, tmp_path / "out", score_step, {"repair": NO_REPAIR}, progress=False)["tallies"]
    assert len(tallies) == 16 and all(sum(bins.values()) == 2 + (name.endswith("pubmed")) for name, bins in tallies.items())
    assert tallies["histogram sentences pubmed"] == {"20": 1, "49": 2}


def test_texts_without_end_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reason; they would need memory without end."""
    monkeypatch.setattr(quality, "LONGEST", 100)
    folder = write(tmp_path / "in", [Passage("1", "x" * 101, "pubmed", "d"), Passage("2", "x" * 100, "pubmed", "d")])
    counts = run_step("score", folder, tmp_path / "out", score_step, {"repair": NO_REPAIR}, progress=False)
    assert counts["reasons"] == {"too long": {"pubmed": 1}} and counts["out"] == {"pubmed": 1}


def test_repair(tmp_path: Path) -> None:
    """Wrong decodings and line ends are undone in text and title; curly quotes and good texts stay as they are."""
    broken = Passage("1", "naÃ¯ve &amp; “quoted” ﬁsh\r\n", "pubmed", "d", title="Ã©tude")
    fixed = repair(broken)
    assert fixed.text == "naïve & “quoted” fish\n" and fixed.title == "étude"
    assert repair(fixed) is fixed
    folder = write(tmp_path / "in", [broken, Passage("2", "Good.", "pubmed", "d")])
    counts = run_step("score", folder, tmp_path / "out", score_step, score_settings(), progress=False)
    assert counts["tallies"]["repaired"] == {"pubmed": 1} and repair_name().startswith("ftfy ")
    assert [passage.text for passage in read_passages(tmp_path / "out")] == [fixed.text, "Good."]
    with pytest.raises(ValueError, match="are to be repaired by ftfy 0.1, but ftfy"):
        run_step("score", folder, tmp_path / "out", score_step, {"repair": "ftfy 0.1"}, progress=False)


def test_without_ftfy(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence names the extra."""
    monkeypatch.setitem(sys.modules, "ftfy", None)
    _ftfy.cache_clear()
    with pytest.raises(ImportError, match=r"needs the extra 'corpus': pip install 'spacy-gliner-biomed\[corpus\]'"):
        repair(Passage("1", "t", "s", "d"))
    monkeypatch.undo()
    assert repair(Passage("1", "t", "s", "d")).text == "t"

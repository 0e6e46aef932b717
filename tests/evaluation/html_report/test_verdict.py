"""What is said in plain words."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from spacy_gliner_biomed.evaluation.html_report.verdict import compare_words, peaks, seen_from, verdict
from spacy_gliner_biomed.evaluation.html_report.words import p_value, points, shortened, signed_points
from tests.evaluation.html_report.handmade import comparison, one_corpus, row, throughput


def test_one_corpus() -> None:
    """Score, interval, comparison, p-value; then what kind of figure it is."""
    said = verdict(one_corpus())
    assert said.headline == (
        "mini finds mentions of disease: strict F1 74.5 (73.1–75.9) on NCBI Disease, "
        "better than the lexicon by 12 points (p < 0.001)."
    )
    assert said.sentences[0] == "The kind of this figure is 'in-schema': trained on this corpus' own annotation scheme."


def test_kinds_stay_apart(result: Dict[str, Any]) -> None:
    """Each kind has its own figure, a mean only where one is given for more than one row."""
    assert verdict(result).headline == (
        "mini finds mentions of 10 labels in 5 corpora: strict F1 70.5 on average on 3 corpora it was trained on; "
        "48.0 (46.6–49.4) on CADEC, a corpus it was not trained on; 21.0 (19.6–22.4) on labels of CHIA it was never trained on."
    )


def test_no_mean_is_made_up(result: Dict[str, Any]) -> None:
    """Without a given mean there is a range."""
    said = verdict({**result, "means": []})
    assert "strict F1 66.0 to 74.5 on 3 corpora it was trained on;" in said.headline


def test_several_comparisons(result: Dict[str, Any]) -> None:
    """Counted; what did not happen is not mentioned."""
    said = verdict(result).sentences
    assert "mini is not clearly different from mini, gliner on 5 of 5 corpora." in said
    assert "mini is better than lexicon on 4 of 5 corpora and worse on 1." in said


def test_cautions(result: Dict[str, Any]) -> None:
    """Texts seen in training, mentions in pieces, mentions left out, notes."""
    assert verdict(result).cautions == (
        "NCBI Disease: 3 passages (1.2 %) share text with the training data, so its figures may flatter.",
        "CADEC: 7 discontinuous mentions, policy 'drop'.",
        "CADEC: 1 annotation left out, as not fitting the text or the labels annotated for.",
        "mini, gliner: 12 words were beyond its longest text.",
    )


def test_problems_beyond_those_listed_are_counted(result: Dict[str, Any]) -> None:
    """A result lists the first thousand."""
    result["corpora"][3]["n_problems"] = 1234
    assert "CADEC: 1,234 annotations left out, as not fitting the text or the labels annotated for." in verdict(result).cautions


def test_rows_without_a_gold_mention() -> None:
    """Are no figures: the headline speaks of the others."""
    result = one_corpus()
    empty = row("mini", "Nothing", "in-schema", ("disease",), 0.0)
    empty["scores"]["strict"]["micro"]["support"] = 0
    expected = verdict(result).headline
    result["rows"].insert(1, empty)
    assert verdict(result).headline == expected
    assert verdict({"format": 1, "rows": [empty]}).headline == "Nothing was measured."


def test_fewer_labels_are_named() -> None:
    """A difference on some labels is not told as one on all."""
    result = one_corpus()
    result["rows"][0] = row("mini", "NCBI Disease", "in-schema", ("disease", "gene"), 0.745)
    assert verdict(result).headline.endswith("by 12 points (p < 0.001) on disease.")


def test_the_corrected_p_decides() -> None:
    """0.03 before, 0.06 after the correction."""
    one = comparison("a", "b", "c", 0.7, 0.688, 0.03, [])
    assert compare_words(one) == "not clearly different from b (+1.2 points, p = 0.06)"


def test_a_comparison_from_the_other_side() -> None:
    """The interval's ends change places."""
    turned = seen_from(comparison("a", "b", "c", 0.5, 0.6, 0.001, []), "b")
    assert compare_words(turned) == "better than a by 10 points (p = 0.002)"
    assert turned["difference"] == {"value": pytest.approx(0.1), "low": pytest.approx(0.08), "high": pytest.approx(0.12)}
    assert (turned["f1_a"], turned["f1_b"]) == (0.6, 0.5)


def test_few_shot_and_throughput_alone(result: Dict[str, Any]) -> None:
    """The headline is the first thing there is to say."""
    few = verdict({"format": 1, "few_shot": result["few_shot"]})
    assert few.headline == "With 50 examples a label, F1 on CADEC (unseen corpus) goes from 48.0 to 57.3 (56.0–59.0 over 3 seeds)."
    fast = verdict({"format": 1, "throughput": throughput()})
    assert fast.headline == "With 6 labels of the data set, mini reads 8,748 words a second at best, 1.4 times as many as gliner."
    assert verdict({"format": 1}).headline == "Nothing was measured."


def test_peaks_stay_under_the_cap() -> None:
    """A batch that passed it is no peak, however fast."""
    entries = throughput()
    entries[6].update(over_cap=True, words_per_second=1e9)
    assert peaks({"throughput": entries})["own", 6]["mini"]["batch_size"] == 32


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (p_value(0.0004), "p < 0.001"),
        (p_value(0.0042), "p = 0.004"),
        (p_value(0.21), "p = 0.21"),
        (points(-0.12), "12 points"),
        (points(0.01), "1 point"),
        (signed_points(-0.031), "−3.1"),
        (signed_points(0.0001), "0.0"),
        (signed_points(None), "–"),
        (shortened("gliner:/home/somebody/checkpoints/mini"), "gliner:/hom…kpoints/mini"),
    ],
)
def test_numbers(made: str, said: str) -> None:
    """As a reader meets them."""
    assert made == said

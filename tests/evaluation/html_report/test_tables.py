"""Tables and their Markdown."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from spacy_gliner_biomed.evaluation.html_report import tables
from spacy_gliner_biomed.evaluation.html_report.markdown import markdown
from tests.evaluation.html_report.handmade import CORPORA, MATCHINGS, one_corpus


@pytest.mark.parametrize("matching", MATCHINGS)
def test_each_kind_has_a_table_of_its_own(result: Dict[str, Any], matching: str) -> None:
    """No table holds rows of two kinds, and every row is in one."""
    of_kind = {table.title: {(row[0].text, row[1].text) for row in table.rows} for table in tables.score_tables(result, matching)}
    for kind, pairs in of_kind.items():
        assert pairs == {(row["corpus"], row["system"]) for row in result["rows"] if row["kind"] == kind}
    assert sum(map(len, of_kind.values())) == len(result["rows"])


def test_all_matchings_side_by_side(result: Dict[str, Any]) -> None:
    """The same row's F1 in each, kinds apart."""
    first, *others = tables.matching_tables(result)
    assert [name for name, _ in first.columns] == ["corpus", "system", *MATCHINGS]
    assert [cell.text for cell in first.rows[0]] == ["NCBI Disease", "mini", "74.5", "77.5", "80.5", "83.5", "86.5"]
    assert [table.title for table in others] == ["unseen corpus", "unseen label", "unknown"]


def test_labels(result: Dict[str, Any]) -> None:
    """Each label of each row."""
    rows = sum(len(table.rows) for table in tables.label_tables(result, "strict"))
    assert rows == 3 * sum(len(labels) for _, _, labels in CORPORA)


def test_found_by_training_data(result: Dict[str, Any]) -> None:
    """A share and of how many; corpora without the split are left out."""
    _, by_label, by_surface = tables.error_tables(result)
    assert [(cell.text, cell.aside) for cell in by_label.rows[0][2:]] == [("73.3", "% of 900"), ("20.0", "% of 60")]
    assert {row[1].text for row in by_surface.rows} == {"mini"}


def test_markdown(result: Dict[str, Any]) -> None:
    """Verdict, cautions, a table a kind, comparisons."""
    text = markdown(result)
    assert text.startswith("**mini finds mentions of 10 labels in 5 corpora")
    assert "### strict, in-schema (trained on this corpus' own annotation scheme)\n\nMean F1: mini 70.5 over 3 " in text
    assert "\n| NCBI Disease | mini | 76.5 | 72.5 | 74.5 (73.1–75.9) | 71.5 | 960 | 18,250 |\n" in text
    assert "\n| CADEC | 48.0 | 50.0 | −2.0 (−4.0 to 0.0) | \\< 0.001 | disease, drug and symptom |\n" in text
    assert "\n### Throughput with 127 labels (umls)\n" in text


def test_markdown_of_another_matching() -> None:
    """As asked, or the first there is."""
    result = one_corpus()
    assert "### relaxed, in-schema" in markdown(result, "relaxed")
    for row in result["rows"]:
        row["scores"] = {"surface": row["scores"]["surface"]}
    assert "### surface, in-schema" in markdown(result)
    with pytest.raises(ValueError, match="Unknown matching 'lenient'; choose from strict, "):
        markdown(result, "lenient")


def test_markdown_is_not_broken_by_names() -> None:
    """Bars, tags and line ends in names."""
    result = one_corpus()
    result["rows"][0]["corpus"] = "a|b\n<i>"
    lines = [line for line in markdown(result).splitlines() if line.startswith("| a")]
    assert [line.replace("\\|", "").count("|") for line in lines] == [9]
    assert lines[0].startswith("| a\\|b \\<i\\> |")

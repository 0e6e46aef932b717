"""A result as Markdown: the verdict and its main tables, for a terminal or a README."""

from __future__ import annotations

from itertools import chain
from typing import Any, Iterator, Mapping

from .schema import check_result
from .tables import Table, comparison_tables, few_shot_tables, matchings_in, score_tables, throughput_tables
from .verdict import verdict
from .words import KINDS, MATCHINGS


def markdown(result: Mapping[str, Any], matching: str = "strict") -> str:
    """Write the main tables of a result.

    result (Mapping): the result, as in its file.
    matching (str): the matching of the score tables; where no row has it, the first that one has.
    RETURNS (str): headings, sentences and tables; kinds of figure stand in tables of their own.
    RAISES (ValueError): for an unknown matching, or where the result is none.
    """
    check_result(result)
    if matching not in MATCHINGS:
        raise ValueError(f"Unknown matching '{matching}'; choose from {', '.join(MATCHINGS)}.")
    scored = matchings_in(result.get("rows") or ())
    if scored and matching not in scored:
        matching = scored[0]
    said = verdict(result)
    parts = [f"**{_escaped(said.headline)}**", *(f"- {_escaped(sentence)}" for sentence in said.sentences + said.cautions)]
    tables = chain(
        _headed(f"{matching}, {{}}", score_tables(result, matching)),
        _headed("Difference of F1 in points: {}", comparison_tables(result)),
        _headed("Few-shot, {}", few_shot_tables(result)),
        _headed("Throughput with {}", throughput_tables(result)),
    )
    sentences = ["", *parts[1:]] if parts[1:] else []
    return "\n".join([parts[0], *sentences, *tables]).rstrip() + "\n"


def _headed(heading: str, tables: Iterator[Table]) -> Iterator[str]:
    for table in tables:
        meaning = f" ({KINDS[table.title]})" if table.title in KINDS else ""
        yield f"\n### {_escaped(heading.format(table.title))}{meaning}\n"
        if table.note:
            yield f"{_escaped(table.note)}\n"
        yield _line(_escaped(name) for name, _ in table.columns)
        yield _line("--:" if numbers else "---" for _, numbers in table.columns)
        yield from (_line(_escaped(f"{cell.text} {cell.aside}".rstrip()) for cell in row) for row in table.rows)


def _line(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that opens no cell, no tag and no emphasis of its own."""
    for sign in "\\|<>*_`[]":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())

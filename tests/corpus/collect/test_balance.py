"""Balance: the same number of each source, the same draw for the same seed whatever the order, and fair."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List

import pytest

from spacy_gliner_biomed.corpus.collect.balance import balance_plan, balance_step, draw_of, fewest
from spacy_gliner_biomed.corpus.collect.passages import Passage, read_passages
from spacy_gliner_biomed.corpus.collect.steps import run_step
from tests.corpus.collect.making import ids, make_passages, write

MANY = [*make_passages(30), *make_passages(12, "patents"), *make_passages(20, "dailymed")]


def run(folder: Path, out: Path, **settings: Any) -> Dict[str, Any]:
    """RETURNS (dict): the counts of the step."""
    return run_step("balance", folder, out, balance_step, {"seed": 42, **settings}, plan=balance_plan, progress=False)


def test_as_many_as_the_smallest_source_has(tmp_path: Path) -> None:
    """Of each, in their order; all of the smallest."""
    counts = run(write(tmp_path / "in", MANY, 5), tmp_path / "out")
    assert counts["out"] == {"dailymed": 12, "patents": 12, "pubmed": 12}
    assert counts["reasons"] == {"not drawn": {"dailymed": 8, "pubmed": 18}}
    kept = list(read_passages(tmp_path / "out"))
    assert kept == [passage for passage in MANY if passage in kept]
    assert fewest(counts) == "12 passages of each of 3 sources."


def test_the_draw_is_the_seeds_alone(tmp_path: Path) -> None:
    """Other shards or another order change nothing; more of one source changes nothing in the others; another seed does."""
    whole = write(tmp_path / "whole", MANY, 5)
    run(whole, tmp_path / "a", per_source=6)
    kept = set(ids(tmp_path / "a"))
    run(write(tmp_path / "turned", MANY[::-1], 8), tmp_path / "b", per_source=6)
    assert set(ids(tmp_path / "b")) == kept
    more = [Passage(f"more{number}", "More.", "patents", "d") for number in range(50)]
    run(write(tmp_path / "more", [*MANY, *more], 8), tmp_path / "c", per_source=6)
    others = {name for name in kept if not name.startswith("patents")}
    assert {name for name in ids(tmp_path / "c") if not name.startswith(("patents", "more"))} == others
    run(whole, tmp_path / "d", per_source=6, seed=43)
    assert set(ids(tmp_path / "d")) != kept


def test_every_passage_has_the_same_chance() -> None:
    """Each of twenty is among the first ten in half of 400 seeds, within five standard deviations."""
    drawn: Counter[str] = Counter()
    for seed in range(400):
        drawn.update(passage.id for passage in sorted(MANY[:20], key=lambda each: draw_of(each, seed))[:10])
    assert sum(drawn.values()) == 4000 and all(abs(number - 200) < 50 for number in drawn.values())


def test_some_sources_and_a_number(tmp_path: Path) -> None:
    """Those not named are left out; one with fewer than the number keeps all."""
    folder = write(tmp_path / "in", MANY, 5)
    counts = run(folder, tmp_path / "out", sources=["patents", "pubmed"], per_source=15)
    assert counts["out"] == {"patents": 12, "pubmed": 15} and counts["reasons"]["source not wanted"] == {"dailymed": 20}
    assert fewest(counts) == "12 of patents, 15 of pubmed."
    with pytest.raises(ValueError, match="no passage of the source 'pub'; leave it out"):
        run(folder, tmp_path / "out", sources=["pub"])


def test_the_very_same_passages_and_none(tmp_path: Path) -> None:
    """Twins that nobody removed are drawn one by one; an empty collection stays one."""
    twins: List[Passage] = [make_passages(1)[0]] * 9
    counts = run(write(tmp_path / "in", [*twins, *make_passages(4, "patents")]), tmp_path / "out")
    assert counts["out"] == {"patents": 4, "pubmed": 4}
    counts = run(write(tmp_path / "none", []), tmp_path / "out")
    assert counts["out"] == {} and fewest(counts) == "No passage was there to balance."

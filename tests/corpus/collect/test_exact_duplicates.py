"""Exact duplicates, over all shards and sources, against a plain loop; near-duplicates as a step."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Set, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect import exact_duplicates
from spacy_gliner_biomed.corpus.collect.deduplicate import near_duplicates_plan
from spacy_gliner_biomed.corpus.collect.dropping import drop_listed
from spacy_gliner_biomed.corpus.collect.exact_duplicates import SAME_ID, SAME_TEXT, exact_duplicates_plan
from spacy_gliner_biomed.corpus.collect.passages import Passage, read_passages
from spacy_gliner_biomed.corpus.collect.steps import run_step
from tests.corpus.collect.making import ids, make_passages, write

FEW = st.builds(
    Passage, id=st.sampled_from("123456"), text=st.sampled_from("abcdef"), source=st.sampled_from("pq"), document=st.just("d")
)


def plain(passages: List[Passage]) -> Tuple[List[Passage], Dict[str, int]]:
    """RETURNS (tuple): what stays, first the ids, then the texts; and how many go for each reason."""
    reasons = {SAME_ID: 0, SAME_TEXT: 0}
    known: Set[Tuple[str, str]] = set()
    texts: Set[str] = set()
    kept = []
    for passage in passages:
        if passage.source == "p" and (passage.source, passage.id) in known:
            reasons[SAME_ID] += 1
        elif passage.text in texts:
            known.add((passage.source, passage.id))
            reasons[SAME_TEXT] += 1
        else:
            known.add((passage.source, passage.id))
            texts.add(passage.text)
            kept.append(passage)
    return kept, reasons


def run(folder: Path, out: Path, *by_id: str) -> Dict[str, Any]:
    """RETURNS (dict): the counts of the step."""
    return run_step("exact", folder, out, drop_listed, {"by_id": by_id}, plan=exact_duplicates_plan, progress=False)


@settings(max_examples=30)
@given(st.lists(FEW, max_size=25), st.integers(1, 5))
def test_equals_a_plain_loop(passages: List[Passage], size: int) -> None:
    """The same passages stay, for the same reasons, whatever the shards; one source of two has ids that count."""
    with TemporaryDirectory() as name:
        folder = write(Path(name) / "in", passages, size)
        counts = run(folder, Path(name) / "out", "p")
        kept, reasons = plain(passages)
        assert list(read_passages(Path(name) / "out")) == kept
        assert {reason: sum(counts["reasons"].get(reason, {}).values()) for reason in reasons} == reasons


def test_the_one_that_stays_is_named(tmp_path: Path) -> None:
    """By file and line; the same id in another source is another passage, but the same text is not."""
    more = [
        Passage("pubmed1", "Other text.", "patents", "d"),
        Passage("x", "Text number 2 of pubmed.", "patents", "d"),
        Passage("pubmed3", "A new text.", "pubmed", "d"),
    ]
    folder = write(tmp_path / "in", [*make_passages(4), *more])
    counts = run(folder, tmp_path / "out", "pubmed")
    assert ids(tmp_path / "out") == ["pubmed0", "pubmed1", "pubmed2", "pubmed3", "pubmed1"]
    [[same_text], [same_id]] = (counts["examples"][reason] for reason in (SAME_TEXT, SAME_ID))
    assert same_text["note"] == "shard-00000.jsonl.gz, line 3 stays" and same_id["note"] == "shard-00001.jsonl.gz, line 1 stays"


def test_hashes_are_written_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few wait in memory."""
    folder = write(tmp_path / "in", [*make_passages(50), *make_passages(50)], 7)
    monkeypatch.setattr(exact_duplicates, "WAITING", 3)
    run(folder, tmp_path / "out", "pubmed")
    assert ids(tmp_path / "out") == [passage.id for passage in make_passages(50)]


def test_near_duplicates_go_across_sources(tmp_path: Path) -> None:
    """One of a cluster stays, in whatever shard; the others say which, and how similar they are."""
    words = " ".join(f"word{number}" for number in range(40))
    near = [Passage("1", words, "pubmed", "a"), Passage("2", words + " word1", "patents", "b")]
    folder = write(tmp_path / "in", [near[0], *make_passages(4), near[1]])
    chosen = {"threshold": 0.9, "method": "exact", "split": True}
    counts = run_step("near", folder, tmp_path / "out", drop_listed, chosen, plan=near_duplicates_plan, progress=False)
    kept = ids(tmp_path / "out")
    assert ("1" in kept) != ("2" in kept) and sum(counts["reasons"]["near-duplicate"].values()) >= 1
    [example] = [each for each in counts["examples"]["near-duplicate"] if each["id"] in "12"]
    stays = "shard-00001.jsonl.gz, line 3" if example["id"] == "1" else "shard-00000.jsonl.gz, line 1"
    assert example["note"].startswith(f"{stays} stays; cosine 0.9")

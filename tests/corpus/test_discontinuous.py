"""Mentions in pieces: each policy against its definition, and the counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from spacy_gliner_biomed.corpus.discontinuous import POLICIES, Tally, check_policy, resolve
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous, Mention
from tests.corpus.format_files import passages

TEXT = "renal and hepatic failure"
PASSAGE = AnnotatedPassage(
    "1",
    TEXT,
    (Mention(10, 25, "disease"),),
    labels=("disease",),
    discontinuous=(Discontinuous(((0, 5), (18, 25)), "disease"),),
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("drop", ["hepatic failure"]),
        ("hull", ["renal and hepatic failure", "hepatic failure"]),
        ("fragments", ["renal", "hepatic failure", "failure"]),
    ],
)
def test_the_policies(policy: str, expected: list[str]) -> None:
    """Nothing, one mention over all, or one a piece; nothing stays in pieces, the rest of the passage as it was."""
    found = resolve(PASSAGE, policy)
    assert [TEXT[start:end] for start, end, _ in found.mentions] == expected
    assert found.discontinuous == () and (found.id, found.text, found.labels) == ("1", TEXT, ("disease",))


@settings(deadline=None)
@given(passages())
def test_against_the_definitions(passage: AnnotatedPassage) -> None:
    """As sets of mentions; every mention of the passage stays, none is made twice, the tally adds up."""
    whole = {(start, end, label) for start, end, label in passage.mentions}
    wanted = {
        "drop": set(),
        "hull": {(pieces[0][0], pieces[-1][1], label) for pieces, label in passage.discontinuous},
        "fragments": {(start, end, label) for pieces, label in passage.discontinuous for start, end in pieces},
    }
    for policy in POLICIES:
        tally = Tally(2, 3)
        found = resolve(passage, policy, tally)
        assert list(found.mentions) == sorted(whole | wanted[policy])
        assert tally == Tally(2 + len(passage.discontinuous), 3 + len(found.mentions) - len(passage.mentions))


def test_a_mention_in_pieces_that_is_annotated_whole_as_well() -> None:
    """It is one mention; repeated mentions of the corpus are left as they are."""
    twice = (Mention(0, 25, "disease"), Mention(0, 25, "disease"))
    tally = Tally()
    found = resolve(PASSAGE.with_mentions(twice), "hull", tally)
    assert found.mentions == twice
    assert tally.to_dict("hull") == {"policy": "hull", "count": 1, "added": 0}


def test_another_policy_is_refused() -> None:
    """With those there are, even where a passage has no pieces."""
    with pytest.raises(ValueError, match="no policy 'first' for mentions in pieces; take one of drop, hull, fragments"):
        resolve(AnnotatedPassage("1", "x"), "first")
    assert [check_policy(policy) for policy in POLICIES] == list(POLICIES)

"""Greedy decoding against the quadratic rule of `gliner` (`gliner/decoding/decoder.py`), written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer.decode import OVERLAPS, Candidates, decode

Span = tuple[int, int, int, float]


def conflict(one: Span, other: Span, overlap: str, multi_label: bool) -> bool:
    """RETURNS (bool): whether two spans can't both be kept, by gliner's words."""
    if one[:2] == other[:2]:
        return not multi_label
    apart = one[0] > other[1] or other[0] > one[1]
    inside = (one[0] <= other[0] and one[1] >= other[1]) or (other[0] <= one[0] and other[1] >= one[1])
    return not apart if overlap == "flat" else not (apart or inside)


def quadratic(spans: list[Span], overlap: str, multi_label: bool) -> list[Span]:
    """RETURNS (list): what every pair of comparisons leaves, in our order of ties."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span[3], span[0], span[1], span[2])):
        if not any(conflict(span, other, overlap, multi_label) for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span[0])


def to_candidates(spans: list[Span]) -> Candidates:
    """RETURNS (Candidates): the same spans as arrays."""
    start, end, label, score = zip(*spans, strict=True) if spans else ((), (), (), ())
    whole = [np.asarray(values, dtype=np.int64) for values in (start, end, label)]
    return Candidates(*whole, np.asarray(score, dtype=np.float32))


def to_spans(found: Candidates) -> list[Span]:
    """RETURNS (list): arrays as spans."""
    return list(zip(*(array.tolist() for array in (found.start, found.end, found.label, found.score)), strict=True))


# Few distinct scores, all exact in float32, so that ties are common
spans_of_a_text = st.lists(
    st.builds(
        lambda start, extra, label, score: (start, start + extra, label, score / 16),
        st.integers(0, 14),
        st.integers(0, 5),
        st.integers(0, 2),
        st.integers(1, 16),
    ),
    max_size=40,
    unique_by=lambda span: span[:3],
)


@settings(max_examples=300, deadline=None)
@given(spans=spans_of_a_text, overlap=st.sampled_from(OVERLAPS), multi_label=st.booleans())
def test_linear_search_equals_the_quadratic_one(spans, overlap, multi_label):
    """The same spans, in the same order, for every policy."""
    assert to_spans(decode(to_candidates(spans), overlap, multi_label)) == quadratic(spans, overlap, multi_label)


@pytest.mark.parametrize(
    "overlap, multi_label, expected",
    [
        ("flat", False, [(0, 2, 0)]),
        ("flat", True, [(0, 2, 0), (0, 2, 1)]),
        ("nested", False, [(0, 2, 0), (1, 1, 1)]),
        ("nested", True, [(0, 2, 0), (0, 2, 1), (1, 1, 1)]),
    ],
)
def test_policies_by_example(overlap, multi_label, expected):
    """A span, the same span under another label, one inside it and one across its end."""
    spans = [(0, 2, 0, 0.9), (0, 2, 1, 0.8), (1, 1, 1, 0.7), (2, 3, 0, 0.6)]
    assert [span[:3] for span in to_spans(decode(to_candidates(spans), overlap, multi_label))] == expected


def test_joining_and_picking():
    """Parts keep their order; nothing joins to nothing."""
    one, two = to_candidates([(0, 1, 0, 0.5)]), to_candidates([(3, 3, 1, 0.75)])
    assert to_spans(Candidates.join([one, two])) == [(0, 1, 0, 0.5), (3, 3, 1, 0.75)]
    assert len(Candidates.join([])) == 0
    assert to_spans(Candidates.join([one, two]).pick(np.asarray([False, True]))) == [(3, 3, 1, 0.75)]

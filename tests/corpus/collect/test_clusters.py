import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spacy_gliner_biomed.corpus.collect import clusters as room
from spacy_gliner_biomed.corpus.collect.clusters import Components, distinct_rows, find_clusters

from .near_texts import brute_force, components


def on_arc(*degrees):
    """RETURNS (csr_matrix): vectors at angles to the first axis, so that cosines can be worked out in the head."""
    angles = np.radians(degrees)
    return sparse.csr_matrix(np.stack([np.cos(angles), np.sin(angles)], axis=1))


angles = st.lists(st.integers(0, 90), min_size=1, max_size=25)


@settings(deadline=None, max_examples=80)
@given(angles, st.sampled_from([0.9, 0.97, 0.999]))
def test_what_goes_has_a_similar_text_that_stays(degrees, threshold):
    """Split clusters: every text that goes is similar to its kept one, and no two that stay are similar."""
    matrix = on_arc(*degrees)
    cosines = (matrix @ matrix.T).toarray()
    found = find_clusters(matrix, threshold)
    gone = [member for cluster in found for member in cluster.members if member != cluster.kept]
    assert len(gone) == len(set(gone))
    for cluster in found:
        assert cluster.kept in cluster.members
        for member, cosine in zip(cluster.members, cluster.cosines, strict=True):
            assert cosine == pytest.approx(cosines[member, cluster.kept], abs=1e-12)
            assert cosine >= threshold - 1e-9
    stay = sorted(set(range(len(degrees))) - set(gone))
    among = cosines[np.ix_(stay, stay)] - 2 * np.eye(len(stay))
    assert (among < threshold).all()


@settings(deadline=None, max_examples=80)
@given(angles, st.sampled_from([0.9, 0.97, 0.999]))
def test_whole_components_keep_the_text_of_highest_mean_cosine(degrees, threshold):
    """Without splitting: the paper's clusters, by flooding and a square of cosines."""
    matrix = on_arc(*degrees)
    cosines = (matrix @ matrix.T).toarray()
    found = find_clusters(matrix, threshold, split=False)
    wanted = components(len(degrees), list(brute_force(matrix, threshold)))
    assert sorted(list(cluster.members) for cluster in found) == wanted
    for cluster in found:
        means = cosines[np.ix_(cluster.members, cluster.members)].mean(axis=0).round(9)
        assert cluster.kept == cluster.members[int(np.argmax(means))]


def test_a_chain_is_split():
    """Steps of 20° (cosine 0.94) over 80°: the middle keeps its neighbours, the ends (0.77 from it) stay."""
    matrix = on_arc(0, 20, 40, 60, 80)
    (whole,) = find_clusters(matrix, 0.9, split=False)
    assert (whole.kept, whole.members) == (2, (0, 1, 2, 3, 4))
    (cut,) = find_clusters(matrix, 0.9)
    assert (cut.kept, cut.members) == (2, (1, 2, 3))


def test_the_rest_of_a_chain_is_clustered_again():
    """Two texts at the end of a chain that are similar to each other, but not to its middle, leave one."""
    found = find_clusters(on_arc(0, 5, 20, 40, 60, 80), 0.9)
    assert [(cluster.kept, cluster.members) for cluster in found] == [(0, (0, 1)), (3, (2, 3, 4))]


def test_equal_texts_count_as_often_as_they_are_there():
    """Five equal texts at one end of a cluster draw its centre to them."""
    assert find_clusters(on_arc(0, 10, 20), 0.9)[0].kept == 1
    assert find_clusters(on_arc(0, 10, 20, 20, 20, 20, 20), 0.9)[0].kept == 2


def test_of_two_the_first_is_kept():
    """Their means are equal; rounding must not decide."""
    for gap in range(1, 25):
        (found,) = find_clusters(on_arc(60, 60 - gap), 0.9)
        assert found.kept == 0


def test_rows_without_entries_are_alone():
    """Texts without a word are not each other's duplicates."""
    assert find_clusters(sparse.csr_matrix((3, 5)), 0.9) == []


def test_distinct_rows():
    """Columns and values both count."""
    rows = sparse.csr_matrix([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0.5, 0, 0], [0, 0, 0]])
    first, kinds = distinct_rows(rows)
    assert first.tolist() == [0, 1, 2, 4, 5]
    assert kinds.tolist() == [0, 1, 2, 0, 3, 4]


def test_rows_whose_sums_agree_by_chance_stay_apart(monkeypatch):
    """Sums only say which rows to compare."""
    monkeypatch.setattr(room, "MULTIPLIER", np.uint64(0))
    first, kinds = distinct_rows(sparse.csr_matrix([[1.0, 0], [0, 1], [1, 0], [0.5, 0]]))
    assert (first.tolist(), kinds.tolist()) == ([0, 1, 3], [0, 1, 0, 2])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30), st.integers(1, 8))
def test_components_in_blocks_equal_flooding(edges, block):
    """However the edges arrive."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "PENDING", 5)
        found = Components(20)
        for start in range(0, len(edges), block):
            rows, columns = np.array(edges[start : start + block]).T
            found.add(rows, columns)
    labels = found.labels()
    sets = {tuple(np.flatnonzero(labels == label)) for label in labels}
    assert sorted(list(map(int, each)) for each in sets if len(each) > 1) == components(20, edges)
    left, right = np.divmod(np.arange(400), 20)
    assert (found.joined(left, right) == (labels[left] == labels[right])).all()


def test_components_are_known_while_edges_arrive(monkeypatch):
    """So that pairs within them need not be compared, and edges do not pile up."""
    monkeypatch.setattr(room, "PENDING", 2)
    found = Components(4)
    found.add(np.array([0]), np.array([1]))
    assert not found.joined(np.array([0]), np.array([1]))[0]
    found.add(np.array([1]), np.array([2]))
    assert found.joined(np.array([0, 0]), np.array([2, 3])).tolist() == [True, False]

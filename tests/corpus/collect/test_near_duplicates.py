import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from spacy_gliner_biomed.corpus.collect.near_duplicates import Cluster, dropped, find_duplicates, find_pairs

from .near_texts import brute_force, components, make_passages, plant


@pytest.fixture(scope="module")
def corpus():
    """5,000 texts, 500 of them copies of others with up to two words changed; and scikit-learn's ≥ 0.90 graph of them."""
    texts, planted = plant(make_passages(4500), 500)
    vectors = TfidfVectorizer().fit_transform(texts)
    return texts, planted, brute_force(vectors, 0.9)


def test_pairs_equal_brute_force_over_scikit_learns_vectors(corpus):
    """Recall and precision 1.0, no neighbour limit."""
    texts, planted, graph = corpus
    found = find_pairs(texts)
    assert set(zip(found.rows.tolist(), found.columns.tolist(), strict=True)) == set(graph)
    np.testing.assert_allclose(found.cosines, [graph[edge] for edge in sorted(graph)], atol=1e-12)
    assert len(set(planted) & set(graph)) > 400


def test_clusters_equal_the_papers(corpus):
    """Connected components of that graph."""
    texts, _, graph = corpus
    found = find_duplicates(texts, split=False)
    assert sorted(list(cluster.members) for cluster in found) == components(len(texts), list(graph))


def test_each_text_that_goes_has_a_similar_one_that_stays(corpus):
    """The edges between them are in the graph, and what stays has none."""
    texts, _, graph = corpus
    found = find_duplicates(texts)
    gone = {text: kept for text, kept, _ in dropped(found)}
    assert all((min(edge), max(edge)) in graph for edge in gone.items())
    assert not any(left not in gone and right not in gone for left, right in graph)


def test_minhash_finds_nearly_the_same_clusters(corpus):
    """And the same again."""
    texts, _, _ = corpus
    exact, hashed = find_duplicates(texts), find_duplicates(texts, method="minhash")
    assert len(set(exact) & set(hashed)) >= 0.98 * len(exact)
    assert hashed == find_duplicates(texts, method="minhash")


def test_many_texts_go_to_minhash(monkeypatch):
    """Above the limit, unless the exact join is asked for."""
    called = []
    room = "spacy_gliner_biomed.corpus.collect.near_duplicates"
    monkeypatch.setattr(f"{room}.LARGE", 3)
    monkeypatch.setattr(f"{room}.minhash_pairs", lambda *_, **__: called.append("minhash") or iter(()))
    find_duplicates(["one two"] * 2 + ["three four"])
    find_duplicates(["one two"] * 4, method="exact")
    assert called == []
    find_duplicates(["one two"] * 4)
    assert called == ["minhash"]


def test_case_punctuation_and_order_do_not_count():
    """Word unigrams in lower case; words of one letter do not count either."""
    texts = (text for text in ["Fever, with a chill.", "No rash was seen", "with CHILL and fever", "a chill with FEVER"])
    assert find_duplicates(texts) == [Cluster(0, (0, 3), (pytest.approx(1.0), pytest.approx(1.0)))]


def test_dropped_names_what_goes_and_for_what():
    """As a report needs it."""
    assert list(dropped([Cluster(4, (1, 4, 6), (0.91, 1.0, 0.95))])) == [(1, 4, 0.91), (6, 4, 0.95)]


@pytest.mark.parametrize("method", ["exact", "minhash"])
@pytest.mark.parametrize("texts", [[], [""], ["", "", "a"], ["one two"]])
def test_nothing_to_find(texts, method):
    """Empty corpora, and texts without a word, which are not duplicates of each other."""
    assert find_duplicates(texts, method=method) == []
    assert len(find_pairs(texts).rows) == 0


def test_refuses_an_unknown_method():
    """One sentence, with those there are."""
    with pytest.raises(ValueError, match="no method 'magic' .* choose from auto, exact, minhash"):
        find_duplicates([], method="magic")


def test_refuses_a_threshold_before_it_reads():
    """Not after an hour of counting words."""
    with pytest.raises(ValueError, match="threshold of 90 is out of range"):
        find_duplicates(iter(lambda: 1 / 0, None), threshold=90)

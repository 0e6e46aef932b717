"""Merges of labels, and inventories of corpora."""

from __future__ import annotations

from collections import Counter

from spacy_gliner_biomed.label_sets import load_inventories, load_merges, load_wordings


def test_merged_labels_belong_to_their_corpus() -> None:
    inventories = load_inventories()
    for merge in load_merges():
        assert set(merge.labels) <= set(inventories[merge.corpus]), merge
        assert len(set(merge.labels)) == len(merge.labels) >= 2, merge
        assert merge.scope.endswith("."), merge


def test_a_corpus_is_merged_into_a_label_once() -> None:
    counts = Counter((merge.corpus, merge.into) for merge in load_merges())
    assert set(counts.values()) == {1}


def test_a_merge_into_a_label_of_the_corpus_holds_that_label() -> None:
    """Else a mention of the label would count as wrong under its own name."""
    inventories = load_inventories()
    for merge in load_merges():
        assert merge.into not in inventories[merge.corpus] or merge.into in merge.labels, merge


def test_merged_names_differ_from_the_labels_left_over() -> None:
    """A merged label and a label beside it share no name."""
    wordings, inventories = load_wordings(), load_inventories()
    for merge in load_merges():
        names = {name.casefold() for name in wordings[merge.into].names}
        for label in set(inventories[merge.corpus]) - set(merge.labels) - {merge.into}:
            assert names.isdisjoint(name.casefold() for name in wordings[label].names), (merge, label)


def test_a_corpus_held_out_in_all_folds_is_not_merged() -> None:
    assert "mtl_jnlpba" not in {merge.corpus for merge in load_merges()}


def test_inventories_hold_no_label_twice() -> None:
    for corpus, labels in load_inventories().items():
        assert labels and len(set(labels)) == len(labels), corpus
    assert "." not in "".join(load_inventories())

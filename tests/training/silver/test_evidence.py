"""Which names are dropped."""

from __future__ import annotations

from spacy_gliner_biomed.training.silver.evidence import LEAST_NAMES, Evidence, is_plain, learn, longest
from spacy_gliner_biomed.training.silver.finder import Found
from spacy_gliner_biomed.training.silver.names import EXACT, Candidate, shape
from tests.training.silver.support import found_in, gold, table

DRUG = Candidate("drug", "C:9", "DB")


def evidence(**counts: tuple[float, float, float]) -> Evidence:
    """RETURNS (Evidence): counts of drug names, in corpora enough."""
    names = {(key.replace("_", " "), "drug"): list(value) for key, value in counts.items()}
    return Evidence(names=names, spread={place: {"a", "b"} for place in names}, labels={"drug": (0.8, LEAST_NAMES)})


def test_wrong_more_often_than_right() -> None:
    """Dropped; a near mention is half of each."""
    seen = evidence(aspirin=(3, 0, 1), letrozole=(1, 0, 3), oxygenate=(1, 4, 1), ironing=(0, 2, 1))
    assert seen.probability("aspirin", DRUG) > 0.5
    assert seen.probability("letrozole", DRUG) == 0.0
    assert seen.probability("oxygenate", DRUG) > 0.5
    assert seen.probability("ironing", DRUG) == 0.0


def test_names_without_gold_share_the_fate_of_their_kind() -> None:
    """By kind where enough names were judged, else by label."""
    seen = evidence()
    assert seen.probability("newdrugname", DRUG) == 0.8
    seen.kinds["drug", "DB", shape("newdrugname")] = (0.3, LEAST_NAMES)
    assert seen.probability("newdrugname", DRUG) == 0.0
    seen.kinds["drug", "DB", shape("newdrugname")] = (0.3, LEAST_NAMES - 1)
    assert seen.probability("newdrugname", DRUG) == 0.8
    seen.gold_only = frozenset(["drug"])
    assert seen.probability("newdrugname", DRUG) == 0.0


def test_frequent_words_and_short_symbols_need_gold() -> None:
    """Right at least twice, in two corpora."""
    seen = evidence(water=(5, 0, 0), light=(1, 0, 0))
    assert seen.probability("water", DRUG) > 0.5
    assert seen.probability("light", DRUG) == seen.probability(EXACT + "ABC", DRUG) == 0.0
    seen.spread["water", "drug"] = {"a"}
    assert seen.probability("water", DRUG) == 0.0


def test_labels_that_nobody_judges() -> None:
    """No likelihood; only plain names are taken, and only where no judged reading is left."""
    unknown = Candidate("behaviour", "B:1", "MeSH")
    assert evidence().best("sedentary behavior", [unknown]) == (unknown, None)
    assert evidence().best(EXACT + "SB", [unknown])[0] is None
    assert evidence().best("newdrugname", [unknown, DRUG])[0] == DRUG
    assert is_plain("sedentary behavior") and not is_plain("light")


def test_learning_counts_the_longest_and_uncovers_the_shorter() -> None:
    """A dropped name makes way for the one inside it."""
    wrong = [gold("the breast cancer", corpus="c", document=str(n)) for n in range(3)]
    inside = [gold("the breast cancer", ("breast", "anatomical structure"), corpus="a", document=str(n)) for n in range(3)]
    learned = learn(found_in(*wrong, *inside), table())
    assert learned.names["breast cancer", "disease"] == [0, 0, 3]
    assert learned.names["breast", "anatomical structure"] == [3, 0, 0]
    assert learned.best("breast cancer", table()["breast cancer"])[0] is None


def test_gold_of_another_kind_speaks_against_a_symbol() -> None:
    """"CAT" annotated as a drug is no gene there."""
    learned = learn(found_in(gold("CAT helps", ("CAT", "drug"))), table())
    assert learned.names[EXACT + "CAT", "gene"] == [0, 0, 1]


def test_longest() -> None:
    """The longest, then the earliest."""
    names = [Found(0, 5, "a"), Found(4, 9, "b"), Found(0, 12, "c"), Found(12, 13, "d")]
    assert longest(names) == [names[2], names[3]]
    assert longest(names[:2]) == [names[0]]

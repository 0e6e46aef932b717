"""Rows that say nothing that is not known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.silver.evidence import Evidence
from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.labels import family, other_labels
from spacy_gliner_biomed.training.silver.passages import UnlabelledPassage
from spacy_gliner_biomed.training.silver.rows import KnownMention, choose, lexicon_row
from spacy_gliner_biomed.training.silver.teacher import LexiconTeacher, SilverMention
from tests.training.silver.support import table

KEPT = ["anatomical structure", "disease", "drug", "gene", "sign or symptom"]


def known(start: int, label: str, text: str = "x", inside: tuple[str, ...] = ()) -> KnownMention:
    """RETURNS (KnownMention): three characters long."""
    labels = frozenset([label, *other_labels(label, text)])
    return KnownMention(SilverMention(start, start + 3, label, "X:1", "x"), labels, family(label), frozenset(inside))


def test_one_label() -> None:
    """With its broader ones, and the labels that it cannot have."""
    mentions, labels = choose([known(0, "drug")], KEPT, "p")
    assert len(mentions) == 1
    assert labels == {"drug", "chemical", "anatomical structure", "disease", "gene", "sign or symptom"}


def test_labels_of_one_family_say_nothing_about_each_other() -> None:
    """Over many passages each label is drawn; none is listed where a mention lacks it."""
    given_mentions = [known(0, "disease", "lung cancer"), known(4, "disease", "gout"), known(8, "sign or symptom", "pain")]
    lists = set()
    for number in range(60):
        mentions, labels = choose(given_mentions, ["disease", "sign or symptom"], str(number))
        assert all(labels <= one.labels for one in mentions)
        lists.add((len(mentions), labels))
    assert lists == {
        (1, frozenset(["cancer", "disease", "disease or symptom"])),
        (1, frozenset(["sign or symptom", "disease or symptom"])),
        (2, frozenset(["disease", "disease or symptom"])),
        (3, frozenset(["disease or symptom"])),
    }


def test_names_inside() -> None:
    """The smaller side goes; without mentions of its own the family is not listed."""
    holder, other = known(0, "disease", inside=("anatomy",)), known(9, "disease", inside=("anatomy",))
    organs = [known(4, "anatomical structure"), known(12, "anatomical structure")]
    assert [one.mention.start for one in choose([holder, *organs], KEPT, "p")[0]] == [4, 12]
    assert [one.mention.start for one in choose([holder, other, organs[0]], KEPT, "p")[0]] == [0, 9]
    assert "anatomical structure" not in choose([holder], KEPT, "p")[1]


MENTIONS = st.tuples(
    st.integers(0, 30), st.sampled_from(KEPT), st.sampled_from(["x", "cancer"]), st.sampled_from(["", "gene", "anatomy"])
)
BROADER = {"chemical": "chemical", "cancer": "condition", "disease or symptom": "condition", "gene or gene product": "gene"}


@given(st.lists(MENTIONS, max_size=8), st.text(max_size=3))
def test_all_that_is_listed_is_known(drawn: list[tuple[int, str, str, str]], seed: str) -> None:
    """A listed label is one of the mention's, or of a family that it cannot have; the choice is the same each time."""
    own = [known(start, label, text, (other,) if other != family(label) else ()) for start, label, text, other in drawn]
    mentions, labels = choose(own, KEPT, seed)
    for one in mentions:
        for label in labels - one.labels:
            assert BROADER.get(label, family(label)) not in {one.family, *one.inside}
        assert one.labels & labels
    assert choose(own, KEPT, seed) == (mentions, labels) and bool(own) == bool(mentions)


def test_the_row_of_a_passage() -> None:
    """"breast" inside "breast cancer" makes anatomy unknown there; a mention of several labels is several entities."""
    evidence = Evidence(labels=dict.fromkeys(KEPT, (0.9, 99)))
    teacher = LexiconTeacher(table(), NameFinder(table()), evidence, KEPT)
    passage = UnlabelledPassage("t:1.0", "d", "Breast cancer and aspirin", "silver_t")
    found = teacher.finder.find(passage.text)
    row = lexicon_row(passage, teacher.annotate(passage.text, None, found), found, teacher, KEPT)
    assert row is not None and "anatomical structure" not in row["labels"] and "gene" in row["labels"]
    assert [(e["start"], e["label"]) for e in row["entities"]] == [
        (0, "cancer"),
        (0, "disease"),
        (0, "disease or symptom"),
        (18, "chemical"),
        (18, "drug"),
    ]
    assert lexicon_row(passage, [], found, teacher, KEPT) is None

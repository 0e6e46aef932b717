"""What row each task makes of an answer: the forms of the released set, and nothing that is not in the passage."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from spacy_gliner_biomed.distill.tasks import TASKS, Tally, task_named
from spacy_gliner_biomed.distill.tasks.open_task import CHOICE_LABELS, choice_label

from .making import RIGHT, TEXT, make_row, marked


def related(*relations: tuple[str, str, str]) -> dict:
    """An answer to the task of relations."""
    return {"relations": [{"head": head, "relation": name, "tail": tail} for head, name, tail in relations]}


@pytest.mark.parametrize("name", TASKS)
def test_each_mention_is_its_own_words(name: str) -> None:
    """A right answer makes a row whose passage stands at the end of its text, unchanged."""
    tally = Tally()
    row = make_row(name, RIGHT[name], tally=tally)
    assert row is not None and row.text.endswith(TEXT) and row.mentions and not row.partial
    assert {mention.label for mention in row.mentions} <= set(row.labels)
    assert not tally.left_out and not tally.dropped and "failed" not in tally.statuses


def test_open_ner_has_types_in_one_spelling() -> None:
    """Case, underscores and plural make no second type."""
    row = make_row("ner", {"entities": [{"text": "Aspirin", "type": "Drugs"}, {"text": "Ibuprofen", "type": "DRUG_"}]})
    assert marked(row) == [("Aspirin", "drug"), ("Ibuprofen", "drug")]
    assert row is not None and row.labels == ("drug",) == row.types


def test_a_mention_that_stands_nowhere_is_in_no_row() -> None:
    """Open NER checks its mentions; the seed does not. The row says that it is not complete."""
    tally = Tally()
    listed = [{"text": "Aspirin", "type": "drug"}, {"text": "acetylsalicylic acid", "type": "salt"}]
    row = make_row("ner", {"entities": listed}, tally=tally)
    assert marked(row) == [("Aspirin", "drug")]
    assert row is not None and row.partial and row.types == ("drug", "salt")
    assert tally.statuses["failed"] == 1


def test_of_two_types_on_one_mention_the_first_stays() -> None:
    """One span has one label, and the other is counted."""
    tally = Tally()
    row = make_row("ner", {"entities": [{"text": "Aspirin", "type": t} for t in ("drug", "chemical", "drug")]}, tally=tally)
    assert marked(row) == [("Aspirin", "drug")]
    assert tally.left_out == {"another label on the same words": 1}


@pytest.mark.parametrize("word", ["IV", "ALL", "cold", "he"])
def test_short_and_common_words_are_not_spread(word: str) -> None:
    """Only the listed place is marked: case and word borders count, and such words mean other things elsewhere."""
    text = f"Given {word} at noon. After that, {word.lower()} others in the {word}erly were told {word}."
    row = make_row("ner", {"entities": [{"text": word, "type": "thing"}]}, text)
    assert row is not None and [mention.start for mention in row.mentions] == [6]


def test_the_condition_may_leave_other_mentions_out() -> None:
    """Conditional NER marks one of two mentions of the same words, and keeps a type without mentions as a negative."""
    text = "Ibuprofen was stopped. Ibuprofen is cheap."
    answer = {"instruction": "Drugs  that\nwere stopped, and genes", "types": ["drug", "gene"],
              "entities": [{"text": "Ibuprofen", "type": "drug"}]}
    row = make_row("conditional_ner", answer, text)
    assert row is not None and row.text == "Drugs that were stopped, and genes\n" + text
    assert marked(row) == [("Ibuprofen", "drug")] and row.labels == ("drug", "gene")


def test_a_condition_that_nothing_meets_makes_an_empty_row() -> None:
    """Its types are negatives."""
    row = make_row("conditional_ner", {"instruction": "Find genes", "types": ["gene"], "entities": []})
    assert row is not None and row.mentions == () and row.labels == ("gene",) and not row.partial


def test_a_relation_is_a_label_of_its_tail() -> None:
    """Head and relation make the label; a head of two relations and a tail of two heads keep all of them."""
    text = "Aspirin and ibuprofen lower fever. Aspirin thins blood."
    relations = [("Aspirin", "lowers", "fever"), ("ibuprofen", "lowers", "fever"), ("aspirin", "thins", "blood")]
    row = make_row("relations", related(*relations), text)
    assert marked(row) == [("fever", "Aspirin <> lowers"), ("fever", "ibuprofen <> lowers"), ("blood", "Aspirin <> thins")]
    assert row is not None and row.labels[3:] == ("ibuprofen <> thins",)  # not "fever": it is tied to a head of "thins"


def test_relation_negatives_are_no_positives() -> None:
    """Not an end of the relation, not what is tied to its head, whatever the case of its letters."""
    text = "CORVEXA holds tirostatin. corvexa causes pain. Rest cures gout."
    relations = [("CORVEXA", "contains", "tirostatin"), ("corvexa", "causes", "pain"), ("Rest", "cures", "gout")]
    row = make_row("relations", related(*relations), text)
    assert row is not None
    negatives = set(row.labels) - {mention.label for mention in row.mentions}
    assert "Rest <> causes" in negatives and "CORVEXA <> cures" in negatives
    assert not {"tirostatin <> causes", "CORVEXA <> causes", "pain <> contains", "gout <> cures"} & negatives
    assert not {"corvexa <> contains", "CORVEXA <> contains"} & negatives


def test_a_row_of_relations_has_no_more_labels_than_gliner_reads() -> None:
    """Its `max_types` is 25; beyond, it leaves labels out by chance."""
    text = " ".join(f"drug{i} treats{i} illness{i}." for i in range(30))
    row = make_row("relations", related(*((f"drug{i}", f"treats{i}", f"illness{i}") for i in range(12))), text)
    assert row is not None and len(row.labels) == 25 and len(row.mentions) == 12
    row = make_row("relations", related(*((f"drug{i}", f"treats{i}", f"illness{i}") for i in range(30))), text)
    assert row is not None and len(row.labels) == len(row.mentions) == 30


def test_a_head_that_stands_nowhere_takes_its_relation_with_it() -> None:
    """The label would be about words that are not there."""
    tally = Tally()
    answer = {"relations": [{"head": "Paracetamol", "relation": "lowers", "tail": "fever"}]}
    assert make_row("relations", answer, tally=tally) is None
    assert tally.left_out == {"the head stands nowhere in the passage": 1}
    assert tally.dropped == {"nothing of the answer stands in the passage": 1}


@pytest.mark.parametrize("answer", ["a (b", "[12", "c++", "x*", "(a+)+$", "\\d", "a|b", "Parkinson's", 'a "quoted" word', "a. b"])
def test_an_answer_is_no_pattern(answer: str) -> None:
    """What is special in regular expressions is found as it is, and nothing else is."""
    text = f"Before {answer} after, aaaa 12 x."
    assert marked(make_row("question_answering", {"question": "Which?", "answers": [answer]}, text)) == [(answer, "match")]
    tally = Tally()
    assert make_row("question_answering", {"question": "Which?", "answers": ["a.*5"]}, text, tally) is None
    assert tally.dropped.total() == 1


def test_a_question_is_only_kept_with_all_its_answers() -> None:
    """In question answering one wrong answer makes the whole row wrong; in open matching the row is partial."""
    answers = ["Aspirin", "Paracetamol"]
    assert make_row("question_answering", {"question": "Which?", "answers": answers}) is None
    row = make_row("open_matching", {"instruction": "Which?", "answers": answers})
    assert marked(row) == [("Aspirin", "match")] and row is not None and row.partial


def test_a_question_without_answers_makes_an_empty_row() -> None:
    """ "match" is its negative."""
    row = make_row("question_answering", {"question": "Which dose?", "answers": []})
    assert row is not None and row.mentions == () and row.labels == ("match",)


def test_options_are_marked_where_they_are_written() -> None:
    """The passage and the instruction may hold an option's words as well; the options line is what counts."""
    answer = {"instruction": "Is it about fever? Choose the class.", "options": ["cough", "fever", "fever of children"],
              "answers": ["Fever"]}
    row = make_row("open_task", answer)
    assert row is not None and row.text == "Is it about fever? Choose the class.\ncough, fever, fever of children\n" + TEXT
    assert row.mentions == ((44, 49, "class"),) and row.text[44:49] == "fever" and row.labels == ("class",)


def test_an_answer_must_be_one_of_the_options() -> None:
    """Otherwise, or without any, there is no row."""
    for answers, reason in ((["pain"], "an answer is none of the options"), ([], "none of the options was chosen")):
        tally = Tally()
        answer = {"instruction": "Choose.", "options": ["cough", "fever"], "answers": answers}
        assert make_row("open_task", answer, tally=tally) is None
        assert tally.dropped == {reason: 1}


def test_an_instruction_is_parted_from_the_text() -> None:
    """The seed glues them together and drops the instruction as such."""
    row = make_row("open_task", {"instruction": "Copy the names\r\n of drugs", "options": [], "answers": ["Ibuprofen"]})
    assert row is not None and row.text.split("\n") == ["Copy the names of drugs", TEXT]
    assert marked(row) == [("Ibuprofen", "match")]


def test_labels_of_classifications() -> None:
    """The instruction's own word, else one of the four, always the same one."""
    assert choice_label("Pick all tags.", ["a", "b"]) == "tag"
    assert choice_label("CATEGORY?", ["a", "b"]) == "category"
    drawn = {choice_label(f"Choose {i}.", ["a", "b"]) for i in range(50)}
    assert drawn == set(CHOICE_LABELS)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ner", {"entities": [{"text": "", "type": "drug"}]}),
        ("ner", {"entities": [{"text": " ", "type": "drug"}]}),
        ("ner", {"entities": [{"text": "Aspirin"}]}),
        ("ner", {"entities": [{"text": "Aspirin", "type": "drug"}] * 101}),
        ("ner", {"entities": [{"text": "A" * 201, "type": "drug"}]}),
        ("conditional_ner", {"instruction": "Find", "types": [], "entities": []}),
        ("relations", {"relations": [{"head": "a <> b", "relation": "c", "tail": "d"}]}),
        ("question_answering", {"question": " ", "answers": []}),
        ("question_answering", {"question": "Which?", "answers": ["\n"]}),
        ("open_task", {"instruction": "Choose.", "options": ["one"], "answers": ["one"]}),
        ("open_task", {"instruction": "Choose.", "options": ["one", " One"], "answers": ["one"]}),
        ("summarisation", {"instruction": "Summarise.", "answers": ["a"], "thought": "b"}),
        ("summarisation", {"instruction": "Summarise.", "answers": "a"}),
    ],
)
def test_an_answer_of_another_form_is_refused(name: str, answer: dict) -> None:
    """Blank, over-long, too many, too few, or a field that nobody asked for."""
    with pytest.raises(ValidationError):
        task_named(name).answer.model_validate(answer)


def test_unknown_task() -> None:
    """The message names those that there are."""
    with pytest.raises(ValueError, match="There is no task 'hard_ner'; use one of ner, conditional_ner"):
        task_named("hard_ner")


def test_shares_sum_up() -> None:
    """The weights of the seven are those of one whole."""
    assert len(TASKS) == 7 and sum(task.share for task in TASKS.values()) == pytest.approx(1)

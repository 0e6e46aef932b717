"""Rows of whole files: negatives that are none of the passage's, counts that add up, the same file each time."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.distill.tasks import TASKS
from spacy_gliner_biomed.distill.tasks.answers import TaskAnswer, write_task_answers
from spacy_gliner_biomed.distill.tasks.rows import RowMaker, RowSettings, write_rows
from spacy_gliner_biomed.distill.tasks.unanswerable import UnanswerableQuestions

from .making import RIGHT, TEXT, make_answer


def answers() -> list[TaskAnswer]:
    """A right answer to each task, and some open NER about other things."""
    others = [("Coughing kittens sneeze.", "kittens", "animal"), ("Copper pipes leak.", "Copper", "chemical element"),
              ("Paracetamol helps.", "Paracetamol", "medication"), ("A Dose of it.", "Dose", "drug dosage")]
    listed = [make_answer(name, RIGHT[name]) for name in TASKS]
    return listed + [
        make_answer("ner", {"entities": [{"text": words, "type": kind}]}, text, f"o{i}")
        for i, (text, words, kind) in enumerate(others)
    ]


def test_written_and_read_again(tmp_path: Path) -> None:
    """Every answer is counted, each row says what it was asked for, and a second run writes the same bytes."""
    source, out = tmp_path / "answers.jsonl", tmp_path / "rows.jsonl"
    write_task_answers(source, answers())
    counts = write_rows([source], out, RowSettings(unanswerable=1.0))
    passages = list(read(out))
    assert len(passages) == counts.rows and len({passage.id for passage in passages}) == len(passages)
    assert sum(tally.answers for tally in counts.tallies.values()) == 11
    assert sum(len(passage.mentions) for passage in passages) == sum(tally.mentions for tally in counts.tallies.values())
    for passage in passages:
        assert passage.labels is not None and {mention.label for mention in passage.mentions} <= set(passage.labels)
        assert len(set(passage.labels)) == len(passage.labels) and passage.corpus.startswith("task ")
    stage = json.loads((tmp_path / "rows.jsonl.stage.json").read_text())
    assert stage["counts"]["rows"] == counts.rows and stage["counts"]["answers by task"]["ner"] == 5
    first = out.read_bytes()
    write_rows([source], out, RowSettings(unanswerable=1.0))
    assert out.read_bytes() == first


def test_negatives_of_open_ner() -> None:
    """Types of other rows, but none that names the same as a type of the row, or a part of it."""
    made = {passage.id: passage for passage in _rows(answers(), RowSettings(unanswerable=0))}
    labels = set(made["p#ner"].labels or ())
    assert {"animal", "chemical element"} <= labels - {"drug", "disease"}
    assert not labels & {"medication", "drug dosage"}  # what "drug" may mean, and what holds its word
    assert set(made["p#question_answering"].labels or ()) == {"match"}
    for passage in _rows(answers(), RowSettings(negatives=0, unanswerable=0)):
        if passage.corpus == "task ner":
            assert set(passage.labels or ()) == {mention.label for mention in passage.mentions}


def test_types_that_could_not_be_placed_are_no_negatives() -> None:
    """The model saw such an entity, wherever it may be."""
    lost = make_answer("ner", {"entities": [{"text": "Aspirin", "type": "drug"}, {"text": "nowhere", "type": "animal"}]}, id="lost")
    found = {passage.id: passage for passage in _rows([*answers(), lost], RowSettings(unanswerable=0))}["lost#ner"]
    assert "animal" not in (found.labels or ()) and found.partial


def test_unanswerable_questions() -> None:
    """Asked of a passage that has none of their telling words; the row is empty, with "match" as its negative."""
    listed = [kittens(), make_answer("ner", RIGHT["ner"], TEXT, "b"), make_answer("ner", {"entities": []}, "A kitten slept.", "c")]
    made = {passage.id: passage for passage in _rows(listed, RowSettings(unanswerable=1.0))}
    assert made["b#ner#unanswerable"].text == "How many kittens sneezed?\n" + TEXT
    assert made["b#ner#unanswerable"].labels == ("match",) and not made["b#ner#unanswerable"].mentions
    assert "c#ner#unanswerable" not in made and "a#question_answering#unanswerable" not in made


def test_questions_without_telling_words_are_not_asked() -> None:
    """"What is it?" may be asked of anything."""
    assert UnanswerableQuestions([("What is it?", "a"), ("Why?", "b")]).draw("Something else.", "c", random.Random(0)) is None
    known = UnanswerableQuestions([("Which vaccine against malaria?", "a")])
    assert known.draw("Vaccination was free.", "c", random.Random(0)) is None  # "vaccine" begins alike
    assert known.draw("Nothing of it.", "a", random.Random(0)) is None  # its own document
    assert known.draw("Nothing of it.", "c", random.Random(0)) == "Which vaccine against malaria?"


def test_the_share_of_unanswerable_rows() -> None:
    """As many as the setting says, near enough."""
    listed = [kittens(), *(make_answer("open_task", RIGHT["open_task"], TEXT, f"p{i}") for i in range(600))]
    empty = [passage for passage in _rows(listed, RowSettings(unanswerable=0.1)) if not passage.mentions]
    assert 35 < len(empty) < 85


def test_wide_mentions() -> None:
    """Left out and counted, since a span scorer can't have them; a row that has no others goes."""
    wide = {"instruction": "Find it.", "answers": ["Aspirin lowered fever in 12 people."]}
    both = {"instruction": "Find it.", "answers": ["Aspirin lowered fever in 12 people.", "Parkinson's disease"]}
    maker = RowMaker(RowSettings(widest=6, unanswerable=0))
    listed = [make_answer("open_matching", wide, id="a"), make_answer("open_matching", both, id="b")]
    made = list(maker.rows(iter(listed)))
    tally = maker.counts().tallies["open_matching"]
    assert [passage.id for passage in made] == ["b#open_matching"] and made[0].partial
    assert tally.left_out == {"more than 6 words": 2} and tally.dropped == {"all its mentions have more than 6 words": 1}
    assert len(list(RowMaker(RowSettings(widest=7, unanswerable=0)).rows(iter(listed)))) == 2


def test_a_text_that_would_be_cut_from_its_instruction_makes_no_row() -> None:
    """Behind the cut nothing would be asked for; a text without an instruction may be cut."""
    long = f"{TEXT} " + "More was said. " * 120
    maker = RowMaker(RowSettings(unanswerable=1.0))
    listed = [kittens(), *(make_answer(name, RIGHT[name], long, "b") for name in ("open_matching", "ner"))]
    for each in listed:
        maker.see(each)
    assert [passage.id for passage in maker.rows(iter(listed))] == ["a#question_answering", "b#ner"]
    tallies = maker.counts().tallies
    assert tallies["open_matching"].dropped == {"more than 384 words with the instruction": 1}


@pytest.mark.parametrize("values", [{"negatives": -1}, {"unanswerable": 1.5}, {"widest": 0}])
def test_settings_that_cannot_be(values: dict) -> None:
    """One sentence each."""
    with pytest.raises(ValueError):
        RowSettings(**values)


def kittens() -> TaskAnswer:
    """A question about something else."""
    answer = {"question": "How many kittens sneezed?", "answers": ["12"]}
    return make_answer("question_answering", answer, "12 kittens sneezed.", "a")


def _rows(listed: list[TaskAnswer], settings: RowSettings) -> list:
    maker = RowMaker(settings)
    for answer in listed:
        maker.see(answer)
    return list(maker.rows(iter(listed)))

"""The student behind the one door: whatever it has learned, what it says is valid, copied, cached, and the same after a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List, Optional

import pytest

from spacy_gliner_biomed.distill.annotation import AnnotationReport, annotate
from spacy_gliner_biomed.distill.answers import Answer, read_answers
from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.completion import complete
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings, Message
from spacy_gliner_biomed.distill.student.causal import Causal, load_causal, weights_hash
from spacy_gliner_biomed.distill.student.local import Hold, LocalStudent, student_settings
from spacy_gliner_biomed.distill.student.questions import StudentQuestions
from tests.distill.student.small import TINY, answers, passages

KNOWN = Hold("verbatim", True, ("disease", "drug"), ("treats",))


@pytest.fixture(scope="module")
def causal(student: Path) -> Causal:
    """The taught model."""
    return load_causal(str(student), device="cpu")


class Stopped(BaseException):
    """Stands for a kill between two batches."""


class Stopping(LocalStudent):
    """A student whose run ends before its last batch."""

    batches = 2

    def _answer(self, waiting: list) -> None:
        if self.batches == 0:
            raise Stopped
        self.batches -= 1
        super()._answer(waiting)


def run(causal: Causal, folder: Path, hold: Hold, student: Optional[LocalStudent] = None, **settings: int) -> AnnotationReport:
    """Annotate eight passages that the student has not seen."""
    chat = student_settings("student", hold=hold, max_tokens=140, **settings)
    questions = StudentQuestions(chat, causal.window, causal.name)
    with AnswerCache(folder / "cache.sqlite") as cache, student or LocalStudent(causal, hold, 2) as model:
        return annotate(passages(8, 40), questions, model, folder / "out.jsonl", cache=cache, progress=False)


def written(folder: Path) -> List[Answer]:
    """RETURNS (list): the answers of a run."""
    return list(read_answers(folder / "out.jsonl"))


def test_it_annotates_what_it_has_not_seen(causal: Causal, tmp_path: Path) -> None:
    """Valid without a single repair, every mention in its text, and most of them those that were meant."""
    report = run(causal, tmp_path, KNOWN)
    assert report.annotated == 8 and not report.failures and not report.repairs
    expected = {(each.passage.id, entity.text, entity.type) for each in answers(8, 40) for entity in each.extraction.entities}
    found = {(each.passage.id, entity.text, entity.type) for each in written(tmp_path) for entity in each.extraction.entities}
    assert all(entity.text in each.passage.text for each in written(tmp_path) for entity in each.extraction.entities)
    assert len(found & expected) >= 8
    usage = report.paid
    assert usage.prompt > 0 and usage.answer > 0


@pytest.mark.parametrize("kind", ["verbatim", "schema"])
def test_any_hold_gives_valid_answers(causal: Causal, tmp_path: Path, kind: str) -> None:
    """With free types too, and when tokens are drawn rather than taken."""
    chat = student_settings("student", hold=Hold(kind), max_tokens=90, temperature=1.5, seed=3)
    questions = StudentQuestions(chat, causal.window, causal.name)
    with LocalStudent(causal, Hold(kind), 4) as model:
        report = annotate(passages(4, 40), questions, model, tmp_path / "out.jsonl", progress=False)
    assert report.annotated == 4 and not report.repairs


def test_a_stopped_run_ends_in_the_same_file(causal: Causal, tmp_path: Path) -> None:
    """What was answered is not asked again, and the file is that of a run that went through."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    run(causal, tmp_path / "whole", KNOWN)
    with pytest.raises(Stopped):
        stopping = Stopping(causal, KNOWN, 1)
        stopping.window = 2
        run(causal, tmp_path / "stopped", KNOWN, stopping)
    assert not (tmp_path / "stopped" / "out.jsonl").exists()
    report = run(causal, tmp_path / "stopped", KNOWN)
    assert report.cached == 4 and report.asked == 4
    assert (tmp_path / "whole" / "out.jsonl").read_bytes() == (tmp_path / "stopped" / "out.jsonl").read_bytes()


def test_another_hold_or_student_never_reads_old_answers(student: Path, base: Path) -> None:
    """What the answer depends on is part of its key."""
    questions = [
        student_settings("s", hold=hold, revision=revision, max_tokens=length)
        for hold in (Hold(), KNOWN, Hold("schema"), Hold("verbatim", relations=()), Hold(flat=True))
        for revision in (weights_hash(student), weights_hash(base))
        for length in (80, 90)
    ]
    keys = {ChatRequest((Message("user", "x"),), settings).key for settings in questions}
    assert len(keys) == len(questions) == 20


def test_other_questions_are_held_to_their_schema(causal: Causal) -> None:
    """A task's own prompt and schema; in one batch with another, and with one that has none."""
    schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 8}, "minItems": 1, "maxItems": 2}
    chat = ChatSettings("student", max_tokens=40)
    requests = [
        ChatRequest((Message("system", "Name a drug."), Message("user", "Aspirin helps.")), chat, schema),
        ChatRequest((Message("user", "Yes or no?"),), chat, {"enum": ["yes", "no"]}),
        ChatRequest((Message("user", "Say anything."),), chat),
    ]
    found = list(complete(requests, LocalStudent(causal)))
    names = json.loads(found[0].text)
    assert 1 <= len(names) <= 2 and all(1 <= len(name) <= 8 for name in names)
    assert json.loads(found[1].text) in ("yes", "no")
    assert found[2].finish in ("stop", "length") and not found[2].error


def test_what_does_not_fit_is_an_error_of_its_own(causal: Causal) -> None:
    """The others are answered."""
    chat = ChatSettings("student", max_tokens=40)
    requests = [
        ChatRequest((Message("user", "word " * 400),), chat, {"enum": [1]}),
        ChatRequest((Message("user", "x"),), chat, {"type": "number"}),
        ChatRequest((Message("user", "x"),), chat, {"const": "a text that is longer than the forty tokens that it may have" * 3}),
        ChatRequest((Message("user", "x"),), chat, {"enum": [1]}),
    ]
    found = list(complete(requests, LocalStudent(causal)))
    assert "does not fit" in found[0].error and "can't have the type 'number'" in found[1].error
    assert "needs at least" in found[2].error
    assert found[3].text == "1" and found[3].finish == "stop"


def test_long_passages_are_cut_to_what_fits(causal: Causal, tmp_path: Path) -> None:
    """Several answers, together about the whole text."""
    chat = student_settings("student", hold=KNOWN, max_tokens=90)
    questions = StudentQuestions(chat, causal.window, causal.name)
    texts = " ".join(passage.text for passage in passages(20))
    passage = type(passages(1)[0])("long", texts, "test", "d")
    with LocalStudent(causal, KNOWN, 8) as model:
        report = annotate([passage], questions, model, tmp_path / "out.jsonl", progress=False)
    parts = [answer.part for answer in written(tmp_path)]
    assert report.annotated == 1 and len(parts) > 1
    assert [start for start, _ in parts] == [0, *(end for _, end in parts[:-1])] and parts[-1][1] == len(texts)
    with pytest.raises(ValueError, match=f"leaves 0 of the model's {TINY.window} for the"):
        StudentQuestions(student_settings("student", max_tokens=TINY.window), causal.window, causal.name)


def test_holds_and_batches_that_are_none(causal: Causal) -> None:
    """Each with its value."""
    with pytest.raises(ValueError, match="held to 'prayer'"):
        Hold("prayer")
    with pytest.raises(ValueError, match="batch of 0"):
        LocalStudent(causal, batch_size=0)

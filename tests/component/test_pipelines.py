"""The component inside spaCy: batches, tuples, processes, partial pipelines, memory zones."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.thinc_model import shim_of
from tests.component.pipelines import LABELS, TEXTS, assert_same, folder_nlp, found, phrase_nlp, scorer_of, spans


@pytest.fixture(scope="module")
def expected(request) -> dict:
    """What each kind of model finds in the texts, one by one."""
    readings = {}
    for name in ("bi_folder", "uni_folder"):
        folder = request.getfixturevalue(name)
        nlp = folder_nlp(folder)
        readings[folder] = [nlp(text) for text in TEXTS]
        assert sum(len(doc.spans["gliner"]) for doc in readings[folder]) > 10
    return readings


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_pipe_equals_call_at_any_batch_size(folder, batch_size, expected):
    """The same spans, with scores within 1e-5."""
    nlp = folder_nlp(folder)
    for one, other in zip(nlp.pipe(TEXTS, batch_size=batch_size), expected[folder], strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("max_batch_tokens", [1, 64])
def test_the_budget_of_subwords_changes_nothing(folder, max_batch_tokens, expected):
    """Nor does the budget of a forward pass."""
    nlp = folder_nlp(folder, max_batch_tokens=max_batch_tokens)
    for one, other in zip(nlp.pipe(TEXTS), expected[folder], strict=True):
        assert_same(one, other)


def test_the_pipes_own_batch_size():
    """Outside `nlp.pipe`, the pipe reads `batch_size` documents at a time."""
    nlp = phrase_nlp({}, labels=["drug"], batch_size=2)
    pipe = nlp.get_pipe("gliner_biomed")
    sizes = []
    predict = pipe.predict
    pipe.predict = lambda docs, **options: (sizes.append(len(docs)), predict(docs, **options))[1]
    list(pipe.pipe([nlp.make_doc("a") for _ in range(5)]))
    list(pipe.pipe([nlp.make_doc("a") for _ in range(5)], batch_size=4))
    assert sizes == [2, 2, 1, 4, 1]


def test_pipe_streams():
    """Documents come out before the whole input is read."""
    nlp = phrase_nlp({"aspirin": {"drug": 0.9}}, labels=["drug"])
    read = []

    def endless():
        while True:
            read.append(1)
            yield "take aspirin"

    stream = nlp.pipe(endless(), batch_size=3)
    assert spans(next(stream)) == [("aspirin", "drug")]
    assert len(read) <= 6


def test_as_tuples(folder, expected):
    """Contexts travel beside their documents."""
    nlp = folder_nlp(folder)
    pairs = list(nlp.pipe(zip(TEXTS, range(len(TEXTS)), strict=True), as_tuples=True, batch_size=3))
    assert [context for _, context in pairs] == list(range(len(TEXTS)))
    for (doc, number), _ in zip(pairs, TEXTS, strict=True):
        assert_same(doc, expected[folder][number])


def test_documents_as_input(folder, expected):
    """`nlp.pipe` takes made documents as well."""
    nlp = folder_nlp(folder)
    for doc, other in zip(nlp.pipe([nlp.make_doc(text) for text in TEXTS]), expected[folder], strict=True):
        assert_same(doc, other)


def test_predict_leaves_documents_alone(folder):
    """`set_annotations` is the only place that writes."""
    nlp = folder_nlp(folder)
    pipe = nlp.get_pipe("gliner_biomed")
    doc = nlp.make_doc(TEXTS[0])
    before = doc.to_bytes()
    [hits] = pipe.predict([doc])
    assert doc.to_bytes() == before
    pipe.set_annotations([doc], [hits])
    assert_same(doc, nlp(TEXTS[0]))


def test_two_processes_after_a_forward_in_the_parent(bi_folder, tmp_path):
    """`n_process=2` neither hangs nor changes anything, though the parent has computed with several threads.

    In a process of its own, so that a deadlock ends with the time limit.
    """
    script = tmp_path / "two_processes.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import torch
            from tests.component.pipelines import TEXTS, assert_same, folder_nlp

            if __name__ == "__main__":
                torch.set_num_threads(2)
                nlp = folder_nlp({str(bi_folder)!r})
                a = torch.randn(400, 400)
                for _ in range(3):
                    a = (a @ a).tanh()  # big enough to start the threads
                expected = [nlp(text) for text in TEXTS]
                docs = list(nlp.pipe(TEXTS, n_process=2, batch_size=3))
                assert len(docs) == len(expected)
                for one, other in zip(docs, expected):
                    assert_same(one, other)
                print("the same", sum(len(doc.spans["gliner"]) for doc in docs))
            """
        ),
        encoding="utf-8",
    )
    environment = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "OMP_WAIT_POLICY": "PASSIVE",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=240, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("the same")


def test_select_pipes_and_disable(folder):
    """Switched off, the pipe writes nothing; switched on again, it reads."""
    nlp = folder_nlp(folder)
    with nlp.select_pipes(disable=["gliner_biomed"]):
        assert "gliner" not in nlp(TEXTS[0]).spans
    assert "gliner" in nlp(TEXTS[0]).spans
    [doc] = nlp.pipe([TEXTS[0]], disable=["gliner_biomed"])
    assert "gliner" not in doc.spans


def test_memory_zone():
    """Strings of a zone are freed with it; the next one finds its labels again."""
    nlp = phrase_nlp({"aspirin": {"a new label": 0.9}}, labels=["a new label"])
    for _ in range(2):
        with nlp.memory_zone():
            [doc] = nlp.pipe(["take aspirin now"])
            assert spans(doc) == [("aspirin", "a new label")]
    assert spans(nlp("take aspirin now")) == [("aspirin", "a new label")]


def test_two_components_of_the_kind():
    """Two pipes with names, labels and groups of their own; the second keeps the first one's entities."""
    nlp = phrase_nlp({"aspirin": {"drug": 0.6}, "take aspirin": {"advice": 0.9}}, labels=["drug"])
    second = nlp.add_pipe("gliner_biomed", name="advice", config={"labels": ["advice"], "spans_key": "advice"})
    shim_of(second.model)._scorer = scorer_of(nlp)
    doc = nlp("take aspirin")
    assert spans(doc) == [("aspirin", "drug")] and spans(doc, "advice") == [("take aspirin", "advice")]
    assert [ent.text for ent in doc.ents] == ["aspirin"]
    [doc] = nlp.pipe(["take aspirin"], component_cfg={"advice": {"threshold": 0.95}})
    assert not len(doc.spans["advice"])


def test_sourcing_from_another_pipeline(folder):
    """`add_pipe(source=…)` takes the component with its weights and settings."""
    source = folder_nlp(folder, threshold=0.4)
    expected = source(TEXTS[0])
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", source=source)
    assert nlp.get_pipe("gliner_biomed").threshold == 0.4
    assert_same(nlp(TEXTS[0]), expected)


def test_copied_documents_keep_groups_and_scores(folder):
    """`Doc.copy` and slices as documents."""
    nlp = folder_nlp(folder)
    doc = nlp(TEXTS[0])
    assert_same(doc.copy(), doc)
    part = doc[: len(doc)].as_doc()
    assert isinstance(part, Doc)
    assert [(ent.text, ent.label_) for ent in part.ents] == [(ent.text, ent.label_) for ent in doc.ents]


def test_labels_order_and_default_labels_do_not_matter_to_scores(bi_folder):
    """A bi-encoder reads each label by itself: a label scores the same in any company."""
    nlp = folder_nlp(bi_folder, multi_label=True, overlap="nested", threshold=0.3, words=True)
    pipe = nlp.get_pipe("gliner_biomed")
    text = TEXTS[1]
    score = {}
    for labels in (LABELS, LABELS[::-1], [*LABELS, "virus"]):
        [hits] = pipe.predict([nlp.make_doc(text)], labels=labels)
        for row in zip(hits.start, hits.end, hits.label, hits.score, strict=True):
            if hits.names[row[2]] in LABELS:
                score.setdefault((int(row[0]), int(row[1]), hits.names[row[2]]), []).append(float(row[3]))
    assert any(len(values) == 3 for values in score.values())
    for values in score.values():
        np.testing.assert_allclose(values, values[0], atol=1e-5)


def test_precisions_find_much_the_same(folder, expected):
    """bfloat16 and int8 change scores a little: most spans stay."""
    plain = {(n, *span[:3]) for n, doc in enumerate(expected[folder]) for span in found(doc)}
    for precision in ("bfloat16", "int8"):
        nlp = folder_nlp(folder, precision=precision)
        other = {(n, *span[:3]) for n, doc in enumerate(nlp.pipe(TEXTS)) for span in found(doc)}
        assert scorer_of(nlp).settings.precision == precision
        assert len(plain & other) > 0.5 * len(plain)


def test_words_can_end_at_hyphens(folder, tmp_path):
    """By the pipe's setting, against the checkpoint's own words; kept on disk."""
    text = "aspirin-induced ulcers of drug-resistant cells"
    hyphens = {edge for position, letter in enumerate(text) if letter == "-" for edge in (position, position + 1)}
    ends = {}
    for words in (None, "punctuation"):
        model = {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": str(folder), "revision": None}
        nlp = spacy.blank("en")
        nlp.add_pipe("gliner_biomed", config={"model": model, "labels": LABELS, "threshold": 0.0, "words": words})
        nlp.to_disk(tmp_path / str(words))
        again = spacy.load(tmp_path / str(words))
        offsets = again(text).spans["gliner"].attrs["offsets"].tolist()
        ends[words] = {edge for span in offsets for edge in span}
        assert scorer_of(again).config.words == (words or "whitespace")
    assert not ends[None] & hyphens and ends["punctuation"] & hyphens
    with pytest.raises(ValueError, match="words is 'letters'; choose from"):
        spacy.blank("en").add_pipe("gliner_biomed", config={"words": "letters"})


def test_labels_can_be_chosen_by_lift(bi_folder, uni_folder, tmp_path):
    """By the pipe's setting, against the checkpoint's own choice; kept on disk. Uni-encoders can't."""
    nlp = folder_nlp(bi_folder, labels=LABELS, threshold=0.0, label_choice="lift")
    nlp.to_disk(tmp_path / "lift")
    again = spacy.load(tmp_path / "lift")
    assert found(again(TEXTS[0])) == found(nlp(TEXTS[0])) and scorer_of(again).config.label_choice == "lift"
    with pytest.raises(ValueError, match="label_choice is 'lift', which needs a bi-encoder"):
        folder_nlp(uni_folder, labels=LABELS, label_choice="lift")(TEXTS[0])
    with pytest.raises(ValueError, match="label_choice is 'letters'; choose from"):
        spacy.blank("en").add_pipe("gliner_biomed", config={"label_choice": "letters"})


def test_max_length_is_spacys_own():
    """A longer text is refused by spaCy before the pipe sees it, with its own error."""
    nlp = phrase_nlp({}, labels=["drug"])
    nlp.max_length = 10
    with pytest.raises(ValueError, match="E088"):
        nlp("more than ten characters")

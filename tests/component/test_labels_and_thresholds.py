"""Labels and thresholds: in the config, at run time, for one call; and everything that is refused."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Config

from spacy_gliner_biomed.labels import DEFAULT_LABELS, DISPLACY_COLORS, LabelSet, check_threshold, thresholds_for
from spacy_gliner_biomed.scorer import TrainingCard
from tests.component.pipelines import folder_nlp, phrase_nlp, scorer_of, spans

PHRASES = {"aspirin": {"drug": 0.9, "chemical": 0.45}, "pain": {"symptom": 0.8}, "tau": {"gene": 0.55}}
TEXT = "aspirin for pain and tau"


def pipe_of(nlp):
    """RETURNS (GlinerBiomed): the component."""
    return nlp.get_pipe("gliner_biomed")


# -- at run time --------------------------------------------------------------------------------------------------------------


def test_labels_are_a_property():
    """A list or a mapping; names come back as a tuple."""
    nlp = phrase_nlp(PHRASES)
    pipe = pipe_of(nlp)
    assert pipe.labels == DEFAULT_LABELS
    pipe.labels = ["drug"]
    assert pipe.labels == pipe.label_data == ("drug",)
    assert spans(nlp(TEXT)) == [("aspirin", "drug")]
    pipe.labels = {"DRUG": "drug", "symptom": ""}
    assert pipe.labels == ("DRUG", "symptom")
    assert spans(nlp(TEXT)) == [("aspirin", "DRUG"), ("pain", "symptom")]
    pipe.labels = None
    assert pipe.labels == DEFAULT_LABELS


def test_labels_can_be_added():
    """As in spaCy's own recogniser: 1 for a new label, 0 for a known one."""
    pipe = pipe_of(phrase_nlp(PHRASES, labels=["drug"]))
    assert (pipe.add_label("gene", "any gene"), pipe.add_label("gene")) == (1, 0)
    assert pipe.label_set == LabelSet(("drug", "gene"), ("", "any gene"))


def test_threshold_is_a_property():
    """A number, or numbers by label with `*` for the others."""
    nlp = phrase_nlp(PHRASES, labels=["drug", "symptom", "gene"])
    pipe = pipe_of(nlp)
    assert pipe.threshold == 0.5
    pipe.threshold = 0.85
    assert spans(nlp(TEXT)) == [("aspirin", "drug")]
    pipe.threshold = {"symptom": 0.7, "*": 0.95}
    assert spans(nlp(TEXT)) == [("pain", "symptom")]
    pipe.threshold = {"drug": 0.95}
    assert spans(nlp(TEXT)) == [("pain", "symptom"), ("tau", "gene")]


def test_single_thresholds_can_be_assigned():
    """They count at once, are stored, and are checked at use."""
    nlp = phrase_nlp(PHRASES, labels=["drug", "symptom"], threshold={"drug": 0.6, "*": 0.5})
    pipe = pipe_of(nlp)
    pipe.threshold["drug"] = 0.95
    assert spans(nlp(TEXT)) == [("pain", "symptom")]
    stored = json.loads(srsly.msgpack_loads(pipe.to_bytes(exclude=["model"]))["cfg"])
    assert stored["threshold"] == {"drug": 0.95, "*": 0.5}
    pipe.threshold["drug"] = 9
    with pytest.raises(ValueError, match="The threshold of 'drug' is 9"):
        nlp(TEXT)
    pipe.threshold["drug"] = 0.7
    assert spans(nlp(TEXT)) == [("aspirin", "drug"), ("pain", "symptom")]


def test_a_score_must_exceed_the_threshold():
    """Equal is not enough."""
    nlp = phrase_nlp({"aspirin": {"drug": 0.5}}, labels=["drug"])
    assert spans(nlp(TEXT)) == []
    pipe_of(nlp).threshold = 0.49
    assert spans(nlp(TEXT)) == [("aspirin", "drug")]


def test_thresholds_by_label_in_the_config():
    """The config takes a mapping as well."""
    nlp = phrase_nlp(PHRASES, labels=["drug", "chemical"], threshold={"chemical": 0.4, "*": 0.95})
    assert spans(nlp(TEXT)) == [("aspirin", "chemical")]


def test_component_cfg():
    """Other labels and thresholds for one call of `nlp` or `nlp.pipe`, nothing changed afterwards."""
    nlp = phrase_nlp(PHRASES, labels=["drug"])
    own = {"gliner_biomed": {"labels": {"SYM": "symptom", "chemical": ""}, "threshold": {"chemical": 0.4, "*": 0.5}}}
    expected = [("aspirin", "chemical"), ("pain", "SYM")]
    assert spans(nlp(TEXT, component_cfg=own)) == expected
    assert [spans(doc) for doc in nlp.pipe([TEXT, TEXT], component_cfg=own)] == [expected] * 2
    assert [spans(doc) for doc in nlp.pipe([TEXT], component_cfg={"gliner_biomed": {"batch_size": 1}})] == [
        [("aspirin", "drug")]
    ]
    assert spans(nlp(TEXT)) == [("aspirin", "drug")]


def test_annotate():
    """One document or many, outside the pipeline, in place."""
    nlp = phrase_nlp(PHRASES, labels=["drug"])
    docs = [nlp.make_doc(TEXT), nlp.make_doc("tau")]
    result = pipe_of(nlp).annotate(docs, labels=["gene"], threshold=0.3)
    assert [id(doc) for doc in result] == [id(doc) for doc in docs]
    assert [spans(doc) for doc in docs] == [[("tau", "gene")]] * 2
    [doc] = pipe_of(nlp).annotate(nlp.make_doc(TEXT))
    assert spans(doc) == [("aspirin", "drug")]


def test_an_empty_list_of_labels_finds_nothing():
    """The group is there and empty, and the model isn't asked."""
    nlp = phrase_nlp(PHRASES, labels=[])
    doc = nlp(TEXT)
    assert len(doc.spans["gliner"]) == 0 and not doc.ents
    assert doc.spans["gliner"].attrs["scores"].shape == (0,)
    assert doc.spans["gliner"].attrs["offsets"].shape == (0, 2)
    assert not scorer_of(nlp).windows
    assert not len(nlp(TEXT, component_cfg={"gliner_biomed": {"labels": {}}}).spans["gliner"])


def test_a_document_without_text_needs_no_weights():
    """Empty and blank documents get an empty group, before any model is loaded."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe(
        "gliner_biomed", config={"model": {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": "/none"}}
    )
    for text in ("", "  \n"):
        assert len(nlp(text).spans["gliner"]) == 0


@pytest.mark.parametrize("kind", ["bi_folder", "uni_folder"])
def test_run_time_thresholds_select_among_scores(kind, request):
    """On a real network too: a higher threshold keeps exactly the spans that score above it."""
    nlp = folder_nlp(request.getfixturevalue(kind), words=True, multi_label=True, overlap="nested")
    text = "Zebrafish embryos developed acute lymphoblastic leukaemia, and pooled serum inhibited caspase-3."
    pipe = pipe_of(nlp)
    [low] = pipe.annotate(nlp.make_doc(text), threshold=0.0)
    scores = np.asarray(low.spans["gliner"].attrs["scores"])
    limit = float(np.sort(scores)[-3])
    [high] = pipe.annotate(nlp.make_doc(text), threshold=limit)
    assert len(high.spans["gliner"]) == int((scores > limit).sum()) > 0


# -- refusals -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels, message",
    [
        ("drug", "Labels come as a list, not as the single text 'drug'; write \\['drug'\\]"),
        (["drug", ""], "The label '' is blank"),
        ([" \t"], "is blank; give every label some letters"),
        ([3], "The label 3 is blank"),
        ({"drug": 3}, "The description of 'drug' is 3; it must be a text"),
        ({"drug": None}, "The description of 'drug' is None"),
        ({"a": "same", "b": " same "}, "'a' and 'b' read the same: 'same'"),
        ({"a": "b", "b": ""}, "'a' and 'b' read the same: 'b'"),
    ],
)
def test_labels_that_are_refused(labels, message):
    """One sentence with the value and the way out, wherever labels come in."""
    nlp = phrase_nlp(PHRASES)
    with pytest.raises(ValueError, match=message):
        pipe_of(nlp).labels = labels
    with pytest.raises(ValueError, match=message):
        nlp(TEXT, component_cfg={"gliner_biomed": {"labels": labels}})
    with pytest.raises(ValueError, match=message):
        pipe_of(nlp).annotate(nlp.make_doc(TEXT), labels=labels)
    assert pipe_of(nlp).labels == DEFAULT_LABELS


def test_labels_that_do_not_fit_a_prompt_are_refused(uni_folder, bi_folder):
    """A uni-encoder says how many fit, and they do; a bi-encoder has no such limit."""
    labels = [f"label {number}" for number in range(700)]
    nlp = folder_nlp(uni_folder, labels=labels)
    with pytest.raises(ValueError, match=r"700 labels do not fit the prompt .* the first (\d+) fit") as caught:
        nlp(TEXT)
    pipe_of(nlp).labels = labels[: int(str(caught.value).split("the first ")[1].split()[0])]
    assert "gliner" in nlp(TEXT).spans
    assert "gliner" in folder_nlp(bi_folder, labels=labels[:100])(TEXT).spans


def test_duplicate_labels_warn_and_count_once():
    """A label that is listed twice is used once."""
    with pytest.warns(UserWarning, match="The label 'drug' is listed twice; it is used once."):
        nlp = phrase_nlp(PHRASES, labels=["drug", "gene", "drug"])
    assert pipe_of(nlp).labels == ("drug", "gene")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spans(nlp(TEXT)) == [("aspirin", "drug"), ("tau", "gene")]


@pytest.mark.parametrize(
    "threshold, message",
    [
        (1.5, "The threshold is 1.5; it must be a number from 0 to 1"),
        (-0.1, "The threshold is -0.1"),
        (float("nan"), "The threshold is nan"),
        ("high", "The threshold is 'high'"),
        (None, "The threshold is None"),
        (True, "The threshold is True"),
        ({"drug": 2}, "The threshold of 'drug' is 2"),
        ({"*": "x"}, "The threshold of '\\*' is 'x'"),
        ({"threshold": 0.4, "labels": {"drug": 0.3}}, "the content of a file.*; take read_thresholds\\(path, pipe.labels\\)"),
        ({"threshold": 0.4, "labels": {}}, "take read_thresholds"),
    ],
)
def test_thresholds_that_are_refused(threshold, message):
    """Anything but numbers from 0 to 1; what was set before stays."""
    pipe = pipe_of(phrase_nlp(PHRASES))
    with pytest.raises(ValueError, match=message):
        pipe.threshold = threshold
    assert pipe.threshold == 0.5


def test_a_threshold_for_an_unknown_label_is_refused():
    """A slip of the pen would otherwise go unseen."""
    nlp = phrase_nlp(PHRASES, labels=["drug"], threshold={"drog": 0.4})
    with pytest.raises(
        ValueError, match="There is a threshold for 'drog', which is not one of the labels \\['drug'\\]; leave it out"
    ):
        nlp(TEXT)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"overlap": "some"}, "overlap is 'some'; choose from \\['flat', 'nested'\\]"),
        ({"alignment_mode": "loose"}, "alignment_mode is 'loose'; choose from"),
        ({"precision": "float16"}, "precision is 'float16'; choose from"),
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number of at least 1"),
        ({"max_batch_tokens": -3}, "max_batch_tokens is -3"),
        ({"threshold": 7.0}, "The threshold is 7.0"),
        ({"labels": [""]}, "The label '' is blank"),
    ],
)
def test_settings_are_checked_when_the_pipe_is_added(config, message):
    """Not at the first document."""
    with pytest.raises(ValueError, match=message):
        phrase_nlp(PHRASES, **config)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"window": 8}, "A window of 8 words is too short: spans are up to 4 words wide, so it needs more than 8"),
        ({"window": 12, "stride": 5}, "A stride of 5 words does not fit a window of 12: .* from 1 to 4"),
        ({"stride": 0}, "A stride of 0 words"),
        ({"device": "gpu"}, "The device 'gpu' is unknown"),
    ],
)
def test_settings_that_depend_on_the_model_are_checked_with_it(config, message):
    """Window and stride against the model's span width, the device against torch."""
    nlp = phrase_nlp(PHRASES, **config)
    with pytest.raises(ValueError, match=message):
        nlp(TEXT)


@pytest.mark.parametrize(
    "config, name",
    [
        ({"labels": {"drug": "", "dose: drug": "the amount"}}, "dose: drug"),
        ({"labels": {"a=b": "x"}}, "a=b"),
        ({"labels": {"#1": "x"}}, "#1"),
        ({"labels": {";1": "x"}}, ";1"),
        ({"labels": {"[gene]": "x"}}, "[gene]"),
        ({"labels": {" gene": "x"}}, " gene"),
        ({"labels": {"gene": "a ${nlp.lang} thing"}}, "gene"),
        ({"labels": ["drug", "a ${nlp.lang} thing"]}, "a ${nlp.lang} thing"),
        ({"labels": ["drug", "${pipe.given}"]}, "${pipe.given}"),
        ({"labels": ["dose: drug"], "threshold": {"dose: drug": 0.3}}, "dose: drug"),
    ],
)
def test_labels_that_a_config_cannot_hold_are_refused(config, name):
    """Their pipeline could be saved and not loaded; assigned to the pipe, they are stored as they are."""
    setting = list(config)[-1]
    message = f"can't hold {name!r} as it stands in {setting} .* and assign pipe.{setting} afterwards"
    with pytest.raises(ValueError, match=re.escape(message).replace(re.escape(".*"), ".*")):
        phrase_nlp(PHRASES, **config)


@pytest.mark.parametrize(
    "labels", [["dose: drug", "a=b", "#1", "[gene]", " x "], {"5% a[0] #1": "a: b = [c]"}, ("drug", "gene")]
)
def test_labels_that_a_config_holds_are_not_refused(labels):
    """A list may have any names but variables, a tuple serves as a list, and most signs do no harm in a mapping."""
    nlp = phrase_nlp(PHRASES, labels=labels, threshold={"5% a[0] #1": 0.3, "*": 0.45})
    again = spacy.util.load_model_from_config(Config().from_str(nlp.config.to_str(), interpolate=False))
    assert pipe_of(again).label_set == pipe_of(nlp).label_set == LabelSet.of(labels)


def test_labels_that_a_config_cannot_hold_are_stored_with_the_pipe(folder, tmp_path):
    """The way out that the refusal names."""
    nlp = folder_nlp(folder)
    pipe = pipe_of(nlp)
    pipe.labels = {"dose: drug": "the amount of a ${drug}", "dose: #x": "another"}
    pipe.threshold = {"dose: drug": 0.3, "*": 0.6}
    nlp.to_disk(tmp_path / "saved")
    loaded = pipe_of(spacy.load(tmp_path / "saved"))
    assert (loaded.label_set, loaded.threshold) == (pipe.label_set, pipe.threshold)


def test_another_model_is_refused():
    """The pipe needs one of the package's own builders."""
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match="'hashembed.* is no span scorer|is no span scorer; use spacy_gliner_biomed"):
        nlp.add_pipe(
            "gliner_biomed",
            config={
                "model": {
                    "@architectures": "spacy.HashEmbedCNN.v2",
                    "width": 8,
                    "depth": 1,
                    "embed_size": 10,
                    "window_size": 1,
                    "maxout_pieces": 1,
                    "subword_features": False,
                    "pretrained_vectors": None,
                }
            },
        )


def test_errors_reach_the_error_handler():
    """As in every pipe: spaCy's handler decides, and the other batches go on."""
    nlp = phrase_nlp(PHRASES, labels=["drug"])
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.append((name, [doc.text for doc in docs], str(error))))
    scorer = scorer_of(nlp)
    score = scorer.score
    scorer.score = lambda windows, *rest: score(windows, *rest) if len(windows) < 2 else 1 / 0
    docs = list(nlp.pipe([TEXT, TEXT, TEXT], batch_size=2))
    assert [spans(doc) for doc in docs] == [[("aspirin", "drug")]]
    assert failed == [("gliner_biomed", [TEXT, TEXT], "division by zero")]
    scorer.score = lambda *_: 1 / 0
    assert "gliner" not in nlp(TEXT).spans
    assert len(failed) == 2


# -- descriptions -------------------------------------------------------------------------------------------------------------

LONG = "a substance of defined composition that is used to treat an illness"


@pytest.mark.parametrize("labels", [[LONG], {"drug": LONG}])
def test_descriptions_warn_where_the_model_knows_names_only(labels):
    """Once for a set of labels."""
    nlp = phrase_nlp(PHRASES, labels=labels)
    with pytest.warns(UserWarning, match="reads like a description, and this model was trained on short names only"):
        nlp(TEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp(TEXT)


def test_descriptions_do_not_warn_where_the_model_knows_them():
    """A model that was trained on descriptions, and short ones anywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        phrase_nlp(PHRASES, labels=[LONG], scorer={"card": TrainingCard("both")})(TEXT)
        phrase_nlp(PHRASES, labels={"drug": "any medicine"})(TEXT)


def test_the_card_says_how_a_description_is_read():
    """The template of the model puts name and description together."""
    card = TrainingCard("descriptions", "{name} ({description})")
    nlp = phrase_nlp({"aspirin": {"drug (any medicine)": 0.9}}, labels={"drug": "any medicine"}, scorer={"card": card})
    assert spans(nlp(TEXT)) == [("aspirin", "drug")]


# -- values -------------------------------------------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=8).filter(str.strip)


@settings(max_examples=100, deadline=None)
@given(st.lists(names, unique=True) | st.dictionaries(names, st.text(max_size=8)))
def test_a_label_set_survives_its_config(labels):
    """What goes into the config comes out of it; names stay as they were written."""
    try:
        label_set = LabelSet.of(labels)
    except ValueError as error:
        assert "read the same" in str(error)
        return
    assert LabelSet.of(label_set.to_config()) == label_set
    assert label_set.names == tuple(labels)
    assert len(label_set) == len(labels)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(names | st.just("*"), st.floats(0, 1)), st.lists(names, unique=True, max_size=4))
def test_thresholds_by_label(threshold, others):
    """Each label has its own, or that of `*`, or 0.5."""
    listed = [*(label for label in threshold if label != "*"), *(label for label in others if label not in threshold)]
    assert thresholds_for(threshold, listed) == [threshold.get(label, threshold.get("*", 0.5)) for label in listed]


def test_threshold_values_become_numbers():
    """Whole numbers and numbers as texts are read as numbers."""
    assert check_threshold(1) == 1.0 and isinstance(check_threshold(1), float)
    assert check_threshold({"a": 0}) == {"a": 0.0}
    assert check_threshold("0.5") == 0.5


def test_default_labels_have_colours():
    """displaCy finds a colour for each."""
    assert set(DEFAULT_LABELS) <= set(DISPLACY_COLORS)
    from spacy.util import registry

    assert registry.displacy_colors.get("spacy_gliner_biomed") == DISPLACY_COLORS

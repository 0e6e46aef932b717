"""spaCy's own tools on the component: config commands, evaluation, threshold search, packaging."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
from spacy.cli.evaluate import evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.cli.init_config import fill_config, init_config
from spacy.cli.package import package
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example
from thinc.api import Config

from spacy_gliner_biomed.scoring import make_scorer
from tests.component.pipelines import TEXTS, assert_same, folder_nlp, phrase_nlp

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def saved(bi_folder, tmp_path_factory) -> Path:
    """A pipeline on disk."""
    folder = tmp_path_factory.mktemp("saved") / "pipeline"
    nlp = folder_nlp(bi_folder)
    nlp.meta.update(name="tiny_biomed", version="0.0.1", performance={"spans_gliner_f": 0.5}, speed=1234.0)
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def gold(saved, tmp_path_factory) -> Path:
    """What the pipeline itself finds, as a corpus."""
    nlp = spacy.load(saved)
    path = tmp_path_factory.mktemp("gold") / "gold.spacy"
    DocBin(docs=[doc for doc in nlp.pipe(TEXTS) if len(doc)], store_user_data=True).to_disk(path)
    return path


def test_analyze_pipes():
    """What the factory assigns is declared."""
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed")
    analysis = nlp.analyze_pipes()
    assigns = ["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type", "span._.score"]
    assert analysis["summary"]["gliner_biomed"]["assigns"] == assigns
    assert analysis["problems"]["gliner_biomed"] == []
    assert "spans_gliner_f" in analysis["summary"]["gliner_biomed"]["scores"]


def test_init_config():
    """The factory's defaults and score weights are all there, and the filled config makes the pipeline."""
    config = init_config(lang="en", pipeline=["gliner_biomed"], optimize="efficiency")
    component = config["components"]["gliner_biomed"]
    assert component["model"] == {
        "@architectures": "spacy_gliner_biomed.Checkpoint.v1",
        "name": "mini",
        "revision": None,
        **{
            key: value for key, value in component["model"].items() if key not in ("@architectures", "name", "revision")
        },
    }
    assert (component["threshold"], component["overlap"], component["annotate_ents"]) == (0.5, "nested", True)
    assert config["training"]["score_weights"]["ents_f"] == 1.0
    assert spacy.util.load_model_from_config(config).pipe_names == ["gliner_biomed"]


def test_fill_config(tmp_path):
    """A partial config is completed; unknown settings are an error that names them."""
    base = tmp_path / "base.cfg"
    base.write_text(
        '[nlp]\nlang = "en"\npipeline = ["gliner_biomed"]\n\n[components]\n\n[components.gliner_biomed]\n'
        'factory = "gliner_biomed"\nlabels = {"DRUG": "any medicine"}\nthreshold = {"*": 0.4}\n',
        encoding="utf-8",
    )
    _, filled = fill_config(tmp_path / "filled.cfg", base)
    again = spacy.util.load_config(tmp_path / "filled.cfg", interpolate=False)
    assert again["components"]["gliner_biomed"]["threshold"] == {"*": 0.4}
    pipe = spacy.util.load_model_from_config(again, auto_fill=False).get_pipe("gliner_biomed")
    assert pipe.label_set.descriptions == ("any medicine",)
    with pytest.raises(ValueError, match="treshold"):
        spacy.blank("en").add_pipe("gliner_biomed", config={"treshold": 0.4})


def test_config_with_odd_labels_survives_its_text():
    """Blanks, quotes and signs that mean something in a config."""
    labels = ["cell type", 'the "so-called" 5% ', "ü: = #", "a.b"]
    nlp = phrase_nlp({}, labels=labels)
    text = nlp.config.to_str()
    again = spacy.util.load_model_from_config(Config().from_str(text, interpolate=False))
    assert list(again.get_pipe("gliner_biomed").labels) == labels


def test_evaluate(saved, gold):
    """`spacy evaluate` on the pipeline's own output: nothing missed, nothing too much."""
    scores = evaluate(str(saved), gold, silent=True)
    assert scores["spans_gliner_f"] == scores["ents_f"] == 1.0
    assert set(scores["spans_gliner_per_type"]) <= {"disease", "drug", "gene"}
    assert scores["speed"] > 0


def test_find_threshold(saved, gold):
    """`spacy find-threshold` changes the threshold of the loaded pipeline and finds the one that the corpus was made with."""
    best, score, results = find_threshold(
        str(saved), gold, "gliner_biomed", "threshold", "spans_gliner_f", n_trials=3, silent=True
    )
    assert (best, score) == (0.5, 1.0)
    assert results[0.0] < 1.0 and results[1.0] == 0.0


def test_package(saved, tmp_path, monkeypatch):
    """`spacy package` builds a wheel that needs this package, and whose pipeline reads as the original."""
    build_package(saved, tmp_path)
    [built] = tmp_path.glob("en_tiny_biomed-0.0.1")
    meta = json.loads(next(built.glob("*/meta.json")).read_text(encoding="utf-8"))
    assert any(requirement.startswith("spacy-gliner-biomed") for requirement in meta["requirements"])
    assert meta["performance"]["spans_gliner_f"] == 0.5 and meta["speed"] == 1234.0
    [wheel] = built.glob("dist/*.whl")
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    monkeypatch.syspath_prepend(str(target))
    nlp = spacy.load("en_tiny_biomed")
    assert_same(nlp(TEXTS[0]), spacy.load(saved)(TEXTS[0]))


def build_package(saved: Path, folder: Path) -> None:
    """The package's files by spaCy, the wheel by setuptools in this environment: isolation would ask the network."""
    package(saved, folder, create_sdist=False, silent=True)
    [built] = folder.glob("en_tiny_biomed-0.0.1")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", str(built)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


# -- the scorer ---------------------------------------------------------------------------------------------------------------


def example(nlp, gold_spans, found_spans, **attrs) -> Example:
    """RETURNS (Example): spans as (first token, end token, label) over five words."""
    docs = [Doc(nlp.vocab, words=list("abcde")) for _ in range(2)]
    for doc, group in zip(docs, (found_spans, gold_spans), strict=True):
        if group is not None:
            doc.spans["gliner"] = SpanGroup(doc, name="gliner", spans=[Span(doc, *span) for span in group])
    docs[1].spans["gliner"].attrs.update(attrs)
    return Example(*docs)


def test_span_scores():
    """Strict: both borders and the label; over all, and for each label."""
    nlp = spacy.blank("en")
    examples = [
        example(nlp, [(0, 1, "A"), (1, 3, "B")], [(0, 1, "A"), (1, 2, "B"), (3, 4, "A")]),
        example(nlp, [(0, 1, "A")], []),
        example(nlp, [(4, 5, "B")], None),
    ]
    scores = make_scorer()(examples)
    assert "ents_f" not in scores
    assert (scores["spans_gliner_p"], scores["spans_gliner_r"]) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert scores["spans_gliner_per_type"]["A"] == {"p": 0.5, "r": 0.5, "f": 0.5}
    assert scores["spans_gliner_per_type"]["B"]["f"] == 0.0


def test_offsets_of_spans_that_were_changed():
    """Do not count: a corrected span is scored by its own characters, and so is an added one."""
    nlp = spacy.blank("en")
    corrected = example(nlp, [(0, 1, "A"), (2, 4, "B")], [(0, 1, "A"), (2, 3, "B")], offsets=[(0, 1), (4, 5)])
    assert make_scorer()([corrected])["spans_gliner_f"] == 0.5
    added = example(nlp, [(0, 1, "A"), (2, 3, "B")], [(0, 1, "A"), (2, 3, "B")], offsets=[(0, 1)])
    assert make_scorer()([added])["spans_gliner_f"] == 1.0


def test_labels_that_a_passage_was_not_annotated_for_do_not_count():
    """They are unknown there, not wrong."""
    nlp = spacy.blank("en")
    found = [(0, 1, "A"), (2, 3, "C")]
    assert make_scorer()([example(nlp, [(0, 1, "A")], found)])["spans_gliner_p"] == 0.5
    assert make_scorer()([example(nlp, [(0, 1, "A")], found, annotated_labels=["A", "B"])])["spans_gliner_p"] == 1.0


def test_groups_under_another_name():
    """The scorer takes the group's name; without references there is nothing to score."""
    nlp = spacy.blank("en")
    assert make_scorer("other")([example(nlp, [(0, 1, "A")], [])]) == {}
    doc = Doc(nlp.vocab, words=list("ab"))
    doc.spans["other"] = [Span(doc, 0, 1, "A")]
    scores = make_scorer("other")([Example(doc.copy(), doc)])
    assert scores["spans_other_f"] == 1.0


def test_the_pipes_own_group_is_scored():
    """Without a name of its own, the scorer takes the pipe's, also in pipelines whose config is read again."""
    nlp = phrase_nlp({"aspirin": {"drug": 0.9}}, labels=["drug"], spans_key="hits")
    doc = nlp.make_doc("aspirin")
    doc.spans["hits"] = [Span(doc, 0, 1, "drug")]
    assert nlp.evaluate([Example(nlp.make_doc("aspirin"), doc)])["spans_hits_f"] == 1.0
    config = Config().from_str(nlp.config.to_str(), interpolate=False)
    assert spacy.util.load_model_from_config(config).get_pipe("gliner_biomed").scorer == make_scorer()
    config["components"]["gliner_biomed"]["scorer"]["spans_key"] = "gliner"  # as earlier versions wrote it
    assert spacy.util.load_model_from_config(config).get_pipe("gliner_biomed").scorer == make_scorer("gliner")


def test_entities_are_scored_as_by_spacy():
    """Where the references have entities."""
    doc = Doc(spacy.blank("en").vocab, words=list("ab"))
    doc.ents = [Span(doc, 0, 1, "A")]
    scores = make_scorer()([Example(doc.copy(), doc)])
    assert scores["ents_f"] == 1.0 and scores["ents_per_type"]["A"]["f"] == 1.0
    assert "spans_gliner_f" not in scores

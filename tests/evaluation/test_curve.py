"""The F1–speed curve: its points, its figures, its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.evaluation import curve
from spacy_gliner_biomed.evaluation.corpora import open_corpus
from spacy_gliner_biomed.evaluation.curve_plot import draw_curve
from spacy_gliner_biomed.evaluation.curve_points import FAMILIES, Point, keep_layers, make_points, with_window
from spacy_gliner_biomed.evaluation.predicted import PredictionStore
from spacy_gliner_biomed.evaluation.systems import Defaults
from spacy_gliner_biomed.scorer import TrainingCard
from tests.evaluation.support import ROW, write_corpus, write_lexicon
from tests.scorer.tiny import make_scorer

WORDS = "tau binds lithium carbonate in neural crest cells".split()
LABELS = ["drug", "cell"]
CARD = TrainingCard(corpora=[{"name": "a"}], labels={"a": ["drug", "disease"]})


@pytest.mark.parametrize("options", [{"tied": True}, {"tied": False}, {"kind": "uni", "family": "deberta-v2"}])
def test_layers_that_are_dropped(options, tmp_path: Path) -> None:
    """The smaller model is the larger one without its last layer; it is saved and loaded as any other."""
    scorer = make_scorer(**options, pass_rate=0.0)
    smaller = keep_layers(scorer, 1)
    checkpoint.save(smaller, tmp_path / "smaller")
    loaded = checkpoint.load(str(tmp_path / "smaller"))
    assert loaded.config.text_encoder.num_hidden_layers == 1 and loaded.config.tied_encoders is options.get("tied", False)
    whole = scorer.logits(WORDS, LABELS)
    scorer.module.token_rep_layer.text_encoder.encoder.layer = scorer.module.token_rep_layer.text_encoder.encoder.layer[:1]
    scorer.forget()
    expected = scorer.logits(WORDS, LABELS)
    known = np.isfinite(expected)
    assert not np.allclose(whole[known], expected[known], atol=1e-3)
    for each in (smaller, loaded):
        assert np.allclose(each.logits(WORDS, LABELS)[known], expected[known], atol=1e-4)


def test_layers_that_cannot_be_dropped() -> None:
    """None, or all."""
    for count in (0, 2):
        with pytest.raises(ValueError, match=f"Of an encoder of 2 layers {count} cannot be kept; give a number from 1 to 1."):
            keep_layers(make_scorer(pass_rate=0.0), count)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny model's folder."""
    checkpoint.save(make_scorer(tied=True, pass_rate=0.0, card=CARD), tmp_path / "model")
    return tmp_path / "model"


def test_points(model: Path, tmp_path: Path) -> None:
    """Each with a system to open and a size; made checkpoints hold what their names say."""
    lexicon = write_lexicon(tmp_path / "lexicon.tsv", ("drug", "aspirin", ""))
    points = make_points(
        str(model), tmp_path / "made", ["float32", "int8"], [12], [1], [f"student={model},precision=int8"], lexicon
    )  # fmt: skip
    names = ["float32", "int8", "window 12", "1 of 2 layers", "student", "lexicon", "gliner"]
    assert [point.name for point in points] == names
    assert [FAMILIES.index(point.family) for point in points] == sorted(FAMILIES.index(point.family) for point in points)
    by_name = {point.name: point for point in points}
    assert by_name["int8"].system == f"int8={model},precision=int8"
    assert checkpoint.load(str(by_name["window 12"].place)).config.max_len == 12
    sizes = [by_name[name].bytes for name in names]
    assert all(sizes) and by_name["1 of 2 layers"].bytes < by_name["float32"].bytes < by_name["gliner"].bytes
    assert make_points("mini", tmp_path / "none", ["int8"], (), (), gliner=False)[0].bytes > 20_000_000
    assert Point("x", "precision", "x=user/model", None).bytes is None
    same = with_window(make_scorer(pass_rate=0.0), 12)
    assert same.config.max_len == 12 and same.config.max_width == 4
    with pytest.raises(ValueError, match="A window of 8 words is too short"):
        make_points(str(model), tmp_path / "made", (), [8], (), gliner=False)
    with pytest.raises(ValueError, match="Two points are called 'int8'"):
        make_points(str(model), tmp_path / "made", ["int8"], (), (), [f"int8={model}"], gliner=False)


def test_only_what_was_trained_on_counts(tmp_path: Path) -> None:
    """Other corpora and labels are left out; a model trained on none of them is refused."""
    other = {**ROW, "entities": [{"start": 0, "end": 7, "label": "drug"}, {"start": 12, "end": 17, "label": "organ"}]}
    paths = [write_corpus(tmp_path, "dev", "a.dev", [other] * 3), write_corpus(tmp_path, "dev", "b.dev", [ROW])]
    corpora = [open_corpus(path) for path in paths]
    [found] = curve.curve_corpora(corpora, CARD, 3, tmp_path / "out")
    assert (found.corpus.name, found.labels, found.corpus.labels) == ("a.dev", ("drug",), ("drug", "organ"))
    assert len(found.passages) == 1 == len(list(found.corpus.passages()))
    with pytest.raises(ValueError, match="trained on none of b.dev"):
        curve.curve_corpora(corpora[1:], CARD, 0, tmp_path / "out")


@pytest.mark.usefixtures("dictionary")
def test_labels_that_a_system_lacks_are_missed(tmp_path: Path) -> None:
    """A lexicon that knows one of two labels finds half; the dictionary finds all."""
    corpora = [open_corpus(write_corpus(tmp_path, "dev", "a.dev", [ROW]))]
    read = curve.curve_corpora(corpora, CARD, 0, tmp_path / "out")
    lexicon = write_lexicon(tmp_path / "lexicon.tsv", ("disease", "fever", ""))
    points = [Point("mini", "precision", "mini", None), Point("lexicon", "lexicon", f"lexicon=lexicon:{lexicon}", lexicon)]
    found = curve.measure_f1(points, read, PredictionStore(tmp_path / "kept"), Defaults(threshold=0.5))
    assert found == {"mini": {"a.dev": 1.0}, "lexicon": {"a.dev": pytest.approx(2 / 3)}}
    assert curve.common_labels(read, 1) == [corpora[0].labels[0]]


def entry(name: str, family: str, f1: float, speed: float | None, ratio: float | None = 1.0) -> dict:
    """RETURNS (dict): a point of a result."""
    return {
        "name": name, "family": family, "f1": f1, "corpora": {"a": f1}, "words_per_second": speed, "ratio": ratio,
        "batch_size": 1, "peak_rss_mib": 1.0, "bytes": 2**20,
    }  # fmt: skip


def test_the_line_of_the_best() -> None:
    """No point on it is beaten in both; every other is."""
    random = torch.Generator().manual_seed(0)
    values = torch.randint(0, 6, (30, 2), generator=random).tolist()
    rows = [entry(str(n), "precision", f1, speed + 1) for n, (f1, speed) in enumerate(values)] + [entry("x", "window", 9, None)]
    best = [row for row in rows if curve.is_best(row, rows)]
    assert rows[-1] not in best
    for row in rows[:-1]:
        dominated = any(
            (other["f1"] > row["f1"] and other["words_per_second"] >= row["words_per_second"])
            or (other["f1"] >= row["f1"] and other["words_per_second"] > row["words_per_second"])
            for other in rows[:-1]
        )
        assert (row in best) is not dominated


def test_the_fastest_batch_size_counts(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speeds are those of the best batch size, ratios go to gliner's; points over the cap have none."""
    asked = {}

    def timed(systems, texts, label_sets, settings):
        asked.update(label_sets, texts=texts)
        speeds = [("int8", 1, 10.0), ("int8", 8, 30.0), ("gliner", 1, 20.0), ("layer", 1, None)]
        entries = [{"system": s, "batch_size": b, "words_per_second": v, "peak_rss_mib": 5.0} for s, b, v in speeds]
        return {"throughput": entries, "machine": {"cpu": "x"}, "systems": [{"name": "int8", "notes": ["N."]}]}

    monkeypatch.setattr(curve, "measure_throughput", timed)
    monkeypatch.setattr(
        curve, "measure_f1", lambda points, *_: {point.name: {"a": 0.5 - 0.1 * n} for n, point in enumerate(points)}
    )
    corpora = [open_corpus(write_corpus(tmp_path, "dev", name, [ROW] * 2)) for name in ("a.dev", "b.dev")]
    card = TrainingCard(corpora=[{"name": "a"}, {"name": "b"}], labels={"a": ["drug"], "b": ["drug"]})
    read = curve.curve_corpora(corpora, card, 0, tmp_path / "out")
    points = [Point("int8", "precision", "", model), Point("layer", "window", "", None), Point("gliner", "gliner", "", None)]
    result = curve.measure_curve(points, read, tmp_path / "kept", curve.ThroughputSettings(), n_texts=3)
    assert asked["own"] == ["drug"] and asked["texts"] == [ROW["text"]] * 3
    assert [row["words_per_second"] for row in result["points"]] == [30.0, None, 20.0]
    assert [row["ratio"] for row in result["points"]] == [1.5, None, 1.0]
    assert [row["best"] for row in result["points"]] == [True, False, False]
    assert (result["words"], result["notes"]) == (9, {"int8": ["N."]})
    said = curve.curve_markdown(result)
    assert "| **int8** | precision | 25.0 | 30 | 1.50 |" in said and "| layer | window | 20.0 | – | – | – |" in said


def test_a_picture(tmp_path: Path) -> None:
    """With every point that was timed by its name; without any there is nothing to draw."""
    rows = [entry("int8", "precision", 0.7, 40.0, 4.0), entry("lexicon", "lexicon", 0.4, 900.0, 90.0)]
    rows += [entry("float32", "precision", 0.705, 39.0, 3.9), entry("over", "window", 0.7, None, None)]
    for row in rows:
        row["best"] = curve.is_best(row, rows)
    draw_curve({"points": rows}, tmp_path / "curve.svg")
    drawn = (tmp_path / "curve.svg").read_text()
    assert all(f">{name}<" in drawn for name in ("int8", "float32", "lexicon")) and ">over<" not in drawn
    assert "int8: F1 70.0, 40 words a second" in drawn and "multiples of gliner's" in drawn
    with pytest.raises(ValueError, match="no point was timed"):
        draw_curve({"points": rows[-1:]}, tmp_path / "none.svg")


def test_plain_numbers_on_a_logarithmic_axis(tmp_path: Path) -> None:
    """Words a second that lie far apart."""
    pair = (("slow", 0.5, 5e3), ("fast", 0.6, 9e4))
    rows = [{**entry(name, "precision", f1, speed, None), "best": True} for name, f1, speed in pair]
    draw_curve({"points": rows}, tmp_path / "curve.svg")
    drawn = (tmp_path / "curve.svg").read_text()
    assert ">10,000<" in drawn and "$" not in drawn

"""Systems as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed.evaluation.systems import Defaults, open_system, open_systems
from spacy_gliner_biomed.evaluation.systems.component import ComponentSystem
from spacy_gliner_biomed.evaluation.systems.fingerprint import fingerprint
from spacy_gliner_biomed.evaluation.systems.spec import parse_spec
from tests.evaluation.support import write_lexicon


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mini", ("mini", "gliner_biomed", "mini", {})),
        ("ours=mini", ("ours", "gliner_biomed", "mini", {})),
        ("mini,threshold=0.3", ("mini", "gliner_biomed", "mini", {"threshold": "0.3"})),
        ("a b=x/y,precision=int8, device=cpu", ("a b", "gliner_biomed", "x/y", {"precision": "int8", "device": "cpu"})),
        ("/models/a=b", ("a=b", "gliner_biomed", "/models/a=b", {})),
        ("Ihor/gliner-biomed-base-v1.0", ("gliner-biomed-base-v1.0", "gliner_biomed", "Ihor/gliner-biomed-base-v1.0", {})),
        ("gliner:out/exported", ("gliner:exported", "gliner", "out/exported", {})),
        ("sci=spacy:en_ner,labels=map.tsv,spans=sc", ("sci", "spacy", "en_ner", {"labels": "map.tsv", "spans": "sc"})),
        ("lexicon:a,b.tsv", ("lexicon:a,b.tsv", "lexicon", "a,b.tsv", {})),
        ("theirs=predictions:p.jsonl,entities=found", ("theirs", "predictions", "p.jsonl", {"entities": "found"})),
    ],
)
def test_texts(text: str, expected: tuple) -> None:
    """Name, kind, target, settings."""
    assert expected == parse_spec(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The system '' names nothing; write for instance mini"),
        ("x=lexicon:", "The system 'x=lexicon:' names nothing"),
        ("mini,label=map.tsv", "The setting 'label' of the system 'mini,label=map.tsv' is not one it has"),
        ("lexicon:a,threshold=1", r"is not one it has \(those are: none\)"),
        ("mini,device=cpu,device=cuda", "The setting 'device' .* is given twice"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """One sentence each."""
    with pytest.raises(ValueError, match=message):
        parse_spec(text)


def test_settings_go_before_defaults(tmp_path: Path) -> None:
    """And thresholds may come from a file."""
    (tmp_path / "t.json").write_text(json.dumps({"threshold": 0.4, "labels": {"gene": 0.2}}))
    defaults = Defaults(threshold=0.7, precision="int8")
    systems = [
        open_system(text, defaults)
        for text in ("mini", "mini,threshold=0.3,precision=float32", f"mini,thresholds={tmp_path}/t.json")
    ]
    assert [0.7, 0.3, {"gene": 0.2, "*": 0.4}] == [system.details["threshold"] for system in systems]
    assert ["int8", "float32", "int8"] == [system.details["precision"] for system in systems]
    assert "lift" == open_system("mini,label_choice=lift", defaults).details["label_choice"]
    assert isinstance(systems[0], ComponentSystem)
    assert "int8" == systems[0].pipe.cfg["precision"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mini,threshold=2", "The threshold is '2'; it must be a number from 0 to 1"),
        ("mini,threshold=0.2,thresholds=x", "has both threshold and thresholds; leave one out"),
        ("spacy:no_such_pipeline", "There is no spaCy pipeline 'no_such_pipeline'"),
    ],
)
def test_what_cannot_be_opened(text: str, message: str) -> None:
    """One sentence each."""
    with pytest.raises((ValueError, OSError), match=message):
        open_system(text)


def test_two_of_one_name(tmp_path: Path) -> None:
    """Need names of their own."""
    path = write_lexicon(tmp_path / "l.tsv", ("disease", "fever", ""))
    assert ["a", "b"] == [system.name for system in open_systems([f"a=lexicon:{path}", f"b=lexicon:{path}"])]
    with pytest.raises(ValueError, match="Two systems are called 'lexicon:l.tsv'; name one of them: other=lexicon:"):
        open_systems([f"lexicon:{path}"] * 2)


def test_a_spacy_folder(tmp_path: Path) -> None:
    """With its map of labels."""
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    (tmp_path / "map.tsv").write_text("A\tdisease\n")
    system = open_system(f"spacy:{tmp_path}/pipeline,labels={tmp_path}/map.tsv")
    assert ("spacy", "spacy:pipeline", {"A": "disease"}) == (system.kind, system.name, system.details["labels"])


def test_fingerprints_follow_the_content(tmp_path: Path) -> None:
    """Of a file, or of a folder with the names of its files."""
    assert {} == fingerprint(str(tmp_path / "nothing"))
    assert ["sha256"] == list(fingerprint("mini"))
    (tmp_path / "a").write_text("1")
    prints = [fingerprint(str(tmp_path))["sha256"]]
    (tmp_path / "a").write_text("2")
    prints.append(fingerprint(str(tmp_path))["sha256"])
    (tmp_path / "a").rename(tmp_path / "b")
    prints.append(fingerprint(str(tmp_path))["sha256"])
    assert 3 == len(set(prints))
    assert prints[-1] == fingerprint(str(tmp_path))["sha256"]

"""Types, contradictions and negatives, through files; and the negatives by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.distill.annotated import TypeSettings, annotate_file, write_descriptions
from spacy_gliner_biomed.distill.grounding.passages import write_grounded
from spacy_gliner_biomed.distill.grounding.run import GroundingCounts, ground_answers
from spacy_gliner_biomed.distill.negatives import Negatives
from spacy_gliner_biomed.distill.stages import read_stage
from tests.distill.grounding.answering import TEXT, answer, passage

FREQUENCY = {"drug": 50, "medication": 20, "disease": 30, "rare disease": 5, "gene": 20, "tissue": 8, "device": 3}


def write(path: Path) -> Path:
    """Two passages: one with types in several spellings, one that failed."""
    first = answer(
        passage(),
        ("Aspirin", "Drugs"),
        ("fever", "Symptom"),
        ("fever", "symptoms"),
        ("breast cancer", "DISEASE"),
        ("ALL", "disease"),
        ("ALL", "Quantifier"),
        descriptions=(("Drugs", "A medicine."), ("DISEASE", "An illness.")),
    )
    second = answer(passage("p2", "Nothing of note."), ("imatinib", "Drug"), descriptions=(("Drug", "A medicine."),))
    write_grounded(path, ground_answers([first, second], GroundingCounts()))
    return path


def test_types_are_joined_and_counted(tmp_path: Path) -> None:
    """One name for each type; offsets unchanged; every mention that is not written has a reason."""
    grounded, out, mapping = write(tmp_path / "g.jsonl"), tmp_path / "p.jsonl", tmp_path / "types.tsv"
    counts = annotate_file([grounded], out, mapping, TypeSettings(model="", negatives=2), progress=False)
    first, second = read(out)
    assert [(TEXT[start:end], label) for start, end, label in first.mentions] == [
        ("Aspirin", "drug"),
        ("fever", "symptom"),
        ("Aspirin", "drug"),
        ("breast cancer", "disease"),
        ("ALL", "disease"),
    ]
    assert counts.left_out == {"same mention twice": 1, "two types on one span": 1}
    assert counts.mentions_read == counts.mentions + 2 and counts.failed == 1
    assert second.mentions == () and first.doc_id == "d-p1" and first.corpus == "own"
    assert read_stage(out)["counts"] == counts.to_dict()
    # "quantifier" was dropped from the first passage and "drug" failed in the second: neither is a negative there
    assert set(first.labels or ()) == {"drug", "symptom", "disease"}
    assert "drug" not in (second.labels or ()) and len(second.labels or ()) == 2


def test_an_edited_mapping_is_followed(tmp_path: Path) -> None:
    """Types renamed or emptied by a person; a second run without edits writes the same bytes."""
    grounded, out, mapping = write(tmp_path / "g.jsonl"), tmp_path / "p.jsonl", tmp_path / "types.tsv"
    settings = TypeSettings(model="", negatives=3)
    annotate_file([grounded], out, mapping, settings, progress=False)
    bytes_before, mapping_before = out.read_bytes(), mapping.read_bytes()
    annotate_file([grounded], out, mapping, settings, progress=False)
    assert (out.read_bytes(), mapping.read_bytes()) == (bytes_before, mapping_before)
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("Symptom\tsymptom", "Symptom\t").replace("symptoms\tsymptom", "symptoms\tfinding"), "utf-8")
    counts = annotate_file([grounded], out, mapping, settings, progress=False)
    (first, _) = read(out)
    assert {label for *_, label in first.mentions} == {"drug", "finding", "disease"}
    assert counts.left_out["type left out"] == 1
    annotate_file([grounded], out, mapping, settings, fresh=True, progress=False)
    assert out.read_bytes() == bytes_before


def test_rare_types_are_left_out(tmp_path: Path) -> None:
    """A type with fewer mentions than asked for is counted and not written."""
    grounded = write(tmp_path / "g.jsonl")
    settings = TypeSettings(model="", least=3, policy="all")
    counts = annotate_file([grounded], tmp_path / "p.jsonl", tmp_path / "t.tsv", settings, progress=False)
    assert counts.left_out["rare type"] == 7 and counts.types == 0 and counts.mentions == 0


def test_descriptions_come_along(tmp_path: Path) -> None:
    """What annotators said about types is written under the types' names."""
    grounded, mapping = write(tmp_path / "g.jsonl"), tmp_path / "t.tsv"
    annotate_file([grounded], tmp_path / "p.jsonl", mapping, TypeSettings(model=""), progress=False)
    assert write_descriptions([grounded], mapping, tmp_path / "d.json") == 2
    assert '"drug": [\n  "A medicine."\n ]' in (tmp_path / "d.json").read_text(encoding="utf-8")


def test_settings_are_checked(tmp_path: Path) -> None:
    """One sentence each."""
    with pytest.raises(ValueError, match="'negatives' cannot be -1"):
        TypeSettings(negatives=-1)
    with pytest.raises(ValueError, match="no policy 'x'"):
        TypeSettings(overlap="x")
    path = write(tmp_path / "g.jsonl")
    with pytest.raises(ValueError, match="is read by this step"):
        annotate_file([path], path, tmp_path / "t.tsv", TypeSettings(model=""))


def test_negatives_are_far_from_what_is_there() -> None:
    """No synonym, no narrower or broader type, nothing that was used; the same draw for the same passage."""
    negatives = Negatives(FREQUENCY, wanted=5)
    drawn = negatives.draw("p", ["disease", "drug"])
    assert drawn == negatives.draw("p", ["disease", "drug"])
    assert set(drawn) == {"gene", "tissue", "device"}
    assert any(negatives.draw(str(number), []) != negatives.draw("p", []) for number in range(5))


def test_negatives_follow_the_frequencies() -> None:
    """A frequent type is drawn more often than a rare one."""
    negatives = Negatives(FREQUENCY, wanted=1, seed=3)
    drawn = [negatives.draw(str(number), [])[0] for number in range(300)]
    assert drawn.count("drug") > 3 * drawn.count("device") > 0


def test_negatives_keep_away_by_vectors() -> None:
    """A type whose vector is like one of the passage is no negative."""

    def embed(names: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if name in ("drug", "device") else [0.0, 1.0] for name in names])

    assert "device" not in Negatives(FREQUENCY, 9, embed=embed).draw("p", ["drug"])
    assert "device" in Negatives(FREQUENCY, 9).draw("p", ["drug"])


def test_a_type_that_is_left_out_keeps_negatives_away(tmp_path: Path) -> None:
    """Whoever marked Aspirin as a medication has not said that there is no drug; by words and by vectors."""
    told = [answer(passage(), ("Aspirin", "Medications"), ("fever", "sign"))]
    told += [answer(passage(f"p{n}"), ("Aspirin", "drug"), ("fever", "symptom")) for n in range(2, 4)]
    grounded, mapping = tmp_path / "g.jsonl", tmp_path / "t.tsv"
    write_grounded(grounded, ground_answers(told, GroundingCounts()))
    mapping.write_text("type\tbecomes\nMedications\t\nsign\t\n", encoding="utf-8")

    def embed(names: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if name in ("sign", "symptom") else [0.0, 0.0] for name in names])

    settings = TypeSettings(threshold=1.0)
    annotate_file([grounded], tmp_path / "p.jsonl", mapping, settings, embed, progress=False)
    assert next(iter(read(tmp_path / "p.jsonl"))).labels == ()


def test_few_negatives_where_labels_are_many() -> None:
    """Positives and negatives together stay within what gliner takes of a row."""
    types = [f"kind{letter}" for letter in "abcdefghijklmnopqrstuvw"]
    negatives = Negatives(dict.fromkeys((*types, *FREQUENCY), 1), wanted=10)
    assert len(negatives.draw("p", types)) == 2
    assert negatives.draw("p", [*types, "x", "y"]) == []

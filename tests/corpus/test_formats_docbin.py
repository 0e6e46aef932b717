"""`.spacy` files: what our own writer and spaCy's components leave in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_gliner_biomed.corpus.docbin import write_docbin
from spacy_gliner_biomed.corpus.formats import read
from tests.corpus.format_files import read_all

NLP = spacy.blank("en")


def store(path: Path, *docs: Doc) -> Path:
    """RETURNS (Path): the documents as a file."""
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_what_we_write_is_read_back(tmp_path: Path) -> None:
    """Characters rather than tokens, nested mentions, and what the passage was annotated for."""
    entities = [{"start": 0, "end": 3, "label": "gene"}, {"start": 0, "end": 9, "label": "cell"}]
    row = {"text": "CD4+ T 🙂 x", "entities": entities, "labels": ["cell", "gene", "drug"]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    write_docbin(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    [passage] = read(tmp_path / "a.spacy")
    assert (passage.text, passage.mentions) == (row["text"], ((0, 3, "gene"), (0, 9, "cell")))
    assert (passage.labels, passage.id, passage.corpus) == (("cell", "gene", "drug"), "1", "a")


def test_groups_and_entities(tmp_path: Path) -> None:
    """spaCy's own group first, then the only other one, then entities; of several groups we know none."""
    docs = [NLP("Aspirin for fever") for _ in range(4)]
    for doc in docs:
        doc.ents = [Span(doc, 2, 3, "DISEASE")]
    docs[0].spans["sc"], docs[0].spans["mine"] = [Span(docs[0], 0, 1, "DRUG")], []
    docs[1].spans["mine"] = [Span(docs[1], 0, 1, "DRUG"), Span(docs[1], 0, 3, "USE")]
    docs[2].spans["mine"], docs[2].spans["yours"] = [Span(docs[2], 0, 1, "DRUG")], []
    found = list(read(store(tmp_path / "a.spacy", *docs)))
    assert [passage.mentions for passage in found] == [
        ((0, 7, "DRUG"),),
        ((0, 7, "DRUG"), (0, 17, "USE")),
        ((12, 17, "DISEASE"),),
        ((12, 17, "DISEASE"),),
    ]
    assert all(passage.labels is None for passage in found)


def test_a_mention_without_a_label(tmp_path: Path) -> None:
    """It is told of, with its document."""
    doc = NLP("Aspirin")
    doc.spans["sc"] = [Span(doc, 0, 1)]
    path = store(tmp_path / "a.spacy", NLP("first"), doc)
    found, [problem] = read_all(path)
    assert [passage.mentions for passage in found] == [(), ()]
    assert problem == f"{path}, document 2: the label '' of mention 0–7 is blank."


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """One sentence."""
    path = tmp_path / "a.spacy"
    path.write_bytes(b"not one")
    with pytest.raises(ValueError, match="a.spacy: this is no .spacy file"):
        list(read(path))


def test_what_is_known_of_a_passage(tmp_path: Path) -> None:
    """How much it counts and what is unknown come back."""
    row = {"text": "Aspirin for fever", "entities": [], "partial": True, "weight": 0.5, "unknown": [[12, 17]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    write_docbin(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    [passage] = read(tmp_path / "a.spacy")
    assert (passage.partial, passage.weight, passage.unknown) == (True, 0.5, ((12, 17),))


def test_a_span_that_was_corrected(tmp_path: Path) -> None:
    """It has its own characters; the others keep those that they were made from."""
    entities = [{"start": 0, "end": 3, "label": "gene"}, {"start": 5, "end": 13, "label": "disease"}]
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "CD4+ migraine", "entities": entities}))
    write_docbin(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    [doc] = DocBin().from_disk(tmp_path / "a.spacy").get_docs(NLP.vocab)
    doc.spans["gliner"][1] = Span(doc, 0, len(doc), "disease")
    [passage] = read(store(tmp_path / "b.spacy", doc))
    assert passage.mentions == ((0, 3, "gene"), (0, 13, "disease"))

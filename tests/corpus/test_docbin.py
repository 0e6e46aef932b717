"""JSONL passages as `.spacy`: nothing that scoring needs is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.corpus.docbin import main, write_docbin
from spacy_gliner_biomed.training.reader import annotated_labels, gold_spans

PASSAGES = [
    {
        "text": "TNF-α rose after 5mg/kg of X-12.",
        "entities": [{"start": 27, "end": 31, "label": "drug"}, {"start": 0, "end": 5, "label": "protein"}],
        "labels": ["drug", "protein", "disease"],
    },
    {"text": "Nothing 🙂 here.", "entities": [], "labels": ["drug"]},
]


def test_gold_and_inventory_survive(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Offsets, labels and what each passage was annotated for are read back; writing twice gives the same bytes."""
    source, target = tmp_path / "dev.jsonl", tmp_path / "corpus" / "dev.spacy"
    source.write_text("".join(json.dumps(passage) + "\n" for passage in PASSAGES))
    main([str(source), str(target)])
    assert "Wrote 2 passages" in capsys.readouterr().out
    docs = list(DocBin().from_disk(target).get_docs(spacy.blank("en").vocab))
    assert [doc.text for doc in docs] == [passage["text"] for passage in PASSAGES]
    assert gold_spans(docs[0], "gliner") == [(0, 5, "protein"), (27, 31, "drug")]
    assert [span.text for span in docs[0].spans["gliner"]] == ["TNF-α", "X-12"]
    assert [annotated_labels(doc, "gliner") for doc in docs] == [["drug", "protein", "disease"], ["drug"]]
    before = target.read_bytes()
    assert write_docbin(source, target) == 2
    assert target.read_bytes() == before and [path.name for path in target.parent.iterdir()] == ["dev.spacy"]


@pytest.mark.parametrize("content, message", [("", "holds no passage"), ("{", "line 1"), (None, "no corpus")])
def test_a_bad_source_writes_nothing(tmp_path: Path, content: str, message: str) -> None:
    """One sentence, and a file written earlier stays as it was."""
    source, target = tmp_path / "dev.jsonl", tmp_path / "dev.spacy"
    target.write_bytes(b"earlier")
    if content is not None:
        source.write_text(content)
    with pytest.raises(SystemExit, match=message):
        main([str(source), str(target)])
    assert target.read_bytes() == b"earlier"


def test_mentions_in_pieces_are_told_of(tmp_path: Path) -> None:
    """They have no place there; once for the file."""
    pieces = [{"spans": [[0, 3], [4, 5]], "label": "drug"}] * 2
    (tmp_path / "a.jsonl").write_text(json.dumps({**PASSAGES[0], "discontinuous": pieces}))
    with pytest.warns(UserWarning, match="holds 2 mentions in pieces, which a .spacy file has no place for") as warned:
        write_docbin(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    assert len(warned) == 1

"""Annotated passages as a `.spacy` file, the one format that `spacy evaluate` reads."""

from __future__ import annotations

import os
from pathlib import Path

import spacy
from spacy.tokens import DocBin
from spacy.util import registry


def write_docbin(source: Path, target: Path) -> int:
    """Write the passages of a JSONL file as a `.spacy` file, with what each passage was annotated for.

    source (Path): passages as `spacy_gliner_biomed.Jsonl.v1` reads them.
    target (Path): the file to write; its folder is made, and a file already there is replaced once all is read.
    RETURNS (int): how many passages were written.
    """
    read = registry.readers.get("spacy_gliner_biomed.Jsonl.v1")(Path(source))
    passages = DocBin(store_user_data=True)
    for example in read(spacy.blank("en")):
        passages.add(example.reference)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.write_bytes(passages.to_bytes())
    os.replace(unfinished, target)
    return len(passages)

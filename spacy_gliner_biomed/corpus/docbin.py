"""Annotated passages as a `.spacy` file, the one format that `spacy evaluate` reads.

    python -m spacy_gliner_biomed.corpus.docbin PASSAGES.jsonl OUT.spacy
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from typing import Optional, Sequence

import spacy
from spacy.tokens import DocBin
from spacy.util import registry

from ..training.reader import label_inventory, read_rows, to_example
from .formats.docbin import SPAN_KEYS


def write_docbin(source: Path, target: Path) -> int:
    """Write the passages of a JSONL file as a `.spacy` file, with what each passage was annotated for.

    source (Path): passages as `spacy_gliner_biomed.Jsonl.v1` reads them: a file, or a folder of them.
    target (Path): the file to write; its folder is made, and a file already there is replaced once all is read.
    RETURNS (int): how many passages were written. Mentions in pieces have no place in such a file: a warning counts them.
    RAISES (ValueError): where the source is missing, empty, or not in that format.
    """
    nlp = spacy.blank("en")
    # Gold spans are spans of tokens: with the finest words hardly any has to be widened.
    nlp.tokenizer = registry.tokenizers.get("spacy_gliner_biomed.Words.v1")("punctuation")(nlp)
    rows = read_rows(Path(source))
    inventory = label_inventory(rows)
    passages = DocBin(store_user_data=True)
    for row in rows:
        passages.add(to_example(nlp, row, inventory, SPAN_KEYS[0]).reference)
    n_pieces = sum(len(row.get("discontinuous") or ()) for row in rows)
    if n_pieces:
        warnings.warn(
            f"'{source}' holds {n_pieces:,} mentions in pieces, which a .spacy file has no place for; they are left out.",
            UserWarning,
            stacklevel=2,
        )
    if not len(passages):
        raise ValueError(f"{source} holds no passage; write one JSON object a line.")
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.write_bytes(passages.to_bytes())
    os.replace(unfinished, target)
    return len(passages)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """The command line of this module; `spacy project` calls it. Prints what was written, or ends with one sentence."""
    parser = argparse.ArgumentParser(prog="python -m spacy_gliner_biomed.corpus.docbin", description=__doc__)
    parser.add_argument("source", type=Path, help="passages: a .jsonl file, or a folder of them")
    parser.add_argument("target", type=Path, help="the .spacy file to write")
    options = parser.parse_args(arguments)
    try:
        count = write_docbin(options.source, options.target)
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from error
    print(f"Wrote {count} passages to '{options.target}'.")


if __name__ == "__main__":
    main()

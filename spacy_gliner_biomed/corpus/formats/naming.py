"""What files of a format are called, and what a corpus is called by its file."""

from __future__ import annotations

import re
from pathlib import Path

FORMATS = ("jsonl", "brat", "pubtator", "bioc", "conll", "gliner_rows", "docbin")

# The format of a file whose first lines do not tell.
BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ann": "brat",
    ".a1": "brat",
    ".pubtator": "pubtator",
    ".xml": "bioc",
    ".conll": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bio": "conll",
    ".bilou": "conll",
    ".bioes": "conll",
    ".spacy": "docbin",
}
_ENDINGS = re.compile("({})$".format("|".join(map(re.escape, (*BY_SUFFIX, ".json", ".txt", ".tsv")))), re.IGNORECASE)


def corpus_name(path: Path) -> str:
    """RETURNS (str): what a corpus is called: its folder's name, or its file's without the endings of formats."""
    path = Path(path)
    if path.is_dir():
        return path.resolve().name
    name = path.name.removesuffix(".gz")
    return _ENDINGS.sub("", name) or name

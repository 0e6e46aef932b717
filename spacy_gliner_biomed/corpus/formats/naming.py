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
#: Endings of what lies beside a corpus: files that were not finished, and records that our own steps leave.
BESIDE = (".partial", ".stage.json", ".report.json", ".failures.jsonl")
# Endings that say nothing about the format, and names of files about a corpus.
_OPEN = (".json", ".txt", ".tsv")
_ABOUT = (
    "readme", "licen", "manifest", "changelog", "citation", "copying", "notice", "authors", "version", "checksums",
    "settings.json", "summary.json", "precision.json", "review.tsv",  # of our own silver folders
)  # fmt: skip
_ENDINGS = re.compile("({})$".format("|".join(map(re.escape, (*BY_SUFFIX, *_OPEN)))), re.IGNORECASE)


def may_be_corpus(path: Path) -> bool:
    """RETURNS (bool): whether a file whose format cannot be told is called as a corpus may be, and not as a file about one."""
    name = path.name.removesuffix(".gz").lower()
    return ("." not in name or name.endswith((*BY_SUFFIX, *_OPEN))) and not name.startswith(_ABOUT)


def corpus_name(path: Path) -> str:
    """RETURNS (str): what a corpus is called: its folder's name, or its file's without the endings of formats."""
    path = Path(path)
    if path.is_dir():
        return path.resolve().name
    name = path.name.removesuffix(".gz")
    return _ENDINGS.sub("", name) or name

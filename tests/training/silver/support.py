"""A small lexicon, small gold corpora and small unlabelled texts, all our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.corpus.passage import Mention
from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.gold import GoldText
from spacy_gliner_biomed.training.silver.names import Candidate, LexiconRow, name_table

CONCEPTS = [
    LexiconRow("D:1", "disease", "DO", ("breast cancer", "malignant neoplasm of breast")),
    LexiconRow("D:2", "disease", "DO", ("chronic obstructive pulmonary disease", "chronic obstructive airway disease")),
    LexiconRow("D:3", "disease", "DO", ("gastric tumor",)),
    LexiconRow("C:1", "drug", "DB", ("aspirin", "acetylsalicylic acid")),
    LexiconRow("C:2", "drug", "DB", ("metformin",)),
    LexiconRow("G:1", "gene", "NCBI", ("BRCA1", "breast cancer 1")),
    LexiconRow("G:2", "gene", "NCBI", ("CAT", "catalase")),
    LexiconRow("A:1", "anatomical structure", "Uberon", ("breast", "rest")),
]
INVENTORY = {"c": ("disease", "drug"), "g": ("gene",), "a": ("anatomical structure",)}


def table() -> dict[str, tuple[Candidate, ...]]:
    """RETURNS (dict): the names of `CONCEPTS`."""
    return name_table(CONCEPTS)


def gold(text: str, *mentions: tuple[str, str], corpus: str = "c", document: str = "d", half: int = 0) -> GoldText:
    """RETURNS (GoldText): a passage whose mentions are given as (surface, label), each where it stands first."""
    placed = sorted(Mention(text.index(name), text.index(name) + len(name), label) for name, label in mentions)
    return GoldText(corpus, document, text, tuple(placed), INVENTORY[corpus], half)


def found_in(*passages: GoldText) -> list[tuple[GoldText, list[Any]]]:
    """RETURNS (list): passages with the names of `CONCEPTS` found in them."""
    finder = NameFinder(table())
    return [(passage, finder.find(passage.text)) for passage in passages]


def write_jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    """RETURNS (Path): a JSON Lines file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_lexicon(path: Path, concepts: list[LexiconRow] = CONCEPTS) -> Path:
    """RETURNS (Path): a lexicon in its published columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["kb_id\tlabel\tname\tsynonyms\tsource"]
    lines += [f"{c.kb_id}\t{c.label}\t{c.names[0]}\t{'|'.join(c.names[1:])}\t{c.source}" for c in concepts]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_corpora(folder: Path) -> Path:
    """RETURNS (Path): a folder with lexicon/, train/ and unlabelled/ in which aspirin is right and metformin wrong."""
    write_lexicon(folder / "lexicon" / "lexicon.tsv")
    rows = []
    for number in range(12):
        text = f"Case {number}: aspirin in breast cancer, not metformin."
        start, cancer = text.index("aspirin"), text.index("breast")
        rows.append(
            {
                "id": str(number),
                "doc_id": str(10_000 + number),
                "text": text,
                "entities": [
                    {"start": start, "end": start + 7, "label": "drug"},
                    {"start": cancer, "end": cancer + 13, "label": "disease"},
                ],
            }
        )
    write_jsonl(folder / "train" / "c.train.jsonl", *rows)
    write_jsonl(
        folder / "unlabelled" / "t.jsonl",
        {"id": "P1.0", "text": "We gave aspirin.\nMetformin was not given.", "source": "S", "license": "CC0"},
        {"id": "P1.1", "text": "Nothing here.", "source": "S", "license": "CC0"},
        {"id": "P2.0", "text": "Breast cancer (BC) is common. BC is treated.", "source": "S", "license": "CC0"},
    )
    return folder

"""Small corpora and a small lexicon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROW = {
    "id": "p1",
    "text": "Aspirin for fever.",
    "entities": [{"start": 0, "end": 7, "label": "drug"}, {"start": 12, "end": 17, "label": "disease"}],
}


def write_corpus(folder: Path, part: str, name: str, rows: list[dict[str, Any]]) -> Path:
    """RETURNS (Path): a corpus file in a folder of corpora."""
    path = folder / part / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_lexicon(path: Path, *names: tuple[str, str, str]) -> Path:
    """RETURNS (Path): a lexicon of label, name and synonyms, in its published columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["kb_id\tlabel\tname\tsynonyms\tsource"]
    lines += [f"X:{number}\t{label}\t{name}\t{synonyms}\tme" for number, (label, name, synonyms) in enumerate(names)]
    path.write_text("\n".join(lines) + "\n")
    return path

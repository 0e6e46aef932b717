"""A trained model folder → the embedded model: rounded to int8 rows, its provenance written in, its files hashed.

python -m spacy_gliner_biomed.models.embed MODEL --corpora CORPORA [--into FOLDER]
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..checkpoint import load, round_to_int8, save, to_files
from ..checkpoint.hub import model_in
from ..checkpoint.mini import FOLDER, write_sums
from ..scorer.card import TrainingCard
from ..training.reader import label_inventory, read_rows

MOST_BYTES = 30 * 1000 * 1000  # of the embedded model, in the wheel


def embed(model: Path, corpora: Path, into: Path = FOLDER) -> TrainingCard:
    """Write the embedded model. What kind of label text it was trained on, and how a description is put into words, its own
    card says; corpora, sizes and licences are those of the folder.

    model (Path): a model folder, or a pipeline folder that `spacy train` wrote.
    corpora (Path): the folder of corpora it was trained on: `train/` with JSON Lines files, and `MANIFEST.json` with sizes and
        licences if there is one.
    RETURNS (TrainingCard): what was written about its training.
    RAISES (ValueError): when the result would be larger than 30 MB; nothing is written then.
    """
    scorer = load(model_in(str(model)))
    round_to_int8(scorer)
    scorer.card = _merged(training_card(corpora), scorer.card)
    size = sum(map(len, to_files(scorer).values()))
    if size > MOST_BYTES:
        raise ValueError(f"The embedded model takes {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB may ship.")
    save(scorer, into)
    write_sums(into)
    return scorer.card


def _merged(folder: TrainingCard, own: TrainingCard) -> TrainingCard:
    """The folder's card, and from the model's own what the folder can't know: how labels were put, and silver annotations."""
    known = {spelling for name in folder.labels for spelling in (name, name.rpartition(".")[0])}
    return replace(
        own,
        corpora=[*folder.corpora, *(entry for entry in own.corpora if entry.get("name") not in known)],
        labels={**folder.labels, **{name: labels for name, labels in own.labels.items() if name not in known}},
    )


def training_card(corpora: Path) -> TrainingCard:
    """RETURNS (TrainingCard): the corpora in `train/` with their label inventories and, from `MANIFEST.json`, licences."""
    files = sorted(path for path in (corpora / "train").iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))
    licences = _licences(corpora / "MANIFEST.json")
    entries: List[Dict[str, Any]] = []
    labels: Dict[str, List[str]] = {}
    for file in files:
        rows = read_rows(file)
        name = re.sub(r"\.jsonl(\.gz)?$", "", file.name)
        labels[name] = sorted({label for own in label_inventory(rows).values() for label in own})
        entries.append(
            {
                "name": name,
                "passages": len(rows),
                "entities": sum(len(row.get("entities", [])) for row in rows),
                "licence": licences.get(name, "not stated"),
            }
        )
    return TrainingCard(corpora=entries, labels=labels)


def _licences(manifest: Path) -> Dict[str, str]:
    if not manifest.is_file():
        return {}
    content = json.loads(manifest.read_text(encoding="utf-8"))
    return {
        name: str(entry["licence"])
        for part in content.values()
        if isinstance(part, dict)
        for name, entry in part.items()
        if isinstance(entry, dict) and "licence" in entry
    }


def main(arguments: Optional[List[str]] = None) -> None:
    """The command of the module docstring."""
    parser = argparse.ArgumentParser(description="Write the embedded model from a trained one.")
    parser.add_argument("model", type=Path, help="model folder, or pipeline folder that spacy train wrote")
    parser.add_argument("--corpora", type=Path, required=True, help="the corpora that it was trained on")
    parser.add_argument("--into", type=Path, default=FOLDER, help="where to write it (default: into the package)")
    options = parser.parse_args(arguments)
    card = embed(options.model, options.corpora, options.into)
    print(
        f"{options.into}: trained on {len(card.corpora)} corpora, {len({x for y in card.labels.values() for x in y})} labels"
    )


if __name__ == "__main__":
    main()

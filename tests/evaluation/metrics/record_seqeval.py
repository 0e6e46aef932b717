"""Writes `seqeval_figures.json`: random tag sequences and what seqeval says about them.

seqeval is published as source only and does not build with current tools everywhere, so the tests read what it said:

    pip install seqeval==1.2.2 && python tests/evaluation/metrics/record_seqeval.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import List

LABELS = ("disease", "drug", "gene")
N_CASES, N_SENTENCES, N_WORDS = 12, 8, 14


def main() -> None:
    """Draw sentences, have them scored, write the file."""
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    draw = random.Random(5)
    cases = []
    for number in range(N_CASES):
        gold = [_sentence(draw) for _ in range(N_SENTENCES)]
        predicted = [_changed(tags, draw, number / N_CASES) for tags in gold]
        figures = classification_report(gold, predicted, output_dict=True, mode="strict", scheme=IOB2, zero_division=0)
        plain = {name: {key: float(value) for key, value in row.items()} for name, row in figures.items()}
        case = {"gold": [" ".join(tags) for tags in gold], "predicted": [" ".join(tags) for tags in predicted]}
        cases.append({**case, "figures": plain})
    text = json.dumps({"made_by": "seqeval 1.2.2, mode 'strict', IOB2", "cases": cases}, indent=1)
    Path(__file__).with_name("seqeval_figures.json").write_text(text + "\n", encoding="utf-8")


def _sentence(draw: random.Random) -> List[str]:
    tags: List[str] = []
    while len(tags) < N_WORDS:
        if draw.random() < 0.5:
            tags.append("O")
        else:
            label = draw.choice(LABELS)
            tags += [f"B-{label}", *[f"I-{label}"] * draw.randint(0, 3)]
    return tags[:N_WORDS]


def _changed(tags: List[str], draw: random.Random, share: float) -> List[str]:
    """Tags of which about a share is drawn anew; an I- that now follows another label begins a mention."""
    others = _sentence(draw)
    mixed = [other if draw.random() < share else tag for tag, other in zip(tags, others, strict=True)]
    for place, tag in enumerate(mixed):
        before = mixed[place - 1] if place else "O"
        if tag.startswith("I-") and before[2:] != tag[2:]:
            mixed[place] = "B-" + tag[2:]
    return mixed


if __name__ == "__main__":
    main()

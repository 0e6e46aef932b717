"""The grid of published layouts: encoder kind × backbone × with or without BiLSTM and projections × label count."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parity.reference import Reading, Reference
from tests.support import texts
from tests.support.published import make_checkpoint

HIDDEN = 32
# D = 32 makes the text encoder's projection needless, D = Hl that of the labels
SHAPES: dict[str, dict[str, dict[str, Any]]] = {
    "uni": {
        "rnn-projection": {"head_size": 24, "rnn": True},
        "rnn": {"head_size": HIDDEN, "rnn": True},
        "projection": {"head_size": 24, "rnn": False},
        "bare": {"head_size": HIDDEN, "rnn": False},
    },
    "bi": {
        "both-projections": {"head_size": 24, "labels_hidden": 16, "rnn": True},
        "labels-projection": {"head_size": HIDDEN, "labels_hidden": 16, "rnn": False},
        "text-projection": {"head_size": 16, "labels_hidden": 16, "rnn": True},
        "bare": {"head_size": HIDDEN, "labels_hidden": HIDDEN, "rnn": False},
    },
}
# What a folder may look like without changing a number; the cells take turns.
LAYOUTS: tuple[dict[str, Any], ...] = ({}, {"safetensors": True}, {"class_token_index": "-1"}, {"flert": False})
LABEL_COUNTS = (1, 5, 25, 60)


@dataclass(frozen=True)
class Cell:
    """One combination; `number` seeds its weights and picks its layout."""

    number: int
    kind: str
    backbone: str
    shape: str
    n_labels: int

    def __str__(self) -> str:
        return f"{self.kind}-{self.backbone}-{self.shape}-{self.n_labels}"

    def make(self, folder: Path) -> Path:
        """RETURNS (Path): the checkpoint."""
        options = {**SHAPES[self.kind][self.shape], **LAYOUTS[self.number % len(LAYOUTS)]}
        # few buckets: distances reach the logarithmic part, and beyond it, in short texts
        buckets = {"position_buckets": 32, "max_position_embeddings": 64} if self.backbone == "deberta-v2" else {}
        return make_checkpoint(
            folder,
            self.kind,
            self.backbone,
            hidden=HIDDEN,
            calibration_texts=16 if self.n_labels > 5 else 40,
            calibration_labels=(self.n_labels,),
            seed=self.number,
            **buckets,
            **options,
        )


CELLS = tuple(
    Cell(number, kind, backbone, shape, n_labels)
    for number, (kind, backbone, place, n_labels) in enumerate(
        itertools.product(("uni", "bi"), ("bert", "deberta-v2"), range(4), LABEL_COUNTS)
    )
    for shape in [list(SHAPES[kind])[place]]
)


def sample_cells(count: int, seed: int) -> list[Cell]:
    """RETURNS (list): cells drawn so that every kind, backbone, shape and label count occurs about equally often."""
    rng = random.Random(seed)
    groups = [[cell for cell in CELLS if (cell.kind, cell.backbone) == group] for group in _groups()]
    picked: list[Cell] = []
    for place in range(count):
        group = groups[place % len(groups)]

        def crowding(cell: Cell) -> int:
            same = [(cell.kind == other.kind and cell.shape == other.shape) for other in picked]
            return sum(same) + sum(cell.n_labels == other.n_labels for other in picked)

        fewest = min(crowding(cell) for cell in group)
        choice = rng.choice([cell for cell in group if crowding(cell) == fewest])
        group.remove(choice)
        picked.append(choice)
    return sorted(picked, key=lambda cell: cell.number)


def _groups() -> list[tuple[str, str]]:
    return list(dict.fromkeys((cell.kind, cell.backbone) for cell in CELLS))


def grid_texts(count: int, seed: int) -> list[str]:
    """RETURNS (list): varied texts, most of 1 to 60 words, every tenth of 100 to 250."""
    n_long = count // 10
    short = texts.make_texts(count - n_long, seed=seed, max_words=60, odd=0.3, empty=0.08)
    return short + texts.make_texts(n_long, seed=seed + 1, min_words=100, max_words=250, odd=0.1, empty=0.02)


def cut_to_fit(text: str, reference: Reference, labels: list[str]) -> str:
    """RETURNS (str): the text's first words, as many as `gliner` reads without cutting (BERT reads 512 sub-words)."""
    tokenizer = reference.model.data_processor.transformer_tokenizer
    prompt = [] if reference.is_bi_encoder else [*("<<ENT>> " + label for label in labels), "<<SEP>>"]
    matches = list(texts.WORD.finditer(text))
    while matches:
        words = [match.group() for match in matches]
        n_subwords = len(tokenizer(prompt + words, is_split_into_words=True)["input_ids"])
        excess = n_subwords - tokenizer.model_max_length
        if excess <= 0:
            return text[: matches[-1].end()]
        matches = matches[: len(matches) - max(1, excess // 8)]
    raise ValueError(f"{len(labels)} labels leave no room for {text[:40]!r}.")


@dataclass
class CellReadings:
    """A cell's checkpoint, and what `gliner` reads in it.

    shifted (list): as `gliner` reads; in_place (list): with every word in its own place.
    """

    folder: Path
    labels: list[str]
    texts: list[str]
    shifted: list[Reading]
    in_place: list[Reading]


def read_cell(cell: Cell, folder: Path, n_texts: int) -> CellReadings:
    """RETURNS (CellReadings): a fresh checkpoint, read by `gliner`."""
    reference = Reference(cell.make(folder))
    labels = texts.make_labels(cell.n_labels)
    wanted = [cut_to_fit(text, reference, labels) for text in grid_texts(n_texts, seed=cell.number)]
    shifted = reference.read(wanted, labels)
    numbers = [number for number, reading in enumerate(shifted) if reading.has_empty_words]
    in_place = list(shifted)
    mended = reference.read([wanted[number] for number in numbers], labels, in_place=True) if numbers else []
    for number, reading in zip(numbers, mended, strict=True):
        in_place[number] = reading
    return CellReadings(folder, labels, wanted, shifted, in_place)

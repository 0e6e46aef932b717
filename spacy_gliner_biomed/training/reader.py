"""Annotated passages → spaCy examples that say what each passage was annotated for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import SpanGroup
from spacy.training import Corpus, Example
from spacy.util import filter_spans

from ..corpus.formats import jsonl
from ..corpus.formats.docbin import annotated_labels, gold_spans
from ..corpus.formats.jsonl import Row, check_row

__all__ = [
    "KNOWLEDGE",
    "annotated_labels",
    "check_row",
    "create_docbin_reader",
    "create_jsonl_reader",
    "gold_spans",
    "label_inventory",
    "read_rows",
    "take_evenly",
    "to_example",
]

#: What a row may say about how much is known of its text (`corpus.formats.jsonl`); its span group carries it to the training.
KNOWLEDGE = ("partial", "unknown", "weight")


def create_jsonl_reader(
    path: Union[str, Path],
    spans_key: str = "gliner",
    limit: int = 0,
    shuffle: bool = False,
    repeat: bool = False,
    seed: int = 0,
    temperature: float = 1.0,
) -> Callable[[Language], Iterable[Example]]:
    """Registered as `spacy_gliner_biomed.Jsonl.v1`: JSON Lines files, plain or gzipped, one passage a line.

    A passage has `text` and `entities` (each `start`, `end` in characters, end exclusive, and `label`), and optionally `corpus`
    and `labels`, the labels it was annotated for; without `labels`, those are all labels that its corpus uses anywhere in
    the files. `partial`, `unknown` and `weight` mean what they mean in any training (`corpus.formats.jsonl`).

    path (Path): a file, or a folder whose `*.jsonl` and `*.jsonl.gz` files are read in the order of their names.
    spans_key (str): the span group that holds the gold spans.
    limit (int): most passages to read, 0 for all; taken evenly from the whole.
    shuffle, seed: read in a random order, the same for the same seed, another in each round.
    repeat (bool): begin again for ever, for `max_steps` with `max_epochs = -1`.
    temperature (float): 1 reads each passage once a round; below 1, small corpora are read more often and large ones less, each
        corpus by its size to this power.
    RAISES (ValueError): for a file that is not there, a line that is no passage, a mention that does not fit its text: always
        with file and line.
    """

    def read(nlp: Language) -> Iterator[Example]:
        rows = read_rows(Path(path))
        inventory = label_inventory(rows)
        rows = take_evenly(rows, limit)
        randomness = random.Random(seed)
        while True:
            for row in _round(rows, randomness, shuffle, temperature):
                yield to_example(nlp, row, inventory, spans_key)
            if not repeat or not rows:
                return

    return read


def create_docbin_reader(
    path: Union[str, Path], spans_key: str = "gliner", limit: int = 0
) -> Callable[[Language], Iterable[Example]]:
    """Registered as `spacy_gliner_biomed.DocBin.v1`: `.spacy` files, gold from the span group or, failing that, the entities.

    A passage was annotated for `attrs["annotated_labels"]` of its span group; without it, for every label of the component.
    """

    def read(nlp: Language) -> Iterator[Example]:
        corpus = Corpus(Path(path), limit=limit)
        for example in corpus(nlp):
            if spans_key not in example.reference.spans:
                example.reference.spans[spans_key] = SpanGroup(
                    example.reference, name=spans_key, spans=list(example.reference.ents)
                )
            yield example

    return read


def read_rows(path: Path) -> List[Row]:
    """RETURNS (list): the passages of a file or folder, checked; each remembers its file and line as `where`."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.name.endswith((".jsonl", ".jsonl.gz")))
        if not files:
            raise ValueError(f"The folder {path} holds no .jsonl or .jsonl.gz file.")
    elif path.is_file():
        files = [path]
    else:
        raise ValueError(f"There is no corpus at {path}; name a .jsonl file or a folder of them.")
    return [row for file in files for row in jsonl.read_rows(file)]


def label_inventory(rows: Iterable[Row]) -> Dict[str, List[str]]:
    """RETURNS (dict): corpus → every label that any of its passages uses or lists, sorted."""
    inventory: Dict[str, set] = {}
    for row in rows:
        labels = inventory.setdefault(row["corpus"], set())
        labels.update(row.get("labels") or ())
        labels.update(entity["label"] for entity in row.get("entities", []))
    return {corpus: sorted(labels) for corpus, labels in inventory.items()}


def to_example(nlp: Language, row: Row, inventory: Dict[str, List[str]], spans_key: str) -> Example:
    """RETURNS (Example): reference spans under `spans_key`, the gold characters in `attrs["offsets"]`, the labels that the passage
    was annotated for in `attrs["annotated_labels"]`; in `attrs` also what the row has of `KNOWLEDGE`.
    """
    reference = nlp.make_doc(row["text"])
    entities = sorted(row.get("entities", []), key=lambda entity: (entity["start"], entity["end"], entity["label"]))
    spans, offsets = [], []
    for entity in entities:
        span = reference.char_span(entity["start"], entity["end"], label=entity["label"], alignment_mode="expand")
        if span is None or not len(span):
            raise ValueError(
                f"{row['where']}: the mention {entity['start']}–{entity['end']} holds nothing but white space."
            )
        spans.append(span)
        offsets.append((entity["start"], entity["end"]))
    listed = row.get("labels")
    annotated = list(inventory[row["corpus"]] if listed is None else listed)
    attrs = {"offsets": np.asarray(offsets, dtype=np.int64).reshape(-1, 2), "annotated_labels": annotated}
    attrs.update((key, row[key]) for key in KNOWLEDGE if row.get(key) is not None)
    reference.ents = filter_spans(spans)  # for `ents_f`: the longest of overlapping mentions
    reference.spans[spans_key] = SpanGroup(reference, name=spans_key, attrs=attrs, spans=spans)
    return Example(nlp.make_doc(row["text"]), reference)


def take_evenly(rows: List[Row], limit: int) -> List[Row]:
    """RETURNS (list): at most `limit` rows, evenly spaced; all of them for 0."""
    if not limit or limit >= len(rows):
        return rows
    return [rows[number * len(rows) // limit] for number in range(limit)]


def _round(rows: List[Row], randomness: random.Random, shuffle: bool, temperature: float) -> List[Row]:
    """One round over the rows: as many as there are, corpora weighted by temperature."""
    if temperature != 1.0:
        by_corpus: Dict[str, List[Row]] = {}
        for row in rows:
            by_corpus.setdefault(row["corpus"], []).append(row)
        weights = {corpus: len(own) ** temperature for corpus, own in by_corpus.items()}
        share = len(rows) / sum(weights.values())
        rows = [row for corpus, own in by_corpus.items() for row in _draw(own, weights[corpus] * share, randomness)]
    if not shuffle:
        return rows
    rows = list(rows)
    randomness.shuffle(rows)
    return rows


def _draw(rows: List[Row], wanted: float, randomness: random.Random) -> List[Row]:
    whole, rest = divmod(round(wanted), len(rows))
    return rows * int(whole) + randomness.sample(rows, int(rest))

"""Annotated passages → spaCy examples that say what each passage was annotated for."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup
from spacy.training import Corpus, Example
from spacy.util import filter_spans

Row = Dict[str, Any]
_HALF_PAIR = re.compile("[\ud800-\udfff]")


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
    the files.

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
        rows = take_evenly(read_rows(Path(path)), limit)
        inventory = label_inventory(rows)
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
    return [row for file in files for row in _read_file(file)]


def _read_file(file: Path) -> Iterator[Row]:
    opener = gzip.open if file.name.endswith(".gz") else open
    number = 0
    try:
        with opener(file, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield check_row(line.decode("utf-8"), f"{file}, line {number}", file.name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{file}, after line {number}: the gzip file is damaged ({error}).") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}, line {number}: this is not UTF-8 ({error.reason} at byte {error.start}).") from None


def check_row(line: str, where: str, file_name: str = "") -> Row:
    """RETURNS (dict): one passage.

    RAISES (ValueError): with `where`, for anything that is not a passage.
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: this is not JSON ({error}).") from None
    if (
        not isinstance(row, dict)
        or not isinstance(row.get("text"), str)
        or not isinstance(row.get("entities", []), list)
    ):
        raise ValueError(f"{where}: a passage needs a 'text' and a list of 'entities'.")
    if _HALF_PAIR.search(row["text"]):
        raise ValueError(f"{where}: the text holds half a surrogate pair, which is no character.")
    corpus, labels = row.get("corpus", ""), row.get("labels") or []
    if not isinstance(corpus, str) or not isinstance(labels, list) or not all(isinstance(x, str) and x for x in labels):
        raise ValueError(f"{where}: 'corpus' must be a text and 'labels' a list of texts.")
    length = len(row["text"])
    for entity in row.get("entities", []):
        try:
            start, end, label = entity["start"], entity["end"], entity["label"]
        except (TypeError, KeyError):
            raise ValueError(f"{where}: an entity needs 'start', 'end' and 'label', not {entity!r}.") from None
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length):
            raise ValueError(
                f"{where}: the mention {start}–{end} ({label}) does not fit its text of {length} characters."
            )
        if not isinstance(label, str) or not label.strip():
            raise ValueError(f"{where}: the label {label!r} of mention {start}–{end} is blank.")
    row["where"] = where
    row.setdefault("corpus", file_name)
    return row


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
    was annotated for in `attrs["annotated_labels"]`.
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


def annotated_labels(doc: Doc, spans_key: str) -> Optional[List[str]]:
    """RETURNS (list): the labels a reference says it was annotated for, or None."""
    if spans_key not in doc.spans:
        return None
    found = doc.spans[spans_key].attrs.get("annotated_labels")
    return None if found is None else [str(label) for label in found]


def gold_spans(doc: Doc, spans_key: str) -> List[Tuple[int, int, str]]:
    """RETURNS (list): (first character, end character, label) of a reference's gold spans; its entities if it has no group."""
    if spans_key not in doc.spans:
        return [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
    group = doc.spans[spans_key]
    offsets = group.attrs.get("offsets")
    if offsets is None or len(offsets) != len(group):
        return [(span.start_char, span.end_char, span.label_) for span in group]
    return [(int(start), int(end), span.label_) for (start, end), span in zip(offsets, group, strict=True)]

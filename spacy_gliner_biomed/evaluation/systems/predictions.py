"""Predictions that somebody else made, from a JSONL file: any system can be compared that can write one.

A row holds `id`, that of a passage, and `entities`: each `start`, `end` (character offsets into the passage's text, end
exclusive), `label`, and `score` (0 to 1) and `text` where there are any. Every passage needs a row. Rows in the order of the
passages are read one at a time; others have to wait in memory for their passage.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...corpus.passage import AnnotatedPassage
from ...scorer.card import TrainingCard
from ..kinds import corpus_key
from ..synonyms import fold_label
from .base import ScoredMention
from .fingerprint import fingerprint

SUFFIXES = (".jsonl", ".jsonl.gz")  # of the files in a folder


class _Row(NamedTuple):
    id: str
    entities: List[Any]
    where: str


class PredictionsSystem:
    """Gives back what a file predicts.

    Labels are compared without case and punctuation, unless they are equal as they stand. Mentions of labels that are not
    asked for are left out, and `notes` says how many.

    name (str): how tables call it.
    path (Path): the file, plain or gzipped; or a folder that holds one for each corpus, called after it: both
        `bc5cdr.jsonl` and `bc5cdr.dev.jsonl.gz` serve the corpus bc5cdr.
    entities_key (str): the field of a row that holds the mentions.
    RAISES (FileNotFoundError): where there is no such file or folder.
    """

    kind = "predictions"

    def __init__(self, name: str, path: Path, entities_key: str = "entities") -> None:
        if not path.exists():
            raise FileNotFoundError(f"There are no predictions '{path}'; name a .jsonl file, or a folder of them.")
        self.name, self.path, self.entities_key = name, path, entities_key
        self.details: Dict[str, Any] = {"predictions": str(path), "entities": entities_key, **fingerprint(str(path))}
        self.notes: List[str] = []

    @property
    def card(self) -> Optional[TrainingCard]:
        """None: nothing is known about the system behind the file."""
        return None

    @property
    def words_per_second(self) -> Optional[float]:
        """None: the file does not say how long it took."""
        return None

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): all of them: a label that the file never gives may simply not have been found."""
        return tuple(labels)

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`; `overlap` makes no difference.

        RAISES (ValueError): one sentence with file and line for a row that is broken or that no passage belongs to, for a
            passage without a row, and where no mention has a label that is asked for.
        """
        stream = iter(passages)
        first = next(stream, None)
        if first is None:
            return
        path = self._file_of(first.corpus)
        waiting = _Waiting(path, self.entities_key)
        folded = {fold_label(label): label for label in reversed(labels)}
        as_they_stand = {label: label for label in labels}
        others: Dict[str, int] = {}
        n_kept = 0
        passage: Optional[AnnotatedPassage] = first
        while passage is not None:
            row = waiting.take(passage.id)
            mentions = [_mention(entity, passage.text, row.where) for entity in row.entities]
            kept: List[ScoredMention] = []
            for mention in mentions:
                wanted = as_they_stand.get(mention.label) or folded.get(fold_label(mention.label))
                if wanted is None:
                    others[mention.label] = others.get(mention.label, 0) + 1
                else:
                    kept.append(mention._replace(label=wanted))
            n_kept += len(kept)
            yield kept
            passage = next(stream, None)
        waiting.check_empty()
        if others:
            self._tell_of_others(path, others, n_kept, labels)

    def _file_of(self, corpus: str) -> Path:
        if self.path.is_file():
            return self.path
        key = corpus_key(corpus)
        found = sorted(file for file in self.path.iterdir() if file.name.endswith(SUFFIXES) and corpus_key(file.name) == key)
        if len(found) == 1:
            return found[0]
        reason = f"more than one ({found[0].name}, {found[1].name})" if found else f"none, such as {corpus}.jsonl"
        raise ValueError(f"The folder '{self.path}' must hold one file of predictions for '{corpus}'; it holds {reason}.")

    def _tell_of_others(self, path: Path, others: Dict[str, int], n_kept: int, labels: Sequence[str]) -> None:
        commonest = max(others, key=lambda label: others[label])
        if not n_kept:
            raise ValueError(
                f"{path}: none of its labels ('{commonest}', …) is one of those asked for ({', '.join(labels)}); rename them."
            )
        self.notes.append(
            f"{sum(others.values()):,} mentions in {path.name} have labels that were not asked for, most often "
            f"'{commonest}'; they were left out."
        )


class _Waiting:
    """The rows of a file by id, read no further than the passages ask for."""

    def __init__(self, path: Path, entities_key: str) -> None:
        self.path = path
        self._rows = _read_rows(path, entities_key)
        self._early: Dict[str, _Row] = {}

    def take(self, passage_id: str) -> _Row:
        """RETURNS (_Row): the row of a passage, which is forgotten."""
        if passage_id in self._early:
            return self._early.pop(passage_id)
        for row in self._rows:
            if row.id == passage_id:
                return row
            if row.id in self._early:
                raise ValueError(f"{row.where}: the id '{row.id}' was given before; each passage has one row.")
            self._early[row.id] = row
        raise ValueError(
            f"{self.path}: there is no row for the passage '{passage_id}'; give every passage one, with an empty list where "
            "nothing was found."
        )

    def check_empty(self) -> None:
        """RAISES (ValueError): for a row that no passage asked for."""
        row = next(iter(self._early.values()), None) or next(self._rows, None)
        if row is not None:
            raise ValueError(
                f"{row.where}: the id '{row.id}' is that of no passage, or was given before; use the ids of the corpus, and "
                "a file for each corpus."
            )


def _read_rows(path: Path, entities_key: str) -> Iterator[_Row]:
    opened: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with opened as lines:
        number = 0
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _parse_row(line, f"{path}, line {number}", entities_key)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}, after line {number}: the file is damaged ({error}).") from None


def _parse_row(line: bytes, where: str, entities_key: str) -> _Row:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: byte {error.start} is not UTF-8; convert the file first.") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON ({error}); every line must be one JSON object.") from None
    if not isinstance(row, dict) or isinstance(row.get("id"), (dict, list, type(None))):
        raise ValueError(f"{where}: no 'id'; every line must be an object with 'id' and '{entities_key}'.")
    if not isinstance(row.get(entities_key), list):
        raise ValueError(f"{where}: no list '{entities_key}'; give an empty one where nothing was found.")
    return _Row(str(row["id"]), row[entities_key], where)


def _mention(entity: Any, text: str, where: str) -> ScoredMention:
    if not isinstance(entity, dict):
        raise ValueError(f"{where}: the mention {entity!r} is no object with 'start', 'end' and 'label'.")
    start, end, label, score = entity.get("start"), entity.get("end"), entity.get("label"), entity.get("score", 1.0)
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise ValueError(
            f"{where}: the mention from {start!r} to {end!r} does not lie in its text of {len(text)} characters; offsets "
            "count characters, the end exclusive."
        )
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"{where}: the label {label!r} of the mention at {start} is no text.")
    if type(score) not in (int, float) or not 0.0 <= score <= 1.0:
        raise ValueError(f"{where}: the score {score!r} of the mention at {start} is no number from 0 to 1.")
    if entity.get("text", text[start:end]) != text[start:end]:
        raise ValueError(
            f"{where}: the mention {entity['text']!r} at {start}-{end} reads {text[start:end]!r} in its passage; use the "
            "offsets of the corpus' own text."
        )
    return ScoredMention(start, end, label, float(score))

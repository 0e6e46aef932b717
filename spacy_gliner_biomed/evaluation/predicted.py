"""What a system predicted, kept on disk: a report can be made again, and a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from pathlib import Path
from typing import Any, Deque, Dict, Iterator, List, Mapping, Optional, Sequence

from tqdm import tqdm

from ..annotate.output import text_file
from ..corpus.formats import Problems
from ..corpus.passage import AnnotatedPassage
from .corpora import GoldCorpus
from .systems import ScoredMention, System
from .systems.fingerprint import fingerprint

LONGEST = 48  # characters of a file's name; in UTF-8, with hash and ending, within the 255 bytes that file systems take


class PredictionStore:
    """A folder with one file of predictions a system and corpus, in the format that the system `predictions:FILE` reads.

    A file counts as done only together with its record, written last: the file's size, and a key that names the system,
    its settings, the corpus' bytes, the labels and the overlap. A change of any of them predicts again.

    folder (Path): made at the first prediction.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._corpus_keys: Dict[Path, Dict[str, str]] = {}

    def predictions(
        self, system: System, corpus: GoldCorpus, labels: Sequence[str], overlap: str, total: Optional[int] = None
    ) -> StoredPredictions:
        """The predictions of a system on a corpus; made now if they are not on disk.

        system (System): asked only where its predictions are missing.
        corpus (GoldCorpus): the corpus.
        labels (Sequence[str]): the labels asked for.
        overlap (str): "flat" or "nested".
        total (int): passages in the corpus, for the progress bar.
        RETURNS (StoredPredictions): read from disk, one passage at a time.
        """
        stem = self.folder / _file_name(system.name) / _file_name(corpus.name)
        record_path, rows_path = stem.with_name(stem.name + ".json"), stem.with_name(stem.name + ".jsonl")
        key = self._key(system, corpus, labels, overlap)
        record = _read_record(record_path)
        if record is None or record.get("key") != key or not _whole(rows_path, record):
            rows_path.parent.mkdir(parents=True, exist_ok=True)
            record_path.unlink(missing_ok=True)
            unfinished = rows_path.with_name(rows_path.name + ".unfinished")
            bar = tqdm(total=total, desc=f"{system.name}, {corpus.name}", unit=" passages", disable=None, leave=False)
            with unfinished.open("w", encoding="utf-8") as stream, bar:
                for passage_id, mentions in _in_step(system, passages_again(corpus), labels, overlap):
                    entities = [dict(zip(ScoredMention._fields, mention, strict=True)) for mention in mentions]
                    stream.write(json.dumps({"id": passage_id, "entities": entities}, ensure_ascii=False) + "\n")
                    bar.update()
            os.replace(unfinished, rows_path)
            record = {
                "key": key,
                "bytes": rows_path.stat().st_size,
                "words_per_second": system.words_per_second,
                "notes": list(system.notes),
            }
            with text_file(record_path) as stream:
                json.dump(record, stream)
        return StoredPredictions(rows_path, record.get("words_per_second"), list(record.get("notes") or ()))

    def _key(self, system: System, corpus: GoldCorpus, labels: Sequence[str], overlap: str) -> str:
        if corpus.path not in self._corpus_keys:
            self._corpus_keys[corpus.path] = fingerprint(str(corpus.path))
        described = [system.kind, system.details, self._corpus_keys[corpus.path], corpus.policy, list(labels), overlap]
        return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()


class StoredPredictions:
    """A file of predictions.

    words_per_second (float): of the run that made them; None where that says nothing.
    notes (list): what the system had to say about that run.
    """

    def __init__(self, path: Path, words_per_second: Optional[float], notes: List[str]) -> None:
        self.path, self.words_per_second, self.notes = path, words_per_second, notes

    def __iter__(self) -> Iterator[List[ScoredMention]]:
        """YIELDS (list): the mentions of each passage, in the order of the corpus."""
        with self.path.open(encoding="utf-8") as rows:
            for row in rows:
                yield [
                    ScoredMention(entity["start"], entity["end"], entity["label"], entity["score"])
                    for entity in json.loads(row)["entities"]
                ]


def passages_again(corpus: GoldCorpus) -> Iterator[AnnotatedPassage]:
    """YIELDS (AnnotatedPassage): the corpus without what does not fit, which the first reading has counted and listed."""
    return corpus.passages(Problems(keep=0))


def _in_step(
    system: System, passages: Iterator[AnnotatedPassage], labels: Sequence[str], overlap: str
) -> Iterator[tuple[str, List[ScoredMention]]]:
    """Each passage's id with its predictions; only ids of passages not yet answered are held."""
    waiting: Deque[str] = deque()

    def noted() -> Iterator[AnnotatedPassage]:
        for passage in passages:
            waiting.append(passage.id)
            yield passage

    for mentions in system.predict(noted(), labels, overlap):
        yield waiting.popleft(), mentions


def _file_name(name: str) -> str:
    """A name made safe for a file, and short enough; names that differ stay different."""
    safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in name[:LONGEST]).strip(". ") or "_"
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _read_record(path: Path) -> Optional[Dict[str, Any]]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _whole(rows_path: Path, record: Mapping[str, Any]) -> bool:
    """Whether predictions lie there as they were written; records of before sizes were kept say nothing of them."""
    return rows_path.is_file() and rows_path.stat().st_size == record.get("bytes", rows_path.stat().st_size)

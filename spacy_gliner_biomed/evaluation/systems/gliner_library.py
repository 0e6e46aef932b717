"""A checkpoint as the `gliner` library reads it: what our own reading of it is held against."""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ...checkpoint.files import FolderFiles
from ...checkpoint.training_json import read_own_part
from ...corpus.passage import AnnotatedPassage
from ...labels import ThresholdInput, check_threshold, narrow_thresholds, thresholds_for
from ...scorer.card import TrainingCard
from .base import Clock, ScoredMention
from .fingerprint import fingerprint


class GlinerSystem:
    """Predicts with `GLiNER.inference` on whole texts, cut into words by the library's own splitter.

    The library reads the first `max_len` words of a text and leaves the rest; `notes` says how many that were. It knows one
    threshold only: thresholds by label are applied to what it finds at the lowest of them.

    name (str): how tables call it.
    folder (Path): a checkpoint in GLiNER's layout; `gliner-biomed export` makes one. Nothing is downloaded.
    threshold (float or dict): a score must exceed it.
    batch_size (int): texts at a time.
    device (str): "cpu" or "cuda"; None for the CPU.
    RAISES (FileNotFoundError): where there is no such folder.
    """

    kind = "gliner"

    def __init__(
        self,
        name: str,
        folder: Path,
        threshold: ThresholdInput = 0.5,
        batch_size: int = 32,
        device: Optional[str] = None,
    ) -> None:
        if not (folder / "gliner_config.json").is_file():
            raise FileNotFoundError(
                f"'{folder}' holds no gliner_config.json; gliner-biomed export writes a checkpoint that gliner reads."
            )
        self.name, self.folder, self.batch_size, self.device = name, folder, batch_size, device
        self.threshold = check_threshold(threshold)
        self.details: Dict[str, Any] = {
            "folder": str(folder),
            "threshold": self.threshold,
            "gliner": _installed_version(),
            **fingerprint(str(folder)),
        }
        self.notes: List[str] = []
        self._model: Any = None
        self._clock = Clock()
        self._n_cut_words = self._n_cut_texts = 0

    @property
    def card(self) -> Optional[TrainingCard]:
        """What an exported checkpoint of ours says about its training; None for others."""
        card = read_own_part(FolderFiles(self.folder)).card
        return card if card.corpora or card.labels else None

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words a second of the last `predict`, without loading."""
        return self._clock.words_per_second

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): all of them: labels are free text here."""
        return tuple(labels)

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`.

        RAISES (ImportError): where `gliner` is not installed.
        """
        self._load()
        limits = dict(zip(labels, thresholds_for(narrow_thresholds(self.threshold, labels), labels), strict=True))
        clock = self._clock = Clock()
        self._n_cut_words = self._n_cut_texts = 0
        yield from clock.time(self._batches(clock.count(passages), limits, overlap == "flat"))

    def _batches(
        self, passages: Iterator[AnnotatedPassage], limits: Dict[str, float], flat: bool
    ) -> Iterator[List[ScoredMention]]:
        while batch := [passage.text for passage in islice(passages, self.batch_size)]:
            self._count_cut_words(batch)
            with warnings.catch_warnings():
                # What was cut off is counted and told once, in `notes`.
                warnings.filterwarnings("ignore", message=".*truncated.*")
                found = self._model.inference(
                    batch,
                    list(limits),
                    flat_ner=flat,
                    threshold=min(limits.values(), default=1.0),
                    batch_size=self.batch_size,
                )
            for entities in found:
                yield [
                    ScoredMention(int(e["start"]), int(e["end"]), e["label"], float(e["score"]))
                    for e in entities
                    if e["score"] > limits[e["label"]]
                ]

    def _load(self) -> None:
        if self._model is not None:
            return
        try:
            import gliner
        except ImportError:
            raise ImportError("A system 'gliner:FOLDER' needs the gliner library: pip install gliner") from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = gliner.GLiNER.from_pretrained(str(self.folder), local_files_only=True)
        self._model = model.to(self.device or "cpu").eval()

    def _count_cut_words(self, texts: Sequence[str]) -> None:
        limit = self._model.config.max_len
        for text in texts:
            n_words = sum(1 for _ in self._model.data_processor.words_splitter(text))
            if n_words > limit:
                self._n_cut_words += n_words - limit
                self._n_cut_texts += 1
        if self._n_cut_texts:
            start = "gliner did not read"
            self.notes = [note for note in self.notes if not note.startswith(start)]
            self.notes.append(
                f"{start} {self._n_cut_words:,} words of {self._n_cut_texts:,} texts that are longer than its {limit} words."
            )


def _installed_version() -> Optional[str]:
    try:
        return version("gliner")
    except PackageNotFoundError:
        return None

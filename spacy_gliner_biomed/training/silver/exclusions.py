"""Passages that must not be trained on: a model is going to be tested on the same text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional, Sequence, Set

from ...corpus.passage import AnnotatedPassage
from ...evaluation.overlap import N_GRAM, TrainingTexts
from .passages import UnlabelledPassage, document_of, read_rows, text_files

TRIAL = re.compile(r"NCT\d{8}")


class Exclusions:
    """Test texts, and which unlabelled passages are too close to them.

    n (int): words in a row that must not be shared.
    """

    def __init__(self, n: int = N_GRAM) -> None:
        self._texts = TrainingTexts(n)
        self._documents: Set[str] = set()

    @classmethod
    def read(cls, paths: Sequence[Path], n: int = N_GRAM) -> Exclusions:
        """Read the test texts.

        paths (sequence): JSON Lines files, or folders of them, with `text` and, where known, `doc_id` or `id`.
        n (int): words in a row that must not be shared.
        RETURNS (Exclusions): their n-grams, 8 bytes each, and the ids of their documents.
        """
        exclusions = cls(n)
        for file in text_files(paths):
            for passage in read_rows(file):
                row = passage.row or {}
                exclusions.add(passage.text, str(row.get("doc_id") or row.get("id") or ""))
        return exclusions

    def add(self, text: str, document: str = "") -> None:
        """Add a test text and the id of its document, if it has one; only trial numbers and long numbers are compared."""
        self._texts.add(text)
        for name in (document, document_of(document)):
            if re.search(r"\d{5}", name):
                self._documents.add(name)

    def reason(self, passage: UnlabelledPassage) -> Optional[str]:
        """RETURNS (Optional[str]): why a passage is to be left out, "document" or "words"; None where it is not."""
        names = {document_of(passage.source_id), passage.document, *TRIAL.findall(passage.source_id)}
        if not names.isdisjoint(self._documents):
            return "document"
        shared = self._texts.compare([AnnotatedPassage(passage.id, passage.text)]).passages_shared
        return "words" if shared else None

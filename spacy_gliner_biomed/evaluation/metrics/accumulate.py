"""Adds up the counts of any number of passages, with the resamples that intervals come from, in memory that does not grow.

The resamples are a Poisson bootstrap over documents (see `resampling`): in each round a document counts 0, 1, 2, … times.
As the weights come from the document's id alone, a round is a weighted sum, to which passages are added as they come.
"""

from __future__ import annotations

from typing import Dict, Optional, Sequence

import numpy as np

from .figures import figures, macro, ratios, scores
from .matching import MATCHINGS
from .resampling import document_weights

BUFFER = 256  # documents whose counts wait for one matrix product


class Scoreboard:
    """The scores of one system on one corpus.

    All that is kept is one table of sums a round and the counts of the last few documents.
    """

    def __init__(self, labels: Sequence[str], n_bootstrap: int = 1000, seed: int = 0):
        """labels (Sequence[str]): the labels, in the order of the counts; one that comes twice counts once.
        n_bootstrap (int): rounds of resampling; 0 gives scores without intervals.
        seed (int): of the resamples; two scoreboards with one seed resample the same documents.
        RAISES (ValueError): for a negative number of rounds.
        """
        if n_bootstrap < 0:
            raise ValueError(f"The number of bootstrap rounds is {n_bootstrap}; give 0 (no intervals) or more.")
        self.labels = tuple(dict.fromkeys(labels))
        self.n_bootstrap = n_bootstrap
        self.seed = seed
        self._counts_shape = (len(MATCHINGS), len(self.labels), 3)
        self._sums = np.zeros((1 + n_bootstrap, *self._counts_shape))  # the first row is the measured one
        self._waiting = np.zeros((BUFFER, *self._counts_shape))
        self._rows: Dict[str, int] = {}  # document → its row in what waits
        self._first_document: Optional[str] = None
        self._several_documents = False

    def add(self, document_id: str, counts: np.ndarray) -> None:
        """Add a passage. Passages of one document may come together or apart.

        document_id (str): the document the passage belongs to.
        counts (np.ndarray): what `PassageMatcher.counts` gives for these labels. Shape: (n_matchings, n_labels, 3)
        RAISES (ValueError): for counts of another shape.
        """
        if counts.shape != self._counts_shape:
            raise ValueError(f"Counts of shape {counts.shape} were given where {self._counts_shape} was expected.")
        row = self._rows.get(document_id)
        if row is None:
            if len(self._rows) == BUFFER:
                self._flush()
            row = self._rows[document_id] = len(self._rows)
        self._waiting[row] += counts

    def resampled(self, matching: str) -> np.ndarray:
        """Counts as measured and in each round.

        matching (str): one of `MATCHINGS`.
        RETURNS (np.ndarray): float64. Shape: (1 + n_bootstrap, n_labels, 3)
        """
        self._flush()
        return self._sums[:, list(MATCHINGS).index(matching)]

    def f1(self, matching: str = "strict") -> float:
        """RETURNS (float): micro F1 over all labels, 0 to 1; 0 where there is nothing to find and nothing found."""
        return float(np.nan_to_num(ratios(self.resampled(matching)[0].sum(axis=0)))[2])

    def subset(self, labels: Sequence[str]) -> Scoreboard:
        """The scores of some labels alone.

        Strict, relaxed and surface scores are those that asking for and annotating these labels alone would have given (if
        the system answered the same). Boundary and partial scores ignore labels in this too: a gold span of these labels is
        found where any label found it.

        labels (Sequence[str]): some of the labels.
        RETURNS (Scoreboard): of these, as they stand; it does not follow this one's further passages.
        RAISES (ValueError): for a label that this scoreboard does not have.
        """
        unknown = [label for label in labels if label not in self.labels]
        if unknown:
            raise ValueError(f"There are no counts of '{unknown[0]}'; there are of {', '.join(self.labels)}.")
        self._flush()
        part = Scoreboard(labels, self.n_bootstrap, self.seed)
        part._sums = self._sums[:, :, [self.labels.index(label) for label in part.labels]]
        part._first_document, part._several_documents = self._first_document, self._several_documents
        return part

    def to_dict(self) -> Dict[str, Dict[str, object]]:
        """The scores, ready for JSON.

        RETURNS (dict): for each matching `micro` and `per_label` (figures and counts) and `macro` (figures). Each figure has
            `value`, `low` and `high`: the ends of a 95 % percentile interval, None where fewer than two documents were seen
            or no round has a value.
        """
        return {matching: self._matching(self.resampled(matching)) for matching in MATCHINGS}

    def _matching(self, counts: np.ndarray) -> Dict[str, object]:
        if not self._several_documents:  # resamples of one document are all alike and would feign certainty
            counts = counts[:1]
        return {
            "micro": scores(counts.sum(axis=1)),
            "macro": figures(macro(counts)),
            "per_label": {label: scores(counts[:, place]) for place, label in enumerate(self.labels)},
        }

    def _flush(self) -> None:
        """Add what waits to the sums."""
        if not self._rows:
            return
        documents = list(self._rows)
        if self._first_document is None:
            self._first_document = documents[0]
        self._several_documents |= any(document != self._first_document for document in documents)
        weights = np.ones((len(documents), 1 + self.n_bootstrap))
        weights[:, 1:] = document_weights(documents, self.n_bootstrap, self.seed)
        waiting = self._waiting[: len(documents)].reshape(len(documents), -1)
        used = np.flatnonzero(waiting.any(axis=0))  # of many labels few occur in a batch
        self._sums.reshape(len(self._sums), -1)[:, used] += weights.T @ waiting[:, used]
        waiting[:] = 0
        self._rows.clear()

"""What a benchmark's entry says: where it comes from, what it is called, how it is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, NamedTuple, Optional, Tuple

FREE = "free"
TERMS = "after accepting its terms"
GATED = "on application"


class Share(NamedTuple):
    """The documents of a source that make a part.

    source (str): a key of `Benchmark.sources`.
    start, end (int): from which to which hundredth of the source's documents, in the order that `splits.order` gives;
        0 to 100 takes all in their own order, which is how official splits are written.
    """

    source: str
    start: int = 0
    end: int = 100


@dataclass(frozen=True)
class Benchmark:
    """One of the benchmarks.

    name (str): how the command line and the files call it.
    title (str): its full name.
    text (str): what its passages are.
    homepage, licence, access (str): where it lives, under which terms, and whether it can be fetched freely (`FREE`,
        `TERMS` or `GATED`).
    get (str): what to download and how to lay it out, in one sentence.
    reader (str): a key of `sources.READERS`.
    sources (Mapping[str, Tuple[str, ...]]): source → the names its file or folder may have, the release's own first; `.` is
        the folder that holds the release, whatever it is called.
    splits (Mapping[str, Share]): "train", "dev", "test" → the documents.
    renames (Mapping[str, str]): the release's own labels → the exact strings the paper gives the model.
    left_out (Tuple[str, ...]): labels of the release that are no labels of the benchmark.
    others_left_out (bool): whether that goes for every label that `renames` does not hold; otherwise such a label is a
        problem, reported with file and line.
    paper_policy (str): what the paper's own scripts do with mentions in pieces ("drop", "hull", "fragments").
    differs (str): how this conversion differs from the paper's scripts, and why.
    """

    name: str
    title: str
    text: str
    homepage: str
    licence: str
    access: str
    get: str
    reader: str
    sources: Mapping[str, Tuple[str, ...]]
    splits: Mapping[str, Share]
    renames: Mapping[str, str]
    left_out: Tuple[str, ...] = ()
    others_left_out: bool = False
    paper_policy: str = "drop"
    differs: str = ""
    labels: Tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(dict.fromkeys(self.renames.values())))
        object.__setattr__(self, "_renames", {fold(raw): label for raw, label in self.renames.items()})
        object.__setattr__(self, "_left_out", {fold(raw) for raw in self.left_out})

    def label(self, raw: str) -> Optional[str]:
        """The benchmark's label for a label of the release, whatever its case and blanks.

        raw (str): as the release writes it.
        RETURNS (str): one of `labels`, or None where its mentions are left out.
        RAISES (KeyError): for a label that the entry does not know.
        """
        folded = fold(raw)
        if folded in self._left_out:  # type: ignore[attr-defined]
            return None
        if self.others_left_out:
            return self._renames.get(folded)  # type: ignore[attr-defined]
        return self._renames[folded]  # type: ignore[attr-defined]


def fold(raw: str) -> str:
    """RETURNS (str): a label with its blanks single, trimmed, and its case folded: "ORGANISMS " is "organisms"."""
    return " ".join(raw.split()).casefold()

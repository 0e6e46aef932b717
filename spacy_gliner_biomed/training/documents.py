"""Annotated documents as a user has them → passages to fine-tune on, each knowing what it was annotated for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from ..corpus.discontinuous import Tally, resolve
from ..corpus.formats import read
from ..corpus.passage import AnnotatedPassage


@dataclass(frozen=True)
class Documents:
    """passages (list): with their labels, or None for all of those wanted. labels (tuple): those that have mentions, the most
    frequent first. n_mentions (int): of these labels. n_in_pieces (int): mentions in several pieces, which were left out."""

    passages: List[AnnotatedPassage]
    labels: Tuple[str, ...]
    n_mentions: int
    n_in_pieces: int


def read_documents(paths: Sequence[Path], wanted: Optional[Sequence[str]] = None, need_all: bool = True) -> Documents:
    """Read files, and folders of files, of any format that `corpus.formats` reads.

    A passage that does not say what it was annotated for counts as annotated for all labels `wanted`; where they are not
    named, for those met anywhere in the same path. In the first case it comes out with `labels` None.

    paths (Sequence[Path]): what to read. wanted (Sequence[str]): label names; None for all that are met.
    need_all (bool): refuse a wanted label without a mention, not only documents without a mention of any.
    RETURNS (Documents): the passages.
    RAISES (ValueError, OSError): as `read`, with file and line; where there is no mention; and for a wanted label that has none.
    """
    passages: List[AnnotatedPassage] = []
    counts: Counter[str] = Counter()
    tally = Tally()
    for path in paths:
        own = [resolve(passage, "drop", tally) for passage in read(path)]
        met = Counter(mention.label for passage in own for mention in passage.mentions)
        counts += met
        if wanted is None:
            inventory = tuple(sorted(met))
            own = [replace(passage, labels=inventory) if passage.labels is None else passage for passage in own]
        passages += own
    where = ", ".join(f"'{path}'" for path in paths)
    if not counts:
        raise ValueError(f"There is no mention in {where}; name documents with annotations.")
    found = tuple(label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    lacking = [label for label in wanted or () if label not in counts]
    if lacking and (need_all or not set(wanted or ()) & set(counts)):
        raise ValueError(f"No mention in {where} has the label {lacking[0]!r}; the labels there are {', '.join(found)}.")
    labels = found if wanted is None else tuple(wanted)
    return Documents(passages, labels, sum(counts[label] for label in labels), tally.count)

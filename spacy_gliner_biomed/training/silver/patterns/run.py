"""Unlabelled text → a folder of rows that the rule teacher has annotated."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ....corpus.passage import Mention
from ..exclusions import Exclusions
from ..passages import UnlabelledPassage, read_documents
from ..shards import SHARD_SIZE, Document, Row, ShardFolder, count_lines
from .boilerplate import frequent_sentences, is_boilerplate
from .rules import FULL, PARTIAL
from .teacher import PatternTeacher

CORPUS = "silver_patterns"  # its passages are no corpus of their own text's: other teachers look for other labels


def annotate_with_patterns(
    teacher: PatternTeacher,
    files: Sequence[Path],
    out: Path,
    *,
    words: int = 0,
    exclusions: Optional[Exclusions] = None,
    settings: Optional[Mapping[str, Any]] = None,
    shard_size: int = SHARD_SIZE,
    progress: bool = True,
) -> Dict[str, int]:
    """Annotate unlabelled text; a run that was broken off goes on where it was.

    Each passage gives up to two rows: one for the types whose absence is known, one (`partial`) for the others.

    teacher (PatternTeacher): the rules.
    files (sequence): of unlabelled text.
    out (Path): folder for the shards.
    words (int): about so many words in all, evenly from the files, whole documents; 0 for everything.
    exclusions (Exclusions): texts that must not be among them.
    settings (mapping): what the rows depend on besides; a folder made with others is refused.
    shard_size (int): passages after which a shard ends.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): passages read, excluded (also because they are boilerplate) and annotated; rows, words, mentions, and
        mentions by label.
    """

    def work(documents: List[Document]) -> Tuple[List[Row], Mapping[str, int]]:
        rows: List[Row] = []
        counts: Counter[str] = Counter()
        for document in documents:
            for passage in document:
                counts["passages read"] += 1
                reason = None if exclusions is None else exclusions.reason(passage)
                if reason is not None:
                    counts[f"excluded: same {reason}"] += 1
                    continue
                if is_boilerplate(passage.text, frequent):
                    counts["excluded: boilerplate"] += 1
                    continue
                _count(counts, passage, new := pattern_rows(passage, teacher))
                rows += new
        return rows, counts

    kept_settings = {
        **(settings or {}), "full": teacher.full, "partial": teacher.partial, "words": words, "shard_size": shard_size
    }  # fmt: skip
    shards = ShardFolder(out, kept_settings)
    frequent = frequent_sentences(files)
    shares = even_shares(files, words) if words else {}
    total = 0 if words else count_lines(files)
    return shards.fill(_sampled(files, shares), work, shard_size, progress, total)


def pattern_rows(passage: UnlabelledPassage, teacher: PatternTeacher) -> List[Row]:
    """Annotate a passage.

    passage (UnlabelledPassage): the passage.
    teacher (PatternTeacher): the rules.
    RETURNS (list): a row of the full types, if the teacher has any: it says that there are no others. And a partial row,
        where there is a mention of another type.
    """
    mentions = teacher.annotate(passage.text)
    rows = []
    full, partial = teacher.full, teacher.partial
    if full:
        rows.append(_row(passage, FULL, full, mentions))
    if any(mention.label in set(partial) for mention in mentions):
        rows.append({**_row(passage, PARTIAL, partial, mentions), "partial": True})
    return rows


def even_shares(files: Sequence[Path], words: int) -> Dict[Path, float]:
    """How much of each file to take.

    files (sequence): of unlabelled text.
    words (int): wanted in all.
    RETURNS (dict): file → share of its documents; files with little text give all of it, the others make up for them.
    """
    sizes = {
        file: sum(len(passage.text.split()) for document in read_documents([file]) for passage in document) for file in files
    }
    shares: Dict[Path, float] = {}
    left = words
    for number, (file, size) in enumerate(sorted(sizes.items(), key=lambda pair: pair[1])):
        own = min(size, left // (len(sizes) - number))
        shares[file] = own / size if size else 0.0
        left -= own
    return shares


def _sampled(files: Sequence[Path], shares: Mapping[Path, float]) -> Iterator[Document]:
    """Documents by a hash of their name, so that the same are taken whatever else is."""
    for file in files:
        share = shares.get(file, 1.0)
        for document in read_documents([file]):
            if share >= 1.0 or _place(document[0].document) < share:
                yield document


def _place(name: str) -> float:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest(), "big") / 2**64


def _row(passage: UnlabelledPassage, coverage: str, labels: List[str], mentions: Iterable[Mention]) -> Row:
    wanted = set(labels)
    return {
        "id": f"{passage.id}.{coverage}",
        "doc_id": passage.document,
        "text": passage.text,
        "corpus": f"{CORPUS}_{coverage}",
        "source": passage.source,
        "license": passage.license,
        "source_id": passage.source_id,
        "offset": passage.offset,
        "labels": labels,
        "entities": [
            {"start": start, "end": end, "label": label} for start, end, label in mentions if label in wanted
        ],
    }


def _count(counts: Counter[str], passage: UnlabelledPassage, rows: Sequence[Row]) -> None:
    counts["passages annotated"] += 1
    counts["words"] += len(passage.text.split())
    for row in rows:
        counts[f"rows: {PARTIAL if row.get('partial') else FULL}"] += 1
        counts["mentions"] += len(row["entities"])
        counts.update(f"label: {entity['label']}" for entity in row["entities"])

"""Self-training: a pipeline annotates text, and what it is sure of becomes training data.

Two thresholds divide its mentions: above `high` a mention is kept; between `low` and `high` its characters are marked
as unknown, neither an entity nor none. Rows are `partial` as well: training takes as negatives only spans that touch a kept
mention and no unknown stretch, so that what the model was in doubt about or overlooked is not taught as free of mentions.
Passages with too many doubtful mentions, or without a sure one, are left out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from spacy.language import Language

from ...annotate.entities import Entity
from ...annotate.inputs import Passage
from ...annotate.pipeline import find_pipe
from ...annotate.run import annotate_stream
from .exclusions import Exclusions
from .passages import UnlabelledPassage, read_documents
from .shards import SHARD_SIZE, Document, Row, ShardFolder, count_lines

HIGH = 0.9
LOW = 0.3
MOST_DOUBTFUL = 0.5


def annotate_with_model(
    nlp: Language,
    files: Sequence[Path],
    out: Path,
    *,
    high: float = HIGH,
    low: float = LOW,
    most_doubtful: float = MOST_DOUBTFUL,
    exclusions: Optional[Exclusions] = None,
    settings: Optional[Mapping[str, Any]] = None,
    batch_size: int = 32,
    shard_size: int = SHARD_SIZE,
    progress: bool = True,
) -> Dict[str, int]:
    """Annotate unlabelled text with a model; a run that was broken off goes on where it was.

    nlp (Language): a pipeline with a `gliner_biomed` pipe that has the labels to look for; its threshold becomes `low`.
    files (sequence): of unlabelled text.
    out (Path): folder for the shards.
    high (float): score that a mention must exceed to be kept.
    low (float): score below which nothing is seen in a stretch of text.
    most_doubtful (float): share of a passage's mentions that may lie between the two, 0 to 1.
    exclusions, settings, shard_size, progress: as for `annotate_with_lexicon`.
    batch_size (int): passages that the model reads at a time.
    RETURNS (dict): passages read, excluded, doubtful, without a mention and written; mentions, unknown regions, words.
    RAISES (ValueError): for thresholds that are not 0 <= low <= high < 1.
    """
    if not 0 <= low <= high < 1:
        raise ValueError(f"The scores must be 0 <= low <= high < 1, not low {low} and high {high}; a kept mention exceeds high.")
    pipe = find_pipe(nlp)
    labels = list(pipe.labels)
    pipe.threshold = low

    def work(documents: List[Document]) -> Tuple[List[Row], Mapping[str, int]]:
        counts: Counter[str] = Counter()
        rows: List[Row] = []
        chosen = list(_chosen(documents, exclusions, counts))
        stream = annotate_stream(nlp, (Passage(passage.text, passage.id) for passage in chosen), batch_size)
        for passage, (_, _, entities) in zip(chosen, stream, strict=True):
            row = silver_row(passage, entities, labels, high, most_doubtful)
            if isinstance(row, str):
                counts[row] += 1
                continue
            rows.append(row)
            counts["passages written"] += 1
            counts["words"] += len(passage.text.split())
            counts["mentions"] += len(row["entities"])
            counts["unknown regions"] += len(row["unknown"])
            counts.update(f"label: {entity['label']}" for entity in row["entities"])
        return rows, counts

    shards = ShardFolder(
        out,
        {
            **(settings or {}),
            "labels": labels,
            "high": high,
            "low": low,
            "most_doubtful": most_doubtful,
            "shard_size": shard_size,
        },
    )
    return shards.fill(read_documents(files), work, shard_size, progress, count_lines(files))


def silver_row(
    passage: UnlabelledPassage, entities: Sequence[Entity], labels: Sequence[str], high: float, most_doubtful: float
) -> Row | str:
    """What one annotated passage is worth.

    passage (UnlabelledPassage): the passage.
    entities (sequence): what the model found above the low threshold.
    labels (sequence): what it looked for.
    high (float): score that a mention must exceed.
    most_doubtful (float): share of mentions that may lie below.
    RETURNS (Union[dict, str]): its row, or why there is none.
    """
    sure = [entity for entity in entities if entity.score > high]
    doubtful = [entity for entity in entities if entity.score <= high]
    if not sure:
        return "without a sure mention"
    if len(doubtful) > most_doubtful * len(entities):
        return "too doubtful"
    return {
        "id": passage.id,
        "doc_id": passage.document,
        "text": passage.text,
        "corpus": passage.corpus.replace("silver_", "self_", 1),
        "source": passage.source,
        "license": passage.license,
        "source_id": passage.source_id,
        "offset": passage.offset,
        "labels": list(labels),
        "partial": True,
        "entities": [
            {"start": one.start, "end": one.end, "label": one.label, "score": round(one.score, 4)} for one in sure
        ],
        "unknown": [list(region) for region in merge_regions((one.start, one.end) for one in doubtful)],
    }


def merge_regions(regions: Any) -> List[Tuple[int, int]]:
    """RETURNS (list): (start, end) regions that overlap or touch as one each, sorted."""
    merged: List[Tuple[int, int]] = []
    for start, end in sorted(regions):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _chosen(
    documents: List[Document], exclusions: Optional[Exclusions], counts: Counter[str]
) -> Iterator[UnlabelledPassage]:
    for document in documents:
        for passage in document:
            counts["passages read"] += 1
            reason = None if exclusions is None else exclusions.reason(passage)
            if reason is None:
                yield passage
            else:
                counts[f"excluded: same {reason}"] += 1

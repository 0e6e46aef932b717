"""A benchmark in the uniform format, cut into chunks, as `evaluate --corpora` reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence

from tqdm import tqdm

from ...annotate.output import text_file
from ...corpus.discontinuous import POLICIES, resolve
from ...corpus.formats import to_row
from ...corpus.formats.problems import Problems
from ..chunk import Chunk, Chunker, negatives
from .load import get, load

PAPER = "paper"  # the policy of the paper's own script


@dataclass
class Converted:
    """What one part came to.

    part, path: the part and its file.
    documents, passages, mentions, in_pieces (int): what was read; `in_pieces` mentions are counted before a policy.
    chunks (int): rows written.
    problems (Problems): what did not fit and was left out.
    """

    part: str
    path: Path
    documents: int = 0
    passages: int = 0
    mentions: int = 0
    in_pieces: int = 0
    chunks: int = 0
    problems: Problems = field(default_factory=Problems)


def convert(
    name: str,
    source: Path,
    out: Path,
    parts: Sequence[str] = (),
    chunker: Optional[Chunker] = None,
    policy: Optional[str] = None,
) -> Dict[str, Converted]:
    """Write a benchmark as `OUT/PART/NAME.jsonl`, one part after the other; each file appears whole or not at all.

    name (str): the benchmark.
    source (Path): holds its release.
    out (Path): the folder of corpora to write into.
    parts (Sequence[str]): which parts; all of them where empty.
    chunker (Chunker): cuts long passages; None leaves them whole.
    policy (str): for mentions in pieces: one of `discontinuous.POLICIES`, or "paper" for what the paper's script does. None
        keeps them apart in the rows, for whoever evaluates to decide.
    RETURNS (Dict[str, Converted]): part → what it came to.
    RAISES (ValueError, OSError): as `load`; mentions that do not fit are left out and listed.
    """
    entry = get(name)
    if policy == PAPER:
        policy = entry.paper_policy
    elif policy is not None and policy not in POLICIES:
        raise ValueError(f"There is no policy '{policy}' for mentions in pieces; take {', '.join(POLICIES)} or {PAPER}.")
    done: Dict[str, Converted] = {}
    for part in parts or tuple(entry.splits):
        result = Converted(part, Path(out) / part / f"{name}.jsonl")
        chunks = _chunks(name, Path(source), part, chunker, policy, result)
        first = next(chunks, None)  # a missing release is noticed before a file is begun
        with text_file(result.path) as stream:
            for chunk in tqdm([] if first is None else _again(first, chunks), f"{name} {part}", unit=" chunks", disable=None):
                stream.write(json.dumps(row(chunk, part, entry.labels), ensure_ascii=False) + "\n")
                result.chunks += 1
        done[part] = result
    return done


def row(chunk: Chunk, part: str, labels: Sequence[str]) -> Dict[str, object]:
    """RETURNS (dict): a row of the uniform format; `offset` is where its text begins in the document's passage, in
    characters, `negatives` the labels looked for and not found in this chunk.
    """
    return {
        **to_row(chunk.passage),
        "split": part,
        "offset": chunk.start,
        "negatives": list(negatives(chunk.passage, labels)),
    }


def _chunks(
    name: str, source: Path, part: str, chunker: Optional[Chunker], policy: Optional[str], result: Converted
) -> Iterator[Chunk]:
    documents = set()
    for passage in load(name, source, part, "report", result.problems):
        documents.add(passage.document)
        result.documents = len(documents)
        result.passages += 1
        result.mentions += len(passage.mentions)
        result.in_pieces += len(passage.discontinuous)
        if policy is not None:
            passage = resolve(passage, policy)
        if chunker is None:
            yield Chunk(0, passage)
        else:
            yield from chunker.chunk(passage)


def _again(first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest

"""A benchmark by its name, from the folder that holds its release."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from ...corpus.formats.problems import Problems, choose_problems
from ...corpus.passage import AnnotatedPassage, Discontinuous, Mention
from .entries import BENCHMARKS
from .entry import Benchmark
from .sources import READERS, find_source
from .splits import members

PARTS = ("train", "dev", "test")


def get(name: str) -> Benchmark:
    """A benchmark's entry.

    name (str): its name, such as "ncbi_disease".
    RETURNS (Benchmark): the entry.
    RAISES (ValueError): for another name.
    """
    if name not in BENCHMARKS:
        raise ValueError(f"There is no benchmark '{name}'; there are {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]


def load(
    name: str,
    folder: Path,
    split: str = "test",
    on_problem: str = "raise",
    problems: Optional[Problems] = None,
) -> Iterator[AnnotatedPassage]:
    """Read one part of a benchmark, one passage at a time.

    name (str): the benchmark.
    folder (Path): holds its release as it was unpacked, at any depth.
    split (str): "train", "dev" or "test".
    on_problem (str): "raise", or "report" to leave out what does not fit and list it in `problems`. CHIA and biomed_NER
        have a few dozen mentions that do not fit.
    problems (Problems): takes what is reported.
    RETURNS (Iterator[AnnotatedPassage]): labels are the benchmark's, `labels` its inventory, `corpus` its name. Blanks at a
        mention's edges are cut off. Mentions in pieces stay apart. A passage whose id was there before gets `#2`.
    RAISES (ValueError, FileNotFoundError): at once for an unknown name or part and for a missing release; while reading for
        damaged files and, under "raise", for what does not fit.
    """
    entry = get(name)
    if split not in entry.splits:
        raise ValueError(f"{entry.title} has no part '{split}'; it has {', '.join(entry.splits)}.")
    taker = choose_problems(on_problem, problems)
    share, reader = entry.splits[split], READERS[entry.reader]
    path = find_source(entry, share.source, Path(folder))
    wanted = None if (share.start, share.end) == (0, 100) else members(reader.documents(path), share)
    return _in_its_words(entry, reader.passages(path, wanted, taker), taker)


def _in_its_words(
    entry: Benchmark, passages: Iterator[AnnotatedPassage], problems: Problems
) -> Iterator[AnnotatedPassage]:
    met: Dict[str, int] = Counter()
    for passage in passages:
        met[passage.id] += 1
        mentions: List[Mention] = []
        for start, end, raw in passage.mentions:
            label = _label(entry, raw, passage, problems)
            if label is not None:
                mentions.extend(Mention(low, high, label) for low, high in _trimmed(passage, [(start, end)], problems))
        discontinuous: List[Discontinuous] = []
        for fragments, raw in passage.discontinuous:
            label = _label(entry, raw, passage, problems)
            if label is not None:
                pieces = _trimmed(passage, fragments, problems)
                if len(pieces) == 1:
                    mentions.append(Mention(*pieces[0], label))
                elif pieces:
                    discontinuous.append(Discontinuous(tuple(pieces), label))
        yield replace(
            passage,
            id=passage.id if met[passage.id] == 1 else f"{passage.id}#{met[passage.id]}",
            doc_id=passage.document,
            mentions=tuple(sorted(set(mentions))),
            discontinuous=tuple(sorted(set(discontinuous))),
            corpus=entry.name,
            labels=entry.labels,
        )


def _label(entry: Benchmark, raw: str, passage: AnnotatedPassage, problems: Problems) -> Optional[str]:
    try:
        return entry.label(raw)
    except KeyError:
        problems.add(passage.where, f"passage {passage.id}: {entry.title} has no label {raw!r}; the mention is left out.")
        return None


def _trimmed(
    passage: AnnotatedPassage, fragments: Tuple[Tuple[int, int], ...] | List[Tuple[int, int]], problems: Problems
) -> List[Tuple[int, int]]:
    """RETURNS (List[Tuple[int, int]]): the pieces without blanks at their edges; blank ones are left out and reported."""
    pieces: List[Tuple[int, int]] = []
    for start, end in fragments:
        words = passage.text[start:end]
        if words.strip():
            pieces.append((start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())))
        else:
            problems.add(passage.where, f"passage {passage.id}: the mention {start}–{end} is blank.")
    return pieces

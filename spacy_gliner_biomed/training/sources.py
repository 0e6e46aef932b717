"""Annotated corpora on disk → the store of windows that a training draws from."""

from __future__ import annotations

import difflib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..corpus.discontinuous import resolve
from ..corpus.formats import corpus_name, read
from ..corpus.passage import AnnotatedPassage
from ..label_sets import hold_out, load_merges, load_wordings
from ..scorer.scorer import SpanScorer
from .sampling import TrainingStream
from .settings import DevSettings, SourceSettings, StreamSettings
from .store import CorpusKey, StoreBuilder, WindowStore
from .windows import GoldReport, passage_windows

NEAREST = 5  # names that a warning tells


def open_stream(
    sources: Sequence[SourceSettings],
    settings: StreamSettings,
    scorer: SpanScorer,
    corpora: Path,
    seed: int = 0,
    progress: bool = True,
    store: Optional[WindowStore] = None,
) -> TrainingStream:
    """Read all sources, encode them and make the stream.

    corpora (Path): the folder that the sources' paths start from.
    store (WindowStore): what `build_store` made of the same sources, scorer and window, to save the reading.
    RETURNS (TrainingStream): with the wordings and merges of `label_sets`.
    RAISES (ValueError, OSError): for a source that can't be read, or none that holds anything.
    """
    if store is None:
        store = build_store(sources, settings, scorer, corpora, progress=progress)
    wordings = hold_out(load_wordings(), settings.withhold) if settings.reads_wordings else {}
    merges = load_merges() if settings.merge else ()
    room = None if scorer.config.is_bi_encoder else scorer.room_for_words
    return TrainingStream(store, sources, settings, seed, wordings, merges, room)


def build_store(
    sources: Sequence[SourceSettings],
    settings: StreamSettings,
    scorer: SpanScorer,
    corpora: Path,
    report: Optional[GoldReport] = None,
    progress: bool = True,
) -> WindowStore:
    """RETURNS (WindowStore): the windows of all sources.

    report (GoldReport): counts what became of the mentions.
    progress (bool): a bar on stderr, where that is a terminal, and lines about mentions that can't be learnt, and about what
        `source_passages` does not find.
    RAISES (ValueError): where no mention can be learnt; and as `source_passages`.
    """
    from tqdm import tqdm

    report = GoldReport() if report is None else report
    builder = StoreBuilder()
    window, room = window_size(scorer, settings)
    bar = tqdm(desc="Encoding", unit=" words", unit_scale=True, disable=None if progress else True, mininterval=1.0)
    with bar:
        for number, source in enumerate(sources):
            for passage in source_passages(source, corpora, settings.withhold, progress):
                key = CorpusKey(number, passage.corpus)
                if passage.labels is None:
                    builder.inventory(passage.corpus, [mention.label for mention in passage.mentions])
                before = builder.n_words
                for part in passage_windows(passage, scorer, window, room, report):
                    builder.add(part, key, passage.labels, passage.weight, passage.partial)
                bar.update(builder.n_words - before)
    store = builder.build([source.exclude_labels for source in sources])
    if report.n_left_out:
        left_out = report.left_out(scorer.config.max_width)
        if not len(store.spans):
            raise ValueError(f"No mention in the sources can be learnt ({left_out}); there is nothing to learn from.")
        if progress:
            print(f"Mentions left out of the training: {left_out}.", file=sys.stderr)
    return store


def window_size(scorer: SpanScorer, settings: StreamSettings) -> Tuple[int, int]:
    """RETURNS (tuple): most words and most sub-words of a training window.

    A uni-encoder whose positions are absolute keeps `prompt_subwords` of them for the labels.
    """
    room = scorer.max_subwords - 2
    if not scorer.config.is_bi_encoder:
        room = max(room - settings.prompt_subwords, 3 * scorer.config.max_width)
    return settings.window or scorer.config.max_len, room


def source_passages(
    source: SourceSettings, corpora: Path, withhold: Sequence[str] = (), progress: bool = True
) -> Iterator[AnnotatedPassage]:
    """YIELDS (AnnotatedPassage): the passages of a source, as its settings want them.

    withhold (list): labels that no passage is taken to be annotated for, whatever their case.
    progress (bool): a line on stderr about every corpus or label that is to be left out and isn't there: it may be misspelt.
    RAISES (ValueError): where a corpus that is asked for by name isn't there; not for one that is to be left out, as a folder need
        not hold all corpora that a recipe knows.
    """
    met: Set[str] = set()
    labels: Set[str] = set()
    read_all = _noting(_read_all(corpora / source.path, source.format), met, labels)
    passages = _chosen(read_all, source.only, source.exclude, source.path)
    if source.words:
        passages = iter(take_words(list(passages), source.words))
    dropped, withheld = set(source.exclude_labels), {text.casefold() for text in withhold}

    def is_taken(label: str) -> bool:
        return label not in dropped and label.casefold() not in withheld

    for passage in passages:
        if dropped or withheld:
            passage = replace(
                passage,
                mentions=tuple(mention for mention in passage.mentions if is_taken(mention.label)),
                labels=None if passage.labels is None else tuple(filter(is_taken, passage.labels)),
            )
        if source.partial is not None and source.partial != passage.partial:
            passage = replace(passage, partial=source.partial)
        yield passage
    if progress:
        _tell_missing("corpus", source.exclude, met, source.path)
        _tell_missing("label", dropped, labels, source.path)


def dev_passages(settings: DevSettings, corpora: Path) -> List[AnnotatedPassage]:
    """RETURNS (list): the passages that a training is watched on, a few of every corpus."""
    by_corpus: Dict[str, List[AnnotatedPassage]] = {}
    read_all = _read_all(corpora / settings.path, settings.format)
    for passage in _chosen(read_all, settings.only, settings.exclude, settings.path):
        by_corpus.setdefault(passage.corpus, []).append(passage)
    found = []
    for passages in by_corpus.values():
        labels = tuple(sorted({mention.label for passage in passages for mention in passage.mentions}))
        for passage in take_words(passages, settings.words) if settings.words else passages:
            found.append(replace(passage, labels=labels) if passage.labels is None else passage)
    return found


def take_words(passages: List[AnnotatedPassage], words: int) -> List[AnnotatedPassage]:
    """RETURNS (list): passages evenly from the whole, about so many words of them together."""
    total = sum(passage.text.count(" ") + 1 for passage in passages)
    if total <= words:
        return passages
    count = max(round(len(passages) * words / total), 1)
    return [passages[number * len(passages) // count] for number in range(count)]


def _read_all(path: Path, format: Optional[str]) -> Iterator[AnnotatedPassage]:
    if not path.exists():
        raise ValueError(f"There is no corpus at {path}; name a file or a folder of annotated passages.")
    for passage in read(path, format):
        if passage.discontinuous:
            passage = resolve(passage, "drop")
        yield passage if passage.corpus else replace(passage, corpus=corpus_name(path))


def _chosen(
    passages: Iterator[AnnotatedPassage], only: Sequence[str], exclude: Sequence[str], path: str
) -> Iterator[AnnotatedPassage]:
    met = set()
    for passage in passages:
        met.add(passage.corpus)
        if (not only or passage.corpus in only) and passage.corpus not in exclude:
            yield passage
    unknown = sorted(set(only) - met)
    if unknown:
        raise ValueError(f"There is no corpus {unknown[0]!r} in {path}; it holds {', '.join(sorted(met))}.")


def _noting(passages: Iterator[AnnotatedPassage], met: Set[str], labels: Set[str]) -> Iterator[AnnotatedPassage]:
    """Note the corpora and labels that go by."""
    for passage in passages:
        met.add(passage.corpus)
        labels.update(passage.labels or (), (mention.label for mention in passage.mentions))
        yield passage


def _tell_missing(kind: str, excluded: Collection[str], met: Collection[str], path: str) -> None:
    from tqdm import tqdm

    for name in sorted(set(excluded) - set(met)):
        nearest = difflib.get_close_matches(name, sorted(met), NEAREST, 0.0)
        message = f"There is no {kind} {name!r} to leave out in {path}; the nearest that it holds are {', '.join(nearest)}."
        tqdm.write(message, file=sys.stderr)  # a bar may stand there

"""Annotate a stream of passages into one or more outputs, in constant memory."""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from itertools import chain, islice
from typing import Iterable, Iterator, List, Sequence, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from .entities import Entity, read_entities
from .inputs import Passage
from .pipeline import find_pipe
from .writers import STDOUT, choose_formats, open_writer

WARM_UP = "Aspirin relieves pain."
ZONE_BATCHES = 32  # batches between two clearances of the words that spaCy's vocabulary has gathered


def annotate(
    nlp: Language,
    passages: Iterable[Passage],
    outputs: Sequence[str] = (STDOUT,),
    output_format: str = "",
    batch_size: int = 32,
    n_process: int = 1,
    entities_key: str = "entities",
    progress: bool = True,
) -> int:
    """Annotate passages and write them to every output, in their order.

    nlp (Language): a pipeline with a `gliner_biomed` pipe.
    passages (Iterable[Passage]): read lazily; `batch_size` of them are held at a time.
    outputs (Sequence[str]): files, folders (for the format `spacy`) or `-` for stdout.
    output_format (str): `table`, `jsonl`, `spacy` or `html`, for outputs whose names do not say it.
    batch_size (int): documents that spaCy hands on at a time.
    n_process (int): processes; more than one pays for long inputs on machines with many cores.
    entities_key (str): the field of JSON rows that receives the entities.
    progress (bool): a bar on stderr, where that is a terminal and the results do not go to the same one.
    RETURNS (int): number of passages annotated.
    RAISES (ValueError): for outputs and formats that do not fit, and rows that hold `entities_key` already.
    """
    formats = choose_formats(outputs, output_format)
    results = annotate_stream(nlp, passages, batch_size, n_process)
    # The first result comes before any file is touched: a model that cannot be loaded leaves no empty files behind.
    first = list(islice(results, 1))
    n_passages = 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(open_writer(output, chosen, entities_key))
            for output, chosen in zip(outputs, formats, strict=True)
        ]
        shared = STDOUT in outputs and sys.stdout.isatty()
        bar = stack.enter_context(
            tqdm(unit=" passages", file=sys.stderr, disable=None if progress and not shared else True)
        )
        for passage, doc, entities in chain(first, results):
            for write in writers:
                write(passage, doc, entities)
            n_passages += 1
            bar.update()
    return n_passages


def annotate_stream(
    nlp: Language, passages: Iterable[Passage], batch_size: int = 32, n_process: int = 1
) -> Iterator[Tuple[Passage, Doc, List[Entity]]]:
    """Annotate passages one after the other.

    A document must not be kept after the next one is asked for: spaCy's vocabulary forgets its words from time to time,
    so that memory does not grow with the length of the stream.

    nlp, passages, batch_size, n_process: as for `annotate`.
    YIELDS (Tuple[Passage, Doc, List[Entity]]): in the order of the passages.
    """
    spans_key = find_pipe(nlp).cfg["spans_key"]
    stream = iter(passages)
    if n_process > 1:
        nlp(WARM_UP)  # reads the weights before the fork: they are shared, and what is wrong with them is told plainly
    # Worker processes have vocabularies of their own, and starting them anew costs more than it saves.
    zone_size = batch_size * ZONE_BATCHES if n_process == 1 else None
    for head in stream:
        zone = islice(chain([head], stream), zone_size)
        with nlp.memory_zone() if n_process == 1 else nullcontext():
            texts = ((passage.text, passage) for passage in zone)
            for doc, passage in nlp.pipe(texts, as_tuples=True, batch_size=batch_size, n_process=n_process):
                yield passage, doc, read_entities(doc, spans_key)

"""`gliner-biomed benchmarks …`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

benchmarks = typer.Typer(
    help="The eight benchmarks of the GLiNER-BioMed paper: get, convert, compare.", no_args_is_help=True, rich_markup_mode=None
)

SHOWN_PROBLEMS = 5


@benchmarks.command("list")
def list_benchmarks() -> None:
    """Show the benchmarks: name, licence, how to get each."""
    from ..evaluation.benchmarks import BENCHMARKS

    print("| name | benchmark | texts | labels | to be had | licence |\n|---|---|---|--:|---|---|")
    for entry in BENCHMARKS.values():
        print(f"| {entry.name} | {entry.title} | {entry.text} | {len(entry.labels)} | {entry.access} | {entry.licence} |")


@benchmarks.command()
def show(name: str = typer.Argument(..., help="A name that `benchmarks list` shows.")) -> None:
    """Show one benchmark: what to download and where to put it, parts, labels, what differs from the paper's scripts."""
    from ..evaluation.benchmarks import get

    entry = get(name)
    print(f"{entry.title}: {entry.text}")
    print(f"Licence: {entry.licence}; to be had {entry.access} from {entry.homepage}")
    print(f"{entry.get} Then: gliner-biomed benchmarks convert {entry.name} --source FOLDER --out CORPORA")
    for part, share in entry.splits.items():
        files = " or ".join(name for name in entry.sources[share.source] if name != ".")
        whole = (share.start, share.end) == (0, 100)
        print(f"{part}: {files}" if whole else f"{part}: {share.start}–{share.end} % of the shuffled documents of {files}")
    print(f"Labels: {', '.join(entry.labels)}")
    print("Renamed: " + (", ".join(f"{raw} → {label}" for raw, label in entry.renames.items() if raw != label) or "none"))
    print(f"Mentions in pieces, in the paper's script: {entry.paper_policy}")
    if entry.differs:
        print(f"Differs from the paper's script: {entry.differs}")


@benchmarks.command()
def convert(
    name: str = typer.Argument(..., help="A name that `benchmarks list` shows."),
    source: Path = typer.Option(..., help="The folder that holds its release, unpacked."),
    out: Path = typer.Option(..., help="The folder of corpora to write train/, dev/ and test/ into."),
    part: List[str] = typer.Option([], help="train, dev or test; all without. Repeatable."),
    policy: Optional[str] = typer.Option(
        None, help="Mentions in pieces: drop, hull, fragments, or paper for what its script does; kept apart without."
    ),
    max_subwords: int = typer.Option(512, min=0, help="Sub-words a chunk may hold; 0 leaves passages whole."),
    tokenizer: Optional[Path] = typer.Option(None, help="The tokenizer.json that counts them; mini's without."),
) -> None:
    """Convert a release to the uniform format, which `evaluate --corpora OUT --part test` reads."""
    from ..evaluation.benchmarks import convert as logic
    from ..evaluation.chunk import Chunker, read_tokenizer

    chunker = Chunker(read_tokenizer(tokenizer), max_subwords) if max_subwords else None
    for result in logic(name, source, out, part, chunker, policy).values():
        print(
            f"{result.path}: {result.chunks} rows of {result.passages} passages, {result.documents} documents, "
            f"{result.mentions} mentions and {result.in_pieces} in pieces; {len(result.problems)} problems."
        )
        for problem in list(result.problems)[:SHOWN_PROBLEMS]:
            print(f"  left out: {problem}")


@benchmarks.command()
def overlap(
    corpus: Path = typer.Argument(..., help="A corpus in any format that is read."),
    training: List[Path] = typer.Option(..., help="A file or folder of training texts. Repeatable."),
    words: int = typer.Option(13, min=1, help="Words in a row that count as shared."),
) -> None:
    """Measure how much of a benchmark stands in a model's training texts."""
    from tqdm import tqdm

    from ..corpus.formats import read
    from ..evaluation.overlap import TrainingTexts

    texts = TrainingTexts(words)
    for path in training:
        texts.add_passages(tqdm(read(path), str(path), unit=" passages", disable=None))
    found = texts.compare(tqdm(read(corpus), str(corpus), unit=" passages", disable=None))
    print(found.sentence())
    for passage_id, shared in found.examples[:SHOWN_PROBLEMS]:
        print(f"  {passage_id}: {shared}")

"""`gliner-biomed throughput`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer


def throughput(
    systems: List[str] = typer.Argument(
        None, help="mini, a model folder, a Hub id; NAME=… gives it a name; also gliner:FOLDER or lexicon:FILE. Default: mini."
    ),
    corpora: Path = typer.Option(..., help="The folder that holds dev/, or one annotated file or folder of any known format."),
    part: str = typer.Option("dev", help="The part of the folder to read."),
    only: Optional[str] = typer.Option(None, help="The corpus of the folder to read, by name."),
    gliner: bool = typer.Option(True, help="Time each checkpoint in the gliner library as well."),
    label_set: List[str] = typer.Option(["own", "umls"], help="own: the corpus' labels; umls: 127 semantic types. Repeatable."),
    batch_size: List[int] = typer.Option([1, 2, 4, 8, 16, 32, 64], min=1, help="Documents at a time. Repeatable."),
    memory: float = typer.Option(8192.0, min=1.0, help="Memory cap in MiB; a batch size that passes it ends its series."),
    rounds: int = typer.Option(3, min=1, help="Timed runs of each batch size; their median counts."),
    limit: int = typer.Option(64, min=1, help="Texts to read."),
    max_words: int = typer.Option(256, min=1, help="Longest text, in words; gliner would leave the rest unread."),
    threads: int = typer.Option(0, min=0, help="Torch threads of each process; 0 leaves that to torch."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    device: Optional[str] = typer.Option(None, help="cpu or cuda; cpu without."),
    out: Optional[Path] = typer.Option(None, help="A folder for result.json, report.html and picture.svg."),
) -> None:
    """How fast models are: words a second and memory over batch sizes, each system in a process of its own, in turns."""
    from tempfile import TemporaryDirectory

    from ..evaluation import throughput as protocol
    from ..evaluation.corpora import corpora_at
    from ..evaluation.predicted import passages_again
    from ..evaluation.report import make_folder, write_report
    from ..evaluation.run import envelope, typed_command

    settings = protocol.ThroughputSettings(
        tuple(sorted(set(batch_size))), rounds, memory, threads, threshold, device
    )  # fmt: skip
    found = corpora_at(corpora, part, [only] if only else [])
    if len(found) > 1:
        raise ValueError(f"'{corpora / part}' holds {', '.join(each.name for each in found)}; choose one with --only.")
    corpus = found[0]
    if out is not None:
        make_folder(out)
    texts, too_long = protocol.choose_texts(passages_again(corpus), limit, max_words)
    given = list(systems or ["mini"])
    with TemporaryDirectory() as place:
        wanted = protocol.with_gliner(given, Path(place)) if gliner else protocol.named(given)
        result = protocol.measure_throughput(wanted, texts, protocol.label_sets(corpus.labels, label_set), settings)
    used = {
        **protocol.settings_of(settings),
        "corpus": corpus.name,
        "texts": len(texts),
        "texts_too_long": too_long,
        "words": sum(len(text.split()) for text in texts),
        "machine": result.pop("machine"),
    }
    write_report({**envelope(f"Throughput on {corpus.name}", typed_command(), used), **result}, out)

"""`gliner-biomed distill lexicon` and `component`: annotators that are no language models."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List, Mapping, Optional, Sequence

import typer

from .distill_options import INPUTS, PROGRESS

if TYPE_CHECKING:
    from ..distill.answers import Answer


def annotate_with_lexicon(
    inputs: List[Path] = INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The file of answers, .jsonl or .jsonl.gz."),
    corpora: Path = typer.Option(..., help="The folder of annotated corpora that judge the names, as for `silver lexicon`."),
    lexicon: Optional[Path] = typer.Option(None, help="Tab-separated names.", show_default="CORPORA/lexicon/lexicon.tsv.gz"),
    part: str = typer.Option("train", help="The part of the corpora to learn from."),
    leave_out: List[str] = typer.Option([], help="A corpus not to learn from, because it is held out. Repeatable."),
    least_precision: float = typer.Option(0.7, min=0.0, max=1.0, help="Overlap precision that a label must reach."),
    keep_unmeasured: bool = typer.Option(False, "--keep-unmeasured/--drop-unmeasured", help="Labels that no corpus judges."),
    progress: bool = PROGRESS,
) -> None:
    """Annotate with the names of a lexicon; the answers have the form of a teacher's."""
    from ..corpus.collect.passages import read_passages
    from ..distill.annotators import lexicon_answers
    from ..distill.lines import refuse_overwriting
    from ..training.silver.lexicon_run import train_teacher

    refuse_overwriting(inputs, out)
    names = lexicon or corpora / "lexicon" / "lexicon.tsv.gz"
    trained = train_teacher(
        names,
        corpora,
        part=part,
        leave_out=leave_out,
        least=least_precision,
        keep_unmeasured=keep_unmeasured,
        progress=progress,
    )
    settings = {
        "annotator": "lexicon", "lexicon": names.name, "part": part, "leave_out": sorted(leave_out), "labels": trained.kept,
        "least_precision": least_precision, "keep_unmeasured": keep_unmeasured,
    }
    left_out: Counter[str] = Counter()
    _write(out, lexicon_answers(read_passages(*inputs), trained.teacher, left_out), settings, inputs, progress, left_out)


def annotate_with_component(
    inputs: List[Path] = INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The file of answers, .jsonl or .jsonl.gz."),
    model: str = typer.Option("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    labels: List[str] = typer.Option([], help="Labels, comma-separated, or a file of them. Repeatable."),
    threshold: float = typer.Option(0.9, min=0.0, max=1.0, help="Score that a mention must exceed."),
    batch_size: int = typer.Option(32, min=1, help="Texts that the model reads at a time."),
    progress: bool = PROGRESS,
) -> None:
    """Annotate with a trained component; the answers have the form of a teacher's."""
    from ..annotate.options import parse_labels
    from ..annotate.pipeline import build_pipeline
    from ..corpus.collect.passages import read_passages
    from ..distill.annotators import component_answers
    from ..distill.lines import refuse_overwriting

    refuse_overwriting(inputs, out)
    nlp = build_pipeline(model, labels=parse_labels(labels), threshold=threshold)
    left_out: Counter[str] = Counter()
    answers = component_answers(read_passages(*inputs), nlp, model, batch_size, left_out)
    settings = {"annotator": model, "labels": list(labels), "threshold": threshold}
    _write(out, answers, settings, inputs, progress, left_out)


def count_passages(inputs: List[Path]) -> int:
    """RETURNS (int): the passages of files, for a bar; their content is not looked at."""
    from ..corpus.collect.passages import shard_files
    from ..corpus.formats.lines import numbered_lines

    return sum(bool(line.strip()) for file in shard_files(*inputs) for _, line in numbered_lines(file))


def _write(
    out: Path,
    answers: Iterable[Answer],
    settings: Mapping[str, Any],
    inputs: Sequence[Path],
    progress: bool,
    left_out: Counter[str],
) -> None:
    """Write answers and their record."""
    from tqdm import tqdm

    from ..distill.answers import write_answers
    from ..distill.stages import write_stage

    entities = 0

    def counted() -> Iterator[Answer]:
        nonlocal entities
        for answer in tqdm(answers, desc="annotate", unit=" answers", disable=None if progress else True):
            entities += len(answer.extraction.entities)
            yield answer

    count = write_answers(out, counted())
    write_stage(out, "annotate", settings, {"answers": count, "entities": entities, "left out": dict(left_out)}, inputs)
    typer.echo(f"{count:,} answers, {entities:,} entities: {out}")
    for reason, number in (+left_out).items():
        typer.echo(f"{number:,} mentions left out: {reason}", err=True)

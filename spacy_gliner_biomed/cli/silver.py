"""`gliner-biomed silver …`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import typer

from .annotate import Precision

silver = typer.Typer(
    help="Annotate text that nobody annotated, for training.", no_args_is_help=True, rich_markup_mode=None
)
UNLABELLED, LEXICON = "unlabelled", "lexicon/lexicon.tsv.gz"

_text = typer.Option([], "--text", help="JSON Lines of text, or a folder of them. Repeatable.", show_default="CORPORA/unlabelled")
_exclude = typer.Option(
    [], "--exclude", help="Test texts (JSON Lines or a folder): passages of their documents or with 13 words of theirs "
    "are left out. Repeatable."
)
_corpora = typer.Option(..., help="The folder that holds the annotated corpora, and lexicon/ and unlabelled/.")
_lexicon = typer.Option(None, "--lexicon", help="Tab-separated names.", show_default=f"CORPORA/{LEXICON}")
_part = typer.Option("train", help="The part of the corpora to learn the filters from.")
_leave_out = typer.Option([], help="A corpus not to learn from, because it is held out. Repeatable.")
_least = typer.Option(0.7, "--least-precision", min=0.0, max=1.0, help="Overlap precision that a label must reach.")
_unmeasured = typer.Option(
    False, "--keep-unmeasured/--drop-unmeasured", help="Labels of the lexicon that no corpus can judge."
)
_out = typer.Option(..., "--out", "-o", help="The folder for the shards.")
_shard_size = typer.Option(2000, min=1, help="Passages in a file.")
_progress = typer.Option(True, help="Show progress bars on stderr.")


@silver.command()
def precision(
    corpora: Path = _corpora,
    lexicon: Optional[Path] = _lexicon,
    text: List[Path] = _text,
    part: str = _part,
    leave_out: List[str] = _leave_out,
    least_precision: float = _least,
    keep_unmeasured: bool = _unmeasured,
    out: Optional[Path] = typer.Option(None, "--out", "-o", help="A .json or .md file; the table is printed anyway."),
    progress: bool = _progress,
) -> None:
    """How precise the lexicon teacher is, label by label, on halves of the gold that it has not learned from."""
    from ..training.silver.lexicon_run import report_json, train_teacher
    from ..training.silver.precision import write_report

    trained = train_teacher(
        lexicon or corpora / LEXICON,
        corpora,
        _files(corpora, text, optional=True),
        part=part,
        leave_out=leave_out,
        least=least_precision,
        keep_unmeasured=keep_unmeasured,
        progress=progress,
    )
    print(trained.markdown(), end="")
    if out is not None:
        write_report(trained.markdown() if out.suffix == ".md" else report_json(trained), out)


@silver.command("lexicon")
def lexicon_teacher(
    out: Path = _out,
    corpora: Path = _corpora,
    lexicon: Optional[Path] = _lexicon,
    text: List[Path] = _text,
    exclude: List[Path] = _exclude,
    part: str = _part,
    leave_out: List[str] = _leave_out,
    least_precision: float = _least,
    keep_unmeasured: bool = _unmeasured,
    shard_size: int = _shard_size,
    progress: bool = _progress,
) -> None:
    """Annotate text with a lexicon whose names gold has judged; a second run goes on where the first was broken off."""
    from ..corpus.assets import sha256
    from ..training.silver.exclusions import Exclusions
    from ..training.silver.lexicon_run import (
        annotate_with_lexicon,
        report_json,
        tables_fingerprint,
        train_teacher,
    )
    from ..training.silver.passages import text_files
    from ..training.silver.precision import write_report
    from ..training.silver.shards import ShardFolder

    names, files = lexicon or corpora / LEXICON, _files(corpora, text)
    settings: Dict[str, Any] = {
        "lexicon": sha256(names),
        "tables": tables_fingerprint(),
        "text": _hashes(files),
        "corpora": _hashes(text_files([corpora / part])),
        "exclude": sorted(_hashes(text_files(exclude))),
        "leave_out": sorted(leave_out),
        "part": part,
        "least_precision": least_precision,
        "keep_unmeasured": keep_unmeasured,
    }
    ShardFolder(out, {**settings, "shard_size": shard_size})  # refuses another run's folder before the minutes of learning
    exclusions = Exclusions.read(exclude) if exclude else None
    trained = train_teacher(
        names,
        corpora,
        files,
        part=part,
        leave_out=leave_out,
        least=least_precision,
        keep_unmeasured=keep_unmeasured,
        progress=progress,
    )
    counts = annotate_with_lexicon(
        trained, files, out, exclusions=exclusions, settings=settings, shard_size=shard_size, progress=progress
    )
    write_report(report_json(trained), out / "precision.json")
    write_report(trained.markdown(), out / "precision.md")
    _print_counts(counts, out)


@silver.command("self")
def self_training(
    out: Path = _out,
    text: List[Path] = typer.Option(..., "--text", help="JSON Lines of text, or a folder of them. Repeatable."),
    model: str = typer.Option("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    labels: List[str] = typer.Option(
        [], help="Labels, comma-separated, or a .json, .tsv or .txt file of names and descriptions. Repeatable."
    ),
    high: float = typer.Option(0.9, min=0.0, max=1.0, help="Score that a mention must exceed to be kept."),
    low: float = typer.Option(0.3, min=0.0, max=1.0, help="Score from which text is not taken as free of mentions."),
    most_doubtful: float = typer.Option(0.5, min=0.0, max=1.0, help="Share of a passage's mentions below --high."),
    exclude: List[Path] = _exclude,
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1.", show_default="cpu"),
    precision: Precision = typer.Option(Precision.float32, help="How the model computes."),
    batch_size: int = typer.Option(32, min=1, help="Passages at a time."),
    shard_size: int = _shard_size,
    progress: bool = _progress,
) -> None:
    """Annotate text with a model and keep what it is sure of; a second run goes on where the first was broken off."""
    from ..annotate.options import parse_labels
    from ..annotate.pipeline import build_pipeline, find_pipe
    from ..training.identity import weights_digest
    from ..training.silver.exclusions import Exclusions
    from ..training.silver.passages import text_files
    from ..training.silver.self_training import annotate_with_model

    files = text_files(text)
    exclusions = Exclusions.read(exclude) if exclude else None
    changes = {"precision": precision.value, **({"device": device} if device else {})}
    nlp = build_pipeline(model, revision, parse_labels(labels), settings=changes)
    settings = {
        "model": model,
        # a model's name alone does not tell which model lies there
        "weights": weights_digest(find_pipe(nlp, model).span_scorer.module.state_dict()),
        "revision": revision,
        "precision": precision.value,
        "text": _hashes(files),
        "exclude": sorted(_hashes(text_files(exclude))),
    }
    counts = annotate_with_model(
        nlp,
        files,
        out,
        high=high,
        low=low,
        most_doubtful=most_doubtful,
        exclusions=exclusions,
        settings=settings,
        batch_size=batch_size,
        shard_size=shard_size,
        progress=progress,
    )
    _print_counts(counts, out)


@silver.command()
def patterns(
    text: List[Path] = typer.Argument(..., metavar="IN…", help="JSON Lines of text, or folders of them."),
    out: Path = _out,
    labels: List[str] = typer.Option([], help="Types to find. Repeatable.", show_default="all"),
    words: int = typer.Option(0, min=0, help="About so many words in all, evenly from the files; 0 for everything."),
    exclude: List[Path] = _exclude,
    review: int = typer.Option(0, min=0, help="Also write so many mentions of each type, in context, to OUT/review.tsv."),
    shard_size: int = _shard_size,
    progress: bool = _progress,
) -> None:
    """Annotate text with rules for everyday types: doses, durations, p-values, countries, professions and such."""
    from ..corpus.assets import sha256
    from ..training.silver.exclusions import Exclusions
    from ..training.silver.passages import text_files
    from ..training.silver.patterns.review import write_review
    from ..training.silver.patterns.rules import RULE_FILES
    from ..training.silver.patterns.run import annotate_with_patterns
    from ..training.silver.patterns.teacher import PatternTeacher

    teacher = PatternTeacher(labels or None)
    files = text_files(text)
    settings = {
        "rules": {file.name: sha256(file) for file in RULE_FILES},
        "text": _hashes(files),
        "exclude": sorted(_hashes(text_files(exclude))),
    }
    counts = annotate_with_patterns(
        teacher,
        files,
        out,
        words=words,
        exclusions=Exclusions.read(exclude) if exclude else None,
        settings=settings,
        shard_size=shard_size,
        progress=progress,
    )
    if review:
        write_review(out, review)
    _print_counts(counts, out)


@silver.command()
def attach(
    notes: List[Path] = typer.Argument(..., metavar="NOTES…", help="JSON Lines of annotations that lie apart from their text."),
    text: List[Path] = typer.Option(..., "--text", help="JSON Lines of the text, or a folder of them. Repeatable."),
    out: Path = typer.Option(..., "--out", "-o", help="The file of annotated passages: .jsonl or .jsonl.gz."),
    corpus: str = typer.Option("", help="What the passages are to be called.", show_default="the name of the first file of notes"),
    progress: bool = _progress,
) -> None:
    """Bring annotations that are kept apart from their text back to it, where it is still the same."""
    from ..training.silver.passages import file_stem, text_files
    from ..training.silver.standoff import attach as attach_notes

    _print_counts(attach_notes(notes, text_files(text), out, corpus or file_stem(notes[0]), progress), out)


def _files(corpora: Path, text: Sequence[Path], optional: bool = False) -> List[Path]:
    from ..training.silver.passages import text_files

    if not text and optional and not (corpora / UNLABELLED).is_dir():
        return []
    return text_files(text or [corpora / UNLABELLED])


def _hashes(files: Sequence[Path]) -> List[Tuple[str, str]]:
    """Name and SHA-256 of every file; files of two folders may share a name."""
    from ..corpus.assets import sha256

    return [(file.name, sha256(file)) for file in files]


def _print_counts(counts: Dict[str, int], out: Path) -> None:
    for name, number in sorted(counts.items()):
        print(f"{name}: {number:,}")
    print(f"The rows are in '{out}'.")

"""`gliner-biomed distill …`: from answers to annotated passages, out to training, and how good they are."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, List, Mapping, Optional

import typer

_progress = typer.Option(True, help="Show progress bars on stderr.")


class Policy(StrEnum):
    """What stays of several types on one span."""

    frequent = "frequent"
    specific = "specific"
    first = "first"
    all = "all"
    drop = "drop"


class Overlap(StrEnum):
    """What stays of spans that overlap."""

    nested = "nested"
    flat = "flat"
    all = "all"


class ExportFormat(StrEnum):
    """What training reads."""

    gliner = "gliner"
    spacy = "spacy"
    jsonl = "jsonl"


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `gliner-biomed distill`."""
    for name, command in (
        ("ground", ground),
        ("types", types),
        ("relations", relations),
        ("export", export),
        ("quality", quality),
        ("sample", sample),
        ("judged", judged),
        ("card", card),
        ("check-grounding", check_grounding),
    ):
        app.command(name)(command)


def ground(
    answers: List[Path] = typer.Argument(..., metavar="ANSWERS…", help="Files of answers, and folders of them."),
    out: Path = typer.Option(..., "--out", "-o", help="The .jsonl or .jsonl.gz file of grounded passages."),
    overlap: float = typer.Option(0.75, help="Least share of a mention's words, for a fuzzy match."),
    density: float = typer.Option(1 / 3, help="Least share of the stretch, for a fuzzy match.", show_default="1/3"),
    propagate: bool = typer.Option(True, help="Mark further occurrences of mentions that can hardly mean anything else."),
    report: Optional[Path] = typer.Option(None, help="An HTML page of the counts, and of mentions in their text."),
    samples: int = typer.Option(20, min=0, help="Passages to show on the page."),
    progress: bool = _progress,
) -> None:
    """Find where the mentions that annotators wrote stand in their passages."""
    from ..distill.grounding import STATUSES, GroundingSettings
    from ..distill.grounding.run import ground_file

    settings = GroundingSettings(overlap, density, propagate)
    counts = ground_file(answers, out, settings, report=report, samples=samples, progress=progress)
    typer.echo(f"Grounded {counts.passages:,} passages with {counts.listed:,} mentions listed, in '{out}'.")
    for status in STATUSES:
        typer.echo(f"  {status}: {counts.statuses[status]:,}")
    typer.echo(f"  listed again at the same place: {counts.repeated:,}")
    if counts.relations:
        typer.echo(f"{counts.relations:,} relations, {counts.relations_failed:,} of them without a place.")
    if report is not None:
        typer.echo(f"Wrote '{report}'.")


def types(
    grounded: List[Path] = typer.Argument(..., metavar="GROUNDED…", help="Files of grounded passages, and folders of them."),
    out: Path = typer.Option(..., "--out", "-o", help="The .jsonl or .jsonl.gz file of annotated passages."),
    mapping: Path = typer.Option(..., help="The table of what each type becomes: kept where it is there, completed, written."),
    fresh: bool = typer.Option(False, "--fresh", help="Begin the table anew, whatever it says."),
    threshold: float = typer.Option(0.88, help="Least cosine of two types' vectors to be synonyms."),
    model: str = typer.Option("mini", help="Whose label encoder gives the vectors: mini, a folder, a Hub id."),
    synonyms: bool = typer.Option(True, help="Join synonyms; without it only spelling and plural are settled."),
    policy: Policy = typer.Option(Policy.frequent, help="Several types on one span: which stays."),
    overlap: Overlap = typer.Option(Overlap.nested, help="Spans that overlap: which stay."),
    negatives: int = typer.Option(10, min=0, help="Labels of each passage that it lacks."),
    least: int = typer.Option(1, min=0, help="Mentions that a type must have in all; those of rarer types are left out."),
    partial: bool = typer.Option(False, "--partial", help="The annotator looked for no more than it listed."),
    descriptions: Optional[Path] = typer.Option(None, help="A .json file for what annotators said the types are."),
    seed: int = typer.Option(0, help="Of the negatives."),
    progress: bool = _progress,
) -> None:
    """Give one name to types that mean the same, settle contradictions, draw negatives."""
    from ..distill.annotated import TypeSettings, annotate_file, write_descriptions

    settings = TypeSettings(
        threshold, model if synonyms else "", policy.value, overlap.value, negatives, seed, least, partial
    )
    counts = annotate_file(grounded, out, mapping, settings, fresh=fresh, progress=progress)
    typer.echo(
        f"Wrote {counts.passages:,} passages with {counts.mentions:,} of {counts.mentions_read:,} mentions and "
        f"{counts.types:,} of {counts.types_read:,} types, in '{out}'; the types are in '{mapping}'."
    )
    for reason, number in sorted(counts.left_out.items()):
        typer.echo(f"  {reason}: {number:,} mentions left out")
    if descriptions is not None:
        typer.echo(f"Wrote descriptions of {write_descriptions(grounded, mapping, descriptions):,} types, in '{descriptions}'.")


def relations(
    grounded: List[Path] = typer.Argument(..., metavar="GROUNDED…", help="Files of grounded passages, and folders of them."),
    out: Path = typer.Option(..., "--out", "-o", help="The .jsonl or .jsonl.gz file of annotated passages."),
    most_labels: int = typer.Option(25, min=1, help="Labels of a passage, with those that it lacks."),
    seed: int = typer.Option(0, help="Of the labels that passages lack."),
) -> None:
    """Make relations span labels: the tail of "aspirin treats fever" becomes a span of the label "aspirin <> treats"."""
    from ..distill.relation_rows import write_relations

    counts = write_relations(grounded, out, most_labels, seed)
    typer.echo(f"Wrote {counts.passages:,} passages with {counts.relations:,} relations, in '{out}'.")
    typer.echo(f"  {counts.without_relations:,} passages without one, {counts.without_place:,} relations without a place: left out")


def export(
    source: Path = typer.Argument(..., metavar="PASSAGES", help="Annotated passages in any format that `convert` reads."),
    out: Path = typer.Option(..., "--out", "-o", help="The file to write; for spacy also a folder."),
    format: Optional[ExportFormat] = typer.Option(
        None, help="GLiNER rows, spaCy documents, or JSON Lines.", show_default="spacy for .spacy and folders, else gliner"
    ),
    most_words: int = typer.Option(384, min=1, help="Words in a GLiNER row; longer passages are cut."),
    progress: bool = _progress,
) -> None:
    """Write annotated passages for training: GLiNER rows (.json, .jsonl) or spaCy documents (.spacy)."""
    from ..distill.export import export as write

    chosen, counts = write(source, out, format.value if format else "", most_words, progress)
    typer.echo(f"Wrote '{out}' as {chosen}.")
    for name, number in counts.items():
        typer.echo(f"  {name.replace('_', ' ')}: {number:,}")


def quality(
    annotated: Path = typer.Argument(..., metavar="PASSAGES", help="An annotator's passages, in any format that `convert` reads."),
    against: Path = typer.Option(..., help="Gold, or another annotator's passages; they belong together by their text."),
    label_map: Optional[Path] = typer.Option(None, help="A JSON object from the annotator's types to the other's labels."),
    out: Optional[Path] = typer.Option(None, "--out", "-o", help="A .json file for the figures."),
) -> None:
    """Compare an annotator with gold, or with another annotator."""
    from ..annotate.output import text_file
    from ..corpus.formats import read, read_label_map
    from ..distill.quality import compare

    compared = compare(read(annotated), read(against), read_label_map(label_map) if label_map else None)
    if not compared.passages:
        raise ValueError(f"No passage of '{annotated}' has the text of one in '{against}'; there is nothing to compare.")
    figures = compared.to_dict()
    if out is not None:
        with text_file(out) as stream:
            stream.write(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    typer.echo(
        f"{compared.passages:,} passages compared, {compared.unmatched:,} only in '{annotated}', "
        f"{compared.unannotated:,} only in '{against}'; {compared.repeated:,} left out, as their text came before."
    )
    for name, told in (("spans", "all types"), ("gold_types", "types of the other side"), ("typed", "with the type")):
        for match, score in figures[name].items():
            typer.echo(f"  {told}, {match}: {_figures(score)}")
    kappa = "–" if compared.kappa is None else f"{compared.kappa:.3f}"
    typer.echo(
        f"{compared.shared:,} spans in common, {100 * compared.type_agreement:.1f} % of them with a type of the same meaning "
        f"(Cohen's kappa {kappa})."
    )


def sample(
    source: Path = typer.Argument(..., metavar="PASSAGES", help="Annotated passages in any format that `convert` reads."),
    out: Path = typer.Option(..., "--out", "-o", help="The .html page."),
    passages: int = typer.Option(30, min=1, help="Passages to draw."),
    seed: int = typer.Option(0, help="Of the draw."),
    title: str = typer.Option("Sample to judge", help="The heading."),
) -> None:
    """Draw passages for a person to judge, as a page that needs no network; it saves the judgements as a file."""
    from ..corpus.formats import read
    from ..distill.sample_page import draw_sample, write_sample_page

    drawn = draw_sample(read(source), passages, seed)
    number = write_sample_page(out, drawn, title)
    typer.echo(f"Wrote '{out}' with {len(drawn):,} passages and {number:,} mentions.")


def judged(
    judgements: Path = typer.Argument(..., help="The file that the sample page saved."),
) -> None:
    """Count the judgements of a sample page: precision with its interval, recall, what was wrong."""
    from ..distill.sample_page import read_judgements

    counts = read_judgements(judgements)
    for sentence in counts.sentences():
        typer.echo(sentence)
    for name, verdicts in sorted(counts.by_type.items(), key=lambda item: (-item[1].total(), item[0])):
        typer.echo(f"  {name}: {verdicts['right']:,} of {verdicts.total():,} right")


def card(
    data: Path = typer.Argument(..., metavar="PASSAGES", help="The data set, in any format that `convert` reads."),
    out: Path = typer.Option(..., "--out", "-o", help="The .md file."),
    stage: List[Path] = typer.Option([], help="A file that a step of `distill` wrote, in the order of the steps. Repeatable."),
    passages: List[Path] = typer.Option([], help="The collected passages, for their licences. Repeatable."),
    quality: List[Path] = typer.Option([], help="Figures that `distill quality` wrote. Repeatable."),
    title: str = typer.Option("Distilled annotations", help="The heading."),
    samples: int = typer.Option(3, min=0, help="Passages to show."),
) -> None:
    """Write the data set's card: the counts and settings of every step, types, sources, licences, quality, samples."""
    from ..distill.dataset_card import describe, read_figures, write_card

    figures = {path.stem: read_figures(path) for path in quality}
    write_card(describe(data, stage, passages, figures, title, samples), out)
    typer.echo(f"Wrote '{out}'.")


def check_grounding(
    gold: List[Path] = typer.Argument(..., metavar="GOLD…", help="Annotated corpora, in any format that `convert` reads."),
    limit: Optional[int] = typer.Option(None, min=1, help="Passages of each corpus.", show_default="all"),
    overlap: float = typer.Option(0.75, help="Least share of a mention's words, for a fuzzy match."),
    density: float = typer.Option(1 / 3, help="Least share of the stretch, for a fuzzy match.", show_default="1/3"),
    out: Optional[Path] = typer.Option(None, "--out", "-o", help="A .json file for the figures."),
) -> None:
    """Strip gold mentions of their offsets, ground them, and count how many positions come back."""
    from itertools import islice

    from ..annotate.output import text_file
    from ..corpus.formats import Problems, corpus_name, read
    from ..distill.grounding import GroundingSettings
    from ..distill.grounding.recovery import measure

    settings = GroundingSettings(overlap, density)
    rows = []
    for path in gold:
        problems = Problems()
        counts = measure(islice(read(path, on_problem="report", problems=problems), limit), settings)
        for way, each in counts.items():
            rows.append({"corpus": corpus_name(path), "way": way, **each.to_dict(), "problems": len(problems)})
    heads = ["corpus", "way", "complete back", "gold back", "placed right", "propagated right"]
    table = [
        [
            row["corpus"],
            row["way"],
            _share(row["complete_recovered"], row["complete"]),
            _share(row["recovered"], row["gold"]),
            _share(row["placed_right"], row["placed"]),
            _share(row["propagated_right"], row["propagated"]),
        ]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(heads, *table, strict=True)]
    for line in (heads, *table):
        typer.echo("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())
    if out is not None:
        with text_file(out) as stream:
            stream.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")


def _figures(score: Mapping[str, Any]) -> str:
    return f"precision {score['precision']:.3f}, recall {score['recall']:.3f}, F1 {score['f1']:.3f}"


def _share(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} {100 * part / whole:.2f} %" if whole else "–"

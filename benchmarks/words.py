"""How many mentions a way of cutting texts into words can mark: those that begin and end where words do, and are not too wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.common import finish, machine, parser, table

WIDEST = 12  # words, as in the published models


def main() -> None:
    """Run the count."""
    options = parser(__doc__, threads=False)
    options.add_argument("--corpora", type=Path, required=True, help="a folder of corpora, with a folder for the part")
    options.add_argument("--part", default="dev", help="the part of the corpora")
    args = options.parse_args()

    from spacy_gliner_biomed.corpus.formats import Problems
    from spacy_gliner_biomed.evaluation.corpora import find_corpora
    from spacy_gliner_biomed.scorer.words import WORD_PATTERNS, split_words
    from spacy_gliner_biomed.training.windows import GoldReport, on_words

    figures: list[dict[str, Any]] = []
    for corpus in find_corpora(args.corpora, args.part)[: 1 if args.quick else None]:
        passages = list(corpus.passages(Problems(keep=0)))
        entry: dict[str, Any] = {"corpus": corpus.name, "mentions": sum(len(passage.mentions) for passage in passages)}
        for splitter in WORD_PATTERNS:
            report, n_words, too_wide = GoldReport(), 0, 0
            for passage in passages:
                words, starts, ends = split_words(passage.text, splitter)
                n_words += len(words)
                placed = on_words(passage.mentions, starts, ends, report)
                too_wide += sum(last - first >= WIDEST for first, last, _ in placed)
            entry[splitter] = {"words": n_words, "inside_words": report.widened, "too_wide": too_wide}
        figures.append(entry)
    head = ["corpus", "mentions", "gliner's words: cut, %", "too wide, %", "words that end at hyphens: cut, %", "too wide, %"]
    rows = [
        [entry["corpus"], f"{entry['mentions']:,}"]
        + [
            f"{100 * entry[splitter][name] / entry['mentions']:.1f}"
            for splitter in WORD_PATTERNS
            for name in ("inside_words", "too_wide")
        ]
        for entry in figures
        if entry["mentions"]
    ]
    finish("Mentions that begin or end within a word", machine(), table(head, rows), figures, args.out)


if __name__ == "__main__":
    main()

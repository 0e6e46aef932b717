"""The embedded model: words a second of `nlp.pipe` against `gliner` on the exported model, from text to entities.

Ours is a blank English pipeline with spaCy's own tokenizer and ten labels; `gliner` runs at its best batch size.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import Contender, fastest, finish, interleave, machine, parser, table
from tests.support import texts


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--n-texts", type=int, default=64, help="texts of 20 to 250 words")
    options.add_argument("--labels", type=int, default=10)
    options.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 2, 4, 8, 16], help="of gliner")
    options.add_argument("--precisions", nargs="+", default=["float32", "bfloat16", "int8"])
    options.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    args = options.parse_args()
    if args.quick:
        args.n_texts, args.rounds, args.batch_sizes, args.precisions = 6, 1, [1, 8], args.precisions[:1]

    import spacy
    import torch

    from spacy_gliner_biomed import checkpoint
    from tests.support.published import load_in_gliner

    torch.set_num_threads(args.threads)
    labels = texts.make_labels(args.labels)
    wanted = texts.make_texts(args.n_texts, seed=0, min_words=20, max_words=250)
    n_words = sum(len(texts.words_of(text)) for text in wanted)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.export(checkpoint.load("mini"), Path(folder) / "mini")
        model = load_in_gliner(Path(folder) / "mini")
    contenders = [
        Contender(
            f"gliner, batch {size}",
            "gliner",
            lambda size=size: sum(map(len, model.inference(wanted, labels, batch_size=size))),
        )
        for size in args.batch_sizes
    ]
    for precision in args.precisions:
        nlp = spacy.blank("en")
        nlp.add_pipe("gliner_biomed", config={"labels": labels, "precision": precision, "overlap": "flat"})
        contenders.append(
            Contender(
                f"nlp.pipe, {precision}", precision, lambda nlp=nlp: sum(len(doc.ents) for doc in nlp.pipe(wanted))
            )
        )
    with tqdm(total=len(contenders) * (1 + args.rounds), desc="mini", leave=False) as progress:
        interleave(contenders, args.rounds, progress.update)
    theirs = fastest(contenders, "gliner")
    figures = [
        {
            "name": each.name,
            "words_per_second": n_words / each.median,
            "ms_per_text": 1000 * each.median / len(wanted),
            "ratio": theirs.median / each.median,
            "entities": each.entities,
        }
        for each in contenders
        if each.seconds
    ]
    rows = [
        [
            each["name"],
            f"{each['words_per_second']:,.0f}",
            f"{each['ms_per_text']:.1f}",
            f"{each['ratio']:.2f}",
            each["entities"],
        ]
        for each in figures
    ]
    title = f"mini, {len(wanted)} texts, {n_words:,} words, {args.labels} labels"
    head = ["reader", "words a second", "ms a text", "× gliner's best", "entities"]
    finish(title, machine(), table(head, rows), figures, args.out)


if __name__ == "__main__":
    main()

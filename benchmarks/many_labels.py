"""What 127 labels cost beside five: words a second of `nlp.pipe` that are left, for `mini` and for a base-size bi-encoder.

The base-size model has random weights in the published layout, as in `benchmarks.speed`; `gliner` runs on the same weights. Label
vectors are computed once and kept, on both sides of the comparison of ours; `gliner` computes them for every batch. The labels
are the names of the UMLS semantic types.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import Contender, finish, interleave, machine, parser, table
from tests.support import texts

SIZES = (5, 127)


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["mini", "base"], choices=["mini", "base"])
    options.add_argument("--no-gliner", action="store_true", help="leave gliner out: it encodes all labels for every batch")
    options.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    args = options.parse_args()
    if args.quick:
        args.rounds = 1

    import torch

    torch.set_num_threads(args.threads)
    figures = [entry for name in args.models for entry in _compare(name, args)]
    rows = [
        [each["model"], each["system"], *(f"{each['words_per_second'][size]:,.0f}" for size in SIZES), f"{each['kept']:.1f}"]
        for each in figures
    ]
    head = ["model", "system", *(f"words/s, {size} labels" for size in SIZES), "kept, %"]
    finish("127 labels against five", machine(), table(head, rows), figures, args.out)


def _compare(name: str, args: Any) -> list[dict[str, Any]]:
    from spacy_gliner_biomed import checkpoint
    from spacy_gliner_biomed.label_sets import UMLS_SEMANTIC_TYPES
    from tests.parity import ours
    from tests.support.published import load_in_gliner, make_base_size

    count = (4 if args.quick else 16) if name == "base" else (8 if args.quick else 64)
    wanted = texts.make_texts(count, seed=0, min_words=150, max_words=250)
    n_words = sum(len(texts.words_of(text)) for text in wanted)
    labels = list(UMLS_SEMANTIC_TYPES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name == "mini":
            checkpoint.export(checkpoint.load("mini"), path)
        else:
            make_base_size(path, "bi", layers=1 if args.quick else 12)
        model = None if args.no_gliner else load_in_gliner(path)
        contenders = []
        for size in SIZES:
            nlp = ours.blank(path, overlap="flat", annotate_ents=False, labels=labels[:size], threshold=0.999)
            contenders.append(
                Contender(
                    f"ours {size}",
                    f"ours {size}",
                    lambda nlp=nlp: sum(len(doc.spans["gliner"]) for doc in nlp.pipe(wanted)),
                )
            )
            if model is not None:
                contenders.append(
                    Contender(
                        f"gliner {size}",
                        f"gliner {size}",
                        lambda size=size: sum(map(len, model.inference(wanted, labels[:size], threshold=0.999, batch_size=1))),
                    )
                )
        with tqdm(total=len(contenders) * (1 + args.rounds), desc=name, leave=False) as progress:
            interleave(contenders, args.rounds, progress.update)
    found = []
    for system in ("ours",) if model is None else ("ours", "gliner"):
        speed = {size: n_words / next(c for c in contenders if c.name == f"{system} {size}").median for size in SIZES}
        found.append({"model": name, "system": system, "words_per_second": speed, "kept": 100 * speed[SIZES[1]] / speed[SIZES[0]]})
    return found


if __name__ == "__main__":
    main()

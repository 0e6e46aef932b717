"""Base-size checkpoints in bfloat16 on a GPU: words a second, ours beside `gliner`'s at its best batch size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import Contender, fastest, finish, interleave, machine, parser, sparse_threshold, table
from tests.support import texts


def main() -> None:
    """Run the benchmark; without a CUDA device, say so and stop."""
    options = parser(__doc__, threads=False)
    options.add_argument("--kinds", nargs="+", default=["uni", "bi"], choices=["uni", "bi"])
    options.add_argument("--n-texts", type=int, default=512, help="texts of 12 to 250 words")
    options.add_argument("--labels", type=int, default=10)
    options.add_argument("--batch-sizes", nargs="+", type=int, default=[8, 32, 128], help="of gliner")
    options.add_argument("--max-batch-tokens", nargs="+", type=int, default=[8192, 32768], help="of ours")
    options.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    args = options.parse_args()

    import torch

    if not torch.cuda.is_available():
        print("There is no CUDA device here; this benchmark needs one. The CPU's figures: python -m benchmarks.speed")
        return
    if args.quick:
        args.n_texts, args.rounds = 16, 1

    from tests.parity import ours
    from tests.support.published import load_in_gliner, make_base_size

    labels = texts.make_labels(args.labels)
    wanted = texts.make_texts(args.n_texts, seed=0, min_words=12, max_words=250)
    n_words = sum(len(texts.words_of(text)) for text in wanted)
    figures = []
    for kind in args.kinds:
        with tempfile.TemporaryDirectory() as folder:
            make_base_size(Path(folder) / kind, kind)
            model = load_in_gliner(Path(folder) / kind).to("cuda", torch.bfloat16)
            threshold = sparse_threshold(model, wanted, labels)
            contenders = [
                Contender(
                    f"gliner, batch {size}",
                    "gliner",
                    synchronised(
                        lambda model=model, size=size, threshold=threshold: sum(
                            map(len, model.inference(wanted, labels, threshold=threshold, batch_size=size))
                        )
                    ),
                )
                for size in args.batch_sizes
            ]
            for budget in args.max_batch_tokens:
                nlp = ours.blank(
                    Path(folder) / kind,
                    labels=labels,
                    threshold=threshold,
                    device="cuda",
                    precision="bfloat16",
                    overlap="flat",
                    annotate_ents=False,
                    max_batch_tokens=budget,
                )
                contenders.append(
                    Contender(
                        f"nlp.pipe, {budget} sub-words",
                        "ours",
                        synchronised(
                            lambda nlp=nlp: sum(len(doc.spans["gliner"]) for doc in nlp.pipe(wanted, batch_size=256))
                        ),
                    )
                )
            with tqdm(total=len(contenders) * (1 + args.rounds), desc=kind, leave=False) as progress:
                interleave(contenders, args.rounds, progress.update)
        theirs = fastest(contenders, "gliner")
        figures += [
            {
                "name": f"{kind}-base, {each.name}",
                "words_per_second": n_words / each.median,
                "ratio": theirs.median / each.median,
                "entities": each.entities,
            }
            for each in contenders
            if each.seconds
        ]
    rows = [
        [each["name"], f"{each['words_per_second']:,.0f}", f"{each['ratio']:.2f}", each["entities"]] for each in figures
    ]
    title = f"Base size, bfloat16, {len(wanted)} texts, {n_words:,} words, {args.labels} labels"
    head = ["reader", "words a second", "× gliner's best", "entities"]
    finish(title, machine(), table(head, rows), figures, args.out)


def synchronised(run: Callable[[], int]) -> Callable[[], int]:
    """RETURNS (callable): `run`, returning only when the device has finished."""
    import torch

    def wait_for_it() -> int:
        found = run()
        torch.cuda.synchronize()
        return found

    return wait_for_it


if __name__ == "__main__":
    main()

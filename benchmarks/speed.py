"""Base-size checkpoints on the CPU: ours in float32, bfloat16 and int8 against `gliner` and its own int8.

The same random weights (DeBERTa-v3-base sizes; uni D=512 with BiLSTM, bi D=768 with a MiniLM-L6-sized label encoder),
the same texts, the same process, in turns. `gliner` runs at batch sizes 1, 2, 4 and 8, and its best counts. Both sides
start from texts and end with entities, at a threshold that one candidate in 2,000 passes; ours goes through `nlp.pipe`.
"""

from __future__ import annotations

import random
import tempfile
import warnings
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import Contender, fastest, finish, interleave, machine, parser, sparse_threshold, table
from tests.support import texts

PRECISIONS = ("float32", "bfloat16", "int8")
GLINER, GLINER_INT8 = "gliner", "gliner int8"


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--kinds", nargs="+", default=["uni", "bi"], choices=["uni", "bi"])
    options.add_argument("--texts", nargs="+", default=["long", "mixed", "sentences"])
    options.add_argument(
        "--labels", nargs="+", type=int, default=[5, 127], help="127 is for the bi-encoder's long texts"
    )
    options.add_argument("--precisions", nargs="*", default=list(PRECISIONS), choices=PRECISIONS)
    options.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 2, 4, 8], help="of gliner")
    options.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    options.add_argument("--layers", type=int, default=12, help="layers of the text encoder")
    options.add_argument("--no-gliner-int8", action="store_true", help="leave gliner's own int8 out")
    args = options.parse_args()
    if args.quick:
        args.rounds, args.layers, args.batch_sizes = 1, 1, args.batch_sizes[:2]

    import torch

    torch.set_num_threads(args.threads)
    facts, figures = machine(), []
    for kind in args.kinds:
        with tempfile.TemporaryDirectory() as folder:
            sides = Sides(Path(folder) / kind, kind, args)
            for name in args.texts:
                for n_labels in args.labels:
                    if n_labels <= 25 or (kind == "bi" and name == "long"):
                        figures += sides.compare(name, n_labels)
    head = ["model, texts, labels", "precision", "sub-words a word", "gliner ms (batch)", "gliner int8 ms", "ours ms"]
    head += ["× gliner", "× gliner int8", "same entities"]
    finish("Base size on the CPU, ms a text", facts, table(head, [_row(each) for each in figures]), figures, args.out)


def make_texts(name: str, quick: bool) -> list[str]:
    """RETURNS (list): 16 long texts (150–250 words), 24 sentences (12–40) or 24 of mixed length (12–250), shuffled."""
    count = {"long": 16, "mixed": 24, "sentences": 24}[name]
    low, high = {"long": (150, 250), "mixed": (12, 250), "sentences": (12, 40)}[name]
    lengths = [low + (high - low) * number // (count - 1) for number in range(count)]
    random.Random(0).shuffle(lengths)
    return [texts.make_text(seed, n_words) for seed, n_words in enumerate(lengths[:4] if quick else lengths)]


class Sides:
    """One checkpoint, loaded by everybody."""

    def __init__(self, folder: Path, kind: str, args: Any) -> None:
        from tests.parity import ours
        from tests.support.published import load_in_gliner, make_base_size

        self.kind, self.args = kind, args
        make_base_size(folder, kind, layers=args.layers)
        self.gliner = {GLINER: load_in_gliner(folder)}
        if not args.no_gliner_int8:
            self.gliner[GLINER_INT8] = load_in_gliner(folder)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.gliner[GLINER_INT8].quantize("int8")
        self.ours = {
            precision: ours.blank(folder, precision=precision, overlap="flat", annotate_ents=False)
            for precision in dict.fromkeys(("float32", *args.precisions))
        }

    def compare(self, text_kind: str, n_labels: int) -> list[dict[str, Any]]:
        """RETURNS (list): the figures of one row a precision."""
        wanted, labels = make_texts(text_kind, self.args.quick), texts.make_labels(n_labels)
        threshold = sparse_threshold(self.gliner[GLINER], wanted, labels)
        contenders = [
            Contender(
                f"{family} {size}",
                family,
                lambda model=model, size=size: sum(
                    map(len, model.inference(wanted, labels, threshold=threshold, batch_size=size))
                ),
            )
            for family, model in self.gliner.items()
            for size in self.args.batch_sizes
        ]
        for precision, nlp in self.ours.items():
            pipe = nlp.get_pipe("gliner_biomed")
            pipe.labels, pipe.threshold = labels, threshold
            contenders.append(
                Contender(
                    precision,
                    precision,
                    lambda nlp=nlp: sum(len(doc.spans["gliner"]) for doc in nlp.pipe(wanted, batch_size=64)),
                )
            )
        title = f"{self.kind}-base, {text_kind}, {n_labels} labels"
        most = len(contenders) * (1 + self.args.rounds)
        with tqdm(total=most, desc=title, leave=False) as progress:
            interleave(contenders, self.args.rounds, progress.update)
        return [self._figures(title, precision, contenders, wanted, labels, threshold) for precision in self.ours]

    def _figures(
        self,
        title: str,
        precision: str,
        contenders: list[Contender],
        wanted: list[str],
        labels: list[str],
        threshold: float,
    ) -> dict[str, Any]:
        theirs, own = fastest(contenders, GLINER), fastest(contenders, precision)
        model = self.gliner[GLINER]
        words = [texts.words_of(text) for text in wanted]
        scorer = self.ours[precision].get_pipe("gliner_biomed").span_scorer
        n_subwords = sum(len(scorer.encode(each).ids) for each in words)
        expected = {
            (number, entity["start"], entity["end"], entity["label"])
            for number, found in enumerate(model.inference(wanted, labels, threshold=threshold, batch_size=1))
            for entity in found
        }
        found = {
            (number, span.start_char, span.end_char, span.label_)
            for number, doc in enumerate(self.ours[precision].pipe(wanted))
            for span in doc.spans["gliner"]
        }
        figures = {
            "row": title,
            "precision": precision,
            "subwords_per_word": n_subwords / sum(map(len, words)),
            "gliner_ms": 1000 * theirs.median / len(wanted),
            "gliner_batch": int(theirs.name.split()[-1]),
            "gliner_all_ms": {
                each.name: 1000 * each.median / len(wanted)
                for each in contenders
                if each.family.startswith(GLINER) and each.seconds
            },
            "ours_ms": 1000 * own.median / len(wanted),
            "ratio": theirs.median / own.median,
            "gliner_entities": len(expected),
            "ours_entities": len(found),
            "same_entities": len(expected & found),
        }
        if GLINER_INT8 in self.gliner:
            quantised = fastest(contenders, GLINER_INT8)
            figures["gliner_int8_ms"] = 1000 * quantised.median / len(wanted)
            figures["ratio_int8"] = quantised.median / own.median
        return figures


def _row(figures: dict[str, Any]) -> list[str]:
    int8 = "gliner_int8_ms" in figures
    return [
        figures["row"],
        figures["precision"],
        f"{figures['subwords_per_word']:.2f}",
        f"{figures['gliner_ms']:.0f} ({figures['gliner_batch']})",
        f"{figures['gliner_int8_ms']:.0f}" if int8 else "–",
        f"{figures['ours_ms']:.0f}",
        f"{figures['ratio']:.2f}",
        f"{figures['ratio_int8']:.2f}" if int8 else "–",
        f"{figures['same_entities']} of {figures['gliner_entities']}",
    ]


if __name__ == "__main__":
    main()

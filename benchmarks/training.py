"""A training step of `mini` beside the same step with `gliner`: words a second of forward, loss, backward and AdamW.

Both start from the same weights and read the same windows, gold spans and labels, all labels asked of every window; one after the
other, in turns. Dropout is on. `gliner` runs in float32, and under torch's bfloat16 autocast as its trainer does with `bf16=True`.
Before anything is timed, the losses of both in float32 without dropout must agree to one in a thousand.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table
from tests.support import texts

LOSS = "loss without dropout"


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--windows", type=int, default=10, help="a step, of 20 to 250 words")
    options.add_argument("--labels", type=int, default=24, help="gliner takes no more than 25")
    options.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    args = options.parse_args()
    if args.quick:
        args.windows, args.labels, args.rounds = 2, 3, 1

    import torch

    torch.set_num_threads(args.threads)
    wanted = [texts.words_of(text) for text in texts.make_texts(args.windows, seed=0, min_words=20, max_words=250)]
    n_words = sum(map(len, wanted))
    labels = texts.make_labels(args.labels)
    draw = random.Random(0)
    gold = [
        [(n, min(n + draw.randrange(3), len(words) - 1), draw.choice(labels)) for n in range(0, len(words), 9)]
        for words in wanted
    ]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = _ours(wanted, labels, gold), _theirs(Path(folder), wanted, labels, gold)
    losses = ours.pop(LOSS)(), theirs.pop(LOSS)()
    if abs(losses[0] - losses[1]) > 1e-3 * losses[1]:
        raise SystemExit(f"The losses differ ({losses[0]} and {losses[1]}): this would compare two different things.")
    steps = {**ours, **theirs}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    with tqdm(total=(args.rounds + 1) * len(steps), desc="steps", leave=False) as bar:
        for number in range(args.rounds + 1):
            for name, step in steps.items():
                start = time.perf_counter()
                step()
                if number:  # the first round fills caches
                    seconds[name].append(time.perf_counter() - start)
                bar.update()
    median = {name: statistics.median(values) for name, values in seconds.items()}
    best = min(value for name, value in median.items() if name.startswith("gliner"))
    figures = [
        {"name": name, "words_per_second": n_words / value, "ms": 1000 * value, "ratio": best / value}
        for name, value in median.items()
    ]
    rows = [[f["name"], f"{f['words_per_second']:,.0f}", f"{f['ms']:,.0f}", f"{f['ratio']:.2f}"] for f in figures]
    head = ["step", "words a second", "ms a step", "× gliner's best"]
    finish(f"A training step of mini: {n_words} words, {args.labels} labels", machine(), table(head, rows), figures, args.out)


def _ours(wanted: list[list[str]], labels: list[str], gold: list[Any]) -> dict[str, Callable[[], float]]:
    from spacy_gliner_biomed import checkpoint
    from spacy_gliner_biomed.scorer.loss import SpanLoss
    from spacy_gliner_biomed.scorer.training import TrainingWindow, begin_training
    from spacy_gliner_biomed.training.engine import train_step
    from spacy_gliner_biomed.training.optimisation import Optimisation
    from spacy_gliner_biomed.training.settings import TrainingSettings

    scorer = checkpoint.load("mini")
    windows = [TrainingWindow(scorer.encode(words), labels, spans) for words, spans in zip(wanted, gold, strict=True)]
    windows.sort(key=lambda window: len(window.words))
    optimisation = Optimisation(scorer.module, TrainingSettings(learn_rate=1e-6, encoder_learn_rate=1e-6))

    def step(mixed: bool, trained: bool = True) -> float:
        begin_training(scorer, mixed).train(trained)
        value = train_step(scorer, windows, SpanLoss())
        if trained:
            optimisation.step()
        return value

    return {LOSS: lambda: step(False, False), "ours, float32": lambda: step(False), "ours, mixed precision": lambda: step(True)}


def _theirs(folder: Path, wanted: list[list[str]], labels: list[str], gold: list[Any]) -> dict[str, Callable[[], float]]:
    import torch
    from gliner.data_processing.collator import BiEncoderSpanDataCollator

    from spacy_gliner_biomed import checkpoint
    from tests.support.published import load_in_gliner

    checkpoint.export(checkpoint.load("mini"), folder / "mini")
    model = load_in_gliner(folder / "mini")
    collate = BiEncoderSpanDataCollator(model.config, data_processor=model.data_processor, prepare_labels=True)
    rows = [
        {"tokenized_text": words, "ner": [list(span) for span in spans], "ner_labels": labels}
        for words, spans in zip(wanted, gold, strict=True)
    ]
    optimiser = torch.optim.AdamW(model.model.parameters(), lr=1e-6)

    def step(bfloat16: bool, trained: bool = True) -> float:
        model.model.train(trained)
        batch = collate(rows)
        with torch.autocast("cpu", torch.bfloat16) if bfloat16 else nullcontext():
            loss = model.model(**batch).loss
        if not trained:
            return float(loss.detach())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        return float(loss.detach())

    return {
        LOSS: lambda: step(False, False), "gliner, float32": lambda: step(False), "gliner, bfloat16 autocast": lambda: step(True)
    }  # fmt: skip


if __name__ == "__main__":
    main()

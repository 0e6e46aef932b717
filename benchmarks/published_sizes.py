"""The recipes of the published sizes on random weights: three steps, a SIGKILL after the second, the third again.

Each run is `gliner-biomed train configs/train/SIZE-KIND-pretrain.toml` in a process of its own, on text of our own making. The
encoders have the published sizes and random weights; their vocabulary is small, because rows of an embedding table take
memory and no time. "same weights" compares the models of the broken-off run and of an unbroken one bit for bit.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table

# Hidden size, layers, heads and intermediate size of the encoders that the recipes name
TEXT = {"small": (768, 6, 12, 3072), "base": (768, 12, 12, 3072), "large": (1024, 24, 16, 4096)}  # deberta-v3-*
LABELS = {
    "small": (384, 6, 12, 1536),  # all-MiniLM-L6-v2
    "base": (384, 12, 12, 1536),  # bge-small-en-v1.5
    "large": (768, 12, 12, 3072),  # bge-base-en-v1.5
}
RECIPES = Path(__file__).parents[1] / "configs" / "train"
STEPS, KILLED_AFTER = 3, 2


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--sizes", nargs="+", default=list(TEXT), choices=list(TEXT))
    options.add_argument("--kinds", nargs="+", default=["uni", "bi"], choices=["uni", "bi"])
    options.add_argument("--batch-words", type=int, default=200, help="words a step")
    args = options.parse_args()
    figures = []
    runs = [(size, kind) for size in args.sizes for kind in args.kinds]
    for size, kind in tqdm(runs, unit="recipe"):
        with tempfile.TemporaryDirectory() as folder:
            figures.append(measure(Path(folder), size, kind, args.batch_words, args.threads, args.quick))
    rows = [
        [
            f"{each['size']}, {each['kind']}",
            f"{each['parameters'] / 1e6:.0f} M",
            f"{each['seconds_a_step']:.1f}",
            f"{each['peak_bytes'] / 2**30:.1f} GiB",
            ", ".join(f"{loss:.0f}" for loss in each["losses"]),
            f"step {each['resumed_after']}",
            "yes" if each["same"] else "NO",
        ]
        for each in figures
    ]
    head = ["recipe", "weights", "s/step", "peak memory", "losses", "went on after", "same weights"]
    finish("Recipes of the published sizes, random weights", machine(), table(head, rows), figures, args.out)
    if not all(each["same"] for each in figures):
        sys.exit("A run that was killed ended with other weights.")


def measure(folder: Path, size: str, kind: str, batch_words: int, threads: int, quick: bool) -> dict[str, Any]:
    """RETURNS (dict): one recipe's figures."""
    make_encoder(folder / "text", "deberta-v2", TEXT[size], quick)
    make_encoder(folder / "labels", "bert", LABELS[size], quick)
    write_silver(folder / "corpora" / "silver" / "silver.jsonl")
    changes = [f"model.encoder={folder / 'text'}", f"stream.batch_words={batch_words}", "dev=none"]
    changes += ["stream.max_labels=20", f"training.steps={STEPS}", "training.checkpoint_every=1", "training.log_every=1"]
    if kind == "bi":
        changes.append(f"model.label_encoder={folder / 'labels'}")
    command = [sys.executable, "-m", "spacy_gliner_biomed", "train", str(RECIPES / f"{size}-{kind}-pretrain.toml")]
    command += ["--corpora", str(folder / "corpora"), *(part for change in changes for part in ("--set", change))]

    whole, peak = run(command, folder / "whole", threads)
    broken, _ = run(command, folder / "broken", threads, kill_after=KILLED_AFTER)
    resumed_after = max(step for step, _ in broken) if broken else 0
    again, _ = run(command, folder / "broken", threads)
    weights = [weights_of(folder / name / "model-last") for name in ("whole", "broken")]
    return {
        "size": size,
        "kind": kind,
        "parameters": sum(tensor.numel() for tensor in weights[0].values()),
        "seconds_a_step": (whole[-1][1] - whole[0][1]) / (len(whole) - 1),
        "peak_bytes": peak,
        "losses": losses_of(folder / "whole"),
        "resumed_after": resumed_after,
        "steps_after_resuming": len(again),
        "same": same(*weights),
    }


def make_encoder(folder: Path, backbone: str, sizes: Sequence[int], quick: bool) -> None:
    """Write an encoder with random weights and a tokenizer, as a folder of the Hub has them."""
    import torch
    from transformers import AutoConfig, AutoModel

    from tests.support.published import encoder_config, text_tokenizer

    tokenizer = text_tokenizer(backbone)
    hidden, layers, heads, intermediate = (32, 2, 2, 64) if quick else sizes
    values = encoder_config(backbone, len(tokenizer), hidden, layers, heads, intermediate)
    torch.manual_seed(0)
    model = AutoModel.from_config(AutoConfig.for_model(**values))
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)


def write_silver(path: Path, n_passages: int = 60) -> None:
    """Passages with made-up mentions: what matters here is that a step can be taken."""
    from tests.support import texts

    draw = random.Random(0)
    labels = texts.make_labels(20)
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf8") as out:
        for number, text in enumerate(texts.make_texts(n_passages, seed=1, min_words=40, max_words=90)):
            words, start, mentions = text.split(" "), 0, []
            for word in words:
                if word and draw.random() < 0.15:
                    mentions.append({"start": start, "end": start + len(word), "label": draw.choice(labels)})
                start += len(word) + 1
            row = {"id": str(number), "text": text, "entities": mentions, "corpus": "silver", "labels": labels}
            out.write(json.dumps(row) + "\n")


def run(
    command: Sequence[str], out: Path, threads: int, kill_after: int | None = None
) -> tuple[list[tuple[int, float]], int]:
    """Run a training and watch its checkpoints.

    kill_after (int): send SIGKILL as soon as this step's checkpoint is there.
    RETURNS (tuple): (step, time of its checkpoint) of every new checkpoint seen, and the peak of the memory in bytes.
    RAISES (RuntimeError): where the training failed by itself.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    log = out.with_suffix(".log")
    before = steps_of(out)
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, "--out", str(out)], stdout=stream, stderr=stream, env=environment)
        seen: dict[int, float] = {}
        peak = 0
        while process.poll() is None:
            for step in steps_of(out) - before:
                seen.setdefault(step, time.perf_counter())
            peak = max(peak, resident_bytes(process.pid))
            if kill_after is not None and kill_after in seen:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return sorted(seen.items()), peak
            time.sleep(0.02)
        for step in steps_of(out) - before:
            seen.setdefault(step, time.perf_counter())
    if process.returncode:
        raise RuntimeError(f"The training ended with {process.returncode}:\n{log.read_text(encoding='utf8')[-2000:]}")
    return sorted(seen.items()), peak


def steps_of(out: Path) -> set[int]:
    """RETURNS (set): steps whose checkpoint is whole."""
    return {int(path.name.split("-")[1]) for path in out.glob("checkpoints/step-*")}


def resident_bytes(pid: int) -> int:
    """RETURNS (int): peak resident memory of a process so far; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf8")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def losses_of(out: Path) -> list[float]:
    """RETURNS (list): the loss of each logged step."""
    rows = map(json.loads, (out / "log.jsonl").read_text(encoding="utf8").splitlines())
    return [row["loss"] for row in rows if "loss" in row]


def weights_of(folder: Path) -> dict[str, Any]:
    """RETURNS (dict): all tensors of a model folder, by name."""
    from safetensors.torch import load_file

    return {name: tensor for path in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(path).items()}


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two models hold the same bits."""
    return first.keys() == second.keys() and all(bool((first[name] == second[name]).all()) for name in first)


if __name__ == "__main__":
    main()

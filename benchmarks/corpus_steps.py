"""The steps of a text collection: passages a second and peak memory, as the collection grows.

Each step is the command that a person calls, in a process of its own, with one worker; all get the same passages, so that the
figures can be set side by side.
Seconds are of its processor; on an idle machine those of the clock are the same. A run on one passage comes first: what it
takes, for imports and for reading the test texts, is subtracted from the others' seconds, not from their memory.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table

SIZES = [1000, 10_000, 100_000]
SMALLEST = 0.05  # seconds; a shorter difference of two runs says nothing


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__, threads=False)
    options.add_argument("--texts", type=Path, nargs="+", required=True, help="JSON Lines files or folders; each file a source")
    options.add_argument("--against", type=Path, required=True, help="test texts, for decontamination")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of passages, drawn by a seed")
    args = options.parse_args()
    if args.quick:
        args.sizes = [200, 400]
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    files = [file for path in args.texts for file in (sorted(path.glob("*.jsonl*")) if path.is_dir() else [path])]
    total = sum(1 for file in files for _ in rows(file))
    sizes = [1, *sorted({min(size, total) for size in args.sizes})]
    figures: List[Dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, tqdm(total=len(sizes) * 4, leave=False) as bar:
        for size in sizes:
            folder = Path(scratch) / str(size)
            write_sample(files, total, size, folder / "in")
            for name, arguments in steps(folder, args.against).items():
                bar.set_description(f"{size:,} passages, {name}")
                figures.append({"step": name, "asked": size, **measure(arguments, folder / name)})
                bar.update()
    start = {figure["step"]: figure["seconds"] for figure in figures if figure["asked"] == 1}
    for figure in figures:
        net = figure["seconds"] - start[figure["step"]]
        figure["per_second"] = figure["in"] / net if net >= SMALLEST else None
    shown = [figure for figure in sorted(figures, key=lambda each: list(start).index(each["step"])) if figure["asked"] > 1]
    head = ["step", "passages in", "out", "CPU", "of which start", "passages a CPU second", "peak memory"]
    finish("Steps of a collection", machine() | {"threads": 1}, table(head, [cells(f, start) for f in shown]), figures, args.out)


def steps(folder: Path, against: Path) -> Dict[str, List[str]]:
    """RETURNS (dict): the arguments of each command, by the name of the folder it fills."""
    more = {"decontaminate": ["--against", str(against)]}
    return {
        name: [name, str(folder / "in"), "--out", str(folder / name), "--no-progress", *more.get(name, [])]
        for name in ("filter", "deduplicate", "balance", "decontaminate")
    }


def measure(arguments: List[str], out: Path) -> Dict[str, Any]:
    """RETURNS (dict): passages in and out, seconds of the processor, and the largest resident set in bytes.

    RAISES (RuntimeError): where the command fails, with what it said.
    """
    command = [sys.executable, "-m", "spacy_gliner_biomed", "corpus", *arguments]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {said.read().decode(errors='replace')[-500:]}")
    counts = json.loads((out / "counts.json").read_text(encoding="utf-8"))
    first = next((inner for inner in ("scored", "exact") if (out / inner / "counts.json").is_file()), None)
    taken = counts if first is None else json.loads((out / first / "counts.json").read_text(encoding="utf-8"))
    return {
        "in": sum(taken["in"].values()),
        "out": sum(counts["out"].values()),
        "seconds": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def write_sample(files: List[Path], total: int, size: int, out: Path) -> None:
    """Write a random sample of the passages into shards, in the order of the files; never all of them in memory."""
    from spacy_gliner_biomed.corpus.collect.passages import Passage, ShardWriter

    chosen = set(random.Random(0).sample(range(total), size))
    number = 0
    with ShardWriter(out) as writer:
        for file in files:
            source = file.name.partition(".")[0]
            for row in rows(file):
                if number in chosen:
                    writer.write(Passage(row["id"], row["text"], source, row["id"], licence=row.get("license", "")))
                number += 1


def rows(file: Path) -> Iterator[Dict[str, Any]]:
    """YIELDS (dict): the rows of a JSON Lines file."""
    with gzip.open(file, "rt", encoding="utf8") if file.suffix == ".gz" else file.open(encoding="utf8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


def cells(figure: Dict[str, Any], start: Dict[str, float]) -> List[str]:
    """RETURNS (list): a row of the table."""
    return [
        figure["step"],
        f"{figure['in']:,}",
        f"{figure['out']:,}",
        f"{figure['seconds']:.1f} s",
        f"{start[figure['step']]:.1f} s",
        "–" if figure["per_second"] is None else f"{figure['per_second']:,.0f}",
        f"{figure['memory'] / 2**20:,.0f} MiB",
    ]


if __name__ == "__main__":
    main()

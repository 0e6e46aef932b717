"""Near-duplicates: time and memory as the corpus grows, beside scikit-learn's brute-force neighbours, one thread each.

Every run is a fresh process that reads the same texts. Seconds are of its processor; on an idle machine those of the clock
are the same. Of scikit-learn two ways are timed: all neighbours within the threshold, the same graph as ours, whose pairs
are compared; and the 50 nearest, as the paper's filter takes, which are too few in crowded places.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
NEIGHBOURS = 50
OURS = "ours, exact"
HASHED = "ours, MinHash"
RADIUS = "scikit-learn, within the threshold"
NEAREST = f"scikit-learn, {NEIGHBOURS} nearest"

Edges = Tuple[np.ndarray, np.ndarray]
Clock = Callable[[str], None]


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__, threads=False)
    options.add_argument("--texts", type=Path, nargs="*", help="JSON Lines files with a 'text' each, .gz too; else made up")
    options.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 50_000, 100_000], help="numbers of texts")
    options.add_argument("--brute-up-to", type=int, default=50_000, help="largest size for scikit-learn's neighbours")
    options.add_argument("--threshold", type=float, default=0.9)
    options.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    args = options.parse_args()
    if args.quick:
        args.sizes, args.rounds = [500, 1000], 1
    for name in THREADS:
        os.environ[name] = "1"
    texts = read_texts(args.texts) if args.texts else make_texts(max(args.sizes))
    random.Random(0).shuffle(texts)

    figures: List[Dict[str, Any]] = []
    rows: List[List[str]] = []
    sizes = sorted({min(size, len(texts)) for size in args.sizes})
    with tempfile.TemporaryDirectory() as scratch, tqdm(total=len(sizes) * args.rounds * len(RUNS), leave=False) as bar:
        for size in sizes:
            path = Path(scratch) / "texts.json"
            path.write_text(json.dumps(texts[:size]), encoding="utf8")
            wanted = [name for name in RUNS if size <= args.brute_up_to or name in (OURS, HASHED)]
            runs: Dict[str, List[Dict[str, Any]]] = {name: [] for name in wanted}
            for number in range(args.rounds):
                for name in wanted[number % len(wanted) :] + wanted[: number % len(wanted)]:
                    bar.set_description(f"{size:,} texts, {name}")
                    # A process of its own, so that the peak of its memory is its own too
                    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                        runs[name].append(process.submit(measure, name, str(path), args.threshold).result())
                    bar.update()
            summed = {name: summary(name, runs[name]) for name in wanted}
            exact = edge_set(runs[OURS][0]["edges"])
            for name, figure in summed.items():
                found = edge_set(runs[name][0]["edges"])
                figure |= {"texts": size, "missed": len(exact - found), "more": len(found - exact)}
                figure["times_slower"] = figure["pairs"] / summed[OURS]["pairs"]
                figures.append(figure)
                rows.append(cells(figure))
    head = ["", "texts", "words → vectors", "→ pairs, clusters", "in all", "× ours", "memory", "pairs", "missed", "more"]
    finish("Near-duplicates", machine() | {"threads": 1}, table(head, rows), figures, args.out)


def measure(name: str, path: str, threshold: float) -> Dict[str, Any]:
    """RETURNS (dict): one run's seconds for vectors and pairs, peak memory in bytes above the texts', and the pairs."""
    with open(path, encoding="utf8") as stream:
        texts = json.load(stream)
    run = RUNS[name]
    run(texts[:50], threshold, lambda _: None)  # imports and first calls
    before = peak_memory(start=True)
    marks = {"start": time.process_time()}
    edges = run(texts, threshold, lambda mark: marks.update({mark: time.process_time()}))
    vectors, pairs = marks["vectors"] - marks["start"], marks["pairs"] - marks["vectors"]
    return {"vectors": vectors, "pairs": pairs, "memory": peak_memory() - before, "edges": edges}


def ours(texts: List[str], threshold: float, clock: Clock, hashed: bool = False) -> Edges:
    """Time vectors, then pairs with clusters. RETURNS (tuple): the pairs, found again where the clock no longer runs."""
    from spacy_gliner_biomed.corpus.collect.clusters import find_clusters
    from spacy_gliner_biomed.corpus.collect.join import similar_pairs
    from spacy_gliner_biomed.corpus.collect.minhash import minhash_pairs
    from spacy_gliner_biomed.corpus.collect.tfidf import tfidf

    find = minhash_pairs if hashed else similar_pairs
    matrix = tfidf(texts)
    clock("vectors")
    find_clusters(matrix, threshold, find_pairs=find)
    clock("pairs")
    blocks = list(find(matrix, threshold))
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *(b.rows for b in blocks)]), np.concatenate([empty, *(b.columns for b in blocks)])


def ours_hashed(texts: List[str], threshold: float, clock: Clock) -> Edges:
    """RETURNS (tuple): as `ours`, by MinHash."""
    return ours(texts, threshold, clock, hashed=True)


def within_threshold(texts: List[str], threshold: float, clock: Clock) -> Edges:
    """RETURNS (tuple): pairs from scikit-learn's neighbours within a radius."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    matrix = TfidfVectorizer().fit_transform(texts)
    clock("vectors")
    search = NearestNeighbors(metric="cosine", algorithm="brute").fit(matrix)
    found = search.radius_neighbors(matrix, radius=1 - threshold + 1e-12, return_distance=False)
    clock("pairs")
    return np.repeat(np.arange(len(texts)), [len(each) for each in found]), np.concatenate(found)


def nearest(texts: List[str], threshold: float, clock: Clock) -> Edges:
    """RETURNS (tuple): pairs from scikit-learn's nearest neighbours."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    matrix = TfidfVectorizer().fit_transform(texts)
    clock("vectors")
    # A text is its own nearest, which is asked for beside the others
    search = NearestNeighbors(n_neighbors=min(NEIGHBOURS + 1, len(texts)), metric="cosine", algorithm="brute").fit(matrix)
    distances, found = search.kneighbors(matrix)
    clock("pairs")
    near = distances <= 1 - threshold + 1e-12
    return np.nonzero(near)[0], found[near]


RUNS: Dict[str, Callable[[List[str], float, Clock], Edges]] = {
    OURS: ours,
    HASHED: ours_hashed,
    RADIUS: within_threshold,
    NEAREST: nearest,
}


def summary(name: str, runs: List[Dict[str, Any]]) -> Dict[str, Any]:
    """RETURNS (dict): medians of the runs of one way."""
    medians = {key: statistics.median(run[key] for run in runs) for key in ("vectors", "pairs", "memory")}
    return {"name": name, **medians, "edges": len(edge_set(runs[0]["edges"]))}


def cells(figure: Dict[str, Any]) -> List[str]:
    """RETURNS (list): a row of the table."""
    return [
        figure["name"],
        f"{figure['texts']:,}",
        f"{figure['vectors']:.2f} s",
        f"{figure['pairs']:.2f} s",
        f"{figure['vectors'] + figure['pairs']:.2f} s",
        f"{figure['times_slower']:.1f}",
        f"{figure['memory'] / 2**20:,.0f} MiB",
        f"{figure['edges']:,}",
        f"{figure['missed']:,}",
        f"{figure['more']:,}",
    ]


def edge_set(edges: Edges) -> set[Tuple[int, int]]:
    """RETURNS (set): pairs of different texts, the smaller number first."""
    return {(min(pair), max(pair)) for pair in zip(*(side.tolist() for side in edges), strict=True) if pair[0] != pair[1]}


def peak_memory(start: bool = False) -> int:
    """Read the process's largest resident set, in bytes.

    start (bool): forget what was before, on Linux, where a process's `ru_maxrss` also begins with its parent's.
    RETURNS (int): since the last start.
    """
    status = Path("/proc/self/status")
    if status.exists():
        if start:
            Path("/proc/self/clear_refs").write_text("5")
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def read_texts(paths: List[Path]) -> List[str]:
    """RETURNS (list): the texts of JSON Lines files, and of those in folders."""
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl*")) if path.is_dir() else [path])]
    texts = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf8") if file.suffix == ".gz" else file.open(encoding="utf8") as stream:
            texts += [json.loads(line)["text"] for line in stream if line.strip()]
    return texts


def make_texts(count: int) -> List[str]:
    """RETURNS (list): made-up texts, one in a hundred a near-duplicate of another."""
    from tests.corpus.collect.near_texts import make_passages, plant

    copies = count // 100
    return plant(make_passages(count - copies, n_words=200_000, length=100), copies)[0]


if __name__ == "__main__":
    main()

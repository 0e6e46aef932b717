"""Annotating from the cache: passages a second and peak memory, as the run grows.

First the answers are put into a cache as a server's would be; then `distill.annotate` runs over all passages in a process of its
own, with a server that is not there, so that every answer must come from the cache.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table
from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.requests import ChatSettings
from spacy_gliner_biomed.distill.teacher import Teacher, TeacherSettings

SIZES = [1000, 10_000, 100_000]
NOWHERE = "http://127.0.0.1:9/v1"


def main() -> None:
    """Run the benchmark, or, with `--run`, one run of it."""
    options = parser(__doc__, threads=False)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of passages")
    options.add_argument("--run", nargs=2, metavar=("FOLDER", "SIZE"), help="one run, as this benchmark starts it")
    args = options.parse_args()
    if args.run:
        print(json.dumps(run(Path(args.run[0]), int(args.run[1]))))
        return
    sizes = [200, 500] if args.quick else sorted(args.sizes)
    figures: List[Dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        fill(Path(scratch), sizes[-1])
        for size in sizes:
            command = [sys.executable, "-m", "benchmarks.distill_cache", "--run", scratch, str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "OPENAI_API_KEY": "none"})
            figures.append(json.loads(done.stdout))
        bytes_each = (Path(scratch) / "cache.sqlite").stat().st_size / sizes[-1]
    head = ["passages", "CPU seconds", "seconds", "passages a CPU second", "peak memory"]
    rows = [
        [
            f"{f['passages']:,}", f"{f['cpu']:.1f}", f"{f['seconds']:.1f}", f"{f['passages'] / f['cpu']:,.0f}",
            f"{f['memory'] / 2**20:,.0f} MiB",
        ]
        for f in figures
    ]
    shown = table(head, rows) + f"\n\n{bytes_each:,.0f} bytes of cache for each answer."
    finish("Annotating from the cache", machine() | {"threads": 1}, shown, figures, args.out)


def passages(size: int) -> Iterator[Passage]:
    """YIELDS (Passage): invented, of about 150 words, each a little different."""
    sentence = "In cohort {0} a dose of {1} mg of compound {2} lowered serum lactate in adults with sepsis after {3} days."
    for number in range(size):
        text = " ".join(sentence.format(number, number % 97 + place, number * place, place + 1) for place in range(8))
        yield Passage(f"p{number}", text, "benchmark", f"d{number}")


def teacher() -> Teacher:
    """RETURNS (Teacher): the default one."""
    return Teacher(TeacherSettings(ChatSettings("benchmark")))


def fill(folder: Path, size: int) -> None:
    """Put an answer for each passage into the folder's cache; all in one transaction, since nothing was paid for them."""
    from spacy_gliner_biomed.distill.cache import AnswerCache, pack

    words = [("lactate", "chemical"), ("sepsis", "disease"), ("adults", "study population")]
    entities = [{"id": number, "text": text, "type": kind} for number, (text, kind) in enumerate(words * 5)]
    text = pack(json.dumps({"entities": entities, "relations": [{"head": 0, "tail": 1, "type": "is a marker of"}]}))
    made = teacher()
    with AnswerCache(folder / "cache.sqlite") as cache:
        connection = cache._connection
        connection.execute("BEGIN")
        for part in tqdm(made.parts(passages(size)), total=size, desc="answers", disable=None, leave=False):
            assert part.request is not None
            row = (part.request.key, "benchmark", text, "stop", 2500, 400, 1)
            connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")


def run(folder: Path, size: int) -> Dict[str, Any]:
    """RETURNS (dict): seconds of the clock and of the processor, and the peak of resident memory in bytes, of one run."""
    from spacy_gliner_biomed.distill.annotation import annotate
    from spacy_gliner_biomed.distill.cache import AnswerCache
    from spacy_gliner_biomed.distill.client import Server, ServerSettings

    made = teacher()
    start, clock = time.process_time(), time.monotonic()
    with AnswerCache(folder / "cache.sqlite") as cache, Server(ServerSettings(NOWHERE), made.tokens) as model:
        report = annotate(passages(size), made, model, folder / "answers.jsonl", cache=cache, progress=False)
    assert report.cached == report.annotated == size and not report.asked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"passages": size, "cpu": time.process_time() - start, "seconds": time.monotonic() - clock, "memory": memory}


if __name__ == "__main__":
    main()

"""Memory and start: peak of a document of 1,000,000 characters, import time, time to the first entity.

Everything is measured in fresh processes, with the embedded model.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from tqdm import tqdm

from benchmarks.common import finish, machine, parser, table

DOCUMENT = """
import json, resource, sys, time
import torch
torch.set_num_threads({threads})
import spacy
from tests.support import texts
passage = " ".join(texts.make_texts(40, seed=0, min_words=100, max_words=200)) + " "
text = (passage * ({n_chars} // len(passage) + 1))[:{n_chars}]
nlp = spacy.blank("en")
nlp.max_length = max(nlp.max_length, len(text))
nlp.add_pipe("gliner_biomed", config={{"labels": texts.make_labels(10)}})
nlp("The patient was given aspirin.")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
doc = nlp(text)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
scale = 1024 if sys.platform != "darwin" else 1
print(json.dumps({{"before_bytes": before * scale, "peak_bytes": peak * scale, "seconds": seconds, "tokens": len(doc),
                  "characters": len(text), "entities": len(doc.ents)}}))
"""

FIRST_ENTITY = """
import json, time
marks = [("start", time.perf_counter())]
def mark(name):
    marks.append((name, time.perf_counter()))
import spacy
mark("import spacy")
nlp = spacy.blank("en")
nlp.add_pipe("gliner_biomed", config={"labels": ["disease", "drug"]})
mark("add_pipe")
doc = nlp("The patient with pneumonia was given penicillin and aspirin.")
mark("first document")
print(json.dumps({**{name: then - before for (_, before), (name, then) in zip(marks, marks[1:])},
                  "entities": len(doc.spans["gliner"])}))
"""


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--characters", type=int, default=1_000_000)
    options.add_argument(
        "--rounds", type=int, default=5, help="processes for each figure of start-up; the median counts"
    )
    args = options.parse_args()
    if args.quick:
        args.characters, args.rounds = 20_000, 1

    with tqdm(total=1 + 4 * args.rounds, desc="memory", leave=False) as progress:
        document = run_json(DOCUMENT.format(threads=args.threads, n_chars=args.characters))
        progress.update()
        walls: dict[str, list[float]] = {}
        firsts: list[dict[str, Any]] = []
        for _ in range(args.rounds):
            for name, code in (
                ("python alone", "pass"),
                ("import spacy", "import spacy"),
                ("import spacy_gliner_biomed", "import spacy_gliner_biomed"),
            ):
                walls.setdefault(name, []).append(wall_time(code))
                progress.update()
            start = time.perf_counter()
            first = run_json(FIRST_ENTITY)
            walls.setdefault("first entity, from nothing", []).append(time.perf_counter() - start)
            firsts.append(first)
            progress.update()
    medians = {name: statistics.median(values) for name, values in walls.items()}
    parts = {name: statistics.median(each[name] for each in firsts) for name in firsts[0]}
    rows: list[list[str]] = [
        [
            f"peak memory, document of {document['characters']:,} characters",
            f"{document['peak_bytes'] / 2**20:,.0f} MiB",
        ],
        ["memory before it, model loaded", f"{document['before_bytes'] / 2**20:,.0f} MiB"],
        ["time for it", f"{document['seconds']:.1f} s ({document['tokens'] / document['seconds']:,.0f} tokens/s)"],
        ["entities in it", f"{document['entities']:,}"],
        *([f"process: {name}", f"{seconds:.2f} s"] for name, seconds in medians.items()),
        *([f"of that: {name}", f"{seconds:.2f} s"] for name, seconds in parts.items() if name != "entities"),
    ]
    figures = {"document": document, "processes": medians, "first_entity": parts}
    finish("Memory and start, mini", machine() | {"threads": args.threads}, table(["", ""], rows), figures, args.out)


def run_json(code: str) -> dict[str, Any]:
    """Run code in a fresh process. RETURNS (dict): the JSON of its last line."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"A measuring process failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def wall_time(code: str) -> float:
    """RETURNS (float): seconds that a fresh process takes to run code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

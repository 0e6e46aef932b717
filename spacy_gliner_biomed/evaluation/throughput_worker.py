"""The process that one system of the throughput protocol runs in: one JSON object a line on stdin, one back on stdout.

It is given `{"system": …, "threshold": …, "device": …, "threads": …, "texts": FILE}` once, and says what it opened; then
`{"labels": […], "batch_size": 8, "texts": 4}` any number of times: it reads the first so many texts and says how long it took.
What goes wrong comes back as `{"error": "one sentence"}`, and ends it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import IO, Any, Dict, List

MIB = 2**20


def main() -> None:
    """Serve until stdin ends."""
    # What libraries print must not get between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = sys.stdin
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _serve(requests, answers)
    except Exception as error:  # the process that asked tells its user
        _answer(answers, {"error": " ".join(str(error).split()) or type(error).__name__, "memory": _is_memory(error)})


def _serve(requests: IO[str], answers: IO[str]) -> None:
    import torch

    from ..corpus.passage import AnnotatedPassage
    from .systems import Defaults, open_system

    opening = json.loads(requests.readline())
    if opening["threads"]:
        torch.set_num_threads(opening["threads"])
    texts: List[str] = json.loads(Path(opening["texts"]).read_text(encoding="utf-8"))
    passages = [AnnotatedPassage(str(number), text) for number, text in enumerate(texts)]
    system: Any = open_system(
        opening["system"], Defaults(threshold=opening["threshold"], device=opening["device"], batch_size=1)
    )
    list(system.predict(passages[:1], ["disease"]))  # reads the weights
    _answer(answers, {"kind": system.kind, "details": {**system.details, **_encoder(system)}, "machine": _machine()})
    for line in requests:
        asked = json.loads(line)
        system.batch_size = asked["batch_size"]
        gc.collect()
        started = time.perf_counter()
        mentions = sum(len(found) for found in system.predict(passages[: asked["texts"]], asked["labels"]))
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        _answer(answers, {"seconds": seconds, "mentions": mentions, "notes": system.notes, **_memory()})


def _memory() -> Dict[str, float]:
    """Peaks of this process, for the process that asked: on a GPU, and where there is no /proc to read it from."""
    found: Dict[str, float] = {}
    if sys.platform != "win32":
        import resource

        scale = 1 if sys.platform == "darwin" else 1024
        found["maxrss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / MIB
    torch = sys.modules["torch"]
    if torch.cuda.is_available() and torch.cuda.max_memory_reserved():
        found["device_mib"] = torch.cuda.max_memory_reserved() / MIB
    return found


def _machine() -> Dict[str, Any]:
    import platform

    torch = sys.modules["torch"]
    name, cpuinfo = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _encoder(system: Any) -> Dict[str, str]:
    """Uni- or bi-encoder, where the system is a component."""
    if system.kind != "gliner_biomed":
        return {}
    return {"encoder": "bi" if system.pipe.span_scorer.config.is_bi_encoder else "uni"}


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower()


def _answer(answers: IO[str], values: Dict[str, Any]) -> None:
    answers.write(json.dumps(values, default=str) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()

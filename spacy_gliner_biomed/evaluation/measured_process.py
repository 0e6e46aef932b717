"""A worker of the throughput protocol, seen from outside: asked one thing at a time, its peak memory watched, stopped at a cap."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Dict, Optional

WORKER = "spacy_gliner_biomed.evaluation.throughput_worker"
TICK = 0.05  # seconds between two looks at the memory


class OverCap(Exception):
    """The process needed more memory than it may have, and is gone. peak (float): MiB when that was seen."""

    def __init__(self, peak: Optional[float]) -> None:
        super().__init__("The process passed its memory cap.")
        self.peak = peak


class MeasuredProcess:
    """A worker process; use it as a context.

    opening (dict): the first request (see `throughput_worker`).
    cap_mib (float): the peak of resident memory, or of device memory where it computes on one, that it may reach.
    RAISES (ValueError): where the system cannot be opened; the worker's own sentence.
    """

    def __init__(self, opening: Dict[str, Any], cap_mib: float) -> None:
        self.cap_mib = cap_mib
        self.peak_mib: Optional[float] = None
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by `close`
        # Idle threads that spin would slow down the process whose turn is next
        environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", **os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env=environment,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.opened = self.ask(opening)
        except BaseException:
            self.close()
            raise

    def ask(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """RETURNS (dict): the worker's answer.

        RAISES (OverCap): where it passed the cap on the way, or ran out of memory.
        RAISES (ValueError): where it failed; one sentence.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # what it died of is said below
            pass
        while True:
            self._look()
            try:
                line = self._answers.get(timeout=TICK)
                break
            except queue.Empty:
                continue
        if not line:
            raise self._death()
        answer = json.loads(line)
        self._look(answer)
        if answer.get("memory"):
            raise OverCap(self.peak_mib)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self._errors.close()

    def __enter__(self) -> MeasuredProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._answers.put(line)
        except ValueError:  # closed by `close`
            pass
        self._answers.put("")

    def _look(self, answer: Optional[Dict[str, Any]] = None) -> None:
        """Note the peak so far; end the process where it is over the cap."""
        answer = answer or {}
        peak = _high_water(self._process.pid)
        if peak is None:
            peak = answer.get("maxrss_mib")
        if peak is not None:
            self.peak_mib = max(peak, self.peak_mib or 0.0)
        limited = answer.get("device_mib", self.peak_mib)
        if limited is not None and limited > self.cap_mib:
            self._process.kill()
            raise OverCap(self.peak_mib)

    def _death(self) -> Exception:
        status = self._process.wait()
        if status == -9:  # not by us: the system had no memory left
            return OverCap(self.peak_mib)
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines() or ["it said nothing"]
        return ValueError(f"The measured process ended with status {status}: {lines[-1]}")


def _high_water(pid: int) -> Optional[float]:
    """RETURNS (float): peak resident memory in MiB; None where the system doesn't tell.

    `ru_maxrss` would not do on Linux: a new process begins with its parent's peak.
    """
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(found.group(1)) / 1024 if found else None

"""`kill -9` in the middle of annotating, ten times: the same file comes out, and no answer that was kept is asked for again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Set

from tests.distill.chat_server import KEY, ChatServer

KILLS = 10
PASSAGES = 90
CONCURRENCY = 4
# Imports once, then forks a child for each run: what is killed is a process of its own, and starting it costs little
RUNNER = """
import os, sys
from pathlib import Path
from spacy_gliner_biomed.distill.annotation import annotate
from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.client import Server
from tests.distill.asking import passages, quick, teacher
import openai
url, folder = sys.argv[1], Path(sys.argv[2])
faults = ["", "[429]", "[half json]", "[500]", "[drops]"]
texts = [f"Study {n} gave Aspirin to Adults {faults[n % 5]}." + " Basel was far." * (n % 7) for n in range(int(sys.argv[3]))]
made = teacher()
for name in sys.stdin:
    child = os.fork()
    if child == 0:
        name = name.strip()
        server = quick(url, concurrency=int(sys.argv[4]))
        with AnswerCache(folder / f"{name}.sqlite") as cache, Server(server, made.tokens) as model:
            annotate(passages(*texts), made, model, folder / f"{name}.jsonl", cache=cache, progress=False)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def known(path: Path) -> Set[str]:
    """RETURNS (set): what the answers in a cache say, as far as it is there."""
    if not path.exists():
        return set()
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT key FROM answers")}
    except sqlite3.OperationalError:  # killed before the table was there
        return set()
    finally:
        connection.close()


def test_ten_kills_change_nothing(server: ChatServer, tmp_path: Path) -> None:
    """The first try of some requests fails, so that kills also fall between a first answer and the second try."""
    environment = {**os.environ, "OPENAI_API_KEY": KEY, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", RUNNER, server.url, str(tmp_path), str(PASSAGES), str(CONCURRENCY)]
    draw = random.Random(6)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as runner:
        assert runner.stdin and runner.stdout

        def start(name: str) -> int:
            runner.stdin.write(name + "\n")  # type: ignore[union-attr]
            runner.stdin.flush()  # type: ignore[union-attr]
            return int(runner.stdout.readline())  # type: ignore[union-attr]

        start("undisturbed")
        assert runner.stdout.readline() == "0\n"
        needed = server.paid.total()
        server.tries.clear()
        server.paid.clear()
        server.delay = 0.005
        kept: Set[str] = set()
        for number in range(KILLS):
            aim = server.paid.total() + draw.randint(1, 8)
            child = start("killed")
            until = time.monotonic() + 30
            while server.paid.total() < aim and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(draw.random() * 0.01)
            os.kill(child, signal.SIGKILL)
            assert runner.stdout.readline() == f"{int(signal.SIGKILL)}\n", f"the run was over before kill {number}"
            assert not (tmp_path / "killed.jsonl").exists()
            now = known(tmp_path / "killed.sqlite")
            assert kept <= now
            kept = now
        answers_before, paid_before = len(kept), server.paid.total()
        start("killed")
        assert runner.stdout.readline() == "0\n"
        runner.stdin.close()
    assert 0 < answers_before < PASSAGES
    # The last run paid for what was not kept, and the second tries of these; all in all a kill costs what was under way
    assert server.paid.total() - paid_before <= 2 * (PASSAGES - answers_before)
    assert needed <= server.paid.total() <= needed + KILLS * CONCURRENCY
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()
    assert (tmp_path / "killed.jsonl").stat().st_size > PASSAGES * 100

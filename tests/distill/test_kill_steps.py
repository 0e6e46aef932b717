"""`kill -9` in the steps that write a whole file in one pass: what lies under its name is whole, or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Each run is a process of its own, forked from one that has imported everything; it kills itself before a chosen write
RUNNER = """
import json, os, signal, sys
from pathlib import Path
from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.distill.annotated import TypeSettings, annotate_file
from spacy_gliner_biomed.distill.answers import write_answers
from spacy_gliner_biomed.distill.export import export, write_docs
from spacy_gliner_biomed.distill.grounding.run import ground_file
from spacy_gliner_biomed.distill.relation_rows import write_relations
from spacy_gliner_biomed.distill.tasks.answers import write_task_answers
from spacy_gliner_biomed.distill.tasks.rows import write_rows
from tests.distill.grounding.answering import answer, passage
from tests.distill.tasks.making import RIGHT, make_answer

folder = Path(sys.argv[1])
found = ("Aspirin", "Drugs"), ("breast cancer", "Disease"), ("rash", "Symptom")
write_answers(folder / "answers.jsonl", [answer(passage(f"p{n}"), *found, relations=((0, 3, "treats"),)) for n in range(4)])
write_task_answers(folder / "tasks.jsonl", [make_answer(name, right) for name, right in list(RIGHT.items())[:4]])
types = TypeSettings(model="", negatives=1)
STEPS = {
    "grounded.jsonl": lambda out: ground_file([folder / "answers.jsonl"], out, report=out.with_suffix(".html"), progress=False),
    "typed.jsonl": lambda out: annotate_file([folder / "grounded.jsonl"], out, out.with_suffix(".tsv"), types, progress=False),
    "relations.jsonl": lambda out: write_relations([folder / "grounded.jsonl"], out),
    "post.jsonl": lambda out: write_rows([folder / "tasks.jsonl"], out),
    "rows.json": lambda out: export(folder / "typed.jsonl", out, progress=False),
    "docs.spacy": lambda out: export(folder / "typed.jsonl", out, progress=False),
    "docs": lambda out: write_docs(read(folder / "typed.jsonl"), out, docs_a_file=2),
}


calls, last = 0, 0


def ticking(function):
    def call(*arguments, **keywords):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)

    return call


def calls_of(step, out):
    global calls
    calls = 0
    step(out)
    return calls


def killed(step, out, moment):
    global last
    child = os.fork()
    if child:
        return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    last = moment
    calls_of(step, out)
    os._exit(0)


def content(path):
    return {each.name: each.read_bytes() for each in path.iterdir()} if path.is_dir() else path.read_bytes()


for owner, name in ((json, "dumps"), (os, "replace"), (Path, "write_bytes"), (Path, "unlink"), (Path, "rmdir")):
    setattr(owner, name, ticking(getattr(owner, name)))
(folder / "killed").mkdir()
for name, step in STEPS.items():
    out = folder / "killed" / name
    number = calls_of(step, folder / name)
    whole = content(folder / name)
    moments = {1, number // 2, number - 1, number}
    for moment in sorted(moments):
        assert killed(step, out, moment), (name, moment)
        assert not out.exists() or content(out) == whole, (name, moment)
    number = calls_of(step, out)
    assert content(out) == whole, name
    if name == "docs":  # a folder takes the place of another in two steps
        number = calls_of(step, out)
        for moment in range(number - 6, number + 1):
            assert killed(step, out, moment), moment
            assert not out.exists() or content(out) == whole, moment
            step(out)
    print(name, len(moments), flush=True)
assert not [each for each in (folder / "killed").iterdir() if each.suffix in (".partial", ".earlier")]
"""


def test_a_kill_leaves_no_half_file(tmp_path: Path) -> None:
    """Before the first, a middle and the last two of all rows, writes, deletions and renamings; the next run ends as usual."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, "-c", RUNNER, str(tmp_path)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 7 and sum(int(line.split()[1]) for line in done.stdout.splitlines()) >= 21

"""The throughput protocol: with stand-ins for the processes where their answers must be known, and once for real."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation import throughput
from spacy_gliner_biomed.evaluation.html_report.schema import check_result
from spacy_gliner_biomed.evaluation.measured_process import MeasuredProcess, OverCap
from spacy_gliner_biomed.evaluation.run import envelope
from spacy_gliner_biomed.evaluation.throughput import (
    ThroughputSettings,
    choose_texts,
    label_sets,
    measure_throughput,
    named,
    with_gliner,
)
from tests.evaluation.support import write_lexicon
from tests.scorer.tiny import make_scorer

TEXTS = ["Aspirin for fever.", "no fever"]  # five words


class StandIn:
    """A process that takes 1/batch size seconds, more in its first run, and more memory with each batch size."""

    calls: list[tuple[str, int, int, int]] = []
    opened_for: list[str] = []
    cap_at = {"greedy": 4}
    fails_at = {"narrow": 3}

    def __init__(self, opening: dict[str, Any], cap_mib: float) -> None:
        self.name, self.peak_mib, self.runs = opening["system"], 100.0, 0
        if self.name == "huge":
            raise OverCap(9000.0)
        if self.name == "missing":
            raise ValueError("There is no folder 'x'.")
        self.opened_for.append(self.name)
        self.opened = {"kind": "gliner_biomed", "details": {"model": self.name}, "machine": {"cores": 2}}

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """As `MeasuredProcess.ask`."""
        size = request["batch_size"]
        self.calls.append((self.name, len(request["labels"]), size, request["texts"]))
        if size >= self.cap_at.get(self.name, 99):
            raise OverCap(4321.0)
        if len(request["labels"]) >= self.fails_at.get(self.name, 999):
            raise ValueError("These labels do not fit.")
        self.runs += 1
        self.peak_mib += size
        return {"seconds": (10.0 if self.runs == 2 else 1.0) / size, "mentions": 3, "notes": [f"{self.name} read"]}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Every process is a stand-in."""
    monkeypatch.setattr(StandIn, "calls", [])
    monkeypatch.setattr(StandIn, "opened_for", [])
    monkeypatch.setattr(throughput, "MeasuredProcess", StandIn)
    return StandIn


def measure(*names: str, sets: dict[str, list[str]] | None = None, **settings: Any) -> dict[str, Any]:
    """RETURNS (dict): the result, checked."""
    chosen = ThroughputSettings(**{"batch_sizes": (1, 2, 4), **settings})
    result = measure_throughput({name: name for name in names}, TEXTS, sets or {"own": ["a", "b"]}, chosen, progress=False)
    check_result({**envelope("t", "c", {}), **result})
    return result


def test_they_take_turns(stand_in: type[StandIn]) -> None:
    """After a warm-up on a few texts; who begins changes from round to round."""
    measure("one", "two", batch_sizes=(1, 2), rounds=2)
    assert stand_in.calls[:2] == [("one", 2, 1, 2), ("two", 2, 1, 2)]
    turns = [("one", 1), ("two", 1), ("two", 1), ("one", 1), ("one", 2), ("two", 2), ("two", 2), ("one", 2)]
    assert turns == [(name, size) for name, _, size, _ in stand_in.calls[2:]]


def test_the_median_counts(stand_in: type[StandIn]) -> None:
    """Of the timed rounds, in words that white space divides; memory is that of all sizes so far."""
    entries = measure("one", rounds=3)["throughput"]
    assert [(1, 5.0, 104.0), (2, 10.0, 110.0), (4, 20.0, 122.0)] == [
        (entry["batch_size"], entry["words_per_second"], entry["peak_rss_mib"]) for entry in entries
    ]
    assert [10.0, 1.0, 1.0] == entries[0]["seconds"]
    assert not any(entry["over_cap"] for entry in entries)


def test_the_cap_ends_a_series(stand_in: type[StandIn]) -> None:
    """Of that system with those labels; the others go on."""
    result = measure("greedy", "one", sets={"own": ["a"], "umls": ["a", "b"]}, batch_sizes=(2, 4, 8))
    assert [("own", 2, False), ("own", 4, True), ("umls", 2, False), ("umls", 4, True)] == [
        (entry["label_set"], entry["batch_size"], entry["over_cap"])
        for entry in result["throughput"]
        if entry["system"] == "greedy"
    ]
    over = next(entry for entry in result["throughput"] if entry["over_cap"])
    assert (None, 4321.0) == (over["words_per_second"], over["peak_rss_mib"])
    assert 6 == sum(entry["system"] == "one" for entry in result["throughput"])
    assert stand_in.opened_for == ["greedy", "one"] * 2  # fresh processes for each label set


def test_labels_that_a_system_cannot_read(stand_in: type[StandIn]) -> None:
    """Are told in its notes; other label sets are measured."""
    result = measure("narrow", sets={"own": ["a"], "umls": ["a", "b", "c"]})
    assert {"own"} == {entry["label_set"] for entry in result["throughput"]}
    (system,) = result["systems"]
    assert ["narrow read", "Stopped at batch size 1 with 3 labels: These labels do not fit."] == system["notes"]


@pytest.mark.parametrize(
    ("names", "texts", "sets", "message"),
    [
        (["huge"], TEXTS, {"own": ["a"]}, "The system 'huge' takes 9,000 MiB to load, more than the cap of 8,192 MiB"),
        (["missing"], TEXTS, {"own": ["a"]}, "The system 'missing' cannot be timed: There is no folder 'x'."),
        (["one"], [" "], {"own": ["a"]}, "There is no text to time the systems on"),
        (["one"], TEXTS, {"own": []}, "The label set 'own' is empty"),
    ],
)
def test_one_sentence(stand_in: type[StandIn], names: list, texts: list, sets: dict, message: str) -> None:
    """For what cannot be measured."""
    with pytest.raises(ValueError, match=message):
        measure_throughput({name: name for name in names}, texts, sets, progress=False)


@pytest.mark.parametrize("changes", [{"batch_sizes": (2, 1)}, {"batch_sizes": ()}, {"batch_sizes": (0, 1)}, {"rounds": 0}])
def test_settings_are_checked(changes: dict) -> None:
    """Sizes rise, and something is measured."""
    with pytest.raises(ValueError, match="must be rising numbers|must be at least 1"):
        ThroughputSettings(**changes)


def test_texts() -> None:
    """Those that all systems read whole, up to the limit."""
    texts = ["one two", "", "one, two", "one", "two"]
    passages = (AnnotatedPassage(str(number), text) for number, text in enumerate(texts))
    assert (["one two", "one"], 1) == choose_texts(passages, 2, 2)


def test_label_sets() -> None:
    """The corpus' own, and the 127 of the paper."""
    assert [("own", 2), ("umls", 127)] == [(name, len(labels)) for name, labels in label_sets(["a", "b"]).items()]
    with pytest.raises(ValueError, match="There is no label set 'mine'; choose from own, umls."):
        label_sets([], ["mine"])


def test_two_of_one_name() -> None:
    """Cannot be told apart."""
    with pytest.raises(ValueError, match="Two systems are called 'mini'"):
        named(["mini", "mini=other"])


def test_gliner_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an export of the same checkpoint; not beside systems that are none."""
    checkpoint.save(make_scorer("bi"), tmp_path / "model")
    lexicon = f"lexicon:{write_lexicon(tmp_path / 'l.tsv', ('disease', 'fever', ''))}"
    systems = with_gliner([f"ours={tmp_path / 'model'}", lexicon], tmp_path / "exports")
    assert ["ours", "ours, gliner", "lexicon:l.tsv"] == list(systems)
    exported = Path(systems["ours, gliner"].removeprefix("gliner:"))
    assert (exported / "gliner_config.json").is_file()
    (tmp_path / "model" / "config.cfg").write_text("")
    with pytest.raises(ValueError, match="is a spaCy pipeline; name the model folder in it"):
        with_gliner([str(tmp_path / "model")], tmp_path / "more")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needs the gliner library: pip install gliner; or leave it out with --no-gliner"):
        with_gliner(["mini"], tmp_path)


# -- real processes ----------------------------------------------------------------------------------------------------


def test_for_real(tmp_path: Path) -> None:
    """A component in a process of its own: time, memory, and what it is."""
    checkpoint.save(make_scorer("uni"), tmp_path / "model")
    settings = ThroughputSettings((1, 2), rounds=1, threads=1)
    systems, labels = {"tiny": str(tmp_path / "model")}, {"own": ["drug", "disease"]}
    result = measure_throughput(systems, TEXTS, labels, settings, progress=False)
    (system,) = result["systems"]
    assert ("gliner_biomed", "uni", 1) == (system["kind"], system["details"]["encoder"], result["machine"]["threads"])
    assert [1, 2] == [entry["batch_size"] for entry in result["throughput"]]
    for entry in result["throughput"]:
        assert entry["words_per_second"] > 0
        assert 50 < entry["peak_rss_mib"] < 4000


def test_a_process_that_takes_too_much() -> None:
    """Is stopped on its way, and is gone."""
    with pytest.raises(OverCap) as caught:
        MeasuredProcess({"system": "mini", "threshold": 0.5, "device": None, "threads": 1, "texts": "none"}, 20.0)
    assert (caught.value.peak or 0) > 20


def test_a_process_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For want of memory counts as over the cap; anything else is told with its last words."""
    worker = tmp_path / "dying_worker.py"
    worker.write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    how = json.loads(line)['die']\n"
        "    if how == 'no':\n"
        "        print('{\"seconds\": 1}', flush=True)\n"
        "    elif how == 'memory':\n"
        "        print('{\"error\": \"CUDA out of memory\", \"memory\": true}', flush=True)\n"
        "    else:\n"
        "        print('last words', file=sys.stderr, flush=True)\n"
        f"        os.kill(os.getpid(), {int(signal.SIGKILL)}) if how == 'killed' else sys.exit(3)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr("spacy_gliner_biomed.evaluation.measured_process.WORKER", "dying_worker")
    for how, error, message in (
        ("killed", OverCap, "memory cap"),
        ("memory", OverCap, "memory cap"),
        ("yes", ValueError, "The measured process ended with status 3: last words"),
    ):
        with MeasuredProcess({"die": "no"}, 1000.0) as process, pytest.raises(error, match=message):
            process.ask({"die": how})

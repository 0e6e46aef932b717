"""The throughput protocol: words a second over batch sizes, with the data set's own labels and with the 127 UMLS semantic types.

After Figure 2 of GLiNER-BioMed (arXiv 2504.00676): the fastest batch size from 1 to 64 counts, up to a memory cap. Each system
runs in a process of its own, a fresh one for each label set; the processes take turns, so that a slow moment of the machine hits
all of them. Batch sizes rise, so the peak memory noted for one is that of all up to it.
"""

from __future__ import annotations

import json
import statistics
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from tqdm import tqdm

from ..corpus.passage import AnnotatedPassage
from ..label_sets import UMLS_SEMANTIC_TYPES
from ..scorer.words import split_words
from .measured_process import MeasuredProcess, OverCap

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
OWN, UMLS = "own", "umls"
LABEL_SETS = (OWN, UMLS)
WARM_UP_TEXTS = 8


@dataclass(frozen=True)
class ThroughputSettings:
    """How systems are timed.

    batch_sizes (tuple): rising. rounds (int): timed runs of each; their median counts.
    memory_mib (float): the cap: a batch size whose process passes it is stopped, and larger ones are not tried.
    threads (int): torch threads of each process; 0 leaves that to torch.
    threshold (float): the score a span must exceed. device (str): "cpu", "cuda"; None for the CPU.
    """

    batch_sizes: Tuple[int, ...] = BATCH_SIZES
    rounds: int = 3
    memory_mib: float = 8192.0
    threads: int = 0
    threshold: float = 0.5
    device: Optional[str] = None

    def __post_init__(self) -> None:
        if not self.batch_sizes or sorted(set(self.batch_sizes)) != list(self.batch_sizes) or self.batch_sizes[0] < 1:
            raise ValueError(f"The batch sizes {list(self.batch_sizes)} must be rising numbers from 1 on.")
        if self.rounds < 1:
            raise ValueError(f"The number of timed rounds is {self.rounds}; it must be at least 1.")


def measure_throughput(
    systems: Mapping[str, str],
    texts: Sequence[str],
    label_sets: Mapping[str, Sequence[str]],
    settings: Optional[ThroughputSettings] = None,
    progress: bool = True,
) -> Dict[str, Any]:
    """Time systems on texts.

    systems (Mapping[str, str]): name → what `systems.open_system` takes.
    texts (Sequence[str]): read by every system, whole.
    label_sets (Mapping): name → labels; "own" and "umls" are those of the protocol.
    settings (ThroughputSettings): how.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): `systems`, `throughput` and `machine` of a result, as `html_report` reads it; words are what white space
        divides. An entry without `words_per_second` passed the memory cap.
    RAISES (ValueError): without texts or labels, and for a system that cannot be opened.
    """
    settings = settings or ThroughputSettings()
    if not texts or not any(text.split() for text in texts):
        raise ValueError("There is no text to time the systems on; give a corpus with at least one passage.")
    for name, labels in label_sets.items():
        if not labels:
            raise ValueError(f"The label set '{name}' is empty; give a corpus that has labels.")
    result: Dict[str, Any] = {"systems": [], "throughput": [], "machine": {}}
    notes: Dict[str, List[str]] = {name: [] for name in systems}
    runs = len(systems) * len(label_sets) * (len(settings.batch_sizes) * settings.rounds + 1)
    with TemporaryDirectory() as place, tqdm(
        total=runs, desc="throughput", unit=" runs", disable=None if progress else True
    ) as bar:  # fmt: skip
        path = Path(place) / "texts.json"
        path.write_text(json.dumps(list(texts)), encoding="utf-8")
        for number, (label_set, labels) in enumerate(label_sets.items()):
            with ExitStack() as stack:
                running = [_Runner(name, spec, path, settings, stack) for name, spec in systems.items()]
                if number == 0:
                    result["machine"] = running[0].process.opened["machine"]
                    result["systems"] = [
                        {"name": each.name, **_only(each.process.opened, "kind", "details"), "notes": notes[each.name]}
                        for each in running
                    ]
                series = _Series(running, texts, list(labels), settings, bar)
                for entry in series.entries():
                    result["throughput"].append({"label_set": label_set, "labels": len(labels), **entry})
            for each in running:
                notes[each.name] += [note for note in each.notes if note not in notes[each.name]]
    return result


def with_gliner(systems: Sequence[str], folder: Path) -> Dict[str, str]:
    """Put beside each checkpoint the same checkpoint in the `gliner` library.

    systems (Sequence[str]): what `systems.open_system` takes.
    folder (Path): gets one exported checkpoint for each that is read by the component.
    RETURNS (dict): name → system; "NAME, gliner" follows NAME.
    RAISES (ImportError): where `gliner` is not installed.
    RAISES (ValueError): for a spaCy pipeline, which holds more than a checkpoint, and two systems of one name.
    """
    from importlib.util import find_spec

    from ..checkpoint import export, load
    from .systems.spec import COMPONENT, parse_spec

    if find_spec("gliner") is None:
        raise ImportError("The comparison needs the gliner library: pip install gliner; or leave it out with --no-gliner.")
    found: Dict[str, str] = {}
    for number, (name, text) in enumerate(named(systems).items()):
        found[name] = text
        spec = parse_spec(text)
        if spec.kind == COMPONENT:
            if (Path(spec.target) / "config.cfg").is_file():
                raise ValueError(f"'{spec.target}' is a spaCy pipeline; name the model folder in it, or use --no-gliner.")
            target = folder / f"checkpoint-{number}"
            export(load(spec.target, spec.settings.get("revision")), target)
            found[f"{name}, gliner"] = f"gliner:{target}"
    return found


def named(systems: Sequence[str]) -> Dict[str, str]:
    """RETURNS (dict): the name of each system → what was typed.

    RAISES (ValueError): for two of one name, and for text that names no system.
    """
    from .systems.spec import parse_spec

    found: Dict[str, str] = {}
    for text in systems:
        name = parse_spec(text).name
        if name in found:
            raise ValueError(f"Two systems are called '{name}'; name one of them: other={text}")
        found[name] = text
    return found


def choose_texts(passages: Iterable[AnnotatedPassage], limit: int, max_words: int) -> Tuple[List[str], int]:
    """Texts that every system reads whole: none is longer than a checkpoint's window, which `gliner` would cut it at.

    passages (Iterable[AnnotatedPassage]): read until there are enough.
    limit (int): texts wanted. max_words (int): most words (as the models count them) in one.
    RETURNS (tuple): the texts, in the corpus' order, and how many were passed over as too long.
    """
    texts: List[str] = []
    too_long = 0
    for passage in passages:
        if len(texts) == limit:
            break
        n_words = len(split_words(passage.text)[0])
        too_long += n_words > max_words
        if 0 < n_words <= max_words:
            texts.append(passage.text)
    return texts, too_long


def label_sets(own: Sequence[str], wanted: Sequence[str] = LABEL_SETS) -> Dict[str, Sequence[str]]:
    """RETURNS (dict): the label sets of the protocol that are wanted: the data set's own, and the UMLS semantic types.

    RAISES (ValueError): for a set it does not have.
    """
    known = {OWN: tuple(own), UMLS: UMLS_SEMANTIC_TYPES}
    for name in wanted:
        if name not in known:
            raise ValueError(f"There is no label set '{name}'; choose from {', '.join(known)}.")
    return {name: known[name] for name in wanted}


def settings_of(settings: ThroughputSettings) -> Dict[str, Any]:
    """RETURNS (dict): the settings, ready for JSON."""
    return {**asdict(settings), "batch_sizes": list(settings.batch_sizes)}


class _Runner:
    """A system's process during one label set."""

    def __init__(self, name: str, spec: str, texts: Path, settings: ThroughputSettings, stack: ExitStack) -> None:
        self.name = name
        self.notes: List[str] = []
        opening = {
            "system": spec,
            "threshold": settings.threshold,
            "device": settings.device,
            "threads": settings.threads,
            "texts": str(texts),
        }
        try:
            self.process = stack.enter_context(MeasuredProcess(opening, settings.memory_mib))
        except OverCap as error:
            raise ValueError(
                f"The system '{name}' takes {_mib(error.peak)} to load, more than the cap of {settings.memory_mib:,.0f} MiB; "
                "raise --memory."
            ) from None
        except ValueError as error:
            raise ValueError(f"The system '{name}' cannot be timed: {error}") from None

    def read(self, labels: Sequence[str], batch_size: int, n_texts: int) -> Dict[str, Any]:
        """RETURNS (dict): the worker's answer, with `peak_rss_mib`."""
        answer = self.process.ask({"labels": list(labels), "batch_size": batch_size, "texts": n_texts})
        self.notes += [note for note in answer["notes"] if note not in self.notes]
        return {**answer, "peak_rss_mib": self.process.peak_mib}


class _Series:
    """All batch sizes with one label set."""

    def __init__(
        self, running: Sequence[_Runner], texts: Sequence[str], labels: List[str], settings: ThroughputSettings, bar: Any
    ) -> None:
        self.running, self.texts, self.labels, self.settings, self.bar = running, texts, labels, settings, bar
        self.words = sum(len(text.split()) for text in texts)
        self._over: Dict[str, Optional[float]] = {}

    def entries(self) -> Iterable[Dict[str, Any]]:
        """YIELDS (dict): an entry of a result for each system and batch size."""
        alive = [each for each in self.running if self._read(each, 1, min(WARM_UP_TEXTS, len(self.texts)))]
        yield from self._stopped(self.settings.batch_sizes[0])
        for batch_size in self.settings.batch_sizes:
            answers: Dict[str, List[Dict[str, Any]]] = {}
            for number in range(self.settings.rounds):
                turn = number % len(alive) if alive else 0
                for each in alive[turn:] + alive[:turn]:
                    answer = self._read(each, batch_size, len(self.texts))
                    if answer:
                        answers.setdefault(each.name, []).append(answer)
                    else:
                        answers.pop(each.name, None)
                        alive = [other for other in alive if other is not each]
            for name, own in answers.items():
                seconds = [answer["seconds"] for answer in own]
                yield {
                    "system": name,
                    "batch_size": batch_size,
                    "words_per_second": self.words / statistics.median(seconds),
                    "seconds": seconds,
                    "mentions": own[-1]["mentions"],
                    "peak_rss_mib": own[-1]["peak_rss_mib"],
                    **_only(own[-1], "device_mib"),
                    "over_cap": False,
                }
            yield from self._stopped(batch_size)

    def _read(self, each: _Runner, batch_size: int, n_texts: int) -> Optional[Dict[str, Any]]:
        """RETURNS (dict): None where the system can go no further, which is noted."""
        self.bar.set_postfix_str(f"{each.name}, {len(self.labels)} labels, batch size {batch_size}")
        self.bar.update()
        try:
            return each.read(self.labels, batch_size, n_texts)
        except OverCap as error:
            self._over[each.name] = error.peak
        except ValueError as error:
            each.notes.append(f"Stopped at batch size {batch_size} with {len(self.labels)} labels: {error}")
        return None

    def _stopped(self, batch_size: int) -> Iterable[Dict[str, Any]]:
        """YIELDS (dict): an entry for each system that has just passed the cap."""
        for name, peak in self._over.items():
            yield {
                "system": name, "batch_size": batch_size, "words_per_second": None, "peak_rss_mib": peak, "over_cap": True
            }  # fmt: skip
        self._over.clear()


def _only(values: Mapping[str, Any], *names: str) -> Dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _mib(peak: Optional[float]) -> str:
    return "more memory" if peak is None else f"{peak:,.0f} MiB"

"""How much a model's figures depend on the way its labels are put: the same corpora, the same labels, other words.

A user types "condition" where a corpus says "medical condition". Each way of asking becomes a system of its own, whose answers
go back to the corpus' labels, so that the figures differ by the wording alone.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from spacy.language import Language

from ..corpus.passage import AnnotatedPassage
from ..label_sets import TestWording
from ..labels import ThresholdInput
from .systems.base import ScoredMention
from .systems.component import ComponentSystem

NAMES, DESCRIPTIONS = "names", "descriptions"


class Reworded(ComponentSystem):
    """The component, asked for each label in other words.

    wording (dict): corpus label → the name to ask for; labels that it lacks are asked for by their own names.
    descriptions (dict): corpus label → the description that goes with its name.
    The other arguments are those of `ComponentSystem`.
    """

    def __init__(
        self,
        name: str,
        nlp: Language,
        wording: Mapping[str, str],
        descriptions: Optional[Mapping[str, str]] = None,
        threshold: Optional[ThresholdInput] = None,
        batch_size: int = 32,
        details: Optional[Dict[str, Any]] = None,
    ) -> None:
        told = {**(details or {}), "wording": dict(wording), "descriptions": dict(descriptions or {})}
        super().__init__(name, nlp, threshold, batch_size, told)
        self.wording, self.descriptions = wording, descriptions or {}

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`; mentions carry the corpus' labels.

        RAISES (ValueError): where two of the labels would be asked for in the same words.
        """
        asked = {self.wording.get(label, label): label for label in labels}
        if len(asked) < len(labels):
            twice = next(label for label in labels if asked[self.wording.get(label, label)] != label)
            raise ValueError(f"The wording '{self.wording.get(twice, twice)}' stands for two labels of one corpus; reword one.")
        for mentions in super().predict(passages, list(asked), overlap):
            yield [mention._replace(label=asked[mention.label]) for mention in mentions]

    def ask(self, labels: Sequence[str]) -> None:
        """Set the pipe's labels, with descriptions where there are some."""
        if not self.descriptions:
            super().ask(labels)
            return
        original = {self.wording.get(label, label): label for label in self.descriptions}
        self.pipe.labels = {label: self.descriptions.get(original.get(label, label), "") for label in labels}


def wordings_of(
    wordings: Mapping[str, TestWording], labels: Iterable[str]
) -> Tuple[Dict[str, TestWording], List[str]]:
    """Look up the labels of corpora in a list of wordings.

    wordings (dict): what each label may be called.
    labels (iterable): the labels; one that comes twice counts once.
    RETURNS (tuple): the wordings of those that are listed, and those that are not.
    """
    asked = dict.fromkeys(labels)
    return {label: wordings[label] for label in asked if label in wordings}, [label for label in asked if label not in wordings]


def wording_systems(
    nlp: Language,
    wordings: Mapping[str, TestWording],
    threshold: Optional[ThresholdInput] = None,
    batch_size: int = 32,
    details: Optional[Dict[str, Any]] = None,
) -> List[Reworded]:
    """One system a way of asking: by the labels' own names, by each paraphrase, by names with descriptions.

    nlp (Language): a pipeline with a `gliner_biomed` pipe, shared by all of them.
    wordings (dict): what each label of the corpora may be called; `wordings_of`. There are as many paraphrases as the label
        with the most has; a label with fewer begins again with its first.
    threshold, batch_size, details: as for `ComponentSystem`.
    RETURNS (list): "names" first, then "paraphrase 1" …, "descriptions" last.
    """
    n_paraphrases = max((len(wording.paraphrases) for wording in wordings.values()), default=0)
    systems = [Reworded(NAMES, nlp, {}, None, threshold, batch_size, details)]
    for place in range(n_paraphrases):
        chosen = {label: wording.paraphrases[place % len(wording.paraphrases)] for label, wording in wordings.items()}
        systems.append(Reworded(f"paraphrase {place + 1}", nlp, chosen, None, threshold, batch_size, details))
    described = {label: wording.description for label, wording in wordings.items() if wording.description}
    if described:
        systems.append(Reworded(DESCRIPTIONS, nlp, {}, described, threshold, batch_size, details))
    return systems


def wording_table(result: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The spread over wordings, from a result of `run.evaluate` on `wording_systems`.

    result (Mapping): rows without a gold mention are left out: no wording could score there.
    RETURNS (list): one entry a corpus and kind: strict micro F1 by `names`, each of the `paraphrases`, their `mean`, `worst` and
        `best`, `kept` (the worst over the best, names included) and, where there are descriptions, `descriptions` and
        `descriptions_kept` (theirs over the names').
    """
    found: Dict[tuple, Dict[str, float]] = {}
    for row in result["rows"]:
        strict = row["scores"]["strict"]["micro"]
        if strict["support"]:
            found.setdefault((row["corpus"], row["kind"]), {})[row["system"]] = strict["f1"]["value"]
    table = []
    for (corpus, kind), by_system in found.items():
        paraphrases = [value for name, value in by_system.items() if name not in (NAMES, DESCRIPTIONS)]
        ways = [by_system[NAMES], *paraphrases]
        entry: Dict[str, Any] = {"corpus": corpus, "kind": kind, "names": by_system[NAMES], "paraphrases": paraphrases}
        if paraphrases:
            entry |= {"mean": sum(paraphrases) / len(paraphrases), "worst": min(ways), "best": max(ways)}
            entry["kept"] = min(ways) / max(ways) if max(ways) else None
        if DESCRIPTIONS in by_system:
            entry["descriptions"] = by_system[DESCRIPTIONS]
            entry["descriptions_kept"] = by_system[DESCRIPTIONS] / by_system[NAMES] if by_system[NAMES] else None
        table.append(entry)
    return table


def wording_markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """RETURNS (str): the table of `wording_table` in per cent, and its means within each kind of figure."""
    head = ["kind", "corpus", "names", "paraphrases, mean", "worst", "best", "worst / best", "descriptions", "descriptions / names"]
    lines = [head, ["---", "---", *["--:"] * (len(head) - 2)]]
    keys = ("names", "mean", "worst", "best", "kept", "descriptions", "descriptions_kept")
    for kind in dict.fromkeys(entry["kind"] for entry in table):
        entries = [entry for entry in table if entry["kind"] == kind]
        lines += [[kind, entry["corpus"], *(_percent(entry.get(key)) for key in keys)] for entry in entries]
        if len(entries) > 1:
            lines.append([kind, f"**mean of {len(entries)}**", *(_percent(_mean(entries, key)) for key in keys)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _mean(entries: Sequence[Mapping[str, Any]], key: str) -> Optional[float]:
    values = [entry[key] for entry in entries if entry.get(key) is not None]
    return sum(values) / len(values) if values else None


def _percent(value: Optional[float]) -> str:
    return "" if value is None else f"{100 * value:.1f}"

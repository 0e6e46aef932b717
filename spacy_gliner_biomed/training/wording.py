"""A label's name → one of the many ways to ask for it: names, synonyms, plurals, frames, cases, descriptions."""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, Mapping, Protocol, Sequence, Tuple

import numpy as np

from .settings import StreamSettings

LABEL_TEMPLATE = "{name}: {description}"
CASES: Tuple[Callable[[str], str], ...] = (
    str.lower,
    str.upper,
    str.title,
    lambda text: text[:1].upper() + text[1:],
    lambda text: text.upper().replace(" ", "_"),  # as tag sets and columns of tables spell their names
    lambda text: text.lower().replace(" ", "_"),
)
# What people write around a name. Those with `{many}` take the plural
FRAMES = (
    "name of a {one}",
    "{one} by name",
    "mention of a {one}",
    "kind of {one}",
    "type of {one}",
    "any {one}",
    "specific {one}",
    "{one} term",
    "reference to a {one}",
    "{one} in the text",
    "biomedical {one}",
    "{one}, any kind",
    "all {many}",
    "{many} of any kind",
    "names of {many}",
    "mentioned {many}",
    "{many} mentioned in the text",
    "list of {many}",
)
ONE_FRAMES = tuple(frame for frame in FRAMES if "{one}" in frame)


class WordingLike(Protocol):
    """What is known about a label: `label_sets.Wording`."""

    @property
    def synonyms(self) -> Sequence[str]:
        """Other short names, singular."""

    @property
    def plural(self) -> str:
        """The plural of the name, or nothing."""

    @property
    def descriptions(self) -> Sequence[str]:
        """Sentences that say what the label means."""


class Phrasing:
    """Draws wordings.

    settings (StreamSettings): how likely each kind is.
    wordings (dict): label → what is known about it; other labels have their name alone.
    """

    def __init__(self, settings: StreamSettings, wordings: Mapping[str, WordingLike]) -> None:
        self.settings = settings
        self._withheld = frozenset(text.casefold() for text in settings.withhold)
        likely = (
            settings.name, settings.synonym, settings.plural, settings.description, settings.name_and_description
        )  # fmt: skip
        self._limits = np.cumsum(likely) / sum(likely)
        self._wordings = wordings

    def known(self, label: str) -> Tuple[Tuple[str, ...], str, Tuple[str, ...]]:
        """RETURNS (tuple): a label's synonyms, plural and descriptions."""
        own = self._wordings.get(label)
        return ((), "", ()) if own is None else (tuple(own.synonyms), own.plural or "", tuple(own.descriptions))

    def draw(self, label: str, random: np.random.Generator) -> str:
        """RETURNS (str): a text for the label; its plain name where the kind drawn is unknown for it or withheld."""
        kind = int(np.searchsorted(self._limits, random.random(), side="right"))
        text = self._text(label, min(kind, 4), random)
        return label if text.casefold() in self._withheld else text

    def _text(self, label: str, kind: int, random: np.random.Generator) -> str:
        known = self._wordings.get(label)
        if known is not None and kind >= 3 and known.descriptions:
            description = str(known.descriptions[random.integers(len(known.descriptions))])
            if kind == 3:
                return description
            return LABEL_TEMPLATE.replace("{name}", label).replace("{description}", description)
        text = label
        if known is not None and kind == 1:
            allowed = [synonym for synonym in known.synonyms if synonym.casefold() not in self._withheld]
            text = str(allowed[random.integers(len(allowed))]) if allowed else label
        elif known is not None and kind == 2 and known.plural:
            text = str(known.plural)
        if self.settings.frame and random.random() < self.settings.frame:
            text = self._framed(text, random)
        if random.random() < self.settings.case:
            text = CASES[random.integers(len(CASES))](text)
        return text

    def _framed(self, text: str, random: np.random.Generator) -> str:
        """A name with words around it; frames for a plural take labels' plurals alone."""
        known = self._wordings.get(text)
        frames = FRAMES if known is not None and known.plural else ONE_FRAMES
        many = known.plural if known is not None else text
        return frames[random.integers(len(frames))].format(one=text, many=many)

    def draw_all(
        self, labels: Sequence[str], together: Sequence[Collection[str]], random: np.random.Generator
    ) -> Dict[str, List[str]]:
        """Draw `wordings_per_label` texts for each label of a batch.

        together (list): sets of labels that share a passage: in none of them may two labels have the same text.
        RETURNS (dict): label → its texts, distinct.
        """
        found = {
            label: list(dict.fromkeys(self.draw(label, random) for _ in range(self.settings.wordings_per_label)))
            for label in labels
        }
        while True:
            clashing = _clashing(found, together)
            if not clashing:
                return found
            # Names are distinct, so this ends: each round leaves fewer labels with anything but their name
            found.update({label: [label] for label in clashing})


def _clashing(texts: Dict[str, List[str]], together: Sequence[Collection[str]]) -> List[str]:
    """Labels, not yet called by their name alone, one of whose texts another label beside them has as well."""
    clashing: Dict[str, None] = {}
    for labels in together:
        owner: Dict[str, str] = {}
        for label in labels:
            for text in texts[label]:
                other = owner.setdefault(text.casefold(), label)
                if other != label:
                    clashing.update(dict.fromkeys(name for name in (label, other) if texts[name] != [name]))
    return list(clashing)

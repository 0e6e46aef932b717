"""A page of annotated passages for a person to judge, and the judgements counted.

The page stands alone: it needs no network and no server. Every mention has three buttons (right, wrong borders, wrong type),
every passage a field for what was missed. Judgements stay in the browser until they are saved as a JSON file, which
`read_judgements` counts.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

from ..annotate.output import text_file
from ..corpus.passage import AnnotatedPassage
from .marked import segments
from .pages import style, templates

FOLDER = Path(__file__).parent
TEMPLATE = "sample_page.html.jinja"
VERDICTS = ("right", "borders", "type")
_Z = 1.959963984540054  # of a 95 % interval


def draw_sample(passages: Iterable[AnnotatedPassage], wanted: int, seed: int = 0) -> List[AnnotatedPassage]:
    """Draw passages, each with the same chance.

    passages (iterable): read once; only the sample is held.
    wanted (int): how many. seed (int): the same sample for the same one.
    RETURNS (list): in their order; all where there are fewer.
    RAISES (ValueError): where none is wanted, and where there is none.
    """
    if wanted < 1:
        raise ValueError(f"A sample of {wanted} passages cannot be judged; ask for 1 or more.")
    draw = random.Random(seed)
    kept: List[Tuple[int, AnnotatedPassage]] = []
    for number, passage in enumerate(passages):
        if len(kept) < wanted:
            kept.append((number, passage))
        elif (place := draw.randrange(number + 1)) < wanted:
            kept[place] = number, passage
    if not kept:
        raise ValueError("There is no passage to draw a sample from.")
    return [passage for _, passage in sorted(kept, key=lambda pair: pair[0])]


def write_sample_page(path: Path, passages: Iterable[AnnotatedPassage], title: str = "Sample to judge") -> int:
    """Write the page.

    path (Path): the `.html` file. passages (iterable): what to judge. title (str): the heading.
    RETURNS (int): how many mentions it asks about.
    """
    shown: List[Dict[str, Any]] = []
    number = 0
    for passage in passages:
        mentions = []
        for start, end, label in passage.mentions:
            mentions.append({"number": number, "start": start, "end": end, "label": label, "text": passage.text[start:end]})
            number += 1
        parts = segments(passage.text, [(start, end) for start, end, _ in passage.mentions])
        shown.append({"id": passage.id, "corpus": passage.corpus, "segments": parts, "mentions": mentions})
    page = templates(FOLDER).get_template(TEMPLATE).render(
        title=title, passages=shown, n_mentions=number, style=style()
    )
    with text_file(Path(path)) as stream:
        stream.write(page)
    return number


@dataclass
class Judgements:
    """What a person said.

    verdicts (Counter): of `VERDICTS`, by mention. missed (int): mentions that passages lack.
    unjudged (int): mentions without a verdict.
    by_type (dict): type → verdicts.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    unjudged: int = 0
    by_type: Dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """Mentions with a verdict."""
        return self.verdicts.total()

    def sentences(self) -> List[str]:
        """RETURNS (list): precision with its interval, recall as far as it can be told, what was wrong."""
        right, borders, kind = (self.verdicts[verdict] for verdict in VERDICTS)
        low, high = wilson(right, self.judged)
        told = [
            f"{right:,} of {self.judged:,} mentions are right: precision {100 * right / max(self.judged, 1):.1f} % "
            f"(95 % interval {100 * low:.1f}–{100 * high:.1f} %)."
        ]
        if right + self.missed:
            recall = 100 * right / (right + self.missed + borders + kind)
            told.append(f"{self.missed:,} are missed: recall {recall:.1f} %, wrong borders and wrong types counted as missed.")
        told.append(f"Wrong borders: {borders:,}; wrong type: {kind:,}; not judged: {self.unjudged:,}.")
        return told


def read_judgements(path: Path) -> Judgements:
    """Count the judgements that the page saved.

    path (Path): the JSON file.
    RETURNS (Judgements): the counts.
    RAISES (ValueError): for a file of another form; one sentence.
    """
    try:
        saved = json.loads(Path(path).read_text(encoding="utf-8"))
        rows = [(row["type"], row["verdict"]) for row in saved["mentions"]]
        missed = [row["missed"] for row in saved["passages"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: this is no file of judgements that the sample page saved ({error}).") from None
    counts = Judgements()
    for name, verdict in rows:
        if verdict not in (*VERDICTS, None) or not isinstance(name, str):
            raise ValueError(f"{path}: a verdict is one of {', '.join(VERDICTS)} or null, not {verdict!r} on {name!r}.")
        if verdict is None:
            counts.unjudged += 1
        else:
            counts.verdicts[verdict] += 1
            counts.by_type.setdefault(name, Counter())[verdict] += 1
    for number in missed:
        if type(number) is not int or number < 0:
            raise ValueError(f"{path}: the number of mentions missed must be 0 or more, not {number!r}.")
        counts.missed += number
    return counts


def wilson(right: int, total: int) -> Tuple[float, float]:
    """RETURNS (tuple): the 95 % interval of a share after Wilson (1927); 0 and 1 where nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, _Z**2 / total
    middle = share + spread / 2
    half = _Z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max((middle - half) / (1 + spread), 0.0), min((middle + half) / (1 + spread), 1.0)

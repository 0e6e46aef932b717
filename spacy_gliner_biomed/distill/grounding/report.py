"""What grounding did, as one self-contained HTML page: the counts, and mentions in their text."""

from __future__ import annotations

import heapq
import zlib
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from ...annotate.output import text_file
from ..marked import segments
from ..pages import style as page_style
from ..pages import templates
from ..propagate import describe_rule
from .occurrences import EXACT, FAILED, PROPAGATED, STATUSES
from .passages import GroundedPassage
from .place import GroundingSettings

FOLDER = Path(__file__).parent
TEMPLATE = "report.html.jinja"
MEANINGS = {
    "exact": "stands there as it was written",
    "folded": "but for case, white space, dashes, quotes and accents",
    "fuzzy": "most of its words, in their order",
    "propagated": "a further occurrence that nobody listed",
    "failed": "stands nowhere; it is left out",
}


class Samples:
    """Keeps some passages of a stream: half of those in which a mention was not placed exactly, half of any.

    wanted (int): how many at most. Which ones depends on the passages' ids alone.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self._heaps: Tuple[List[Any], List[Any]] = ([], [])

    def through(self, passages: Iterable[GroundedPassage]) -> Iterator[GroundedPassage]:
        """YIELDS (GroundedPassage): all that come, unchanged."""
        for number, passage in enumerate(passages):
            troubled = any(each.status not in (EXACT, PROPAGATED) for each in passage.mentions)
            heap = self._heaps[0 if troubled else 1]
            ticket = (-zlib.crc32(passage.passage.id.encode("utf-8", "replace")), -number, passage)
            if len(heap) < self.wanted:
                heapq.heappush(heap, ticket)
            elif self.wanted:
                heapq.heappushpop(heap, ticket)
            yield passage

    def taken(self) -> List[GroundedPassage]:
        """RETURNS (list): the sample, troubled passages first, in the order of the stream."""
        half = (self.wanted + 1) // 2
        troubled, plain = (sorted(heap, key=lambda ticket: ticket[:2], reverse=True) for heap in self._heaps)
        n_troubled = max(half, self.wanted - len(plain))
        chosen = troubled[:n_troubled], plain[: self.wanted - min(n_troubled, len(troubled))]
        return [passage for part in chosen for _, _, passage in sorted(part, key=lambda ticket: -ticket[1])]


def write_report(
    path: Path, counts: Dict[str, Any], samples: Iterable[GroundedPassage], settings: GroundingSettings, title: str = ""
) -> None:
    """Write the page. It asks no network for anything, and all texts in it are escaped.

    path (Path): the `.html` file.
    counts (dict): as `GroundingCounts.to_dict` gives them.
    samples (iterable): passages to show.
    settings (GroundingSettings): what the counts were made with.
    title (str): the heading.
    """
    page = render(counts, samples, settings, title or "Grounding")
    with text_file(Path(path)) as stream:
        stream.write(page)


def render(counts: Dict[str, Any], samples: Iterable[GroundedPassage], settings: GroundingSettings, title: str) -> str:
    """RETURNS (str): the page, as `write_report` writes it."""
    statuses = counts["statuses"]
    listed = sum(number for status, number in statuses.items() if status != PROPAGATED)
    rows = [
        (status, MEANINGS[status], statuses.get(status, 0), _share(statuses.get(status, 0), 0 if status == PROPAGATED else listed))
        for status in STATUSES
    ]
    return templates(FOLDER).get_template(TEMPLATE).render(
        title=title,
        style=page_style(),
        counts=counts,
        rows=rows,
        listed=listed,
        placed=_share(listed - statuses.get(FAILED, 0), listed),
        settings=settings,
        rule=describe_rule(),
        samples=[_shown(passage) for passage in samples],
    )


def _shown(passage: GroundedPassage) -> Dict[str, Any]:
    placed = passage.placed
    return {
        "id": passage.passage.id,
        "source": passage.passage.source,
        "annotator": passage.annotator,
        "segments": segments(passage.passage.text, [(each.start, each.end) for each in placed]),
        "mentions": placed,
        "failed": [each for each in passage.mentions if each.status == FAILED],
        "relations": [
            (passage.mentions[each.head].text, each.type, passage.mentions[each.tail].text) for each in passage.relations
        ],
    }


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "–"

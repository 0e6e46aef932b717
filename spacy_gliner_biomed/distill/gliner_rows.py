"""Annotated passages → the rows that `gliner` trains on. `corpus.formats.gliner_rows` reads them back.

    {"id": "1", "tokenized_text": ["Aspirin", "for", "fever"], "ner": [[0, 0, "drug"]],
     "ner_negatives": ["gene"], "negatives": ["gene"]}

Words are those that gliner itself makes of a text. Token numbers begin at 0, the last is inclusive. gliner 0.2.29 reads the
labels that a row lacks from `ner_negatives` (`data_processing/processor.py`, `batch_generate_class_mappings`); `negatives` is
the key of the paper's released rows and of earlier releases, and today's gliner passes over it. A row without either gets negatives
from its batch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ..corpus.passage import AnnotatedPassage
from ..scorer.words import split_words
from .negatives import MOST_LABELS
from .stages import plain

Row = Dict[str, Any]
Ner = Tuple[int, int, str]
MOST_WORDS = 384  # gliner's `max_len`, beyond which it cuts a row
WIDEST = 12  # gliner's `max_width`, beyond which a mention is no target
_SENTENCE_ENDS = frozenset(".!?")


@dataclass
class RowCounts:
    """What became of passages and mentions.

    passages (int): read. rows (int): written. without_words (int): passages left out, as they hold no word.
    split (int): passages cut into several rows. empty (int): rows without a mention.
    mentions (int): read. widened (int): of these, widened to whole words. repeated (int): equal to another once widened, left out.
    across (int): longer than a row, left out. wide (int): written, but wider than gliner's usual 12 words, so no target.
    negatives (int): labels that rows lack, summed. unknown (int): rows of passages that do not say what they were annotated for.
    many_labels (int): rows with more than 25 labels, of which gliner takes 25 by chance.
    partial (int): rows of passages that were looked through in part only; gliner takes all of a row for looked through.
    labels (Counter): label → mentions written.
    """

    passages: int = 0
    rows: int = 0
    without_words: int = 0
    split: int = 0
    empty: int = 0
    mentions: int = 0
    widened: int = 0
    repeated: int = 0
    across: int = 0
    wide: int = 0
    negatives: int = 0
    unknown: int = 0
    many_labels: int = 0
    partial: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, without the labels."""
        return {name: value for name, value in plain(self).items() if name != "labels"}


def to_rows(passage: AnnotatedPassage, counts: RowCounts, most_words: int = MOST_WORDS) -> Iterator[Row]:
    """Make a passage one row, or several where it is long.

    passage (AnnotatedPassage): its `labels` beyond its mentions' are the negatives; None gives rows without negatives.
    counts (RowCounts): added to.
    most_words (int): in a row, 1 or more. A long passage is cut behind a sentence where that can be, and not within a mention.
    YIELDS (dict): ready for JSON; none for a text without words.
    """
    words, starts, ends = split_words(passage.text)
    counts.passages += 1
    counts.mentions += len(passage.mentions)
    if not words:
        counts.without_words += 1
        return
    spans = _on_words(passage, starts.tolist(), ends.tolist(), counts)
    cuts = plan_cuts(words, spans, most_words)
    counts.split += len(cuts) > 2
    parts = list(zip(cuts, cuts[1:], strict=False))
    across = [each for each in spans if not any(begin <= each[0] and each[1] < end for begin, end in parts)]
    counts.across += len(across)
    for part, (begin, end) in enumerate(parts, start=1):
        ner = [(first - begin, last - begin, label) for first, last, label in spans if begin <= first and last < end]
        row: Row = {"id": passage.id if len(cuts) == 2 else f"{passage.id}#{part}", "tokenized_text": words[begin:end]}
        row["ner"] = [list(each) for each in ner]
        positive = {label for _, _, label in ner}
        if passage.labels is None:
            counts.unknown += 1
        else:
            present = positive | {label for first, last, label in across if first < end and last >= begin}
            lacking = [label for label in dict.fromkeys(passage.labels) if label not in present]
            row["ner_negatives"], row["negatives"] = lacking, list(lacking)
            counts.negatives += len(lacking)
            counts.many_labels += len(positive) + len(lacking) > MOST_LABELS
        counts.rows += 1
        counts.empty += not ner
        counts.partial += passage.partial
        counts.wide += sum(last - first >= WIDEST for first, last, _ in ner)
        counts.labels.update(label for _, _, label in ner)
        yield row


def plan_cuts(words: Sequence[str], spans: Sequence[Ner], most_words: int) -> List[int]:
    """Where to cut a list of words.

    words (sequence): of a text. spans (sequence): mentions by first and last word.
    most_words (int): longest stretch.
    RETURNS (list): 0, the cuts, and the number of words. A cut lies behind a full stop in the second half of a stretch and in
        no mention; or else just in no mention; or else where the stretch is full.
    RAISES (ValueError): for stretches of no word.
    """
    if most_words < 1:
        raise ValueError(f"A row cannot hold {most_words} words; use 1 or more, {MOST_WORDS} by default.")
    inside = [False] * (len(words) + 1)
    for first, last, _ in spans:
        for place in range(first + 1, last + 1):
            inside[place] = True
    cuts = [0]
    while len(words) - cuts[-1] > most_words:
        begin, full = cuts[-1], cuts[-1] + most_words
        free = [place for place in range(full, begin, -1) if not inside[place]]
        ends = [place for place in free if words[place - 1] in _SENTENCE_ENDS and place - begin > most_words // 2]
        cuts.append((ends or free or [full])[0])
    return [*cuts, len(words)]


def _on_words(passage: AnnotatedPassage, starts: List[int], ends: List[int], counts: RowCounts) -> List[Ner]:
    """The mentions by first and last word, widened to whole words, each once, sorted."""
    from bisect import bisect_left, bisect_right

    spans: Dict[Ner, None] = {}
    for start, end, label in passage.mentions:
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        if first > last:
            raise ValueError(f"{passage.where or passage.id}: the mention {start}–{end} holds nothing but white space.")
        counts.widened += (starts[first], ends[last]) != (start, end)
        if (first, last, label) in spans:
            counts.repeated += 1
        spans[first, last, label] = None
    return sorted(spans)

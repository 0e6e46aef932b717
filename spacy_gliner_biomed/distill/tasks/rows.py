"""Answers to the tasks → annotated passages to train on, with negatives and a count of everything that was left out.

The released post-training set shows the forms (shares as measured by others on its rows): open-vocabulary NER 68 %, "match"
spans behind an instruction 16 %, options 9 %, relations 2.4 %, rows without a mention 4.4 %. The script that made it was never
published.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from tqdm import tqdm

from ...corpus.formats import write_jsonl
from ...corpus.passage import AnnotatedPassage
from ...scorer.words import split_words
from ..gliner_rows import MOST_WORDS
from ..lines import refuse_overwriting
from ..negatives import Negatives
from ..stages import write_stage
from ..type_names.clusters import Embed, label_encoder
from . import TASKS
from .answers import TaskAnswer, read_task_answers
from .question_answering import QuestionAndAnswers
from .task import MATCH, Row, Tally, with_instruction
from .unanswerable import MOST_QUESTIONS, UnanswerableQuestions

UNANSWERABLE = "unanswerable"


@dataclass(frozen=True)
class RowSettings:
    """How rows are made.

    negatives (int): types that an open NER row is given from other rows, none of them near its own (`distill.negatives`).
    model (str): whose label encoder says what is near; "" goes by words alone.
    unanswerable (float): questions of other passages that are asked in vain, for each row that was made; 0.044 as in the
        released set.
    widest (Optional[int]): leave out mentions of more words than this, as the span scorer can't have them; None keeps all.
    seed (int): of the draws.
    RAISES (ValueError): for a number that can't be.
    """

    negatives: int = 10
    model: str = ""
    unanswerable: float = 0.044
    widest: Optional[int] = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.negatives < 0:
            raise ValueError(f"A row can't have {self.negatives} negatives; use 0 for none.")
        if not 0 <= self.unanswerable <= 1:
            raise ValueError(f"A share of {self.unanswerable:g} unanswerable rows can't be; use 0 to 1.")
        if self.widest is not None and self.widest < 1:
            raise ValueError(f"No mention has at most {self.widest} words; use 1 or more, or leave it out.")


@dataclass(frozen=True)
class RowCounts:
    """What was made.

    tallies (dict): of each task, and of the unanswerable questions.
    labels (int): different labels in the rows, negatives included.
    negatives (int): labels that rows were looked through for in vain.
    """

    tallies: Dict[str, Tally]
    labels: int
    negatives: int

    @property
    def rows(self) -> int:
        """All rows together."""
        return sum(tally.rows for tally in self.tallies.values())

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        numbers = {"answers": sum(tally.answers for tally in self.tallies.values()), "rows": self.rows}
        numbers.update(
            mentions=sum(tally.mentions for tally in self.tallies.values()), labels=self.labels, negatives=self.negatives
        )
        flat: Dict[str, Any] = dict(numbers)
        for name, tally in self.tallies.items():
            for key, value in tally.to_dict().items():
                flat.setdefault(key if isinstance(value, dict) else f"{key} by task", {})
                if isinstance(value, dict):
                    for reason, count in value.items():
                        flat[key][f"{name}: {reason}"] = count
                else:
                    flat[f"{key} by task"][name] = value
        return flat


def write_rows(sources: Sequence[Path], out: Path, settings: RowSettings = RowSettings()) -> RowCounts:
    """Make rows of files of answers. The file appears whole or not at all, and is the same for the same input.

    sources (sequence): files that `ask_tasks` wrote, or folders of them; read twice.
    out (Path): the JSON Lines file of annotated passages; `.gz` packs it.
    settings (RowSettings): how.
    RETURNS (RowCounts): what was made.
    RAISES (ValueError): for a line that is no answer; one sentence with file and line.
    """
    refuse_overwriting(sources, out)
    maker = RowMaker(settings)
    for answer in read_task_answers(*sources):
        maker.see(answer)
    made = maker.rows(read_task_answers(*sources))
    write_jsonl(tqdm(made, desc="Rows", unit=" rows", disable=None), Path(out))
    counts = maker.counts()
    write_stage(Path(out), "task rows", asdict(settings), counts.to_dict(), list(map(Path, sources)))
    return counts


class RowMaker:
    """Makes rows. First it must `see` all answers, since negatives come from other rows; then `rows` makes them.

    settings (RowSettings): how.
    """

    def __init__(self, settings: RowSettings = RowSettings()) -> None:
        self.settings = settings
        self._tallies = {name: Tally() for name in (*TASKS, UNANSWERABLE)}
        self._types: Counter[str] = Counter()
        self._questions: List[Tuple[str, str]] = []
        self._labels: Counter[str] = Counter()
        self._negatives = 0

    def see(self, answer: TaskAnswer) -> None:
        """Remember what an answer lends to other rows: its types, its question."""
        row = answer.task.to_row(answer.text, answer.answer, Tally())
        if row is not None and row.types:
            self._types.update(row.types)
        if isinstance(answer.answer, QuestionAndAnswers) and row is not None and len(self._questions) < MOST_QUESTIONS:
            if row.mentions:
                self._questions.append((answer.answer.question, answer.passage.document))

    def rows(self, answers: Iterator[TaskAnswer]) -> Iterator[AnnotatedPassage]:
        """Make the rows.

        answers (iterator): the same as were seen, in any order.
        YIELDS (AnnotatedPassage): a row for each answer that makes one, and here and there an unanswerable question behind it.
            `labels` are what it asks for: the labels of its mentions, and its negatives.
        """
        embed: Optional[Embed] = label_encoder(self.settings.model) if self.settings.model and self._types else None
        types = Negatives(self._types, self.settings.negatives, self.settings.seed, embed)
        questions = UnanswerableQuestions(self._questions)
        for answer in answers:
            tally = self._tallies[answer.task.name]
            tally.answers += 1
            row = answer.task.to_row(answer.text, answer.answer, tally)
            if row is None or _is_cut(row, answer, tally):
                continue
            row = self._narrow(row, tally)
            if row is None:
                continue
            randomness = random.Random(f"{self.settings.seed}\x1f{answer.id}")
            if row.types is not None:
                row = replace(row, labels=(*row.labels, *types.draw(answer.id, row.types)))
            yield self._finished(row, answer, answer.task.name, tally)
            if randomness.random() < self.settings.unanswerable:
                yield from self._unanswerable(answer, questions, randomness)

    def counts(self) -> RowCounts:
        """RETURNS (RowCounts): what was made up to now."""
        tallies = {name: tally for name, tally in self._tallies.items() if tally.answers or tally.rows}
        return RowCounts(tallies, len(self._labels), self._negatives)

    def _unanswerable(
        self, answer: TaskAnswer, questions: UnanswerableQuestions, randomness: random.Random
    ) -> Iterator[AnnotatedPassage]:
        question = questions.draw(answer.text, answer.passage.document, randomness)
        if question is not None:
            row = with_instruction(question, Row(answer.text, (), (MATCH,)))
            tally = self._tallies[UNANSWERABLE]
            if not _is_cut(row, answer, tally):
                yield self._finished(row, answer, UNANSWERABLE, tally)

    def _narrow(self, row: Row, tally: Tally) -> Optional[Row]:
        """Leave out mentions that are too wide; then what else the row lacks is unknown."""
        widest = self.settings.widest
        if widest is None or not row.mentions:
            return row
        kept = tuple(each for each in row.mentions if len(split_words(row.text[each.start : each.end])[0]) <= widest)
        if len(kept) == len(row.mentions):
            return row
        tally.left_out[f"more than {widest} words"] += len(row.mentions) - len(kept)
        if not kept:
            tally.dropped[f"all its mentions have more than {widest} words"] += 1
            return None
        wide = {mention.label for mention in row.mentions} - {mention.label for mention in kept}
        return replace(row, mentions=kept, labels=tuple(each for each in row.labels if each not in wide), partial=True)

    def _finished(self, row: Row, answer: TaskAnswer, name: str, tally: Tally) -> AnnotatedPassage:
        tally.rows += 1
        tally.empty += not row.mentions
        tally.mentions += len(row.mentions)
        self._labels.update(row.labels)
        self._negatives += len(set(row.labels) - {mention.label for mention in row.mentions})
        return AnnotatedPassage(
            id=answer.id if name == answer.task.name else f"{answer.id}#{name}",
            text=row.text,
            mentions=row.mentions,
            doc_id=answer.passage.document,
            corpus=f"task {name}",
            labels=row.labels,
            partial=row.partial,
        )


def _is_cut(row: Row, answer: TaskAnswer, tally: Tally) -> bool:
    """Whether a text with an instruction in front is longer than a row, so that its end would be asked for nothing; counted."""
    if row.text == answer.text or len(split_words(row.text)[0]) <= MOST_WORDS:
        return False
    tally.dropped[f"more than {MOST_WORDS} words with the instruction"] += 1
    return True

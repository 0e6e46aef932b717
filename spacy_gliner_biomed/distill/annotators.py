"""Other annotators behind the same door: a lexicon, and a trained component. Their answers have the form of the teacher's.

They name no relations and describe no types. A passage with more mentions than an answer may hold has several answers, each
about the stretch of text up to the next one's first mention.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterable, Iterator, List, Optional, Sequence, Tuple

from pydantic import ValidationError

from ..corpus.collect.passages import Passage
from .answers import MENTION_LENGTH, MOST_ENTITIES, Answer, ExtractedEntity, Extraction, short_reason

if TYPE_CHECKING:
    from spacy.language import Language

    from ..training.silver.teacher import LexiconTeacher, Senses

LEXICON = "lexicon"
Found = Tuple[int, int, str]  # start, end, label


def lexicon_answers(
    passages: Iterable[Passage], teacher: LexiconTeacher, left_out: Optional[Counter[str]] = None
) -> Iterator[Answer]:
    """Annotate with names of a lexicon (self-made silver: `training.silver`).

    passages (iterable): those of one document stand together, as it defines its abbreviations once.
    teacher (LexiconTeacher): what finds them.
    left_out (Counter): as for `answers_of`.
    YIELDS (Answer): in order.
    """
    document = ""
    senses: Senses = {}
    for passage in passages:
        if passage.document != document:
            document, senses = passage.document, {}
        with teacher.finder.forgetting():
            found = [(each.start, each.end, each.label) for each in teacher.annotate(passage.text, senses)]
        yield from answers_of(passage, found, LEXICON, left_out)


def component_answers(
    passages: Iterable[Passage], nlp: Language, name: str, batch_size: int = 32, left_out: Optional[Counter[str]] = None
) -> Iterator[Answer]:
    """Annotate with a trained component (self-training).

    passages (iterable): read `batch_size` at a time.
    nlp (Language): a pipeline with a `gliner_biomed` pipe; its labels and its threshold count.
    name (str): what the answers call it.
    batch_size (int): texts that it reads at a time.
    left_out (Counter): as for `answers_of`.
    YIELDS (Answer): in order.
    """
    from ..annotate.inputs import Passage as Text
    from ..annotate.run import annotate_stream

    waiting: List[Passage] = []

    def texts() -> Iterator[Text]:
        for passage in passages:
            waiting.append(passage)
            yield Text(passage.text, passage.id)

    for _, _, entities in annotate_stream(nlp, texts(), batch_size):
        passage = waiting.pop(0)
        yield from answers_of(passage, [(each.start, each.end, each.label) for each in entities], name, left_out)


def answers_of(
    passage: Passage, found: Sequence[Found], annotator: str, left_out: Optional[Counter[str]] = None
) -> Iterator[Answer]:
    """Write mentions as an annotator would.

    passage (Passage): the passage.
    found (sequence): `(start, end, label)`, in characters.
    annotator (str): who found them.
    left_out (Counter): counts mentions that are too long for an answer, which are left out; None makes them an error.
    YIELDS (Answer): one, or as many as hold them all; together they are about the whole text.
    RAISES (ValueError): for a mention or a label that no answer can hold.
    """
    if left_out is not None:
        kept = [each for each in found if each[1] - each[0] <= MENTION_LENGTH]
        left_out[f"longer than {MENTION_LENGTH} characters"] += len(found) - len(kept)
        found = kept
    found = sorted(found)
    # A new part begins where a mention begins that no earlier one reaches into
    starts, reach, count = [0], 0, 0
    for start, end, _ in found:
        if count >= MOST_ENTITIES // 2 and start >= reach:
            starts.append(start)
            count = 0
        count += 1
        reach = max(reach, end)
    for first, last in zip(starts, [*starts[1:], len(passage.text)], strict=True):
        inside = [each for each in found if first <= each[0] < last]
        try:
            entities = [
                ExtractedEntity(id=number, text=passage.text[start:end], type=label)
                for number, (start, end, label) in enumerate(inside)
            ]
            extraction = Extraction(entities=entities, relations=[])
        except ValidationError as error:
            raise ValueError(f"Passage {passage.id!r}: an answer can't hold a mention: {short_reason(error)}.") from None
        yield Answer(passage, extraction, annotator, "", (first, last))

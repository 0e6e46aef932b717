"""From answers to what the student is trained on: a prompt, which it only reads, and an answer, which it learns to write."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..answers import Answer
from .prompt import answer_ids, prompt_of, student_messages
from .target import target_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label of a token that is not learned, as torch's cross entropy has it
TOO_LONG = "answer with more tokens than allowed"


class Example(NamedTuple):
    """A conversation to learn from.

    ids (tuple): its tokens, prompt and answer.
    prompt (int): how many of them are the prompt's.
    """

    ids: Tuple[int, ...]
    prompt: int


@dataclass(frozen=True)
class StudentData:
    """Everything that a training learns from.

    examples (list): in the order of the answers.
    counts (Counter): answers, entities, relations, tokens, learned tokens, and what was left out, by reason.
    types, relations (Counter): the names of types and of relations that occur, with how often.
    """

    examples: List[Example]
    counts: Counter[str]
    types: Counter[str]
    relations: Counter[str]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def fingerprint(self) -> str:
        """A hash of all tokens: a training goes on only with the data it began with."""
        rows = json.dumps([[each.prompt, *each.ids] for each in self.examples]).encode("ascii")
        return hashlib.sha256(rows).hexdigest()


def student_data(
    answers: Iterable[Answer], tokenizer: PreTrainedTokenizerBase, *, most_tokens: int, descriptions: bool = False
) -> StudentData:
    """Make examples of answers.

    answers (iterable): of the teacher; an answer about a part of a passage is learned with that part alone.
    tokenizer (PreTrainedTokenizerBase): the student's, with a chat template.
    most_tokens (int): prompt and answer together; longer ones are left out and counted, never cut.
    descriptions (bool): whether the student is to describe its types.
    RETURNS (StudentData): the examples.
    RAISES (ValueError): where no example is left.
    """
    examples: List[Example] = []
    counts: Counter[str] = Counter()
    types: Counter[str] = Counter()
    relations: Counter[str] = Counter()
    for answer in answers:
        counts["answers"] += 1
        target = target_of(answer.text, answer.extraction, descriptions)
        counts.update(target.left_out)
        messages = student_messages(answer.text, descriptions)
        prompt = prompt_of(tokenizer, messages)
        ids = [*prompt.ids, *answer_ids(tokenizer, messages, prompt, target.json)]
        if len(ids) > most_tokens:
            counts[TOO_LONG] += 1
            continue
        examples.append(Example(tuple(ids), len(prompt.ids)))
        types.update(entity.type for entity in target.extraction.entities)
        relations.update(relation.type for relation in target.extraction.relations)
        counts["tokens"] += len(ids)
        counts["learned tokens"] += len(ids) - len(prompt.ids)
    counts.update({"examples": len(examples), "entities": types.total(), "relations": relations.total()})
    if not examples:
        raise ValueError(
            f"None of the {counts['answers']} answers can be learned from; give more, or allow more than {most_tokens} tokens."
        )
    return StudentData(examples, counts, types, relations)


def epoch_order(data: Sequence[Example], epoch: int, seed: int) -> List[int]:
    """RETURNS (list): the numbers of the examples in the order of an epoch, the same for the same seed."""
    return np.random.default_rng([seed, epoch]).permutation(len(data)).tolist()


def steps_of(data: Sequence[Example], per_step: int, epochs: int, seed: int, first: int = 0) -> Iterator[List[Example]]:
    """The examples of each update of the weights. An epoch's last update has what is left over.

    per_step (int): examples of an update. first (int): the update to begin with.
    YIELDS (list): its examples.
    """
    an_epoch = -(-len(data) // per_step)
    for epoch in range(first // an_epoch, epochs):
        order = epoch_order(data, epoch, seed)
        begin = first % an_epoch if epoch == first // an_epoch else 0
        for step in range(begin, an_epoch):
            yield [data[number] for number in order[step * per_step : (step + 1) * per_step]]


def padded(examples: Sequence[Example], pad: int) -> Dict[str, Tensor]:
    """Lay examples side by side, padded on the right; the prompt's tokens are not learned.

    RETURNS (dict): `input_ids`, `attention_mask` and `labels`. *Shape:* each `(examples, tokens)`, int64.
    """
    import torch

    width = max(len(each.ids) for each in examples)
    rows: Dict[str, Any] = {"input_ids": [], "attention_mask": [], "labels": []}
    for each in examples:
        missing = width - len(each.ids)
        rows["input_ids"].append([*each.ids, *[pad] * missing])
        rows["attention_mask"].append([1] * len(each.ids) + [0] * missing)
        rows["labels"].append([IGNORED] * each.prompt + [*each.ids[each.prompt :]] + [IGNORED] * missing)
    return {name: torch.tensor(values) for name, values in rows.items()}

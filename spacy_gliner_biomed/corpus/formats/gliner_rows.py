"""GLiNER's training rows: tokens, mentions as token numbers, and the labels that the row was looked through for in vain.

    {"tokenized_text": ["Aspirin", "for", "fever"], "ner": [[0, 0, "drug"]], "negatives": ["gene"]}

Token numbers begin at 0, the last is inclusive. The text is rebuilt with one blank between two tokens. Files are a JSON list
(as gliner's train.py reads them) or JSON Lines. `negatives` is the key of GLiNER-BioMed's rows, `ner_negatives` gliner's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from ..passage import AnnotatedPassage
from .checks import HALF_PAIR, annotation, running_ends, split_kinds
from .json_stream import iterate_list
from .lines import head_of, numbered_lines
from .naming import corpus_name
from .problems import Problems

NEGATIVES = ("negatives", "ner_negatives")


def read_gliner_rows(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read GLiNER rows one at a time.

    path (Path): the file; `.gz` is unpacked.
    problems (Problems): told of rows that are none, and of mentions that do not fit; both are left out.
    YIELDS (AnnotatedPassage): its `id` is the row's number from 1 where the row has none. `labels` are the row's positive
        and negative labels where it lists negatives.
    RAISES (ValueError): where the file is damaged.
    """
    corpus = corpus_name(path)
    for number, (line, value) in enumerate(_rows(path, problems), start=1):
        passage = _passage(value, number, corpus, f"{path}, line {line}", problems)
        if passage is not None:
            yield passage


def _rows(path: Path, problems: Problems) -> Iterator[Tuple[int, Any]]:
    if head_of(path).lstrip().startswith("["):
        for item in iterate_list(path):
            yield item.line, item.value
        return
    for number, line in numbered_lines(path):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.add(f"{path}, line {number}", f"this is not JSON ({error}).")


def _passage(row: Any, number: int, corpus: str, where: str, problems: Problems) -> Optional[AnnotatedPassage]:
    tokens = row.get("tokenized_text") if isinstance(row, dict) else None
    listed = row.get("ner") if isinstance(row, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
        problems.add(where, "a row needs 'tokenized_text', a list of words.")
        return None
    if not isinstance(listed, list):
        problems.add(where, "a row needs 'ner', a list of [first token, last token, label].")
        return None
    text = " ".join(tokens)
    identifier = str(row["id"]) if isinstance(row.get("id"), (str, int)) else str(number)
    if HALF_PAIR.search(text) or HALF_PAIR.search(identifier):
        problems.add(where, "the row holds half a surrogate pair, which is no character.")
        return None
    ends = running_ends(tokens)
    found = []
    for entity in listed:
        try:
            first, last, label = entity
            fits = type(first) is int and type(last) is int and 0 <= first <= last < len(tokens)
        except (TypeError, ValueError):
            problems.add(where, f"a mention needs first token, last token and label, not {entity!r}.")
            continue
        if not fits:
            problems.add(where, f"the mention {first}–{last} ({label}) does not fit its row of {len(tokens)} tokens.")
            continue
        span = (ends[first] - len(tokens[first]), ends[last])
        found.append(annotation(text, [span], label, None, where, problems))
    mentions, _ = split_kinds(found)
    return AnnotatedPassage(
        id=identifier,
        text=text,
        mentions=mentions,
        corpus=corpus,
        labels=_labels(row, [mention.label for mention in mentions], where, problems),
        where=where,
    )


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not HALF_PAIR.search(value)


def _labels(row: Any, positives: List[str], where: str, problems: Problems) -> Optional[Tuple[str, ...]]:
    for key in NEGATIVES:
        if row.get(key) is None:
            continue
        negatives = row[key]
        if isinstance(negatives, list) and all(map(_is_label, negatives)):
            return tuple(dict.fromkeys((*positives, *negatives)))
        problems.add(where, f"'{key}' must be a list of labels; it is not read.")
    return None

"""Mentions that are copied from the text, against all lists of mentions of small texts."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Set, Tuple

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.student.grammar import advance, is_complete, start
from spacy_gliner_biomed.distill.student.schema import extraction_grammar
from spacy_gliner_biomed.distill.student.verbatim import PassageText
from tests.distill.student.languages import texts_of

TEXTS = st.text(st.sampled_from('ab é"\\.\n_'), max_size=5)


def spans(text: str, most: int = 200) -> List[Tuple[int, int]]:
    """RETURNS (list): all stretches of text that begin and end at the borders of words, in order."""
    words = [match.span() for match in re.finditer(r"[^\W_]+|\S", text)]
    return sorted((s, e) for s, _ in words for _, e in words if 0 < e - s <= most)


def lists(text: str, flat: bool, most: int) -> Set[Tuple[str, ...]]:
    """RETURNS (set): the words of all lists of at most so many, each taking the first place that is free."""
    found: Dict[Tuple[str, ...], Tuple[Tuple[int, int], ...]] = {(): ()}
    for _ in range(most):
        for listed, taken in list(found.items()):
            first: Dict[str, Tuple[int, int]] = {}
            for s, e in spans(text):
                is_free = all(e <= t or f <= s for t, f in taken) if flat else (s, e) not in taken
                if is_free:
                    first.setdefault(text[s:e], (s, e))
            found |= {(*listed, words): (*taken, place) for words, place in first.items()}
    return {listed for listed in found if len(listed) <= most}


@settings(max_examples=40)
@given(TEXTS, st.booleans())
def test_exactly_the_lists_with_places_can_be_written(text: str, flat: bool) -> None:
    """Every list of mentions that have a place each, and nothing else, whatever has to be escaped in JSON."""
    grammar = extraction_grammar(text, flat=flat, types=["t"], relations=[], entities=2)
    alphabet = sorted(set(json.dumps(text, ensure_ascii=False).encode()) | set(b'{}[]:, "0123456789abcdefghijklmnopqrstuvwxyz'))
    found = [json.loads(each) for each in texts_of(grammar, alphabet)]
    written = [tuple(entity["text"] for entity in each["entities"]) for each in found]
    assert len(written) == len(set(written))
    assert set(written) == lists(text, flat, 2)


def test_a_mention_is_listed_as_often_as_it_occurs() -> None:
    """A list can't run on: two occurrences of "p53" make two entities, not three."""
    entity = '{"id": %d, "text": "p53", "type": "gene"}'
    grammar = extraction_grammar("p53 binds p53.")
    twice = '{"entities": [' + ", ".join(entity % n for n in range(2))
    state = advance(start(grammar), twice.encode())
    assert state is not None
    assert advance(state, (", " + entity % 2).encode()) is None
    ended = advance(state, b'], "relations": []}')
    assert ended is not None and is_complete(ended)


def test_mentions_have_a_longest_length() -> None:
    """What may be listed is as long as an answer allows, in characters."""
    passage = PassageText("é" * 200 + "x " + "é" * 200)
    assert not passage.allows(0, 201) and passage.allows(202, 402)
    assert set(passage.starts) == {len("é".encode()) * 200 + 2}


def test_flat_lists_have_no_overlap() -> None:
    """Behind "lung cancer" only what stands beside it."""
    written = b'{"entities": [{"id": 0, "text": "lung cancer", "type": "t"}, {"id": 1, "text": "%s"'
    for words, flat_too in ((b"small", True), (b"cell lung", False), (b"lung", False), (b"cancer.", False), (b".", True)):
        for flat in (True, False):
            grammar = extraction_grammar("small cell lung cancer.", flat=flat)
            assert (advance(start(grammar), written % words) is not None) == (flat_too or not flat)

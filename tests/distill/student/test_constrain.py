"""Which tokens a grammar allows, against trying each one; and random models, which always end with valid JSON in time."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Callable

import pytest
import torch

from spacy_gliner_biomed.distill.answers import Extraction
from spacy_gliner_biomed.distill.student.constrain import GrammarProcessor, Walk
from spacy_gliner_biomed.distill.student.grammar import Node, advance
from spacy_gliner_biomed.distill.student.schema import extraction_grammar, schema_grammar
from spacy_gliner_biomed.distill.student.vocabulary import Vocabulary, token_bytes
from tests.distill.student.vocabularies import byte_level, sentencepiece, word_piece

TEXT = 'The "p53" gene\nin β-cells; naïve T cells, 10 mg/kg of drug\\placebo.'
GRAMMARS: dict[str, Callable[[], Node]] = {
    "copied": lambda: extraction_grammar(TEXT),
    "free": lambda: extraction_grammar(TEXT, verbatim=False, descriptions=True),
    "closed": lambda: extraction_grammar(TEXT, types=["gene", "cell type"], relations=["in"]),
    "short strings": lambda: schema_grammar(
        {"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 5}, "minItems": 1, "maxItems": 3}
    ),
    "no least length": lambda: schema_grammar({"type": "array", "items": {"type": "string", "maxLength": 3}}),
}


@cache
def vocabulary(kind: str) -> Vocabulary:
    """RETURNS (Vocabulary): of a kind of tokenizer, with room for tokens that there are not."""
    tokens = token_bytes(byte_level() if kind == "byte level" else sentencepiece())
    return Vocabulary(tokens, max(tokens) + 5)


@pytest.mark.parametrize("kind", ["byte level", "sentencepiece"])
def test_tokens_are_read_as_bytes(kind: str) -> None:
    """What the tokenizer encodes is what the bytes of its tokens say."""
    tokenizer = byte_level() if kind == "byte level" else sentencepiece()
    tokens = vocabulary(kind).tokens
    text = "".join(TEXT.split("\n")) + ' "}, {"id": 7 \u4e2d'
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert b"".join(tokens[number] for number in ids).decode().removeprefix(" ") == text
    assert tokenizer.eos_token_id not in tokens


def test_other_tokenizers_are_refused() -> None:
    """Tokens that hide the blanks can't be held to a grammar."""
    with pytest.raises(ValueError, match="can't be read as bytes"):
        token_bytes(word_piece())


@pytest.mark.parametrize("kind", ["byte level", "sentencepiece"])
@pytest.mark.parametrize("name", GRAMMARS)
def test_allowed_tokens_are_those_that_fit(kind: str, name: str) -> None:
    """On random ways through a grammar, the allowed tokens are exactly those whose bytes it takes."""
    words = vocabulary(kind)
    draw = random.Random(f"{kind} {name}")
    for _ in range(3):
        walk = Walk(GRAMMARS[name](), words, 400)
        for _ in range(60):
            if walk.state is None or not walk.state.stack:
                break
            expected = sorted(number for number, text in words.tokens.items() if advance(walk.state, text) is not None)
            found = words.allowed(walk.state).tolist()
            assert sorted(found) == expected
            # Longer tokens more often, so that ways go further
            walk.take(draw.choices(expected, [len(words.tokens[number]) for number in expected])[0])


@pytest.mark.parametrize("kind", ["byte level", "sentencepiece"])
@pytest.mark.parametrize("name", GRAMMARS)
def test_every_walk_ends_in_valid_json_within_its_budget(kind: str, name: str) -> None:
    """Whatever a model prefers, and however few tokens it has, the text is whole before they are used up."""
    words = vocabulary(kind)
    draw = random.Random(f"{kind} {name}")
    least = 0
    for budget in [*range(40, 120, 8), 300]:
        try:
            walk = Walk(GRAMMARS[name](), words, budget)
        except ValueError as error:
            assert f"and {budget} are allowed" in str(error)
            least = budget
            continue
        text, used = b"", 1  # the end token
        while (allowed := walk.allowed()) is not None:
            token = draw.choice(allowed.tolist())
            text += words.tokens[token]
            used += 1
            walk.take(token)
        assert walk.is_complete and used <= budget
        value = json.loads(text.decode("utf-8"))
        if name in ("copied", "free", "closed"):
            Extraction.model_validate(value)
    assert least < 100


def test_what_is_copied_stands_in_the_text() -> None:
    """Random choices among the allowed tokens name nothing but stretches of the text."""
    draw = random.Random(5)
    mentions = []
    for _ in range(10):
        walk = Walk(GRAMMARS["closed"](), vocabulary("byte level"), 500)
        text = b""
        while (allowed := walk.allowed()) is not None:
            token = draw.choice(allowed.tolist())
            text += walk.vocabulary.tokens[token]
            walk.take(token)
        mentions += [entity["text"] for entity in json.loads(text)["entities"]]
    assert len(set(mentions)) > 5 and all(mention in TEXT for mention in mentions)


def test_rows_are_held_apart() -> None:
    """Of a batch one row is free, one must end, one goes on; scores of allowed tokens stay as they are."""
    words = vocabulary("byte level")
    quote = words.toward(b'"')
    done, going = Walk(schema_grammar({"const": "x"}), words, 10), Walk(schema_grammar({"const": '"'}), words, 10)
    for token in (quote, words.toward(b"x"), quote):
        assert token is not None
        done.take(token)
    processor = GrammarProcessor([None, done, going], 2, [0])
    scores = torch.randn(3, words.size)
    held = processor(torch.zeros(3, 2, dtype=torch.long), scores)
    assert torch.equal(held[0], scores[0])
    assert held[1].isfinite().nonzero().flatten().tolist() == [0]
    allowed = held[2].isfinite()
    assert {words.tokens[number] for number in allowed.nonzero().flatten().tolist()} <= {b'"', b'"\\', b'"\\"', b'"\\""'}
    assert torch.equal(held[2][allowed], scores[2][allowed])


def test_a_vocabulary_without_a_needed_letter_is_refused() -> None:
    """A brace that no token writes would end in a dead end."""
    with pytest.raises(ValueError, match="no token for '{'"):
        Vocabulary({byte: bytes((byte,)) for byte in range(0x20, 0x7F) if byte != ord("{")}, 300)

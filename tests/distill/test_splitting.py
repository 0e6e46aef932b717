"""Parts of a passage: all of it, in order, none too long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from spacy_gliner_biomed.distill.splitting import TokenCounter, split

TEXT = (
    "Aspirin was given to 40 adults (81 mg). Its effect on E. coli was seen by Dr. Smith et al. in Fig. 2 of the report. "
    "Bleeding was rare.\n\nIn the second study the dose was 5 mg. None bled!"
)


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small byte-level tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([TEXT], trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False))
    tokenizer.enable_truncation(4)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@given(st.text(st.sampled_from("ab. \n(<|é漢😀A1"), max_size=120) | st.text(max_size=60), st.integers(4, 30))
def test_parts_are_the_whole_text_and_none_is_too_long(tokenizer_folder: Path, text: str, most: int) -> None:
    """With a tokenizer and without. Bug 8 of the seed: one long text made its whole batch fail."""
    text = text.encode("utf-8", "replace").decode()
    for counter in (TokenCounter(), TokenCounter(str(tokenizer_folder))):
        parts = split(text, most, counter)
        assert "".join(text[start:end] for start, end in parts) == text
        assert parts[0][0] == 0 and all(start < end for start, end in parts[1:])
        assert all(counter.count(text[start:end]) <= most for start, end in parts)


def test_a_tokenizer_measures_the_whole_text(tokenizer_folder: Path) -> None:
    """Truncation that its file asks for is not ours."""
    counter = TokenCounter(str(tokenizer_folder / "tokenizer.json"))
    assert counter.measured and counter.count(TEXT) > 4 and not TokenCounter().measured
    assert len(counter.starts(TEXT)) == counter.count(TEXT)


def test_cuts_are_made_between_paragraphs_and_sentences() -> None:
    """Never behind an abbreviation, though a capital or a digit follows it."""
    counter = TokenCounter()
    pieces = [TEXT[start:end] for start, end in split(TEXT, 55, counter)]
    assert pieces[0].endswith("\n\n") and pieces[1].startswith("In the second")
    smaller = [TEXT[start:end].strip() for start, end in split(TEXT, 26, counter)]
    assert not any(piece.endswith(("E.", "Dr.", "Fig.", "al.")) for piece in smaller)
    assert any(piece.endswith("(81 mg).") for piece in smaller)


def test_parts_are_about_equally_long() -> None:
    """A short rest would be annotated without its context."""
    text = "Aspirin helped adults in Basel. " * 41
    sizes = [end - start for start, end in split(text, 200, TokenCounter())]
    assert max(sizes) < 1.5 * min(sizes)


def test_what_can_not_be_split_is_said(tokenizer_folder: Path) -> None:
    """A character that takes more tokens than a part may have."""
    with pytest.raises(ValueError, match="The character '😀' alone has more than 2 tokens; allow larger parts"):
        split("😀😀", 2, TokenCounter(str(tokenizer_folder)))
    with pytest.raises(ValueError, match="Parts of 0 tokens hold nothing"):
        split("a", 0, TokenCounter())


def test_a_tokenizer_that_is_not_there_is_said_to(tmp_path: Path) -> None:
    """Without a look at the network where a folder is meant."""
    with pytest.raises(ValueError, match="no tokenizer at .*; name a tokenizer.json"):
        TokenCounter(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match="can't be read"):
        TokenCounter(str(tmp_path))

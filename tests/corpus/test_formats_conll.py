"""Token files: every scheme of tags, documents and comments, and lines that do not fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.training.converters import conll_ner_to_docs

from spacy_gliner_biomed.corpus.formats import Problems, read
from spacy_gliner_biomed.corpus.formats.conll import decode_tags
from tests.corpus.format_files import read_all

Span = Tuple[int, int, str]


def write(path: Path, content: str) -> Path:
    """RETURNS (Path): the file."""
    path.write_text(content, encoding="utf-8")
    return path


def decode(*tags: str) -> Tuple[List[Span], int]:
    """RETURNS (tuple): mentions as tokens, and how many problems there were."""
    problems = Problems()
    return list(decode_tags([(tag, "here") for tag in tags], problems)), len(problems)


@st.composite
def tagged(draw: st.DrawFn) -> Tuple[int, List[Span]]:
    """RETURNS (tuple): how many tokens, and mentions that do not overlap."""
    spans, at = [], 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("XY")), max_size=4)
    ):
        spans.append((at + gap, at + gap + length - 1, label))
        at += gap + length
    return at + draw(st.integers(1, 2)), spans


def encode(n_tokens: int, spans: List[Span], scheme: str) -> List[str]:
    """RETURNS (List[str]): the tags of a scheme."""
    tags = ["O"] * n_tokens
    for first, last, label in spans:
        for number in range(first, last + 1):
            tags[number] = f"I-{label}"
        if scheme in ("BILOU", "BIOES"):
            tags[first], tags[last] = f"B-{label}", f"{scheme[2 if scheme == 'BILOU' else 3]}-{label}"
            if first == last:
                tags[first] = f"{'U' if scheme == 'BILOU' else 'S'}-{label}"
        elif scheme == "IOB2" or any(end == first - 1 and other == label for _, end, other in spans):
            tags[first] = f"B-{label}"
    return tags


@settings(deadline=None)
@given(tagged(), st.sampled_from(["IOB", "IOB2", "BILOU", "BIOES"]))
def test_every_scheme_gives_its_mentions_back(drawn: Tuple[int, List[Span]], scheme: str) -> None:
    """What was encoded is decoded, without a problem."""
    n_tokens, spans = drawn
    assert decode(*encode(n_tokens, spans, scheme)) == (spans, 0)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tagged(), min_size=1, max_size=3))
def test_spacy_reads_the_same(tmp_path: Path, sentences: List[Tuple[int, List[Span]]]) -> None:
    """Where spaCy's converter reads a file too, sentences, words and mentions are the same."""
    blocks = []
    for n_tokens, spans in sentences:
        tags = encode(n_tokens, spans, "IOB2")
        blocks.append("\n".join(f"w{n} _ {tag}" for n, tag in enumerate(tags)))
    content = "\n\n".join(blocks) + "\n"  # spaCy's reads the first -DOCSTART- as a word
    ours = list(read(write(tmp_path / "a.conll", content)))
    theirs = [sent.as_doc() for doc in conll_ner_to_docs(content, no_print=True) for sent in doc.sents]
    assert [[(s, e, x) for s, e, x in passage.mentions] for passage in ours] == [
        [(each.start_char, each.end_char, each.label_) for each in doc.ents] for doc in theirs
    ]
    assert [passage.text for passage in ours] == [doc.text.strip() for doc in theirs]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["I-X", "I-Y", "I-Y"], ([(0, 0, "X"), (1, 2, "Y")], 0)),
        (["B-X", "B-X", "I-X"], ([(0, 0, "X"), (1, 2, "X")], 0)),
        (["B-X", "M-X", "E-X", "W-X"], ([(0, 2, "X"), (3, 3, "X")], 0)),
        (["B-X", "E-Y"], ([(0, 0, "X")], 1)),
        (["E-X", "O", "L-X"], ([], 2)),
        (["B", "I", "O", "B"], ([(0, 1, "entity"), (3, 3, "entity")], 0)),
        ([], ([], 0)),
    ],
)
def test_tags_side_by_side(tags: List[str], expected: Tuple[List[Span], int]) -> None:
    """Neighbours, other letters for the same places, an end without a beginning, a corpus of one label."""
    assert decode(*tags) == expected


def test_documents_and_sentences(tmp_path: Path) -> None:
    """Comments and `-DOCSTART-` begin documents; a sentence is called by its first line; offsets count in the rebuilt text."""
    content = (
        "# newdoc id = PMID1\nAspirin\tNN\tB-Drug\nfor\tIN\tO\nhay\tNN\tB-Adverse event\nfever\tNN\tI-Adverse event\n\n"
        "# a note\n#\t#\tO\nEnd\tNN\tO\n\n-DOCSTART-\tO\n\nAgain\tRB\tO\n"
    )
    path = write(tmp_path / "a.iob2", content)
    one, two, three = read(path)
    assert (one.text, one.mentions) == ("Aspirin for hay fever", ((0, 7, "Drug"), (12, 21, "Adverse event")))
    assert [(each.id, each.doc_id) for each in (one, two, three)] == [("2", "PMID1"), ("8", "PMID1"), ("13", "a-2")]
    assert two.text == "# End" and two.where == f"{path}, line 8"


def test_lines_that_do_not_fit(tmp_path: Path) -> None:
    """File and line; the tokens beside them are kept."""
    path = write(tmp_path / "a.conll", "Aspirin B-Drug\nalone\nhelps X-Drug\n\tB-Drug\nends E-Drug\n")
    [passage], problems = read_all(path)
    assert (passage.text, passage.mentions) == ("Aspirin alone helps ends", ((0, 7, "Drug"),))
    assert [problem.split(":")[0].rsplit(" ", 1)[1] for problem in problems] == ["2", "3", "4", "5"]
    assert "needs a token and, last, a tag such as O or B-Drug, not 'alone'" in problems[0]
    with pytest.raises(ValueError, match="line 2"):
        list(read(path))


def test_comments_that_end_like_a_tag(tmp_path: Path) -> None:
    """What names a value is a comment; a token that begins with the sign is none."""
    path = write(tmp_path / "a.conll", "# text = hepatitis B\n# O\n#1 NN O\nhepatitis B-X\n")
    [passage], problems = read_all(path)
    assert (passage.text, passage.mentions, problems) == ("# #1 hepatitis", ((5, 14, "X"),), [])


def test_a_no_break_space_is_part_of_a_token(tmp_path: Path) -> None:
    """Columns are separated by blanks."""
    [passage] = read(write(tmp_path / "a.conll", "5\u00a0mg  _ B-Dose\ndaily _ O\n"))
    assert (passage.text, passage.mentions) == ("5\u00a0mg daily", ((0, 4, "Dose"),))


def test_long_sentences_take_no_longer_by_the_token(tmp_path: Path) -> None:
    """A file without a blank line is one sentence."""
    path = write(tmp_path / "a.conll", f"{'x' * 100} B-X\n" * 60_000)
    begun = time.process_time()
    [passage] = read(path)
    assert len(passage.mentions) == 60_000 and passage.mentions[-1].end == len(passage.text)
    assert time.process_time() - begun < 5

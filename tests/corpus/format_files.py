"""Small corpora in their true formats, written by us; and annotated passages as hypothesis draws them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import List, Sequence, Tuple

from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.formats import Problems, read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous, Mention

LABELS = ("Drug", "Adverse drug event", "gène/β")
# Characters that formats trip over: quotes, separators, mark-up, astral characters, combining marks.
LETTERS = "aZ9é漢😀\u0301\"'|;<>&\\-#.…"
WORDS = st.text(LETTERS, min_size=1, max_size=6)


def read_all(path: Path, format: str | None = None) -> Tuple[List[AnnotatedPassage], List[str]]:
    """RETURNS (tuple): all passages of a corpus, and its problems as lines."""
    problems = Problems()
    passages = list(read(path, format, "report", problems))
    return passages, [str(problem) for problem in problems]


@st.composite
def passages(draw: st.DrawFn, blanks: str = " \n\t", pieces: bool = True) -> AnnotatedPassage:
    """Words with blanks between; mentions and mentions in pieces that begin and end with words."""
    words = draw(st.lists(WORDS, max_size=8))
    text, spans = "", []
    for word in words:
        if text:
            text += draw(st.text(blanks, min_size=1, max_size=2))
        spans.append((len(text), len(text) + len(word)))
        text += word
    mentions, discontinuous = set(), set()
    if words:
        index = st.integers(0, len(words) - 1)
        for first, last, label in draw(st.lists(st.tuples(index, index, st.sampled_from(LABELS)), max_size=4)):
            first, last = sorted((first, last))
            mentions.add(Mention(spans[first][0], spans[last][1], label))
        for chosen, label in draw(st.lists(st.tuples(st.sets(index), st.sampled_from(LABELS)), max_size=3 * pieces)):
            apart = [spans[number] for number in sorted(chosen) if number - 1 not in chosen]
            if len(apart) > 1:
                discontinuous.add(Discontinuous(tuple(apart), label))
    return AnnotatedPassage("1", text, tuple(sorted(mentions)), discontinuous=tuple(sorted(discontinuous)))


def surface(passage: AnnotatedPassage, fragments: Sequence[Tuple[int, int]]) -> str:
    """RETURNS (str): the words of a mention as standoff formats write them: on one line, pieces separated by a blank."""
    return " ".join(re.sub(r"\s", " ", passage.text[start:end]) for start, end in fragments)


def everything(passage: AnnotatedPassage) -> List[Tuple[Tuple[Tuple[int, int], ...], str]]:
    """RETURNS (list): every mention as its pieces and its label."""
    whole = [(((start, end),), label) for start, end, label in passage.mentions]
    return whole + [(fragments, label) for fragments, label in passage.discontinuous]


def write_brat(folder: Path, name: str, passage: AnnotatedPassage) -> None:
    """Write a passage as BRAT's two files."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(passage.text.encode("utf-8"))
    lines = []
    for number, (fragments, label) in enumerate(everything(passage), start=1):
        spans = ";".join(f"{start} {end}" for start, end in fragments)
        lines.append(f"T{number}\t{label} {spans}\t{surface(passage, fragments)}\n")
    (folder / f"{name}.ann").write_bytes("".join(lines).encode("utf-8"))


def write_bioc_json(path: Path, passage: AnnotatedPassage, offset: int = 7) -> None:
    """Write a passage as a BioC collection of one document of one passage."""
    annotations = [
        {
            "id": str(number),
            "infons": {"type": label},
            "text": surface(passage, fragments),
            "locations": [{"offset": offset + start, "length": end - start} for start, end in fragments],
        }
        for number, (fragments, label) in enumerate(everything(passage))
    ]
    inner = {"offset": offset, "infons": {}, "text": passage.text, "annotations": annotations}
    document = {"id": "1", "infons": {}, "passages": [inner], "relations": []}
    path.write_text(json.dumps({"source": "", "date": "", "key": "", "infons": {}, "documents": [document]}, indent=1))

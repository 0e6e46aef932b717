"""Token files: a token a line, its tag last, a blank line after each sentence.

    Aspirin B-Drug
    for     O

Tags may be IOB (IOB1), IOB2, BILOU or BIOES; a corpus of one label may leave it out ("B"), and it is then called "entity".
Other columns may stand between. The text is rebuilt with one blank between two tokens, and the offsets count in it.

spaCy's `conll_ner_to_docs` reads such files too, but whole, without line numbers for what does not fit, and a "-DOCSTART-" at
the head as a word; where it does the job, our tests compare with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from ..passage import AnnotatedPassage, Mention
from .checks import running_ends
from .lines import numbered_lines
from .naming import corpus_name
from .problems import Problems

_TAG = re.compile(r"O|(?P<place>[BILUESMW])(?:-(?P<label>\S.*))?")
_ONLY_LABEL = "entity"
_NEW_DOCUMENT = re.compile(r"#\s*(?:newdoc\s+id|doc_?id|document)\s*[=:]?\s*(?P<id>.*)", re.IGNORECASE)
_REMARK = re.compile(r"#[ ]*\w[^\t=]*=\s.*")  # as "# text = hepatitis B", whose last word looks like a tag
_DOCSTART = "-DOCSTART-"
# What the letters of the schemes say of a token: it ends a mention; it begins and ends one. I and M go on, B begins.
_ENDS, _ALONE = "LE", "USW"

Token = Tuple[str, str, str]  # the token, its tag, its file and line


def is_tag(text: str) -> bool:
    """RETURNS (bool): whether a column is a tag of any scheme, such as "O" or "B-Drug"."""
    return _TAG.fullmatch(text) is not None


def read_conll(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a token file, a sentence at a time.

    path (Path): the file; `.gz` is unpacked. `-DOCSTART-` or `# newdoc id = …` begins a document.
    problems (Problems): told of lines without a tag, which are read as outside any mention, and of tags that end a mention
        which none began.
    YIELDS (AnnotatedPassage): one a sentence, its `id` the number of its first line.
    RAISES (ValueError): where the file is damaged.
    """
    corpus, document, n_documents = corpus_name(path), "", 0
    tokens: List[Token] = []
    first = 0
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        # Of blanks only: a token may hold a no-break space
        columns = line.split("\t") if "\t" in line else [column for column in line.split(" ") if column]
        tagged = len(columns) > 1 and is_tag(columns[-1].strip())
        comment = line.startswith("#") and (not tagged or _REMARK.fullmatch(line) is not None)
        if not line.strip() or comment or columns[0] == _DOCSTART:
            if tokens:
                yield _sentence(tokens, first, document, corpus, problems)
                tokens = []
            begins = _NEW_DOCUMENT.fullmatch(line.strip())
            if begins is not None or (columns and columns[0] == _DOCSTART):
                n_documents += 1
                document = begins["id"] if begins is not None and begins["id"] else f"{corpus}-{n_documents}"
            continue
        token, tag = columns[0].strip(), columns[-1].strip()
        if len(columns) < 2 or not is_tag(tag):
            problems.add(where, f"the line needs a token and, last, a tag such as O or B-Drug, not {line[:80]!r}.")
            tag = "O"
        if not token:
            problems.add(where, f"the line has a tag, but no token: {line[:80]!r}.")
            continue
        if not tokens:
            first = number
        tokens.append((token, tag, where))
    if tokens:
        yield _sentence(tokens, first, document, corpus, problems)


def _sentence(tokens: List[Token], first: int, document: str, corpus: str, problems: Problems) -> AnnotatedPassage:
    words = [token for token, _, _ in tokens]
    ends = running_ends(words)
    mentions = tuple(
        Mention(ends[begin] - len(words[begin]), ends[last], label)
        for begin, last, label in decode_tags([(tag, where) for _, tag, where in tokens], problems)
    )
    return AnnotatedPassage(
        id=str(first), text=" ".join(words), mentions=mentions, doc_id=document, corpus=corpus, where=tokens[0][2]
    )


def decode_tags(tags: List[Tuple[str, str]], problems: Problems) -> Iterator[Tuple[int, int, str]]:
    """Read mentions out of one sentence's tags, as CoNLL's scorer does: an "I-" begins a mention where none of its label
    is open (IOB1).

    tags (List[Tuple[str, str]]): each token's tag, with its file and line.
    problems (Problems): told of an "L-" or "E-" that ends no mention; its token is left outside.
    YIELDS (Tuple[int, int, str]): first token, last token (inclusive), label.
    """
    open_at: Optional[int] = None
    open_label = ""
    for number, (tag, where) in enumerate(tags):
        match = _TAG.fullmatch(tag)
        place, label = (match["place"], match["label"] or _ONLY_LABEL) if match is not None and tag != "O" else ("O", "")
        goes_on = open_at is not None and label == open_label and place not in "BO" + _ALONE
        if open_at is not None and not goes_on:
            yield open_at, number - 1, open_label
            open_at = None
        if place in _ENDS and not goes_on:
            problems.add(where, f"the tag {tag!r} ends a mention that none began.")
        elif place in _ALONE:
            yield number, number, label
        elif place in _ENDS:
            assert open_at is not None
            yield open_at, number, label
            open_at = None
        elif place != "O" and not goes_on:
            open_at, open_label = number, label
    if open_at is not None:
        yield open_at, len(tags) - 1, open_label

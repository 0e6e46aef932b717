"""Noun phrases as candidates for entities: the paper's pipeline shows them to the teacher, for its recall (`utils.py`).

Other than there, a candidate is always a stretch of the text, letter by letter, so that what is copied from it can be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

MOST_CANDIDATES = 200
_EDGE = ("DET", "PUNCT", "SPACE")


def load_parser(name: str) -> Language:
    """Load a pipeline that finds noun phrases.

    name (str): an installed package or a folder, as "en_core_sci_sm" or "en_core_web_sm".
    RETURNS (Language): with the pipes that noun phrases need.
    RAISES (ValueError): where there is none of that name, or it has no parser.
    """
    import spacy

    try:
        nlp = spacy.load(name, exclude=["ner", "lemmatizer", "textcat"])
    except OSError:
        raise ValueError(
            f"There is no spaCy pipeline '{name}' for the candidates; install one with a parser ('python -m spacy download "
            "en_core_web_sm') or leave them out."
        ) from None
    if "parser" not in nlp.pipe_names:
        raise ValueError(f"The spaCy pipeline '{name}' has no parser, which finds the noun phrases; name one that has.")
    return nlp


def noun_phrases(doc: Doc) -> List[str]:
    """The candidates of a text.

    doc (Doc): parsed and tagged by `load_parser`.
    RETURNS (list): noun chunks in text order, each once, without articles and punctuation at their ends, none headed by a
        pronoun; at most 200.
    """
    found: Dict[str, None] = {}
    for chunk in doc.noun_chunks:
        if chunk.root.pos_ == "PRON":
            continue
        start, end = chunk.start, chunk.end
        while start < end and doc[start].pos_ in _EDGE:
            start += 1
        while end > start and doc[end - 1].pos_ in ("PUNCT", "SPACE"):
            end -= 1
        if start < end:
            found[doc[start:end].text] = None
    return list(found)[:MOST_CANDIDATES]

"""spaCy's `.spacy` files: spans of a span group, or else entities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterator, List, Optional, Tuple

from ..passage import AnnotatedPassage
from .checks import annotation, split_kinds
from .naming import corpus_name
from .problems import Problems

if TYPE_CHECKING:
    from spacy.tokens import Doc

# Ours, and spaCy's own for SpanCategorizer, SpanRuler and SpanFinder.
SPAN_KEYS = ("gliner", "sc", "ruler", "span_candidates")


def read_docbin(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a `.spacy` file. spaCy unpacks the file as a whole; documents are made one at a time.

    path (Path): the file.
    problems (Problems): told of mentions without a label.
    YIELDS (AnnotatedPassage): one a document, its `id` the document's number. Mentions come from the first of `SPAN_KEYS`
        that the document has, else from its only span group, else from its entities.
    RAISES (ValueError): where it is no `.spacy` file.
    """
    import spacy
    from spacy.tokens import DocBin

    vocab = spacy.blank("en").vocab
    try:
        docs = DocBin().from_disk(path)
    except OSError:
        raise
    except Exception as error:  # zlib's, msgpack's and srsly's errors have no common class
        raise ValueError(f"{path}: this is no .spacy file ({error}).") from None
    corpus = corpus_name(path)
    for number, doc in enumerate(docs.get_docs(vocab), start=1):
        where = f"{path}, document {number}"
        key = next((key for key in SPAN_KEYS if key in doc.spans), None)
        if key is None:
            key = next(iter(doc.spans)) if len(doc.spans) == 1 else ""
        mentions, _ = split_kinds(
            annotation(doc.text, [(start, end)], label, None, where, problems)
            for start, end, label in gold_spans(doc, key)
        )
        labels = annotated_labels(doc, key)
        knowledge = doc.spans[key].attrs if key in doc.spans else {}
        yield AnnotatedPassage(
            id=str(number),
            text=doc.text,
            mentions=mentions,
            corpus=corpus,
            labels=None if labels is None else tuple(labels),
            where=where,
            partial=bool(knowledge.get("partial", False)),
            weight=float(knowledge.get("weight", 1.0)),
            unknown=tuple(sorted((int(start), int(end)) for start, end in knowledge.get("unknown", ()))),
        )


def annotated_labels(doc: Doc, spans_key: str) -> Optional[List[str]]:
    """RETURNS (list): the labels a reference says it was annotated for, or None."""
    if spans_key not in doc.spans:
        return None
    found = doc.spans[spans_key].attrs.get("annotated_labels")
    return None if found is None else [str(label) for label in found]


def gold_spans(doc: Doc, spans_key: str) -> List[Tuple[int, int, str]]:
    """RETURNS (list): (first character, end character, label) of a reference's gold spans; its entities if it has no group."""
    if spans_key not in doc.spans:
        return [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
    from ...offsets import labelled_characters

    return labelled_characters(doc.spans[spans_key])

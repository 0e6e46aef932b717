"""BioC: collections of documents of passages, as XML or JSON (one collection, or a document a line).

The `bioc` package decodes a document; we only find where each begins and which line its annotations stand in. Both files are
read a document at a time. Offsets count in the document; a passage's annotations become relative to the passage.
http://bioc.sourceforge.net
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Tuple

from ..passage import AnnotatedPassage
from .checks import HALF_PAIR, annotation, split_kinds
from .json_stream import Item, iterate_list
from .lines import DAMAGES, head_of, numbered_lines, open_binary
from .naming import corpus_name
from .problems import Problems

if TYPE_CHECKING:
    from bioc import BioCAnnotation, BioCDocument, BioCPassage

_DOCUMENTS = r'"(?:documents|PubTator3)"\s*:'
_LOCATIONS = re.compile(r'(?<!\\)"locations"\s*:')  # once an annotation; inside a text its quotation marks are escaped


class _Decoded(NamedTuple):
    document: BioCDocument
    line: int
    lines: List[int]  # of its annotations, in file order


def read_bioc(path: Path, problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read a BioC file, XML or JSON by its first character.

    path (Path): the file; `.gz` is unpacked.
    problems (Problems): told of documents that are none, and of annotations that have no type, do not fit their passage, or
        read otherwise.
    YIELDS (AnnotatedPassage): one a passage that has a text, or whose sentences have; its `doc_id` is the document's, its
        `id` that with the passage's number from 0 behind "#" where the document has several. Labels are the infon `type`.
    RAISES (ValueError): where the file is damaged.
    RAISES (ImportError): where the extra `evaluation` is not installed.
    """
    try:
        import bioc  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Reading BioC needs the extra 'evaluation': pip install 'spacy-gliner-biomed[evaluation]'."
        ) from error
    first = head_of(path).lstrip()[:1]
    if first not in ("<", "{"):
        raise ValueError(f"{path}: BioC begins with '<' (XML) or '{{' (JSON); this does not.")
    decoded = _read_xml(path, problems) if first == "<" else _read_json(path, problems)
    corpus = corpus_name(path)
    for document in decoded:
        yield from _passages(document, path, corpus, problems)


def _read_xml(path: Path, problems: Problems) -> Iterator[_Decoded]:
    from bioc import biocxml
    from lxml import etree

    with open_binary(path) as stream:
        try:
            # No entity of the file's own is expanded and nothing outside it is read: a corpus may come from anywhere.
            for _, element in etree.iterparse(stream, tag="document", resolve_entities=False, no_network=True):
                lines = [each.sourceline for each in element.iter("annotation")]
                line = element.sourceline or 0
                source = etree.tostring(element, encoding="unicode", with_tail=False)
                # Elements that were read are let go of, or the memory would grow with the file.
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                try:
                    collection = biocxml.loads(f"<collection>{source}</collection>")
                except (TypeError, ValueError, KeyError, etree.XMLSyntaxError) as error:
                    problems.add(f"{path}, line {line}", f"this document is not BioC ({error!r}).")
                    continue
                yield _Decoded(collection.documents[0], line, lines)
        except etree.XMLSyntaxError as error:
            raise ValueError(f"{path}, line {error.lineno}: this is not XML ({error.msg}).") from None
        except DAMAGES as error:
            raise ValueError(f"{path}: the gzip file is damaged ({error}).") from None


def _read_json(path: Path, problems: Problems) -> Iterator[_Decoded]:
    from bioc import biocjson

    for item in _json_documents(path, problems):
        where = f"{path}, line {item.line}"
        try:
            document = biocjson.fromJSON(_with_all_lists(item.value), "BioCDocument")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.add(where, f"this document is not BioC ({error!r}).")
            continue
        lines = [item.line + item.source.count("\n", 0, found.start()) for found in _LOCATIONS.finditer(item.source)]
        yield _Decoded(document, item.line, lines)


def _json_documents(path: Path, problems: Problems) -> Iterator[Item]:
    """A document a line, or a collection with its list of documents."""
    if re.search(_DOCUMENTS, head_of(path).partition('"passages"')[0]):
        yield from iterate_list(path, _DOCUMENTS + r"\s*\[")
        return
    for number, line in numbered_lines(path):
        if line.strip():
            try:
                yield Item(number, line, json.loads(line))
            except (ValueError, RecursionError) as error:
                problems.add(f"{path}, line {number}", f"this is not JSON ({error}).")


def _with_all_lists(value: Any) -> Any:
    """Writers leave out lists that are empty; `bioc` asks for them."""
    if isinstance(value, dict) and "passages" in value:
        value = _filled(value, "relations")
        value["passages"] = [_filled(each, "sentences", "annotations", "relations") for each in value["passages"]]
        for passage in value["passages"]:
            passage["sentences"] = [_filled(each, "annotations", "relations") for each in passage["sentences"]]
    return value


def _filled(value: Dict[str, Any], *lists: str) -> Dict[str, Any]:
    return {"infons": {}, **{key: [] for key in lists}, **value}


def _passages(decoded: _Decoded, path: Path, corpus: str, problems: Problems) -> Iterator[AnnotatedPassage]:
    document, lines = decoded.document, iter(decoded.lines)
    # Annotations are counted through in the order in which the file has them: those of sentences, passage, document.
    own = [[(each, next(lines, decoded.line)) for each in _annotations(passage)] for passage in document.passages]
    loose = [(each, next(lines, decoded.line)) for each in document.annotations]
    texts = [_text(passage) for passage in document.passages]
    for annotated, line in loose:
        start = min((location.offset for location in annotated.locations), default=-1)
        inside = [
            number
            for number, (passage, text) in enumerate(zip(document.passages, texts, strict=True))
            if passage.offset <= start < passage.offset + len(text)
        ]
        if inside:
            own[inside[0]].append((annotated, line))
        else:
            problems.add(f"{path}, line {line}", f"the mention at {start} lies in no passage of {document.id!r}.")
    for number, (passage, text) in enumerate(zip(document.passages, texts, strict=True)):
        if not text and not own[number]:
            continue
        if HALF_PAIR.search(text):  # JSON can smuggle it in
            problems.add(f"{path}, line {decoded.line}", "the text holds half a surrogate pair, which is no character.")
            continue
        found = (
            annotation(
                text,
                [(at.offset - passage.offset, at.end - passage.offset) for at in annotated.locations],
                annotated.infons.get("type"),
                annotated.text,
                f"{path}, line {line}",
                problems,
            )
            for annotated, line in own[number]
        )
        mentions, discontinuous = split_kinds(found)
        yield AnnotatedPassage(
            id=str(document.id) if len(document.passages) == 1 else f"{document.id}#{number}",
            text=text,
            mentions=mentions,
            doc_id=str(document.id),
            corpus=corpus,
            discontinuous=discontinuous,
            where=f"{path}, line {decoded.line}",
        )


def _annotations(passage: BioCPassage) -> Iterator[BioCAnnotation]:
    for sentence in passage.sentences:
        yield from sentence.annotations
    yield from passage.annotations


def _text(passage: BioCPassage) -> str:
    """RETURNS (str): a passage's text; put together from its sentences' at their offsets, blanks between, where it has none."""
    if passage.text or not passage.sentences:
        return passage.text or ""
    pieces: List[Tuple[int, str]] = sorted(
        (sentence.offset - passage.offset, sentence.text or "") for sentence in passage.sentences
    )
    text = ""
    for start, piece in pieces:
        text = text.ljust(start) + piece
    return text

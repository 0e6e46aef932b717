"""Where annotations go: a table, JSON lines, spaCy's binary format, an HTML page. Each takes one document at a time."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Callable, ContextManager, Dict, Iterator, List, Literal, Sequence

import wasabi
from spacy.tokens import Doc, DocBin

from .entities import Entity
from .html import HtmlPage
from .inputs import Passage
from .output import folder, partial_path, text_file

STDOUT = "-"
SUFFIXES = {".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".spacy": "spacy", ".html": "html", ".txt": "table"}
FORMATS = ("table", "jsonl", "spacy", "html")
SHARD_SIZE = 1000
ALIGNS: Sequence[Literal["l", "r"]] = ("l", "l", "r", "r", "r")

Writer = Callable[[Passage, Doc, List[Entity]], None]


def choose_formats(outputs: Sequence[str], wanted: str = "") -> List[str]:
    """The format of each output: what its name says, or else what was asked for, or else a table.

    outputs (Sequence[str]): files, folders, or `-` for stdout.
    wanted (str): one of `FORMATS`, or empty.
    RETURNS (List[str]): one of `FORMATS` for each output.
    RAISES (ValueError): where the format is unknown, suits no output, or cannot go to stdout; where there is no output.
    """
    if wanted and wanted not in FORMATS:
        raise ValueError(f"The format '{wanted}' is unknown; it is one of {', '.join(FORMATS)}.")
    if not outputs:
        raise ValueError("There is no output; name a file, or - for stdout.")
    by_name = [_format_by_name(output) for output in outputs]
    chosen = [name or wanted or "table" for name in by_name]
    if wanted and wanted not in chosen:
        raise ValueError(f"'{outputs[0]}' says {chosen[0]}, the format asked for is {wanted}; change one of the two.")
    if ("spacy", STDOUT) in zip(chosen, outputs, strict=True):
        raise ValueError("spaCy's binary format cannot go to stdout; name a .spacy file or a folder with --output.")
    return chosen


def open_writer(output: str, chosen: str, entities_key: str = "entities") -> ContextManager[Writer]:
    """Open one output.

    output (str): a file, `-` for stdout, or for the format `spacy` a folder, which is filled with shards.
    chosen (str): one of `FORMATS`.
    entities_key (str): the field of a JSON row that receives the entities.
    RETURNS (ContextManager[Callable]): gives a function of passage, document and entities. A file takes its name at the
        end of the block; after an error the unfinished one stays beside it as `.partial`.
    """
    if chosen == "spacy":
        is_file = output.endswith(".spacy")
        return _spacy_file(Path(output)) if is_file else _spacy_shards(Path(output))
    if chosen == "jsonl":
        return _jsonl(output, entities_key)
    return _html(output) if chosen == "html" else _table(output)


def _format_by_name(output: str) -> str:
    return next((name for suffix, name in SUFFIXES.items() if output.lower().endswith(suffix)), "")


@contextmanager
def _text(output: str) -> Iterator[IO[str]]:
    if output == STDOUT:
        yield sys.stdout
        sys.stdout.flush()
    else:
        with text_file(Path(output)) as stream:
            yield stream


@contextmanager
def _table(output: str) -> Iterator[Writer]:
    """One table a passage, under its name."""
    with _text(output) as stream:

        def write(passage: Passage, doc: Doc, entities: List[Entity]) -> None:
            rows = [
                (_one_line(passage.text[e.start : e.end]), e.label, f"{e.score:.3f}", str(e.start), str(e.end))
                for e in entities
            ]
            stream.write(f"\n{_one_line(passage.name)}: {len(rows)} {'entity' if len(rows) == 1 else 'entities'}\n")
            if rows:
                header = ("text", "label", "score", "start", "end")
                widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
                stream.write(wasabi.table(rows, header=header, divider=True, widths=widths, aligns=ALIGNS))

        yield write


@contextmanager
def _jsonl(output: str, entities_key: str) -> Iterator[Writer]:
    """One JSON object a passage: the row it came in, or `id` and `text`, and its entities."""
    with _text(output) as stream:

        def write(passage: Passage, doc: Doc, entities: List[Entity]) -> None:
            row: Dict[str, Any] = (
                {"id": passage.name, "text": passage.text} if passage.row is None else dict(passage.row)
            )
            if entities_key in row:
                raise ValueError(
                    f"{passage.name} holds '{entities_key}' already; name another field with --entities-key, "
                    f"for instance predicted_{entities_key}."
                )
            row[entities_key] = [_entity_row(entity, passage.text) for entity in entities]
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _html(output: str) -> Iterator[Writer]:
    with _text(output) as stream:
        page = HtmlPage()
        stream.write(page.header())

        def write(passage: Passage, doc: Doc, entities: List[Entity]) -> None:
            for part in page.sections(passage.name, doc, entities):
                stream.write(part)

        yield write
        stream.write(page.footer())


@contextmanager
def _spacy_file(path: Path) -> Iterator[Writer]:
    """All documents in one DocBin, which spaCy writes at once: memory grows with every document."""
    with partial_path(path) as unfinished:
        docs = DocBin(store_user_data=True)
        try:
            yield lambda passage, doc, entities: docs.add(doc)
        finally:  # after an error too: the work done so far is kept under the unfinished file's name
            docs.to_disk(unfinished)


@contextmanager
def _spacy_shards(path: Path) -> Iterator[Writer]:
    """A folder of `.spacy` files of `SHARD_SIZE` documents, as spaCy's corpus reader takes it, in constant memory."""
    with folder(path) as unfinished:
        docs = DocBin(store_user_data=True)
        n_shards = 0

        def flush() -> None:
            nonlocal docs, n_shards
            docs.to_disk(unfinished / f"part-{n_shards:05d}.spacy")
            docs, n_shards = DocBin(store_user_data=True), n_shards + 1

        def write(passage: Passage, doc: Doc, entities: List[Entity]) -> None:
            docs.add(doc)
            if len(docs) == SHARD_SIZE:
                flush()

        yield write
        if len(docs) or not n_shards:
            flush()


def _entity_row(entity: Entity, text: str) -> Dict[str, object]:
    return {
        "start": entity.start,
        "end": entity.end,
        "label": entity.label,
        "score": round(entity.score, 6),
        "text": text[entity.start : entity.end],
    }


def _one_line(text: str) -> str:
    """Blanks for line ends, and escapes for the control characters that a terminal would obey."""
    shown = "".join(character if character.isprintable() else _escape(character) for character in text)
    return " ".join(shown.split())


def _escape(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")

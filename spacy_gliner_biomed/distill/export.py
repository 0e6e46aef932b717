"""Annotated passages out: GLiNER rows, spaCy's `.spacy`, and the uniform JSON Lines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Mapping, Tuple

from ..annotate.output import partial_path, text_file
from ..corpus.formats import read, write_jsonl
from ..corpus.formats.jsonl import to_row
from ..corpus.passage import AnnotatedPassage
from .gliner_rows import MOST_WORDS, Row, RowCounts, to_rows
from .lines import refuse_overwriting
from .stages import write_stage

FORMATS = ("gliner", "spacy", "jsonl")
DOCS_A_FILE = 5000


def export(
    source: Path, target: Path, format: str = "", most_words: int = MOST_WORDS, progress: bool = True
) -> Tuple[str, Dict[str, Any]]:
    """Write annotated passages in a format that training reads. The output appears whole or not at all; a file has a record.

    source (Path): annotated passages in any format that `corpus.formats.read` reads, GLiNER rows among them.
    target (Path): the file to write; for "spacy" also a folder, filled with one file for each 5,000 documents.
    format (str): one of `FORMATS`; "" goes by the target: `.spacy` or a folder is "spacy", all else "gliner".
    most_words (int): in a GLiNER row.
    progress (bool): show a bar on stderr, where that is a terminal.
    RETURNS (tuple): the format and the counts.
    RAISES (ValueError, OSError): for a format that there is none of, a target whose name says another one, or that lies among
        the sources, a folder that holds anything but such documents, a source without passages, and as `read`.
    """
    from tqdm import tqdm

    source, target = Path(source), Path(target)
    chosen = format or ("spacy" if target.suffix in ("", ".spacy") else "gliner")
    if chosen not in FORMATS:
        raise ValueError(f"There is no format '{chosen}' to write; use one of {', '.join(FORMATS)}.")
    _check_target(target, chosen)
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(f"'{target}' holds the passages themselves; write to another file.")
    refuse_overwriting([source], target)
    bar = tqdm(read(source), unit=" passages", desc="Export", disable=None if progress else True, mininterval=1.0)
    passages = _some(bar, source)
    if chosen == "spacy":
        counts: Dict[str, Any] = {"passages": write_docs(passages, target)}
    elif chosen == "jsonl":
        counts = {"passages": write_jsonl(passages, target)}
    else:
        tally = RowCounts()
        write_rows((row for passage in passages for row in to_rows(passage, tally, most_words)), target)
        counts = tally.to_dict()
    if target.is_file():
        write_stage(target, f"export {chosen}", {"most_words": most_words} if chosen == "gliner" else {}, counts, [source])
    return chosen, counts


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write GLiNER rows: a JSON list for `.json`, as gliner's own script reads it, else JSON Lines; `.gz` packs both.

    rows (iterable): taken one at a time.
    path (Path): the file.
    RETURNS (int): how many.
    """
    count = 0
    as_list = path.name.endswith((".json", ".json.gz"))
    with text_file(path) as stream:
        stream.write("[" if as_list else "")
        for row in rows:
            stream.write((",\n" if count else "\n") * as_list + json.dumps(row, ensure_ascii=False) + ("" if as_list else "\n"))
            count += 1
        stream.write("\n]\n" if as_list else "")
    return count


def write_docs(passages: Iterable[AnnotatedPassage], target: Path, docs_a_file: int = DOCS_A_FILE) -> int:
    """Write passages as spaCy documents, with what each was annotated for; `spacy_gliner_biomed.DocBin.v1` reads them.

    passages (iterable): taken one at a time. Without `labels`, a passage was annotated for the labels of its own mentions.
    target (Path): a `.spacy` file, which spaCy holds in memory as a whole; or a folder, which is written file by file under a
        second name, and then takes the place of an earlier one.
    docs_a_file (int): documents in a file of a folder.
    RETURNS (int): how many documents.
    RAISES (FileExistsError): for a folder that holds anything but documents of an earlier run.
    """
    import spacy
    from spacy.tokens import DocBin
    from spacy.util import registry

    from ..training.reader import to_example

    nlp = spacy.blank("en")
    nlp.tokenizer = registry.tokenizers.get("spacy_gliner_biomed.Words.v1")("punctuation")(nlp)
    as_folder = target.suffix != ".spacy"
    earlier = target.with_name(target.name + ".earlier")
    store, count, number = DocBin(store_user_data=True), 0, 0
    with partial_path(target) as partial:
        if as_folder:
            for left in (partial, earlier):  # by a killed run
                _clear(left)
            partial.mkdir()
        for passage in passages:
            row: Row = {"labels": sorted({label for *_, label in passage.mentions}), **to_row(passage)}
            row["where"] = passage.where or passage.id
            store.add(to_example(nlp, row, {}, "gliner").reference)
            count += 1
            if as_folder and len(store) == docs_a_file:
                (partial / f"part-{number:05d}.spacy").write_bytes(store.to_bytes())
                store, number = DocBin(store_user_data=True), number + 1
        if as_folder:
            if len(store):
                (partial / f"part-{number:05d}.spacy").write_bytes(store.to_bytes())
            if target.is_dir():  # moved as a whole, so that a kill leaves no half of it under its name
                _check_folder(target)
                os.replace(target, earlier)
        else:
            partial.write_bytes(store.to_bytes())
    _clear(earlier)
    return count


def _clear(folder: Path) -> None:
    """Remove a folder of documents, if it is there. RAISES (FileExistsError): where it holds anything else."""
    if folder.is_dir():
        _check_folder(folder)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _check_folder(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if not (path.name.startswith("part-") and path.suffix == ".spacy"):
            raise FileExistsError(
                f"The folder '{folder}' holds '{path.name}', which is none of our documents; name another folder."
            )


def _check_target(target: Path, chosen: str) -> None:
    """Refuse a target before anything is read, where its name says that something else is meant."""
    lines = (".jsonl", ".jsonl.gz")
    endings = {"gliner": (".json", ".json.gz", *lines), "jsonl": lines, "spacy": (".spacy",)}[chosen]
    folder = chosen == "spacy" and (target.is_dir() or not target.suffix)
    if not folder and not target.name.endswith(endings):
        told = f"{', '.join(endings)}, or a folder" if chosen == "spacy" else ", ".join(endings)
        raise ValueError(f"'{target}' is no name for the format '{chosen}'; end it in {told}.")
    if folder and target.is_dir():
        _check_folder(target)


def _some(passages: Iterable[AnnotatedPassage], source: Path) -> Iterator[AnnotatedPassage]:
    """The passages; an error where there is none, before any file takes its name."""
    empty = True
    for passage in passages:
        empty = False
        yield passage
    if empty:
        raise ValueError(f"'{source}' holds no annotated passage; nothing was written.")

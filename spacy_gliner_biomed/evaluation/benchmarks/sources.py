"""How the releases are laid out: where their files are, which documents they hold, what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Container, Dict, Iterator, List, NamedTuple, Optional

from ...corpus.formats import read
from ...corpus.formats.problems import Problems, RaisedProblems
from ...corpus.passage import AnnotatedPassage
from . import biomed_ner, standoff, tac
from .entry import Benchmark

MAC_LEFTOVERS = "__MACOSX"  # what unpacking an archive made on a Mac leaves beside the files


class Reader(NamedTuple):
    """How one kind of release is read.

    is_source (Callable): whether a path is what the reader reads, and not only called so.
    documents (Callable): the names of its documents, in a settled order.
    passages (Callable): the passages of the documents wanted (None: all), with the release's own labels.
    """

    is_source: Callable[[Path], bool]
    documents: Callable[[Path], List[str]]
    passages: Callable[[Path, Optional[Container[str]], Problems], Iterator[AnnotatedPassage]]


def find_source(entry: Benchmark, source: str, folder: Path) -> Path:
    """Find a file or folder of a release.

    entry (Benchmark): the benchmark.
    source (str): a key of `entry.sources`.
    folder (Path): holds the release, at any depth.
    RETURNS (Path): the file or folder.
    RAISES (FileNotFoundError): where there is none; says what to download.
    RAISES (ValueError): where there are several.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder '{folder}'; {_what_to_get(entry)}")
    is_source = READERS[entry.reader].is_source
    for name in entry.sources[source]:
        called_so = [folder] if folder.name == name or name == "." else sorted(folder.rglob(name))
        found = list(dict.fromkeys(path for top in called_so for path in _within(top, is_source)))
        found = [path for path in found if MAC_LEFTOVERS not in path.parts]
        if len(found) > 1:
            raise ValueError(f"Both '{found[0]}' and '{found[1]}' could be the {source} data of {entry.title}; name one folder.")
        if found:
            return found[0]
    raise FileNotFoundError(f"There is no '{entry.sources[source][0]}' in or below '{folder}'; {_what_to_get(entry)}")


def _within(top: Path, is_source: Callable[[Path], bool]) -> Iterator[Path]:
    """The path itself, or else what lies below it: archives differ in how many folders they wrap their files in."""
    if is_source(top):
        yield top
    elif top.is_dir():
        yield from (path for path in sorted(top.rglob("*")) if is_source(path))


def _what_to_get(entry: Benchmark) -> str:
    return f"{entry.get[0].lower()}{entry.get[1:].removesuffix('.')} (from {entry.homepage})."


def _files(folder: Path, suffix: str) -> List[Path]:
    # By name: how whole paths compare differs between operating systems
    files = (path for path in folder.glob(f"*{suffix}") if not path.name.startswith("."))
    return sorted(files, key=lambda path: path.name)


def _read_as(format: Optional[str]) -> Reader:
    """A file that one of the common readers reads."""

    def passages(path: Path, wanted: Optional[Container[str]], problems: Problems) -> Iterator[AnnotatedPassage]:
        on_problem = "raise" if isinstance(problems, RaisedProblems) else "report"
        for passage in read(path, format, on_problem=on_problem, problems=problems):
            if wanted is None or passage.document in wanted:
                yield passage

    def documents(path: Path) -> List[str]:
        unheard = Problems(keep=0)
        return [passage.document for passage in read(path, format, on_problem="report", problems=unheard)]

    return Reader(Path.is_file, documents, passages)


def _brat_documents(folder: Path) -> List[str]:
    return [path.stem for path in _files(folder, ".ann")]


def _brat_passages(
    folder: Path, wanted: Optional[Container[str]], problems: Problems
) -> Iterator[AnnotatedPassage]:
    on_problem = "raise" if isinstance(problems, RaisedProblems) else "report"
    for name in _brat_documents(folder):
        if wanted is None or name in wanted:
            yield from read(folder / f"{name}.ann", "brat", on_problem=on_problem, problems=problems)


def _trial(text_file: Path) -> str:
    return text_file.stem.split("_")[0]


def _chia_documents(folder: Path) -> List[str]:
    return [_trial(path) for path in _files(folder, ".txt")]


def _chia_passages(
    folder: Path, wanted: Optional[Container[str]], problems: Problems
) -> Iterator[AnnotatedPassage]:
    for path in _files(folder, ".txt"):
        if wanted is None or _trial(path) in wanted:
            yield from _pair(path, path.with_suffix(".ann"), _trial(path), problems)


def _cadec_documents(folder: Path) -> List[str]:
    return [path.stem for path in _files(folder / "text", ".txt")]


def _cadec_passages(
    folder: Path, wanted: Optional[Container[str]], problems: Problems
) -> Iterator[AnnotatedPassage]:
    for path in _files(folder / "text", ".txt"):
        if wanted is None or path.stem in wanted:
            yield from _pair(path, folder / "original" / f"{path.stem}.ann", path.stem, problems)


def _pair(text: Path, annotations: Path, document: str, problems: Problems) -> Iterator[AnnotatedPassage]:
    if annotations.is_file():
        yield standoff.read_pair(text, annotations, document, problems)
    else:
        problems.add(str(text), f"there is no '{annotations}' with its annotations.")


def _tac_documents(folder: Path) -> List[str]:
    return [path.stem for path in _files(folder, ".xml")]


def _tac_passages(folder: Path, wanted: Optional[Container[str]], problems: Problems) -> Iterator[AnnotatedPassage]:
    for path in _files(folder, ".xml"):
        if wanted is None or path.stem in wanted:
            yield from tac.read_file(path, problems)


def _holds(suffix: str) -> Callable[[Path], bool]:
    return lambda folder: folder.is_dir() and bool(_files(folder, suffix))


READERS: Dict[str, Reader] = {
    "pubtator": _read_as("pubtator"),
    "any": _read_as(None),
    "brat": Reader(_holds(".ann"), _brat_documents, _brat_passages),
    "chia": Reader(_holds(".txt"), _chia_documents, _chia_passages),
    "cadec": Reader(
        lambda folder: (folder / "text").is_dir() and (folder / "original").is_dir(), _cadec_documents, _cadec_passages
    ),
    "tac": Reader(_holds(".xml"), _tac_documents, _tac_passages),
    "biomed_ner": Reader(Path.is_file, biomed_ner.documents, biomed_ner.passages),
}

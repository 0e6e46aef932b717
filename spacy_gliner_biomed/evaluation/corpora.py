"""Annotated corpora to evaluate on, and the labels each annotates.

A corpus is a file or a folder of any format that `corpus.formats` reads. A folder of corpora holds `train/` and `dev/`, and may
hold `MANIFEST.json`, which lists the label inventory of each file: a label outside a corpus' inventory is unknown there, not
absent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..corpus.discontinuous import Tally, check_policy, resolve
from ..corpus.formats import Problems, corpus_name, read
from ..corpus.passage import AnnotatedPassage

# What `find_corpora` takes for a corpus: endings that say so without a look inside.
SUFFIXES = (
    ".jsonl",
    ".jsonl.gz",
    ".pubtator",
    ".pubtator.gz",
    ".xml",
    ".xml.gz",
    ".conll",
    ".iob",
    ".iob2",
    ".bio",
    ".bilou",
    ".bioes",
    ".spacy",
)


@dataclass(frozen=True)
class GoldCorpus:
    """A corpus and the labels it annotates.

    name (str): its file's name without endings, or its folder's.
    path (Path): the file or folder.
    labels (tuple): the labels it annotates, most frequent first where that is known.
    policy (str): what becomes of mentions in pieces, one of `corpus.discontinuous.POLICIES`.
    format (str): one of `corpus.formats.FORMATS`; None finds it out.
    """

    name: str
    path: Path
    labels: Tuple[str, ...]
    policy: str = "drop"
    format: Optional[str] = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_policy(self.policy)

    def passages(
        self, problems: Optional[Problems] = None, tally: Optional[Tally] = None
    ) -> Iterator[AnnotatedPassage]:
        """Read the corpus, one passage at a time.

        problems (Problems): collects mentions that do not fit, which are left out; None raises at the first.
        tally (Tally): counts the mentions in pieces.
        YIELDS (AnnotatedPassage): the passages in file order, mentions in pieces decided about.
        RAISES (ValueError): names file and line of what cannot be read.
        """
        on_problem = "raise" if problems is None else "report"
        for passage in read(self.path, self.format, on_problem, problems):
            yield resolve(passage, self.policy, tally)

    def is_nested(self) -> bool:
        """RETURNS (bool): whether at least one mention in a hundred begins inside another; reads the corpus once. What
        does not fit is left out here: the reading that is counted tells of it.
        """
        n_mentions = n_inside = 0
        for passage in self.passages(Problems(keep=0)):
            furthest = -1
            for start, end in sorted({mention[:2] for mention in passage.mentions}, key=lambda span: (span[0], -span[1])):
                n_mentions += 1
                n_inside += start < furthest
                furthest = max(furthest, end)
        return n_inside * 100 >= max(n_mentions, 1)


def find_corpora(folder: Path, part: str = "dev", policy: str = "drop") -> List[GoldCorpus]:
    """The corpora of one part of a folder, in alphabetical order.

    folder (Path): holds a folder named `part`, and `MANIFEST.json` where there is one.
    part (str): `dev`, `train`, …
    policy (str): for mentions in pieces.
    RETURNS (List[GoldCorpus]): one for each file with one of `SUFFIXES`, and for each folder of BRAT's files.
    RAISES (FileNotFoundError): where there is none.
    """
    return [open_corpus(path, policy=policy) for path in _corpus_paths(folder / part)]


def choose_corpora(
    folder: Path, part: str = "dev", names: Sequence[str] = (), policy: str = "drop"
) -> List[GoldCorpus]:
    """Some corpora of one part of a folder.

    folder, part, policy: as for `find_corpora`.
    names (Sequence[str]): the corpora wanted; all of them where empty.
    RETURNS (List[GoldCorpus]): in alphabetical order.
    RAISES (ValueError): for a name that the folder does not hold, and for two chosen corpora of one name.
    """
    paths = _corpus_paths(folder / part)
    _check_names(names, [corpus_name(path) for path in paths], folder / part)
    chosen: Dict[str, Path] = {}
    for path in paths:
        name = corpus_name(path)
        if names and name not in names:
            continue
        other = chosen.setdefault(name, path)
        if other != path:
            raise ValueError(
                f"Two corpora in '{folder / part}' are called '{name}' ('{other.name}' and '{path.name}'); rename one."
            )
    return [open_corpus(path, policy=policy) for path in chosen.values()]


def corpora_at(
    place: Path, part: str = "dev", names: Sequence[str] = (), policy: str = "drop", format: Optional[str] = None
) -> List[GoldCorpus]:
    """What the option `--corpora` names: one part of a folder of corpora, or one corpus.

    place (Path): a folder that holds a folder named `part`; else a file, or a folder of files of one format.
    part (str): `dev`, `train`, …; plays no part for one corpus.
    names (Sequence[str]): the corpora wanted; all of them where empty.
    policy (str): for mentions in pieces.
    format (str): of one corpus; None finds it out.
    RETURNS (List[GoldCorpus]): in alphabetical order.
    RAISES (ValueError): for a name that is not there, two corpora of one name, and the format of a whole folder of corpora.
    RAISES (OSError): where there is no corpus.
    """
    if (place / part).is_dir():
        if format is not None:
            raise ValueError(f"'{place / part}' holds corpora, whose formats are found out; leave '{format}' out, or name one.")
        return choose_corpora(place, part, names, policy)
    try:
        corpus = open_corpus(place, format, policy)
    except ValueError as error:
        if not place.is_dir() or format is not None:
            raise
        raise FileNotFoundError(f"There is no folder '{part}' in '{place}', and it is no corpus itself: {error}") from error
    _check_names(names, [corpus.name], place)
    return [corpus]


def open_corpus(path: Path, format: Optional[str] = None, policy: str = "drop") -> GoldCorpus:
    """A corpus by its file or folder; its inventory comes from `../MANIFEST.json` or else from reading it once.

    path (Path): a file, or a folder of files of one format.
    format (str): one of `corpus.formats.FORMATS`; None finds it out.
    policy (str): for mentions in pieces.
    RETURNS (GoldCorpus): name, path and labels.
    RAISES (ValueError, OSError): where there is no corpus, or its format cannot be told.
    """
    name = corpus_name(path)
    labels = _manifest_labels(path.parent.parent / "MANIFEST.json", name)
    return GoldCorpus(name, path, labels if labels is not None else _labels_met(path, format), policy, format)


def _check_names(names: Sequence[str], known: Sequence[str], place: Path) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"There is no corpus '{name}' in '{place}'; it holds {', '.join(known)}.")


def _corpus_paths(place: Path) -> List[Path]:
    found = [path for path in sorted(place.iterdir()) if _is_corpus(path)] if place.is_dir() else []
    if not found:
        raise FileNotFoundError(
            f"There is no annotated corpus in '{place}' (files in {', '.join(SUFFIXES)}, or folders of .ann files); name the "
            "folder that holds it."
        )
    return found


def _is_corpus(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return any(path.glob("*.ann")) if path.is_dir() else path.name.endswith(SUFFIXES)


def _labels_met(path: Path, format: Optional[str]) -> Tuple[str, ...]:
    labels: Set[str] = set()
    for passage in read(path, format, "report"):
        labels.update(mention.label for mention in passage.mentions)
        labels.update(mention.label for mention in passage.discontinuous)
        labels.update(passage.labels or ())
    return tuple(sorted(labels))


def _manifest_labels(path: Path, name: str) -> Optional[Tuple[str, ...]]:
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' is not JSON ({error}); it lists the labels of the corpora beside it.") from None
    for files in manifest.values() if isinstance(manifest, dict) else ():
        entry = files.get(name) if isinstance(files, dict) else None
        labels = entry.get("labels") if isinstance(entry, dict) else None
        if labels and isinstance(labels, (dict, list)) and all(isinstance(label, str) for label in labels):
            return tuple(labels)
    return None

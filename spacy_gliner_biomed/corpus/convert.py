"""Any format → the uniform JSONL, and a count of what was read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Mapping, Optional

from tqdm import tqdm

from .discontinuous import Tally, check_policy, resolve
from .formats import Problems, read, write_jsonl
from .passage import AnnotatedPassage

KEEP = "keep"  # mentions in pieces stay apart, as the uniform format can hold them


@dataclass
class Conversion:
    """What was read and written.

    policy (str): what became of mentions in pieces.
    passages (int): passages written.
    labels (Counter): label → mentions written, without those still in pieces.
    pieces (Tally): mentions in pieces.
    problems (Problems): what did not fit, and was left out.
    """

    policy: str
    passages: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    pieces: Tally = field(default_factory=Tally)
    problems: Problems = field(default_factory=Problems)

    def sentences(self) -> List[str]:
        """RETURNS (List[str]): the counts in plain words."""
        told = [
            f"Read {_counted_noun(self.passages, 'passage')} with {_counted_noun(self.labels.total(), 'mention')} of "
            f"{_counted_noun(len(self.labels), 'label')}."
        ]
        if self.pieces.count:
            became = {
                KEEP: "kept apart",
                "drop": "left out",
                "hull": "each made one mention from its first character to its last",
                "fragments": "every piece made a mention",
            }[self.policy]
            told.append(f"{_counted_noun(self.pieces.count, 'mention')} in pieces: {became}.")
        if self.problems:
            told.append(f"{_counted_noun(len(self.problems), 'problem')}, left out.")
        return told


def convert(
    source: Path,
    target: Path,
    format: Optional[str] = None,
    policy: str = KEEP,
    label_map: Optional[Mapping[str, Optional[str]]] = None,
    strict: bool = False,
) -> Conversion:
    """Write a corpus in the uniform format. The file appears whole or not at all.

    source (Path): a file, or a folder of files of one format.
    target (Path): the `.jsonl` or `.jsonl.gz` file to write.
    format (str): one of `corpus.formats.FORMATS`; None finds it out.
    policy (str): "keep" leaves mentions in pieces apart; or one of `corpus.discontinuous.POLICIES`.
    label_map (Mapping[str, Optional[str]]): as for `read`.
    strict (bool): stop at the first problem, rather than leave it out and count it.
    RETURNS (Conversion): the counts.
    RAISES (ValueError, OSError): as `read`; where the source holds no passage; and where the target is the source, lies in it,
        or is not called `.jsonl` or `.jsonl.gz`.
    """
    if not target.name.endswith((".jsonl", ".jsonl.gz")):
        raise ValueError(f"'{target}' would hold JSON Lines; call it .jsonl or .jsonl.gz.")
    if target.exists() and target.samefile(source):
        raise ValueError(f"'{target}' is the corpus itself; write to another file.")
    if source.is_dir() and target.resolve().parent == source.resolve():
        raise ValueError(f"'{target}' lies in the folder that is read, where the next run would read it; write elsewhere.")
    if policy != KEEP:
        check_policy(policy)
    done = Conversion(policy)
    passages = read(source, format, "raise" if strict else "report", done.problems, label_map)
    write_jsonl(tqdm(_counted(passages, done, source), unit=" passages", disable=None), target)
    return done


def _counted_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _counted(passages: Iterator[AnnotatedPassage], done: Conversion, source: Path) -> Iterator[AnnotatedPassage]:
    for passage in passages:
        if done.policy == KEEP:
            done.pieces.count += len(passage.discontinuous)
        else:
            passage = resolve(passage, done.policy, done.pieces)
        done.passages += 1
        done.labels.update(mention.label for mention in passage.mentions)
        yield passage
    if not done.passages:
        first = f" The first of {len(done.problems)} problems: {done.problems.listed[0]}" if done.problems else ""
        raise ValueError(f"'{source}' holds no annotated passage; nothing was written.{first}")

"""What does not fit: raised at once, or left out, listed and counted."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional

KEPT = 1000


class Problem(NamedTuple):
    """Something in a file that does not fit, and was left out.

    where (str): file and line.
    message (str): one sentence, with the offending value.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Problems:
    """Collects what did not fit. All are counted; the first `keep` are listed, so that memory stays bounded.

    keep (int): most problems to list.
    """

    def __init__(self, keep: int = KEPT) -> None:
        self.keep = keep
        self.count = 0
        self.listed: List[Problem] = []

    def add(self, where: str, message: str) -> None:
        """Note one problem: `where` is file and line, `message` a sentence."""
        self.count += 1
        if len(self.listed) < self.keep:
            self.listed.append(Problem(where, message))

    def __len__(self) -> int:
        """All that were met, listed or not."""
        return self.count

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Problem]:
        """YIELDS (Problem): those listed, in file order."""
        return iter(self.listed)


class RaisedProblems(Problems):
    """Raises at the first problem."""

    def add(self, where: str, message: str) -> None:
        """RAISES (ValueError): always, with file and line."""
        raise ValueError(f"{where}: {message}")


def choose_problems(on_problem: str, problems: Optional[Problems]) -> Problems:
    """Where a reader sends what does not fit.

    on_problem (str): "raise" or "report".
    problems (Problems): the caller's collection, for "report"; None makes one that nobody looks at but its reader.
    RETURNS (Problems): the collection.
    RAISES (ValueError): for another word.
    """
    if on_problem == "raise":
        return RaisedProblems()
    if on_problem == "report":
        return Problems() if problems is None else problems
    raise ValueError(f"A reader can 'raise' or 'report' problems, not {on_problem!r}.")

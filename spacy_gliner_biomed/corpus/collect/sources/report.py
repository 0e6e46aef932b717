"""What a reading of a source meets: what is broken, what is left out, and how far it has come.

What is read comes in pieces: a file, or an entry of an archive. The beginning of each is a place from which a later run can
go on, with what was reported up to there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping

from ...formats.problems import Problem, Problems


@dataclass(frozen=True)
class Mark:
    """A place to go on from.

    where (int): which of the files or folders that are read one after the other.
    pieces (int): pieces of it that lie before the place.
    begun (int): passages of those before it.
    passages (int): passages that lie before the place, those included.
    problems, listed (int): problems met by then, and how many of them are listed.
    left_out (dict): documents left out by then, by reason.
    """

    where: int = 0
    pieces: int = 0
    begun: int = 0
    passages: int = 0
    problems: int = 0
    listed: int = 0
    left_out: Dict[str, int] = field(default_factory=dict)


class Report(Problems):
    """Collects what is broken in the files (`add`), counts what is whole but not taken (`leave_out`), and knows how far it is.

    keep (int): most problems to list; all are counted.
    """

    def __init__(self, keep: int = 1000) -> None:
        super().__init__(keep)
        self.left_out: Counter[str] = Counter()
        self.passages = 0  # raised by whoever takes the passages
        self.mark = Mark()
        self._where = self._pieces = self._begun = self._pass_over = 0

    def add(self, where: str, message: str) -> None:
        """Note one problem, unless an earlier run has."""
        if not self._is_passing_over:
            super().add(where, message)

    def leave_out(self, reason: str, n: int = 1) -> None:
        """Count `n` documents or sections that the settings leave out, under a reason in a few words."""
        if not self._is_passing_over:
            self.left_out[reason] += n

    def start(self, where: int) -> None:
        """Say that the file or folder of this number is read now, from its beginning or from the mark that was restored."""
        self._where, self._pieces = where, 0
        if where == self.mark.where and self.mark.pieces:
            self._begun, self._pass_over = self.mark.begun, self.mark.pieces
        else:
            self._begun, self._pass_over = self.passages, 0
            self._set_mark()

    def begin_piece(self) -> bool:
        """Say that a piece begins. RETURNS (bool): whether it is to be read; False where an earlier run has read it."""
        self._pieces += 1
        if self._pieces > max(self._pass_over, 1):  # before the first one a source may have reported something already
            self._set_mark()
        return self._pieces > self._pass_over

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): the mark with the problems before it, ready for JSON."""
        return {**asdict(self.mark), "listed": [[each.where, each.message] for each in self.listed[: self.mark.listed]]}

    def restore(self, row: Mapping[str, Any]) -> None:
        """Go on from a mark.

        row (mapping): as `to_dict` gave it.
        RAISES (KeyError, TypeError): where it is something else.
        """
        listed: List[Problem] = [Problem(*each) for each in row["listed"]]
        self.mark = Mark(**{**row, "listed": len(listed)})
        self.listed, self.count = listed, self.mark.problems
        self.left_out, self.passages = Counter(self.mark.left_out), self.mark.passages

    @property
    def _is_passing_over(self) -> bool:
        return self._pass_over > 0 and self._pieces <= self._pass_over

    def _set_mark(self) -> None:
        before = max(self._pieces - 1, 0)
        self.mark = Mark(
            self._where, before, self._begun, self.passages, self.count, len(self.listed), dict(self.left_out)
        )

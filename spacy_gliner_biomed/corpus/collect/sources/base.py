"""What all sources share: their settings, and what one reading of them needs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Tuple

from ...formats.checks import HALF_PAIR
from ..passages import Passage
from .report import Report

if TYPE_CHECKING:
    from .download import Fetched

Earlier = Callable[[], Iterable[Passage]]


@dataclass(frozen=True)
class Setting:
    """Something that can be chosen about a source.

    name (str): its name.
    default (str, int, float, bool or tuple of str): its value where none is chosen; its type is the setting's.
    help (str): one sentence.
    """

    name: str
    default: Any
    help: str

    def checked(self, value: Any, source: str) -> Any:
        """RETURNS: the value in the setting's type; text is read as the command line writes it.

        RAISES (ValueError): where it is of another kind; one sentence.
        """
        kind = type(self.default)
        if isinstance(value, str) and kind is not str:
            value = self._parsed(value, kind)
        if kind is tuple and isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            return tuple(value)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"The setting '{self.name}' of {source} cannot be {value!r}; it is {_kind(self.default)}.")
        return value

    @staticmethod
    def _parsed(value: str, kind: type) -> Any:
        if kind is bool:
            return {"true": True, "yes": True, "false": False, "no": False}.get(value.lower(), value)
        if kind is tuple:
            return tuple(each.strip() for each in value.split(",") if each.strip())
        try:
            return kind(value)
        except ValueError:
            return value


def _kind(default: Any) -> str:
    if isinstance(default, bool):
        return "true or false"
    kinds = {str: "text", int: "a whole number", float: "a number", tuple: "a list of words with commas between"}
    return f"{kinds[type(default)]}, as {','.join(default) if isinstance(default, tuple) else default!r}"


@dataclass
class Reading:
    """One reading of a source: its settings, where problems go, and where fetched files are kept.

    source (str): the source's name.
    settings (mapping): a value for each of its settings.
    report (Report): takes problems.
    raw (Path): folder for fetched files, so that a second reading fetches nothing again; None keeps them for this one.
    earlier (callable): gives the passages of the pieces that the report has this reading pass over.
    """

    source: str
    settings: Mapping[str, Any]
    report: Report
    raw: Optional[Path] = None
    earlier: Earlier = tuple
    _temporary: Optional[tempfile.TemporaryDirectory[str]] = field(default=None, repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    def day(self, name: str) -> date:
        """RETURNS (date): a setting that is a day. RAISES (ValueError): where it is none, or empty."""
        value = self.settings[name]
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"The setting '{name}' of {self.source} must be a day such as 2024-01-31, not {value!r}; "
                "a fixed range of days makes a collection that can be made again."
            ) from None

    def folder(self) -> Path:
        """RETURNS (Path): where fetched files go."""
        if self.raw is not None:
            return self.raw
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="gliner-biomed-")
        return Path(self._temporary.name)

    def close(self) -> None:
        """Remove what was kept for this reading only."""
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def passage(self, where: str, text: str, fetched: Optional[Fetched] = None, **fields: str) -> Iterator[Passage]:
        """Make a passage of a text, if there is any.

        where (str): file and line, for problems.
        text (str): white space around it is left out; halves of surrogate pairs, which JSON can smuggle in, become "�".
        fetched (Fetched): the file it came from, where that was fetched.
        fields (str): the passage's other fields.
        YIELDS (Passage): one, or none where the text is blank.
        """
        values = {"text": text.strip(), **fields}
        for name, value in values.items():
            if HALF_PAIR.search(value):
                self.report.add(where, f"'{name}' holds half a surrogate pair; it is replaced by the sign '\ufffd'.")
                values[name] = HALF_PAIR.sub("\ufffd", value)
        if values["text"]:
            yield Passage(retrieved="" if fetched is None else fetched.retrieved, **values)  # type: ignore[arg-type]
        else:
            self.report.leave_out("no text")


Reader = Callable[[str, Reading], Iterator[Passage]]


@dataclass(frozen=True)
class Source:
    """A source of text.

    name (str): as the command line calls it.
    title (str): what it is, in a few words.
    sources (tuple): the names that its passages carry as `source`; thresholds and balance go by them.
    licence (str): what its passages carry as `licence`, unless the document says otherwise.
    where (str): what `read` accepts, for people.
    reader (callable): does the reading.
    settings (tuple): what can be chosen.
    whole_folders (bool): a folder must be read as one, as ids depend on the place of a file in it.
    suffixes (tuple): endings of the files that it reads in folders, without `.gz`; archives are read too.
    """

    name: str
    title: str
    sources: Tuple[str, ...]
    licence: str
    where: str
    reader: Reader
    settings: Tuple[Setting, ...] = ()
    whole_folders: bool = False
    suffixes: Tuple[str, ...] = ()

    def complete(self, settings: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        """RETURNS (dict): a checked value for each setting, the default where none is given.

        RAISES (ValueError): for an unknown setting and for a value of another kind.
        """
        known = {setting.name: setting for setting in self.settings}
        for name in settings or {}:
            if name not in known:
                raise ValueError(f"{self.name} has no setting {name!r}; it has {', '.join(known) or 'none'}.")
        values = {name: setting.default for name, setting in known.items()}
        return values | {name: known[name].checked(value, self.name) for name, value in (settings or {}).items()}

    def read(
        self,
        where: str,
        settings: Optional[Mapping[str, Any]] = None,
        report: Optional[Report] = None,
        raw: Optional[Path] = None,
        earlier: Earlier = tuple,
    ) -> Iterator[Passage]:
        """Read text, one passage at a time.

        where (str): a file, a folder or whatever else `self.where` names.
        settings (mapping): values for some of the settings.
        report (Report): takes broken documents, which are passed over, and counts what is left out.
        raw (Path): a folder for what is fetched; a second reading takes it from there.
        earlier (callable): gives what an earlier reading has yielded of the pieces that `report` has this one pass over.
        YIELDS (Passage): in the order of files and documents, which is always the same.
        RAISES (ValueError): for a wrong setting; and for what cannot be read or fetched at all, with the way out.
        RAISES (FileNotFoundError): where there is nothing at `where`.
        """
        reading = Reading(self.name, self.complete(settings), Report() if report is None else report, raw, earlier)
        try:
            yield from self.reader(str(where), reading)
        finally:
            reading.close()

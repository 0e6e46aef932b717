"""A model folder, on disk or in memory, read through a few fixed names and within bounds."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from pathlib import Path
from typing import List, Mapping, Optional

from .errors import CheckpointError


class Files(ABC):
    """Where the files of a checkpoint come from. Names are those of `layout.py`, with `/` for the one sub-folder."""

    @abstractmethod
    def where(self, name: str) -> str:
        """RETURNS (str): a file's place, for messages."""

    @abstractmethod
    def read(self, name: str, limit: int) -> Optional[bytes]:
        """RETURNS (bytes): a file's content, or None where there is no such file.

        RAISES (CheckpointError): for a file of more than `limit` bytes, or one that isn't the folder's own.
        """

    @abstractmethod
    def path(self, name: str, limit: int) -> Optional[Path]:
        """RETURNS (Path): a file's path where it has one, checked as `read` does; else None."""

    def require(self, name: str, limit: int) -> bytes:
        """RETURNS (bytes): a file's content.

        RAISES (CheckpointError): as `read`, and where there is no such file.
        """
        data = self.read(name, limit)
        if data is None:
            raise CheckpointError(f"{self.where(name)} is missing; a GLiNER model folder holds one.")
        return data


class FolderFiles(Files):
    """The files of a folder. A link may not lead out of it, except into the blobs of the Hub's own cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        root = folder.resolve()
        self._roots: List[Path] = [root]
        if root.parent.name == "snapshots":  # models--org--name/snapshots/<commit>: links into ../../blobs
            self._roots.append(root.parent.parent / "blobs")

    def where(self, name: str) -> str:
        return str(self.folder / name)

    def read(self, name: str, limit: int) -> Optional[bytes]:
        path = self.path(name, limit)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise CheckpointError(f"{self.where(name)} can't be read: {error.strerror}.") from None
        _check_size(self.where(name), len(data), limit)
        return data

    def path(self, name: str, limit: int) -> Optional[Path]:
        try:
            path = (self.folder / name).resolve(strict=True)
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError):  # a loop of links, a folder closed to us
            raise CheckpointError(f"{self.where(name)} can't be opened; check its links and permissions.") from None
        if not any(path.is_relative_to(root) for root in self._roots):
            raise CheckpointError(
                f"{self.where(name)} is a link that leads out of the folder; put the file itself there."
            )
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{self.where(name)} is not a regular file.")
        _check_size(self.where(name), status.st_size, limit)
        return path


class MemoryFiles(Files):
    """The files of a checkpoint that travels as bytes."""

    def __init__(self, files: Mapping[str, bytes], name: str = "the model's bytes") -> None:
        self.files = files
        self.name = name

    def where(self, name: str) -> str:
        return f"{name!r} in {self.name}"

    def read(self, name: str, limit: int) -> Optional[bytes]:
        data = self.files.get(name)
        if data is None:
            return None
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise CheckpointError(f"{self.where(name)} is of type {type(data).__name__}, not bytes.")
        _check_size(self.where(name), len(data), limit)
        return bytes(data)

    def path(self, name: str, limit: int) -> Optional[Path]:
        return None


def _check_size(where: str, size: int, limit: int) -> None:
    if size > limit:
        raise CheckpointError(f"{where} holds more than the {limit:,} bytes allowed for such a file.")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name in its own folder, then put it in place at once."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)

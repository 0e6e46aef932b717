"""The embedded model: its files must be the ones that were shipped."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict

from . import limits
from .errors import CheckpointError, short
from .files import Files, FolderFiles, MemoryFiles, write_atomically
from .layout import SAFETENSORS, SUMS

FOLDER = Path(__file__).resolve().parent.parent / "models" / "mini"
EMBEDDED_BYTES = 64 * limits.MIB


def read_mini(folder: Path = FOLDER) -> Files:
    """Read the embedded model and compare every file with its SHA-256.

    RETURNS (Files): exactly the files that `SHA256SUMS` lists, in memory.
    RAISES (CheckpointError): when a file is missing or differs.
    """
    disk = FolderFiles(folder)
    files = {}
    for name, expected in _read_sums(disk).items():
        data = disk.require(name, EMBEDDED_BYTES)
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise CheckpointError(
                f"{disk.where(name)} is not the file that was shipped (SHA-256 {found[:12]}…, not {expected[:12]}…); "
                "reinstall spacy-gliner-biomed."
            )
        files[name] = data
    if SAFETENSORS not in files:
        raise CheckpointError(f"{disk.where(SUMS)} doesn't list {SAFETENSORS}; reinstall spacy-gliner-biomed.")
    return MemoryFiles(files, f"the embedded model {folder.name!r}")


def write_sums(folder: Path) -> None:
    """Write `SHA256SUMS` for the files of a folder, as `sha256sum` does; what is hidden and cards are left out."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and name != SUMS and path.suffix != ".md" and not hidden:
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
    write_atomically(folder / SUMS, "".join(lines).encode("utf-8"))


def _read_sums(disk: FolderFiles) -> Dict[str, str]:
    """RETURNS (dict): file name → SHA-256, in hexadecimal."""
    where = disk.where(SUMS)
    sums = {}
    for line in disk.require(SUMS, limits.CONFIG_BYTES).decode("ascii", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        if (
            len(digest) != 64
            or set(digest) - set("0123456789abcdef")
            or not name
            or ".." in name
            or name.startswith("/")
        ):
            raise CheckpointError(f"{where} has the malformed line {short(line)}; reinstall spacy-gliner-biomed.")
        sums[name] = digest
    return sums

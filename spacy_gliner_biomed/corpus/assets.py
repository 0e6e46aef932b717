"""Assets with committed SHA-256 sums, checked by our own code.

`spacy project assets` does not protect data: a file with the wrong sum is reported, kept, and the workflow goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Dict, Iterable

CHECKSUMS_FILE = "checksums.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class AssetError(ValueError):
    """An asset that is missing or changed; the message names the file and the way out."""


def verify(folder: Path) -> None:
    """Compare each asset with the sum that `checksums.json` in its folder holds for it.

    folder (Path): holds the assets, in subfolders too, and `checksums.json`, a mapping from path below the folder, with "/"
        between names, to SHA-256 in hexadecimal.
    RAISES (AssetError): at the first file that is missing or differs; and where the sums cannot be read.
    """
    folder = Path(folder)
    checksums = _read_checksums(folder / CHECKSUMS_FILE)
    for name, expected in checksums.items():
        path = folder / name
        if not path.is_file():
            raise AssetError(f"Asset '{path}' is missing; restore it, for instance with `git checkout -- {path}`.")
        found = sha256(path)
        if found != expected:
            raise AssetError(
                f"Asset '{path}' has SHA-256 {found[:12]}…, not {expected[:12]}…; restore it, or record your own "
                f"version with `gliner-biomed assets record {folder}`."
            )


def record(folder: Path) -> Dict[str, str]:
    """Write `checksums.json` anew, from the files that lie in and below the folder now, hidden ones left out.

    folder (Path): holds the assets.
    RETURNS (dict): path below the folder → SHA-256, as written.
    RAISES (AssetError): where the folder does not exist or holds no asset.
    """
    folder = Path(folder)
    names = list(_asset_names(folder)) if folder.is_dir() else []
    if not names:
        raise AssetError(f"'{folder}' holds no assets to record; give the folder that does.")
    checksums = {name: sha256(folder / name) for name in names}
    unfinished = folder / f".{CHECKSUMS_FILE}.tmp"
    unfinished.write_text(json.dumps(checksums, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, folder / CHECKSUMS_FILE)
    return checksums


def sha256(path: Path) -> str:
    """RETURNS (str): the SHA-256 of a file in hexadecimal, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _asset_names(folder: Path) -> Iterable[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != CHECKSUMS_FILE and not any(part.startswith(".") for part in name.split("/")):
            yield name


def _read_checksums(path: Path) -> Dict[str, str]:
    try:
        checksums = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AssetError(f"Cannot read '{path}' ({error.strerror}); give the folder that holds it.") from error
    except (ValueError, RecursionError) as error:
        raise AssetError(f"'{path}' is not JSON ({error}); restore it.") from error
    if not isinstance(checksums, dict) or not checksums:
        raise AssetError(f"'{path}' must hold a JSON object from file name to SHA-256, at least one; restore it.")
    for name, checksum in checksums.items():
        # "..", a root or a drive could point outside the assets
        if "\\" in name or any(part in ("", ".", "..") or ":" in part for part in name.split("/")):
            raise AssetError(f"'{path}' lists '{name}', which is no path below its folder; list files of that folder only.")
        if not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
            raise AssetError(
                f"'{path}' holds {checksum!r} for '{name}', not a SHA-256 of 64 hexadecimal digits; restore it."
            )
    return checksums

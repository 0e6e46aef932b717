"""Where files are: on this disk, or behind an https address, from where they are downloaded once."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Mapping, Optional, Tuple
from urllib.parse import urlsplit

from .addresses import shown
from .base import Reading
from .download import Fetched, fetched
from .http import Client

FETCHED = ("query:", "setid:", "http://", "https://")


def is_fetched(where: str) -> bool:
    """RETURNS (bool): whether this is something to ask a server for, and no path."""
    return where.startswith(FETCHED)


def local_file(
    where: str, reading: Reading, headers: Optional[Mapping[str, str]] = None
) -> Tuple[Path, Optional[Fetched]]:
    """Get a file or folder.

    where (str): a path, or the https address of a file, which is downloaded into the reading's folder unless it is there.
    headers (mapping): sent to the address.
    RETURNS (tuple): the path, and what is known about a download.
    RAISES (FileNotFoundError): where there is nothing at the path. RAISES (OSError): where it cannot be fetched.
    """
    if re.match(r"https?://", where):
        path = reading.folder() / "files" / _file_name(where)
        return path, Client(headers=headers).fetch(where, path)
    path = Path(where)
    if not path.exists():
        raise FileNotFoundError(f"There is nothing at '{where}'; name a file or folder that is there.")
    return path, fetched(path)


def key_header(variable: str, header: str) -> Mapping[str, str]:
    """RETURNS (mapping): a header with the key that an environment variable holds; empty where it holds none."""
    value = os.environ.get(variable, "")
    return {header: value} if value else {}


def _file_name(url: str) -> str:
    """RETURNS (str): a hash, so that no two addresses share a file, and the last part of the address."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rpartition("/")[2])[-100:].lstrip(".")
    return f"{hashlib.sha256(shown(url).encode()).hexdigest()[:12]}-{name or 'file'}"

"""What tells one state of a model from the next: predictions that were kept are only good for the files they came from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict

MINI_SUMS = Path(__file__).resolve().parents[2] / "models" / "mini" / "SHA256SUMS"


def fingerprint(target: str) -> Dict[str, str]:
    """RETURNS (dict): `sha256`, 16 digits of the sum over a file, or over the names and bytes of a folder's files; empty for a
    name that is neither, such as a Hub id or an installed package."""
    path = MINI_SUMS if target == "mini" and not Path(target).exists() else Path(target)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    if not path.exists():
        return {}
    digest = hashlib.sha256()
    for file in files:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "surrogatepass") + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return {"sha256": digest.hexdigest()[:16]}

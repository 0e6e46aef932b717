"""The Hugging Face Hub: names checked, downloads kept to the files that are read, every failure one sentence.

huggingface_hub is imported on first need. Its cache, `HF_HOME` and `HF_HUB_OFFLINE` work as everywhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Optional, TypeVar

from .errors import CheckpointError, short
from .files import Files, FolderFiles
from .layout import GLINER_CONFIG, HUB_FILES, PICKLED, SAFETENSORS
from .mini import read_mini

MINI = "mini"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_REPO_ID = re.compile(rf"{_PART}(?:/{_PART})?")
_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,254}[A-Za-z0-9_])?")
T = TypeVar("T")


def resolve(name: str, revision: Optional[str] = None, local_files_only: bool = False) -> Files:
    """Find a model folder.

    name (str): "mini" for the embedded model, a folder, or a Hub id such as "Ihor/gliner-biomed-base-v1.0". A folder of
        that name comes before the Hub.
    revision (str): branch, tag or commit on the Hub; None for its main branch.
    local_files_only (bool): look no further than the local cache.
    RETURNS (Files): the folder's files, not yet read.
    RAISES (CheckpointError): for a name that is none of these, and when the Hub or its cache doesn't have it.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise CheckpointError(f"A model's name is 'mini', a folder or a Hub id, not {short(name)}.")
    if revision is not None:
        check_revision(revision)
    if name == MINI or Path(name).is_dir():
        if revision is not None:
            raise CheckpointError(
                f"The revision {revision!r} is for models on the Hub; {short(name)} has none, leave it out."
            )
        return read_mini() if name == MINI else FolderFiles(Path(name))
    if not is_repo_id(name):
        raise CheckpointError(
            f"There is no model folder {short(name, 200)}, and it can't be the id of a model on the Hub."
        )
    return FolderFiles(_snapshot(name, revision, local_files_only))


def model_in(name: str) -> str:
    """Find the model folder in a pipeline that `nlp.to_disk` or `spacy train` wrote.

    name (str): as in `resolve`, or the folder of a pipeline.
    RETURNS (str): the model folder of its one pipe that has one; every other name as it is.
    RAISES (CheckpointError): for a pipeline without such a pipe, or with several.
    """
    folder = Path(name)
    if name == MINI or (folder / GLINER_CONFIG).exists() or not (folder / "config.cfg").is_file():
        return name
    found = sorted(str(path.parent) for path in folder.glob(f"*/model/{GLINER_CONFIG}"))
    if len(found) > 1:
        raise CheckpointError(f"The pipeline {short(name, 200)} holds several models; name one of {', '.join(found)}.")
    if not found:
        raise CheckpointError(
            f"The pipeline {short(name, 200)} holds no model with a text encoder of its own: there is no */model/{GLINER_CONFIG}."
        )
    return found[0]


def is_repo_id(name: str) -> bool:
    """RETURNS (bool): whether a name can be that of a Hub repository: `name` or `owner/name`, no tricks with dots."""
    return bool(_REPO_ID.fullmatch(name)) and ".." not in name and "--" not in name and not name.endswith(".git")


def check_revision(revision: str) -> None:
    """RAISES (CheckpointError): for a revision that can't be a branch, tag or commit."""
    if not isinstance(revision, str) or not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision:
        raise CheckpointError(f"The revision {short(revision)} is no branch, tag or commit of the Hub.")


def fetch_file(repo_id: str, filename: str, local_files_only: bool) -> Optional[Path]:
    """Fetch one small file of a repository, or find it in the local cache.

    RETURNS (Path): the file in the cache; None when it can't be had, whatever the reason; the caller says what to do.
    RAISES (CheckpointError): for a `repo_id` that is no Hub id: it comes from a config that a stranger wrote.
    """
    if not is_repo_id(repo_id):
        raise CheckpointError(f"{short(repo_id)} is not the id of an encoder on the Hub.")
    import huggingface_hub

    try:
        return Path(huggingface_hub.hf_hub_download(repo_id, filename, local_files_only=local_files_only))
    except Exception:
        return None


def _snapshot(repo_id: str, revision: Optional[str], local_files_only: bool) -> Path:
    """RETURNS (Path): a folder of the cache with the files we read; the pickle only where safetensors is missing."""
    import huggingface_hub

    def download(weights: str) -> Path:
        return Path(
            huggingface_hub.snapshot_download(
                repo_id,
                revision=revision,
                local_files_only=local_files_only,
                allow_patterns=[*HUB_FILES, weights],
            )
        )

    folder = _in_one_sentence(lambda: download(SAFETENSORS), repo_id, revision)
    if not (folder / SAFETENSORS).exists():
        folder = _in_one_sentence(lambda: download(PICKLED), repo_id, revision)
    return folder


def _in_one_sentence(download: Callable[[], T], repo_id: str, revision: Optional[str]) -> T:
    what = repo_id if revision is None else f"{repo_id} at revision {revision}"
    try:
        return download()
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & {"GatedRepoError"}:
            reason = "it is closed to you; ask for access on its page and log in with `hf auth login`"
        elif kinds & {"RevisionNotFoundError"}:
            reason = "the Hub has no such revision of it"
        elif kinds & {"RepositoryNotFoundError"}:
            reason = "the Hub has no such model, or it is private and you are not logged in"
        elif kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError", "Timeout"}:
            reason = "it is not in the local cache and the Hub can't be reached; connect once, or give a folder"
        else:
            reason = f"the Hub answered {type(error).__name__}: {short(str(error).strip().splitlines()[:1], 200)}"
        raise CheckpointError(
            f"There is no folder {short(repo_id, 200)}, and the model {what} of the Hub can't be loaded: {reason}."
        ) from error

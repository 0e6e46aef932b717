"""What a published folder may lack: encoder configurations and the label encoder's tokenizer.

Each is looked for in `gliner_config.json`, then in the folder, then on the Hub under the name that the config gives.
Whatever is found nowhere is named in one error. `save` writes everything, so this happens once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Tuple

from ..scorer.config import EncoderConfig
from . import limits
from .config_json import PublishedConfig
from .encoder_json import read_encoder
from .errors import CheckpointError, short
from .files import Files, MemoryFiles
from .hub import fetch_file, is_repo_id
from .json_text import parse_object
from .layout import ENCODER_CONFIG, LABELS_ENCODER_CONFIG, LABELS_FOLDER, TOKENIZER, TOKENIZER_CONFIG
from .tokenizer_json import FolderTokenizer, read_tokenizer

Completed = Tuple[PublishedConfig, Optional[FolderTokenizer]]


class Completion:
    """Looks for the missing parts of one folder.

    files (Files): the folder.
    network (bool): whether the Hub and its cache may be asked at all. local_files_only (bool): ask the cache alone.
    """

    def __init__(self, files: Files, network: bool, local_files_only: bool) -> None:
        self.files = files
        self.network = network
        self.local_files_only = local_files_only
        self.missing: List[str] = []

    def complete(self, config: PublishedConfig) -> Completed:
        """RETURNS (tuple): the config with its encoders, and a bi-encoder's label tokenizer.

        RAISES (CheckpointError): one sentence that names every missing file and its place.
        """
        text, label, tokenizer = config.text_encoder, config.label_encoder, None
        if text is None:
            text = self._encoder(ENCODER_CONFIG, config.model_name or "microsoft/deberta-v3-small")
            if text is not None and config.vocab_size > 0:
                text = replace(text, vocab_size=config.vocab_size)  # as in gliner's encoder.py
        if config.labels_encoder is not None:
            if label is None:
                label = self._encoder(LABELS_ENCODER_CONFIG, config.labels_encoder)
            tokenizer = read_tokenizer(self.files, LABELS_FOLDER) or self._label_tokenizer(config.labels_encoder)
        if self.missing:
            raise CheckpointError(
                f"The model folder is incomplete and the Hub can't help: add {' and '.join(self.missing)}."
            )
        return replace(config, text_encoder=text, label_encoder=label), tokenizer

    def _encoder(self, name: str, repo_id: str) -> Optional[EncoderConfig]:
        data, where = self.files.read(name, limits.CONFIG_BYTES), self.files.where(name)
        if data is None:
            data, where = self._fetch(repo_id, "config.json"), f"config.json of {repo_id}"
        if data is None:
            self._miss("config.json", repo_id, name)
            return None
        return read_encoder(parse_object(data, where), where)

    def _label_tokenizer(self, repo_id: str) -> Optional[FolderTokenizer]:
        data = self._fetch(repo_id, TOKENIZER)
        if data is None:
            self._miss(TOKENIZER, repo_id, LABELS_FOLDER + TOKENIZER)
            return None
        files = {TOKENIZER: data}
        config = self._fetch(repo_id, TOKENIZER_CONFIG)
        if config is not None:
            files[TOKENIZER_CONFIG] = config
        return read_tokenizer(MemoryFiles(files, f"the Hub's {repo_id}"))

    def _fetch(self, repo_id: str, filename: str) -> Optional[bytes]:
        """RETURNS (bytes): a file of an encoder on the Hub; None for a path, as no stranger's config reads our disk."""
        if not self.network or not is_repo_id(repo_id):
            return None
        path = fetch_file(repo_id, filename, self.local_files_only)
        if path is None:
            return None
        limit = limits.TOKENIZER_BYTES if filename == TOKENIZER else limits.CONFIG_BYTES
        with path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise CheckpointError(
                f"{filename} of {repo_id} holds more than the {limit:,} bytes allowed for such a file."
            )
        return data

    def _miss(self, filename: str, repo_id: str, name: str) -> None:
        self.missing.append(f"{filename} of {short(repo_id)} as {self.files.where(name)}")

"""How tests read a source."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, List, Mapping, Optional, Tuple

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.corpus.collect.sources import SOURCES, Report


def read_all(
    source: str, where: Path | str, settings: Optional[Mapping[str, Any]] = None, raw: Optional[Path] = None
) -> Tuple[List[Passage], Report]:
    """RETURNS (tuple): all passages, and what was reported."""
    report = Report()
    return list(SOURCES[source].read(str(where), settings, report, raw)), report


def problems(report: Report) -> List[str]:
    """RETURNS (list): the problems as lines."""
    return [str(problem) for problem in report]


def zipped(**files: bytes) -> bytes:
    """RETURNS (bytes): a zip archive; in names, two underscores stand for a full stop."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()

"""biomed_NER: rows of `text` and `entities` (`start`, `end`, `class`; ends exclusive), as the Hub's JSON files hold them.

The file is a JSON list or a JSON object a line. Rows have no ids, so a document is called by its row's number from 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Container, Iterator, List, Optional, Tuple

from ...corpus.formats.checks import Annotation, annotation, split_kinds
from ...corpus.formats.lines import json_lines, numbered_lines, read_text
from ...corpus.formats.problems import Problems
from ...corpus.passage import AnnotatedPassage

PREFIX = "biomed_NER-"


def documents(path: Path) -> List[str]:
    """RETURNS (List[str]): the rows' names, in file order."""
    return [f"{PREFIX}{number}" for number, _ in enumerate(rows(path))]


def passages(path: Path, wanted: Optional[Container[str]], problems: Problems) -> Iterator[AnnotatedPassage]:
    """Read the rows.

    path (Path): the file.
    wanted (Container[str]): names of the rows to take; None takes all.
    problems (Problems): takes rows and mentions that do not fit.
    YIELDS (AnnotatedPassage): one a row.
    RAISES (ValueError): where the file is not JSON.
    """
    for number, (where, row) in enumerate(rows(path)):
        name = f"{PREFIX}{number}"
        if wanted is not None and name not in wanted:
            continue
        text = row.get("text") if isinstance(row, dict) else None
        entities = row.get("entities") if isinstance(row, dict) else None
        if not isinstance(text, str) or not isinstance(entities, list):
            problems.add(where, "a row of biomed_NER needs 'text' and a list of 'entities'.")
            continue
        mentions, discontinuous = split_kinds(_entity(entity, text, where, problems) for entity in entities)
        yield AnnotatedPassage(id=name, text=text, mentions=mentions, discontinuous=discontinuous, where=where)


def rows(path: Path) -> Iterator[Tuple[str, Any]]:
    """YIELDS (Tuple[str, Any]): file and line (or row, in a JSON list), and the row.

    RAISES (ValueError): where the file is not JSON; names file and line.
    """
    if _is_list(path):
        text = read_text(path)
        try:
            for number, row in enumerate(json.loads(text)):
                yield f"{path}, row {number}", row
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{path}: this is not JSON ({error}).") from None
        return
    yield from json_lines(path)


def _is_list(path: Path) -> bool:
    first = next((line for _, line in numbered_lines(path) if line.strip()), "")
    return first.lstrip().startswith("[")


def _entity(entity: Any, text: str, where: str, problems: Problems) -> Optional[Annotation]:
    if not isinstance(entity, dict) or not all(type(entity.get(key)) is int for key in ("start", "end")):
        problems.add(where, f"an entity of biomed_NER needs 'start', 'end' and 'class', not {entity!r}.")
        return None
    return annotation(text, [(entity["start"], entity["end"])], entity.get("class"), None, where, problems)

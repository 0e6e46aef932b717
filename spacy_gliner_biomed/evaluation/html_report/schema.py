"""What a result file holds, and one sentence for one that holds something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from .words import KINDS, MATCHINGS

FORMAT = 1

# A shape is a type, a tuple of allowed values, a list of one shape (any number of it), a mapping of names to shapes
# (a name that ends in "?" may be absent or null; "*" stands for any name), or a Row (that many shapes in order).
Shape = Any


class Row(tuple):
    """A JSON list of fixed length: one shape a position."""


class Maybe:
    """Stands for a number or null."""


Number = float
FIGURE = {"value": Number, "low?": Number, "high?": Number}
MACRO = {"precision": FIGURE, "recall": FIGURE, "f1": FIGURE}
PRF = {**MACRO, "tp?": Number, "fp?": Number, "fn?": Number, "support?": Number}
SCORE = {"micro": PRF, "macro?": MACRO, "per_label?": {"*": PRF}}
FOUND = {"gold": Number, "found": Number}
SPAN = Row([Number, Number, str])

RESULT: Dict[str, Shape] = {
    "format": Number,
    "title?": str,
    "command?": str,
    "created?": str,
    "versions?": {"*": object},
    "settings?": {"*": object},
    "systems?": [{"name": str, "kind?": str, "details?": {"*": object}, "notes?": [str]}],
    "corpora?": [
        {
            "name": str,
            "part?": str,
            "passages?": Number,
            "documents?": Number,
            "words?": Number,
            "mentions?": Number,
            "labels?": [str],
            "absent_labels?": [str],
            "nested?": bool,
            "overlap?": str,
            "discontinuous?": {"policy": str, "count": Number},
            "problems?": [str],
            "n_problems?": Number,
            "training_overlap?": {"passages": Number, "share": Number},
        }
    ],
    "rows?": [
        {
            "system": str,
            "corpus": str,
            "kind": tuple(KINDS),
            "labels?": [str],
            "words_per_second?": Number,
            "scores": {f"{matching}?": SCORE for matching in MATCHINGS},
        }
    ],
    "means?": [{"system": str, "kind": tuple(KINDS), "matching": tuple(MATCHINGS), "f1": Number, "n_rows": Number}],
    "comparisons?": [
        {
            "a": str,
            "b": str,
            "corpus": str,
            "labels?": [str],
            "matching": tuple(MATCHINGS),
            "f1_a": Number,
            "f1_b": Number,
            "difference": FIGURE,
            "p": Number,
            "p_adjusted?": Number,
            "method?": str,
        }
    ],
    "errors?": [
        {
            "system": str,
            "corpus": str,
            "counts": {"*": Number},
            "confusion?": {"*": {"*": Number}},
            "by_length?": [{"words": str, **FOUND}],
            "by_label_seen?": {"*": FOUND},
            "by_surface_seen?": {"*": FOUND},
            "examples?": [
                {
                    "id": str,
                    "text": str,
                    "gold": [SPAN],
                    "predicted": [Row([Number, Number, str, Maybe])],
                    "errors?": Number,
                }
            ],
        }
    ],
    "calibration?": [
        {
            "system": str,
            "corpus": str,
            "ece?": Number,
            "bins": [{"low": Number, "high": Number, "n": Number, "mean_score?": Number, "share_right?": Number}],
            "threshold?": {"best": Number, "f1": Number, "f1_at_default": Number},
            "labels?": {"*": {"threshold": Number, "f1": Number, "f1_at_default": Number}},
        }
    ],
    "few_shot?": [
        {
            "corpus": str,
            "k": Number,
            "kind": tuple(KINDS),
            "f1": [Number],
            "f1_zero_shot?": Number,
            "support?": Number,
            "seconds?": [Number],
        }
    ],
    "throughput?": [
        {
            "system": str,
            "labels": Number,
            "label_set": str,
            "batch_size": Number,
            "words_per_second?": Number,
            "peak_rss_mib?": Number,
            "over_cap": bool,
        }
    ],
}


def read_result(path: Path) -> Dict[str, Any]:
    """Read a result file.

    path (Path): the JSON that `evaluate`, `compare`, `throughput` or `few-shot` wrote.
    RETURNS (dict): the result, checked.
    RAISES (OSError, ValueError): where the file is missing, is no JSON, or is no result.
    """
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"'{path}', line {error.lineno}: {error.msg}; a result file is JSON.") from error
    except RecursionError:
        raise ValueError(f"'{path}' is nested too deeply for a result file.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is not UTF-8 at byte {error.start}; a result file is JSON.") from error
    check_result(result, f"'{path}'")
    return result


def check_result(result: Any, where: str = "The result") -> None:
    """Refuse what the pages and tables could not be made from.

    result (Any): what was read.
    where (str): its name in the message.
    RAISES (ValueError): naming the first place that differs from `RESULT`.
    """
    if isinstance(result, dict) and result.get("format", FORMAT) != FORMAT:
        raise ValueError(f"{where} has format {result['format']!r}, this release reads {FORMAT}; evaluate again.")
    problem = _problem(result, RESULT, "")
    if problem:
        raise ValueError(f"{where} is no evaluation result: {problem}; write it again with 'gliner-biomed evaluate'.")


def _problem(value: Any, shape: Shape, place: str) -> Optional[str]:
    """What is wrong at the first place where a value lacks its shape; None where nothing is."""
    here = place.lstrip(".") or "the file"
    if isinstance(shape, dict):
        return _mapping_problem(value, shape, place, here)
    if isinstance(shape, Row):
        if not isinstance(value, (list, tuple)) or len(value) != len(shape):
            return f"{here} is {_shown(value)}, expected a list of {len(shape)}"
        pairs = zip(value, shape, strict=True)
        return _first(_problem(one, inner, f"{place}[{i}]") for i, (one, inner) in enumerate(pairs))
    if isinstance(shape, list):
        if not isinstance(value, (list, tuple)):
            return f"{here} is {_shown(value)}, expected a list"
        return _first(_problem(one, shape[0], f"{place}[{i}]") for i, one in enumerate(value))
    if isinstance(shape, tuple):
        return None if value in shape else f"{here} is {_shown(value)}, expected one of {', '.join(shape)}"
    if shape is Maybe and value is None:
        return None
    if shape in (Number, Maybe):
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if right else f"{here} is {_shown(value)}, expected a number"
    return None if isinstance(value, shape) else f"{here} is {_shown(value)}, expected {shape.__name__}"


def _mapping_problem(value: Any, shape: Mapping[str, Shape], place: str, here: str) -> Optional[str]:
    if not isinstance(value, dict):
        return f"{here} is {_shown(value)}, expected an object"
    if "*" in shape:
        return _first(_problem(one, shape["*"], f"{place}.{name}") for name, one in value.items())
    for name, inner in shape.items():
        key = name.rstrip("?")
        if value.get(key) is None:
            if not name.endswith("?"):
                return f"{here} has no '{key}'"
        elif problem := _problem(value[key], inner, f"{place}.{key}"):
            return problem
    return None


def _first(problems: Any) -> Optional[str]:
    return next((problem for problem in problems if problem), None)


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."

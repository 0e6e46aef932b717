"""The pipeline a command line asks for: a blank one around a model, or a saved one with its settings changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional

import spacy
from spacy.language import Language
from spacy.util import is_package

from .options import Labels, Threshold

FACTORY = "gliner_biomed"
ARCHITECTURE = "spacy_gliner_biomed.Checkpoint.v1"


def build_pipeline(
    model: str = "mini",
    revision: Optional[str] = None,
    labels: Optional[Labels] = None,
    threshold: Optional[Threshold] = None,
    settings: Optional[Mapping[str, Any]] = None,
) -> Language:
    """Make the pipeline that annotates.

    model (str): `mini`, a model folder, a Hub id, or a spaCy pipeline (folder or installed package) that holds a
        `gliner_biomed` pipe.
    revision (str): branch, tag or commit, of a Hub id only.
    labels (Union[List[str], Dict[str, str]]): names, or name → description; None keeps the model's own.
    threshold (Union[float, Dict[str, float]]): for all labels, or by label with `*` for the rest; None keeps the model's.
    settings (Mapping[str, Any]): further settings of the pipe, such as `precision` or `overlap`.
    RETURNS (Language): the pipeline; no weights of a bare model are read yet.
    RAISES (ValueError): where a saved pipeline has no such pipe, and for settings the pipe refuses.
    """
    changes = dict(settings or {})
    if labels is not None:
        changes["labels"] = labels
    if threshold is not None:
        changes["threshold"] = threshold
    if _is_pipeline(model):
        if revision is not None:
            raise ValueError(f"'{model}' is a spaCy pipeline, which has no revision '{revision}'; leave --revision out.")
        nlp = spacy.load(model)
        pipe = nlp.get_pipe(find_pipe(nlp, model))
        for name, value in changes.items():
            setattr(pipe, name, value)
        return nlp
    nlp = spacy.blank("en")
    # The limit guards the parser's memory; this pipeline has none, and its pipe reads texts of any length.
    nlp.max_length = 10**9
    changes["model"] = {"@architectures": ARCHITECTURE, "name": model, "revision": revision}
    nlp.add_pipe(FACTORY, config=changes)
    return nlp


def find_pipe(nlp: Language, model: str = "the pipeline") -> str:
    """The name of the `gliner_biomed` pipe of a pipeline.

    nlp (Language): the pipeline.
    model (str): how the error calls it.
    RETURNS (str): the first such pipe's name.
    RAISES (ValueError): where there is none.
    """
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory == FACTORY:
            return name
    pipes = ", ".join(nlp.pipe_names) or "none"
    raise ValueError(f"'{model}' has no {FACTORY} pipe (its pipes: {pipes}); add one with nlp.add_pipe('{FACTORY}').")


def _is_pipeline(model: str) -> bool:
    return (Path(model) / "config.cfg").is_file() or is_package(model)

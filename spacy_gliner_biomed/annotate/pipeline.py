"""The pipeline a command line asks for: a blank one around a model, or a saved one with its settings changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, cast

import spacy
from spacy.language import Language
from spacy.util import is_package

from ..labels import narrow_thresholds
from .options import Labels, Threshold

if TYPE_CHECKING:
    from ..component import GlinerBiomed

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
    threshold (Union[float, Dict[str, float]]): for all labels, or by label (`*` for the rest); None keeps its own, without
        those of labels that `labels` leaves out.
    settings (Mapping[str, Any]): further settings of the pipe, such as `precision` or `overlap`.
    RETURNS (Language): the pipeline; no weights of a bare model are read yet.
    RAISES (ValueError): where a saved pipeline has no such pipe, and for settings the pipe refuses.
    """
    if _is_pipeline(model):
        if revision is not None:
            raise ValueError(f"'{model}' is a spaCy pipeline, which has no revisions; leave --revision out.")
        nlp = spacy.load(model)
        find_pipe(nlp, model).cfg.update(settings or {})
    else:
        nlp = spacy.blank("en")
        # The limit guards the parser's memory; this pipeline has none, and its pipe reads texts of any length.
        nlp.max_length = 10**9
        checkpoint = {"@architectures": ARCHITECTURE, "name": model, "revision": revision}
        nlp.add_pipe(FACTORY, config={**(settings or {}), "model": checkpoint})
    pipe = find_pipe(nlp, model)
    # Not by the config, whose text can't hold every label
    if labels is not None:
        pipe.labels = labels
    if threshold is not None:
        pipe.threshold = threshold
    elif labels is not None:
        pipe.threshold = narrow_thresholds(pipe.threshold, pipe.labels)
    return nlp


def find_pipe(nlp: Language, model: str = "the pipeline") -> GlinerBiomed:
    """The `gliner_biomed` pipe of a pipeline.

    nlp (Language): the pipeline.
    model (str): how the error calls it.
    RETURNS (GlinerBiomed): the first such pipe.
    RAISES (ValueError): where there is none.
    """
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory == FACTORY:
            return cast("GlinerBiomed", nlp.get_pipe(name))
    pipes = ", ".join(nlp.pipe_names) or "none"
    raise ValueError(f"'{model}' has no {FACTORY} pipe (its pipes: {pipes}); add one with nlp.add_pipe('{FACTORY}').")


def _is_pipeline(model: str) -> bool:
    return (Path(model) / "config.cfg").is_file() or is_package(model)

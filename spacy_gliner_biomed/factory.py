"""The registered factory `gliner_biomed`: the pipe's default config and its scores."""

from __future__ import annotations

import configparser
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from spacy.language import Language
from thinc.api import Config, Model

from .component import EntsFilter, GlinerBiomed
from .listener.component import pipe_class

DEFAULT_CONFIG = """
[gliner_biomed]
labels = null
threshold = 0.5
spans_key = "gliner"
annotate_ents = true
overwrite = false
overlap = "nested"
multi_label = false
alignment_mode = "expand"
window = null
stride = null
batch_size = 32
max_batch_tokens = null
device = null
precision = "float32"
words = null
label_choice = null

[gliner_biomed.model]
@architectures = "spacy_gliner_biomed.Checkpoint.v1"
name = "mini"
revision = null

[gliner_biomed.ents_filter]
@misc = "spacy_gliner_biomed.BestScoreFilter.v1"

[gliner_biomed.scorer]
@scorers = "spacy_gliner_biomed.Scorer.v1"
"""


@Language.factory(
    "gliner_biomed",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type", "span._.score"],
    default_config=Config().from_str(DEFAULT_CONFIG)["gliner_biomed"],
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
        "spans_gliner_f": 0.0,
        "spans_gliner_p": 0.0,
        "spans_gliner_r": 0.0,
        "spans_gliner_per_type": None,
    },
)
def make_gliner_biomed(
    nlp: Language,
    name: str,
    model: Model,
    labels: Optional[Union[List[str], Tuple[str, ...], Dict[str, str]]],
    threshold: Union[float, Dict[str, float]],
    spans_key: str,
    annotate_ents: bool,
    ents_filter: EntsFilter,
    overwrite: bool,
    overlap: str,
    multi_label: bool,
    alignment_mode: str,
    window: Optional[int],
    stride: Optional[int],
    batch_size: int,
    max_batch_tokens: Optional[int],
    device: Optional[str],
    precision: str,
    words: Optional[str],
    label_choice: Optional[str],
    scorer: Optional[Callable],
) -> GlinerBiomed:
    """Registered as the factory `gliner_biomed`; the arguments are those of `GlinerBiomed`.

    A model from `BiEncoderListener.v1` makes a `ListeningGlinerBiomed`.
    RAISES (ValueError): also for labels that the text of a config can't hold, as the pipeline could be saved but not loaded.
    """
    pipe = pipe_class(model)(
        nlp.vocab,
        model,
        name,
        labels=labels,
        threshold=threshold,
        spans_key=spans_key,
        annotate_ents=annotate_ents,
        ents_filter=ents_filter,
        overwrite=overwrite,
        overlap=overlap,
        multi_label=multi_label,
        alignment_mode=alignment_mode,
        window=window,
        stride=stride,
        batch_size=batch_size,
        max_batch_tokens=max_batch_tokens,
        device=device,
        precision=precision,
        words=words,
        label_choice=label_choice,
        scorer=scorer,
    )
    if labels is not None:
        _check_config_text("labels", labels)
    if isinstance(threshold, Mapping):
        _check_config_text("threshold", {name: str(value) for name, value in threshold.items()})
    return pipe


def _check_config_text(setting: str, given: Union[Sequence[str], Mapping[str, str]]) -> None:
    """RAISES (ValueError): where the text of a config can't hold these names or their descriptions; names the first."""
    if _survives_text(given):
        return
    parts = [{name: text} for name, text in given.items()] if isinstance(given, Mapping) else [[name] for name in given]
    lost = next((part for part in parts if not _survives_text(part)), parts[0])
    raise ValueError(
        f"The text of a config can't hold {next(iter(lost))!r} as it stands in {setting} (':', '=' and line breaks end a name, "
        "blanks around it are lost, '#', ';' and '[' can't begin it, and '${' stands for a variable, in a description too); add "
        f"the pipe without {setting} and assign pipe.{setting} afterwards."
    )


def _survives_text(given: Union[Sequence[str], Mapping[str, str]]) -> bool:
    written = Config({"pipe": {"given": dict(given) if isinstance(given, Mapping) else list(given)}})
    try:
        return bool(Config().from_str(written.to_str()) == written)
    except (ValueError, configparser.Error):
        return False

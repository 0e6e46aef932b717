"""Systems as they are typed on a command line: `[NAME=][KIND:]WHERE[,setting=value…]`.

written                                          system                               settings
WHERE: `mini`, a model folder, a Hub id, or a    the component                        threshold, thresholds, precision,
    spaCy pipeline with a `gliner_biomed` pipe                                        device, revision, label_choice
`gliner:FOLDER`                                  a checkpoint in the `gliner` library threshold, thresholds, device
`spacy:NAME`, `spacy:FOLDER`                     any spaCy pipeline                   labels, spans
`lexicon:FILE`                                   the lexicon matcher
`predictions:FILE`, `predictions:FOLDER`         what a file predicts                 entities

`thresholds` is a file that `gliner-biomed calibrate` wrote, `labels` one that maps the pipeline's labels, `spans` the span
group to read instead of the entities, and `entities` the field of a row that holds the mentions.
So `bc5cdr=spacy:en_ner_bc5cdr_md,labels=map.tsv`, or `strict=mini,threshold=0.7`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...labels import ThresholdInput, check_threshold, read_thresholds
from .base import System
from .fingerprint import fingerprint

COMPONENT = "gliner_biomed"
SETTINGS: Dict[str, Tuple[str, ...]] = {
    COMPONENT: ("threshold", "thresholds", "precision", "device", "revision", "label_choice"),
    "gliner": ("threshold", "thresholds", "device"),
    "spacy": ("labels", "spans"),
    "lexicon": (),
    "predictions": ("entities",),
}


class Spec(NamedTuple):
    """What a system's text says.

    name (str): how tables call it.
    kind (str): a key of `SETTINGS`.
    target (str): a model, folder or file.
    settings (dict): the settings given, as text.
    """

    name: str
    kind: str
    target: str
    settings: Mapping[str, str]


class Defaults(NamedTuple):
    """What holds for systems whose text does not say otherwise; each as for `annotate.pipeline.build_pipeline`."""

    threshold: Optional[ThresholdInput] = None
    precision: Optional[str] = None
    device: Optional[str] = None
    revision: Optional[str] = None
    batch_size: int = 32


def parse_spec(text: str) -> Spec:
    """Take a system's text apart.

    text (str): see above.
    RETURNS (Spec): without a name of its own it is called after its file or folder.
    RAISES (ValueError): where nothing is named, for a setting this kind of system does not have, and one given twice.
    """
    name, rest = "", text.strip()
    given = re.match(r"([^=:,/\\]+)=(.*)$", rest, re.DOTALL)
    if given:
        name, rest = given.group(1).strip(), given.group(2).strip()
    target, *pairs = re.split(r",(?=\s*[a-z_]+=)", rest)
    kind, colon, where = target.partition(":")
    if not colon or kind not in SETTINGS or kind == COMPONENT:
        kind, where = COMPONENT, target
    where = where.strip()
    if not where:
        raise ValueError(f"The system '{text}' names nothing; write for instance mini, lexicon:FILE or NAME=predictions:FILE.")
    settings: Dict[str, str] = {}
    for pair in pairs:
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in SETTINGS[kind] or key in settings:
            known = ", ".join(SETTINGS[kind]) or "none"
            reason = "is given twice" if key in settings else f"is not one it has (those are: {known})"
            raise ValueError(f"The setting '{key}' of the system '{text}' {reason}.")
        settings[key] = value
    short = Path(where).name or where
    return Spec(name or (short if kind == COMPONENT else f"{kind}:{short}"), kind, where, settings)


def open_system(text: str, defaults: Optional[Defaults] = None) -> System:
    """Make a system from its text.

    text (str): see above.
    defaults (Defaults): what holds where the text says nothing.
    RETURNS (System): most read their model only at the first `predict`.
    RAISES (ValueError, OSError): where the text or what it names cannot be used; one sentence.
    """
    spec = parse_spec(text)
    return _OPENERS[spec.kind](spec, defaults or Defaults())


def open_systems(texts: Sequence[str], defaults: Optional[Defaults] = None) -> List[System]:
    """Make several systems.

    texts, defaults: as for `open_system`.
    RETURNS (List[System]): in the same order.
    RAISES (ValueError): as `open_system`, and for two of one name.
    """
    names = [parse_spec(text).name for text in texts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Two systems are called '{name}'; name one of them: other={texts[names.index(name)]}")
    return [open_system(text, defaults) for text in texts]


def thresholds_file(text: str, default: Optional[Path] = None) -> Optional[Path]:
    """The file that a system's thresholds come from.

    text (str): see above.
    default (Path): the one that holds where the text names neither a file nor a threshold.
    RETURNS (Path): None where the thresholds come from no file.
    """
    spec = parse_spec(text)
    if "thresholds" in spec.settings:
        return Path(spec.settings["thresholds"])
    return default if "thresholds" in SETTINGS[spec.kind] and "threshold" not in spec.settings else None


def _threshold(spec: Spec, defaults: Defaults) -> Optional[ThresholdInput]:
    if "threshold" in spec.settings and "thresholds" in spec.settings:
        raise ValueError(f"The system '{spec.name}' has both threshold and thresholds; leave one out.")
    if "thresholds" in spec.settings:
        return read_thresholds(spec.settings["thresholds"])
    if "threshold" in spec.settings:
        return check_threshold(spec.settings["threshold"])  # type: ignore[arg-type]  # it reads numbers as text, too
    return defaults.threshold


def _open_component(spec: Spec, defaults: Defaults) -> System:
    from ...annotate.pipeline import build_pipeline
    from .component import ComponentSystem

    given = {"precision": defaults.precision, "device": defaults.device, **spec.settings}
    settings = {key: given[key] for key in ("precision", "device", "label_choice") if given.get(key) is not None}
    revision = spec.settings.get("revision", defaults.revision)
    nlp = build_pipeline(spec.target, revision, settings=settings)
    details = {"model": spec.target, **fingerprint(spec.target), **({"revision": revision} if revision else {}), **settings}
    return ComponentSystem(spec.name, nlp, _threshold(spec, defaults), defaults.batch_size, details)


def _open_gliner(spec: Spec, defaults: Defaults) -> System:
    from .gliner_library import GlinerSystem

    threshold = _threshold(spec, defaults)
    device = spec.settings.get("device", defaults.device)
    return GlinerSystem(
        spec.name, Path(spec.target), 0.5 if threshold is None else threshold, defaults.batch_size, device
    )


def _open_spacy(spec: Spec, defaults: Defaults) -> System:
    import spacy

    from .label_map import read_label_map
    from .spacy_pipeline import SpacySystem

    table = read_label_map(Path(spec.settings["labels"])) if "labels" in spec.settings else None
    try:
        nlp = spacy.load(spec.target)
    except OSError as error:
        raise OSError(f"There is no spaCy pipeline '{spec.target}': {str(error).splitlines()[0]}") from None
    details = {"source": spec.target, **fingerprint(spec.target), "labels": table, "spans": spec.settings.get("spans")}
    return SpacySystem(
        spec.name, nlp, spec.settings.get("spans"), table, defaults.batch_size, details
    )


def _open_lexicon(spec: Spec, defaults: Defaults) -> System:
    from .lexicon import LexiconSystem

    return LexiconSystem(spec.name, Path(spec.target))


def _open_predictions(spec: Spec, defaults: Defaults) -> System:
    from .predictions import PredictionsSystem

    return PredictionsSystem(spec.name, Path(spec.target), spec.settings.get("entities", "entities"))


_OPENERS: Dict[str, Callable[[Spec, Defaults], System]] = {
    COMPONENT: _open_component,
    "gliner": _open_gliner,
    "spacy": _open_spacy,
    "lexicon": _open_lexicon,
    "predictions": _open_predictions,
}

"""Synonyms among the types: each joins the most frequent type whose vector is like enough, where nothing speaks against it.

Vectors are those of the embedded model's label encoder (or of another bi-encoder). They crowd in a few directions, in which
"cell line" is like "location"; so they are centred and whitened, with a ridge, on the vectors of names in `label_sets`.

| threshold | of 425 unseen paraphrases, joined to their label: by vectors, with the rules | of 3,536 pairs of different labels |
|---|--:|--:|
| 0.70 | 226, 124 | 13, 2 |
| 0.80 | 168, 92 | 3, 1 |
| 0.88 | 106, 59 | 0, 0 |

(`benchmarks/type_synonyms.py`.) A wrong join spoils a data set, a missed one only leaves two names: the default joins few.
Clusters do not chain: a type is at least that like to the one that it becomes. Whatever the vectors say, no two types are joined
that differ in a number, a single letter or a negation ("type 1 diabetes", "type 2 diabetes"); of which one is the other with a
qualifying word ("procedure", "surgical procedure"); or that stand for different meanings in `evaluation/label_synonyms.tsv`, or
for a broader and a narrower label in `label_sets`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]
THRESHOLD = 0.88
THRESHOLD_OF_KIN = 0.93  # where two types share a word, which makes them alike: "surgical procedure", "diagnostic procedure"
RELATED = 0.5  # from here on a type is too near another to be its negative
_RIDGE = 0.05
_EVERY = 8  # of the names in `label_sets` that the whitening is fitted on
_BATCH = 64
_BLOCK = 512  # types compared with all leaders at a time
_WORD = re.compile(r"[^\W_]+")
_NEGATIONS = frozenset("no not non without absent negative negated anti un".split())
#: Words that add nothing to a type's name.
EMPTY_WORDS = frozenset(
    "a an and the of or name names term mention entity entities type types kind class compound substance".split()
)


def label_encoder(model: str = "mini") -> Embed:
    """The vectors of a model's label encoder.

    model (str): "mini", a folder or a Hub id of a bi-encoder.
    RETURNS (callable): names → vectors of length 1, centred and whitened. *Shape:* `(n_names, width)`
    RAISES (ValueError): for a uni-encoder, which reads labels only together with a text.
    """
    from ...checkpoint import load

    scorer = load(model)
    if not scorer.config.is_bi_encoder:
        raise ValueError(f"The model '{model}' has no label encoder; name a bi-encoder, such as 'mini'.")

    def encode(names: Sequence[str]) -> np.ndarray:
        import torch

        with torch.inference_mode():
            parts = [
                scorer.encode_labels(list(names[first : first + _BATCH])).float().cpu().numpy()
                for first in range(0, len(names), _BATCH)
            ]
        return _normalised(np.concatenate(parts))

    return whitened(encode)


def whitened(encode: Embed) -> Embed:
    """RETURNS (callable): vectors whose crowded directions are pressed down, as fitted on names in `label_sets`."""
    from ...label_sets import load_wordings

    names = sorted({name for wording in load_wordings().values() for name in wording.names})[::_EVERY]
    fitted = encode(names)
    centre = fitted.mean(axis=0)
    _, scales, directions = np.linalg.svd(fitted - centre, full_matrices=False)
    turned = directions.T / (scales / np.sqrt(len(names)) + _RIDGE)

    def embed(texts: Sequence[str]) -> np.ndarray:
        return _normalised((encode(texts) - centre) @ turned)

    return embed


def remembered(embed: Embed) -> Embed:
    """RETURNS (callable): the same vectors, each name asked for once."""
    known: Dict[str, np.ndarray] = {}

    def embed_new(names: Sequence[str]) -> np.ndarray:
        unknown = [name for name in dict.fromkeys(names) if name not in known]
        if unknown:
            known.update(zip(unknown, embed(unknown), strict=True))
        return np.stack([known[name] for name in names])

    return embed_new


def cluster(names: Sequence[str], embed: Embed, threshold: float = THRESHOLD) -> Dict[str, Tuple[str, float]]:
    """Find the synonyms.

    names (sequence): types, the most frequent first, each once.
    embed (callable): their vectors, of length 1.
    threshold (float): least cosine; that of two types with a word in common is at least `THRESHOLD_OF_KIN`.
    RETURNS (dict): type → the more frequent type that it joins, and the cosine. A type that leads a cluster is not in it.
    RAISES (ValueError): for a threshold outside 0 to 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"A cosine of {threshold:g} cannot be a threshold; use more than 0 and at most 1.")
    if not names:
        return {}
    vectors = np.ascontiguousarray(embed(names), dtype=np.float32)
    leaders: List[int] = []
    joined: Dict[str, Tuple[str, float]] = {}
    led = np.empty_like(vectors)
    for first in range(0, len(names), _BLOCK):
        block = vectors[first : first + _BLOCK]
        n_before = len(leaders)
        likeness = block @ led[:n_before].T  # (block, leaders)
        for row, number in enumerate(range(first, min(first + _BLOCK, len(names)))):
            own = np.concatenate([likeness[row], led[n_before : len(leaders)] @ vectors[number]])
            for place in np.argsort(-own, kind="stable"):
                if own[place] < threshold:
                    place = -1
                    break
                one, other = names[number], names[leaders[place]]
                if own[place] >= threshold_of(one, other, threshold) and may_join(one, other):
                    joined[names[number]] = names[leaders[place]], float(own[place])
                    break
            else:
                place = -1
            if place < 0:
                led[len(leaders)] = vectors[number]
                leaders.append(number)
    return joined


def threshold_of(one: str, other: str, threshold: float = THRESHOLD) -> float:
    """RETURNS (float): the least cosine for two types to be synonyms; higher where they have a word in common."""
    return threshold if _bare(one).isdisjoint(_bare(other)) else max(threshold, THRESHOLD_OF_KIN)


def may_join(one: str, other: str) -> bool:
    """RETURNS (bool): whether nothing but the vectors decides if two types are synonyms."""
    if _telling(_words(one)) != _telling(_words(other)):
        return False
    bare, bare_others = _bare(one), _bare(other)
    if bare < bare_others or bare_others < bare:
        return False
    return not (_differ(one, other) or other in broader(one) or one in broader(other))


def _differ(one: str, other: str) -> bool:
    """Whether the table of synonyms knows both, and under no common meaning."""
    synonyms = _synonyms()
    return synonyms.knows(one) and synonyms.knows(other) and not synonyms.same(one, other)


@lru_cache(maxsize=1)
def _synonyms() -> _Known:
    return _Known()


class _Known:
    """The table of labels that mean the same, and which labels it holds."""

    def __init__(self) -> None:
        import csv

        from ...evaluation.synonyms import TABLE, Synonyms, fold_label

        self._table = Synonyms.read()
        with TABLE.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            self._labels = frozenset(fold_label(row["label"]) for row in rows)
        self._fold = fold_label

    def knows(self, label: str) -> bool:
        return self._fold(label) in self._labels

    def same(self, one: str, other: str) -> bool:
        return self._table.same(one, other)


def same_meaning(one: str, other: str) -> bool:
    """RETURNS (bool): whether two types are one in `evaluation/label_synonyms.tsv`, or equal but for case and punctuation."""
    return _synonyms().same(one, other)


@lru_cache(maxsize=1)
def _parents() -> Mapping[str, frozenset[str]]:
    from ...label_sets import load_wordings

    return {
        name.casefold(): frozenset(parent.casefold() for parent in wording.parents)
        for wording in load_wordings().values()
        for name in wording.names
    }


def broader(name: str) -> frozenset[str]:
    """RETURNS (frozenset): the broader labels that `label_sets` gives a type, in lower case."""
    return _parents().get(name.casefold(), frozenset())


@lru_cache(maxsize=1 << 16)
def _bare(name: str) -> frozenset[str]:
    """The words of a type that say something."""
    return frozenset(_words(name)) - EMPTY_WORDS


def _words(name: str) -> List[str]:
    return [word.casefold() for word in _WORD.findall(name)]


def _telling(words: Sequence[str]) -> List[str]:
    return sorted(
        word
        for word in words
        if word.isdigit() or (len(word) == 1 and word != "a") or word in _NEGATIONS or any(map(str.isdigit, word))
    )


def _normalised(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)

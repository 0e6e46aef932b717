"""The model's hits → spans on a Doc's tokens, whatever its tokenizer made of the text."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from .hits import Hits
from .scorer.decode import Candidates, decode

ALIGNMENT_MODES = ("strict", "contract", "expand")


def place(doc: Doc, hits: Hits, key: str, alignment_mode: str, overlap: str, multi_label: bool) -> SpanGroup:
    """Put hits on tokens.

    Equal spans of one label merge, the best score wins; where widening to tokens makes spans of different words collide,
    `overlap` and `multi_label` decide again, on tokens, and a warning says how many lost.
    alignment_mode (str): as in `Doc.char_span`. "expand" loses nothing; the others warn with the number of hits that fit no
        tokens.
    RETURNS (SpanGroup): sorted by start, end, label; `attrs["scores"]`, *shape* `(n,)`, float32; `attrs["offsets"]`, the
        model's own character offsets, *shape* `(n, 2)`, int64.
    """
    first, last, placed = _tokens(doc, hits, alignment_mode)
    n_lost = len(hits.start) - int(placed.sum())
    if n_lost:
        warnings.warn(
            f"{n_lost} of {len(hits.start)} entities do not fit this text's tokens and were left out, as alignment_mode is "
            f"{alignment_mode!r}; 'expand' keeps them all.",
            UserWarning,
            stacklevel=2,
        )
    index = placed.nonzero()[0]
    index = index[np.argsort(-hits.score[index], kind="stable")]
    best: Dict[Tuple[int, int, int], int] = {}
    for number in index.tolist():
        best.setdefault((int(first[number]), int(last[number]), int(hits.label[number])), number)
    chosen = np.asarray(list(best.values()), dtype=np.int64)
    on_tokens = Candidates(first[chosen], last[chosen], np.arange(len(chosen)), hits.score[chosen])
    chosen = chosen[decode(on_tokens, overlap, multi_label).label]
    if len(chosen) < len(best):
        # The same words each time, so that Python shows them once and not for each of a million documents
        warnings.warn(
            "Entities that share a token of their text with a better-scoring one were left out, as overlap and multi_label ask; "
            "the tokenizer spacy_gliner_biomed.Words.v1 keeps their words apart.",
            UserWarning,
            stacklevel=2,
        )
    chosen = np.asarray(
        sorted(chosen.tolist(), key=lambda n: (int(first[n]), int(last[n]), hits.names[hits.label[n]])), dtype=np.int64
    )
    spans = [Span(doc, int(first[n]), int(last[n]) + 1, label=hits.names[hits.label[n]]) for n in chosen.tolist()]
    attrs = {
        "scores": hits.score[chosen].astype(np.float32),
        "offsets": np.stack([hits.start[chosen], hits.end[chosen]], axis=1).astype(np.int64),
    }
    return SpanGroup(doc, name=key, attrs=attrs, spans=spans)


def _tokens(doc: Doc, hits: Hits, alignment_mode: str) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and last token of each hit, and whether it has any. *Shape:* all `(n,)`."""
    starts = np.fromiter((token.idx for token in doc), dtype=np.int64, count=len(doc))
    ends = starts + np.fromiter((len(token) for token in doc), dtype=np.int64, count=len(doc))
    if alignment_mode == "expand":
        first = np.searchsorted(ends, hits.start, side="right")
        last = np.searchsorted(starts, hits.end, side="left") - 1
        return first, last, first <= last
    first = np.searchsorted(starts, hits.start, side="left")
    last = np.searchsorted(ends, hits.end, side="right") - 1
    placed = first <= last
    if alignment_mode == "strict":
        known = placed.nonzero()[0]
        placed[known] = (starts[first[known]] == hits.start[known]) & (ends[last[known]] == hits.end[known])
    return first, last, placed


def best_score_filter(entities: Iterable[Span], spans: Iterable[Span]) -> List[Span]:
    """Keep earlier entities and the best-scoring new spans that overlap neither them nor each other.

    entities (iterable): the document's earlier entities.
    spans (iterable): new spans, best score first.
    RETURNS (list): the document's new entities.
    """
    kept = list(entities)
    taken = {token for span in kept for token in range(span.start, span.end)}
    for span in spans:
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            kept.append(span)
            taken.update(tokens)
    return sorted(kept, key=lambda span: span.start)


def make_best_score_filter() -> Callable[[Iterable[Span], Iterable[Span]], List[Span]]:
    """Registered as `spacy_gliner_biomed.BestScoreFilter.v1`."""
    return best_score_filter


def set_entities(
    doc: Doc,
    group: SpanGroup,
    overwrite: bool,
    ents_filter: Callable[[Iterable[Span], Iterable[Span]], Sequence[Span]],
) -> None:
    """Write the entities of a document from a placed span group, and the scores of all its spans to `span._.score`.

    Tokens that another component has blocked stay blocked. Earlier entities stay unless `overwrite`, or unless the filter drops
    them. All other tokens are outside: this document has been read.
    """
    order = np.argsort(-group.attrs["scores"], kind="stable")
    scores: Dict[Tuple[int, int, int], float] = {}
    data: Dict[Any, Any] = doc.user_data
    blocked = {token.i for token in doc if token.ent_iob == 3 and not token.ent_type}
    earlier = [] if overwrite else list(doc.ents)
    ranked: List[Span] = []
    for number in order.tolist():
        span = group[number]
        score = float(group.attrs["scores"][number])
        scores.setdefault((span.start, span.end, span.label), score)
        data[_label_key(span)] = score
        if blocked.isdisjoint(range(span.start, span.end)):
            ranked.append(span)
    entities = list(ents_filter(earlier, ranked))
    doc.set_ents(entities, blocked=[doc[token : token + 1] for token in sorted(blocked)], default="outside")
    for entity in doc.ents:
        found = scores.get((entity.start, entity.end, entity.label))
        if found is not None:
            entity._.score = found


def get_score(span: Span) -> Any:
    """What `span._.score` says: the score of this span with this label, else what was set for its characters, else None."""
    data: Dict[Any, Any] = span.doc.user_data
    return data.get(_label_key(span), data.get(_characters_key(span)))


def set_score(span: Span, score: Any) -> None:
    """Store what `span._.score` says: under spaCy's own key, for programs without this package, and for this label."""
    data: Dict[Any, Any] = span.doc.user_data
    data[_characters_key(span)] = data[_label_key(span)] = score


def _characters_key(span: Span) -> Tuple[str, str, int, int]:
    return "._.", "score", span.start_char, span.end_char


def _label_key(span: Span) -> Tuple[str, str, int, int]:
    # spaCy keeps an extension's value by characters alone, which the labels of a span share. A key of spaCy's own form moves along
    # wherever spaCy moves extensions: `Span.as_doc`, `Doc.from_docs`.
    return "._.", f"score of {span.label_}", span.start_char, span.end_char

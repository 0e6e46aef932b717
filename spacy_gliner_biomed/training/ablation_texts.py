"""What the trainings of an ablation are measured on: a few documents of each corpus, asked for by name and in other words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..corpus.formats import Problems
from ..corpus.passage import AnnotatedPassage
from ..evaluation.corpora import GoldCorpus, corpora_at, open_corpus
from ..evaluation.document_counts import count_documents
from .recipe import Recipe
from .sources import take_words

NAMES, PARAPHRASES = "names", "paraphrases"
WORDS = 3000  # of each corpus


class MeasuredText(NamedTuple):
    """Passages of a corpus. overlap (str): "nested" or "flat", what a model is asked for there."""

    corpus: str
    labels: Tuple[str, ...]
    passages: List[AnnotatedPassage]
    overlap: str


def measured_texts(
    corpora: Path, part: str, also: Sequence[Path], words: int, only: Sequence[str] = ()
) -> List[MeasuredText]:
    """Read the corpora of one part of a folder, and files beside them.

    words (int): of each, evenly from the whole; 0 for all.
    RETURNS (list): in alphabetical order, those of `also` last.
    RAISES (ValueError, OSError): where there is none, and for two of one name.
    """
    chosen = [*corpora_at(corpora, part, only), *(open_corpus(path) for path in also)]
    names = [corpus.name for corpus in chosen]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Two corpora to measure on are called '{name}'; leave one out.")
    return [_text(corpus, words) for corpus in chosen]


def _text(corpus: GoldCorpus, words: int) -> MeasuredText:
    passages = list(corpus.passages(Problems(keep=0)))
    overlap = "nested" if corpus.is_nested() else "flat"
    return MeasuredText(corpus.name, corpus.labels, take_words(passages, words) if words else passages, overlap)


def check_apart(recipe: Recipe, corpora: Path, files: Sequence[Path], texts: Sequence[MeasuredText]) -> None:
    """See that files of their own are not among what a recipe trains on.

    files (list): the files. texts (list): what was read of them.
    RAISES (ValueError): where one is, with the way out.
    """
    for path, text in zip(files, texts, strict=True):
        names = {passage.corpus or text.corpus for passage in text.passages}
        for source in recipe.sources:
            place = (corpora / source.path).resolve()
            inside = path.resolve() == place or place in path.resolve().parents
            trained = {name for name in names if (not source.only or name in source.only) and name not in source.exclude}
            if inside and source.weight and trained:
                raise ValueError(
                    f"The recipe trains on '{path}' (corpus {min(trained)!r} of its source '{source.path}'); exclude it there, or "
                    "measure on another file."
                )


def draw_wording(labels: Sequence[str], paraphrases: Mapping[str, Sequence[str]], seed: int) -> Dict[str, str]:
    """Draw other words for each label of a corpus, the same for the same seed.

    labels (list): the corpus' labels. paraphrases (dict): label → other names for it; labels it lacks keep their own.
    RETURNS (dict): label → its other name. No two labels share a text: one whose paraphrases are all taken keeps its name.
    """
    taken = {label.casefold() for label in labels}
    drawn: Dict[str, str] = {}
    for label in labels:
        own = paraphrases.get(label, ())
        random = np.random.default_rng([seed, *label.encode("utf-8")])
        text = next((own[n] for n in random.permutation(len(own)) if own[n].casefold() not in taken), None)
        if text is not None:
            drawn[label] = text
            taken.add(text.casefold())
    return drawn


def measure(
    model: Path,
    texts: Sequence[MeasuredText],
    paraphrases: Mapping[str, Sequence[str]],
    seed: int,
    threshold: float = 0.5,
    device: str | None = None,
) -> Dict[str, Dict[str, Any]]:
    """Ask a model for the labels of each text, by their own names and by one paraphrase each.

    model (Path): its folder. seed (int): of the paraphrases that are drawn. threshold (float): the score a span must exceed.
    RETURNS (dict): corpus → `names` and `paraphrases` (`DocumentCounts` as dictionaries) and `wording`, the words drawn.
    """
    from ..annotate.pipeline import build_pipeline
    from ..evaluation.wording import Reworded

    nlp = build_pipeline(str(model), threshold=threshold, settings={"device": device} if device else None)
    found: Dict[str, Dict[str, Any]] = {}
    for text in texts:
        wording = draw_wording(text.labels, paraphrases, seed)
        found[text.corpus] = {"wording": wording}
        for asked, words in ((NAMES, {}), (PARAPHRASES, wording)):
            system = Reworded(asked, nlp, words, threshold=threshold)
            answers = system.predict(text.passages, text.labels, text.overlap)
            found[text.corpus][asked] = count_documents(text.passages, answers, text.labels).to_dict()
    return found

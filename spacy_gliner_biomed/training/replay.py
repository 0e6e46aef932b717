"""Passages of the corpora that a model was trained on, to go on learning from beside new ones, so that it does not forget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Collection, List

from ..corpus.formats import Problems
from ..corpus.passage import AnnotatedPassage
from .sources import take_words

WORDS = 3000  # of each corpus


def replay_passages(folder: Path, leave_out: Collection[str] = (), words: int = WORDS) -> List[AnnotatedPassage]:
    """A few passages of every corpus in the `train/` of a folder.

    folder (Path): a folder of corpora. leave_out (Collection[str]): names of corpora not to take, in whichever part.
    words (int): about so many of each corpus, evenly from the whole.
    RETURNS (list): passages, each annotated for its own corpus' labels. What does not fit its text is left out.
    RAISES (FileNotFoundError): where there is no corpus.
    """
    from ..evaluation.corpora import find_corpora
    from ..evaluation.kinds import corpus_key

    own, found = {corpus_key(name) for name in leave_out}, []
    for corpus in find_corpora(folder, "train"):
        if corpus_key(corpus.name) not in own:
            passages = [
                replace(passage, corpus=corpus.name, labels=corpus.labels if passage.labels is None else passage.labels)
                for passage in corpus.passages(Problems(keep=0))
            ]
            found += take_words(passages, words)
    return found

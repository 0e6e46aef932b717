"""The lexicon matcher: what a list of names alone finds, the baseline that a model has to beat.

It is meant to be as strong as a list can be without training: spelling variants, Greek letters, hyphens, case rules
(see `lexicon_names`), the longest match wins. `lexicon_labels.tsv` says which labels of the lexicon share the meaning
of a corpus label; corpus labels that are not in that table (cell line, sequence variant, …) have no counterpart.

The lexicon is a tab-separated file with the columns `kb_id`, `label`, `name`, `synonyms` (separated by `|`), `source`.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

import spacy
from spacy.lang.en.stop_words import STOP_WORDS
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from ..corpus.passage import Mention
from .lexicon_names import class_words, is_case_sensitive, spellings, split_words
from .synonyms import fold_label

LABEL_TABLE = Path(__file__).with_name("lexicon_labels.tsv")
CLASS_WORD = "\tclass word"  # marks the matcher's key of names that only say a class


@dataclass(frozen=True)
class LabelRow:
    """One row of the table: the labels of the lexicon that a corpus label stands for, the likeliest first.

    `keeps_class_words` is True where corpora annotate the word for the class itself ("cells" as a cell).
    """

    lexicon_labels: Tuple[str, ...]
    keeps_class_words: bool


def read_label_table(path: Path = LABEL_TABLE) -> Dict[str, LabelRow]:
    """RETURNS (Dict[str, LabelRow]): corpus label → its row; `path` is tab-separated with a header line."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {
            row["corpus_label"]: LabelRow(tuple(row["lexicon_labels"].split("|")), row["class_words"] == "keep")
            for row in rows
        }


def read_lexicon(path: Path) -> Iterator[Tuple[str, str]]:
    """Read the names of a lexicon.

    path (Path): the tab-separated file, plain or gzipped.
    YIELDS (Tuple[str, str]): label and name, for each name and synonym.
    RAISES (ValueError): where the header lacks a column.
    """
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = {"label", "name", "synonyms"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"The lexicon '{path}' lacks the column '{min(missing)}'; its first line must name it.")
        for row in rows:
            for name in [row["name"], *(row["synonyms"] or "").split("|")]:
                if name:
                    yield row["label"], " ".join(name.split())


class LexiconMatcher:
    """Finds names of a lexicon in text, by two phrase matchers: one heeds case, one does not.

    names (Iterable[Tuple[str, str]]): label and name, as `read_lexicon` yields them.
    """

    def __init__(self, names: Iterable[Tuple[str, str]]):
        self._vocab = spacy.blank("en").vocab
        self._matchers = {  # by whether they heed case
            True: PhraseMatcher(self._vocab, attr="ORTH"),
            False: PhraseMatcher(self._vocab, attr="LOWER"),
        }
        for key, spelt in _names_by_key(names).items():
            for case_sensitive, matcher in self._matchers.items():
                patterns = [self._doc(name)[0] for name in spelt if is_case_sensitive(name) is case_sensitive]
                patterns = [pattern for pattern in patterns if len(pattern)]
                if patterns:
                    matcher.add(key, patterns)

    def match(self, text: str, keys: Dict[str, str]) -> List[Mention]:
        """Find the mentions in a text; where two overlap the longer one (in words) wins, then the earlier.

        text (str): the text.
        keys (Dict[str, str]): the keys to look for → the label to give; `label_keys` makes it. Of several keys of one
            extent the first in this order wins.
        RETURNS (List[Tuple[int, int, str]]): start, end (characters), label, in order of start.
        """
        doc, starts, ends = self._doc(text)
        order = {key: rank for rank, key in enumerate(keys)}
        found: Dict[Tuple[int, int], str] = {}
        for matcher in self._matchers.values():
            for key_hash, first, end in matcher(doc):
                key = self._vocab.strings[key_hash]
                best = found.get((first, end))
                if key in order and (best is None or order[key] < order[best]):
                    found[first, end] = key
        taken = [False] * len(doc)
        mentions: List[Mention] = []
        for (first, end), key in sorted(found.items(), key=lambda item: (item[0][0] - item[0][1], item[0][0])):
            if not any(taken[first:end]):
                taken[first:end] = [True] * (end - first)
                mentions.append(Mention(starts[first], ends[end - 1], keys[key]))
        return sorted(mentions)

    def _doc(self, text: str) -> Tuple[Doc, List[int], List[int]]:
        words, starts, ends = split_words(text)
        return Doc(self._vocab, words=words, spaces=[False] * len(words)), starts, ends


def label_keys(corpus_labels: Sequence[str], table: Dict[str, LabelRow]) -> Dict[str, str]:
    """Which keys of the matcher stand for the labels of a corpus.

    corpus_labels (Sequence[str]): the corpus' inventory; case and punctuation make no difference.
    table (Dict[str, LabelRow]): as `read_label_table` returns it.
    RETURNS (Dict[str, str]): key → corpus label, the likeliest reading of an ambiguous name first. Empty where the
        corpus and the lexicon share no label.
    """
    folded = {fold_label(label): row for label, row in table.items()}
    rows = {label: folded[fold_label(label)] for label in corpus_labels if fold_label(label) in folded}
    ranked = [
        (rank, lexicon_label, label) for label, row in rows.items() for rank, lexicon_label in enumerate(row.lexicon_labels)
    ]
    keys: Dict[str, str] = {}
    for _, lexicon_label, label in sorted(ranked, key=lambda row: row[0]):
        keys.setdefault(lexicon_label, label)
        if rows[label].keeps_class_words:
            keys.setdefault(lexicon_label + CLASS_WORD, label)
    return keys


def _names_by_key(names: Iterable[Tuple[str, str]]) -> Dict[str, Set[str]]:
    """Spellings by the matcher's key; stop words, single characters and bare numbers are no names."""
    by_label: Dict[str, Set[str]] = defaultdict(set)
    for label, name in names:
        by_label[label].add(name)
    says_a_class = class_words(set(by_label))
    by_key: Dict[str, Set[str]] = defaultdict(set)
    for label, its_names in by_label.items():
        for spelling in (spelling for name in its_names for spelling in spellings(name)):
            lower = spelling.lower()
            if len(spelling) > 1 and lower not in STOP_WORDS and any(character.isalpha() for character in spelling):
                by_key[label + CLASS_WORD if lower in says_a_class else label].add(spelling)
    return by_key

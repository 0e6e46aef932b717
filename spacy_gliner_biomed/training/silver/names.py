"""The names of a lexicon, each under the key by which text is looked up, with the concepts it may mean.

A key is the name's words with a blank between them: hyphens left out, Greek letters spelt out (see
`evaluation.lexicon_names`), British spelling made American. Names that are matched in any case are in lower case;
names whose case counts begin with a tab.
"""

from __future__ import annotations

import csv
import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Set, Tuple

from spacy.lang.en.stop_words import STOP_WORDS

from ...evaluation.lexicon_names import class_words, is_case_sensitive, spellings, split_words
from .labels import SYMBOL_LABELS

STOP_NAMES = Path(__file__).with_name("stop_names.tsv")
EXACT = "\t"  # begins the key of a name whose case counts; no word holds it
COLUMNS = ("kb_id", "label", "name", "synonyms", "source")
# Titles of pages for patients, among them "HIV testing"; a name of theirs must end as some disease of a vocabulary does.
TOPIC_SOURCES = frozenset(["MedQuAD focus (NIH)"])
MOST_WORDS = 12  # longer names are definitions
BRITISH = re.compile(
    r"(?i)aemi|haem|oedem|oesoph|tumour|rrhoea|paedi|gynaec|foetu|foetal|orthopaed|leucocyt|anaesth|faec|coeliac"
)
AMERICAN = {"oesoph": "esoph", "oedem": "edem", "leucocyt": "leukocyt", "tumour": "tumor", "coeliac": "celiac"}


class Candidate(NamedTuple):
    """One reading of a name.

    label (str): the concept's label in the lexicon.
    kb_id (str): the concept.
    source (str): the vocabulary it comes from.
    """

    label: str
    kb_id: str
    source: str


class LexiconRow(NamedTuple):
    """One concept of the lexicon.

    kb_id, label, source (str): its id, label and vocabulary.
    names (tuple): the preferred name first, then the synonyms.
    """

    kb_id: str
    label: str
    source: str
    names: Tuple[str, ...]


def read_lexicon_rows(path: Path) -> Iterator[LexiconRow]:
    """Read the concepts of a lexicon.

    path (Path): tab-separated, plain or gzipped, with the columns `kb_id`, `label`, `name`, `synonyms` (separated by
        `|`) and `source`.
    YIELDS (LexiconRow): one a line, in the order of the file.
    RAISES (ValueError): where the header lacks a column or a line has no id, label or name.
    """
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        for column in COLUMNS:
            if column not in (rows.fieldnames or ()):
                raise ValueError(f"The lexicon '{path}' lacks the column '{column}'; its first line must name it.")
        for number, row in enumerate(rows, start=2):
            if not (row["kb_id"] and row["label"] and row["name"]):
                raise ValueError(f"{path}, line {number}: a concept needs a kb_id, a label and a name.")
            names = [row["name"], *(row["synonyms"] or "").split("|")]
            tidy = tuple(" ".join(name.replace("_", " ").split()) for name in names)
            yield LexiconRow(row["kb_id"], row["label"], row["source"] or "", tuple(name for name in tidy if name))


def name_table(rows: Iterable[LexiconRow]) -> Dict[str, Tuple[Candidate, ...]]:
    """Gather the readings of every name.

    rows (iterable): the concepts.
    RETURNS (dict): key → its readings, one a label: the concept that has it as preferred name, else the first.
    """
    gathered: Dict[str, Dict[str, Tuple[bool, Candidate]]] = {}
    says_a_class: Dict[str, bool] = {}
    concepts = list(rows)
    for word in class_words({row.label for row in concepts}):
        says_a_class[word] = True
    stopped = stop_names()
    endings = _endings(concepts)
    for row in concepts:
        candidate = Candidate(row.label, row.kb_id, row.source)
        for rank, name in enumerate(row.names):
            for key in keys_of(name, row.label):
                if key.lstrip(EXACT).lower() in says_a_class or key in stopped:
                    continue
                if row.source in TOPIC_SOURCES and (row.label, key.strip().lower().split(" ")[-1]) not in endings:
                    continue
                readings = gathered.setdefault(key, {})
                if row.label not in readings or (rank == 0 and not readings[row.label][0]):
                    readings[row.label] = (rank == 0, candidate)
    return {key: tuple(candidate for _, candidate in readings.values()) for key, readings in gathered.items()}


def _endings(concepts: Iterable[LexiconRow]) -> Set[Tuple[str, str]]:
    """RETURNS (set): label and last word of every name that is not from a list of topics."""
    return {
        (row.label, key.strip().lower().split(" ")[-1])
        for row in concepts
        if row.source not in TOPIC_SOURCES
        for name in row.names
        for key in keys_of(name, row.label)
    }


@lru_cache(maxsize=1)
def stop_names() -> FrozenSet[str]:
    """RETURNS (frozenset): keys of names that `stop_names.tsv` sets aside, singular and plural; it says why."""
    with STOP_NAMES.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return frozenset(key for row in rows for key in keys_of(row["name"], ""))


def keys_of(name: str, label: str) -> Iterator[str]:
    """The keys under which a name is found: its spellings, singular and plural.

    name (str): as the lexicon writes it.
    label (str): of its concept; "Head" is a body part in any case, but a gene symbol only as written.
    YIELDS (str): keys; none for stop words, single letters, bare numbers and whole sentences.
    """
    for spelling in spellings(name):
        words = split(spelling)[0]
        key = " ".join(words)
        if not 1 <= len(words) <= MOST_WORDS or len(key) < 2 or not any(character.isalpha() for character in key):
            continue
        if key.lower() in STOP_WORDS or key.lower().startswith("obsolete "):
            continue
        title = len(key) >= 4 and key.isalpha() and key.istitle() and label not in SYMBOL_LABELS
        yield EXACT + key if is_case_sensitive(spelling) and not title else key.lower()


def split(text: str) -> Tuple[List[str], List[int], List[int]]:
    """The words by which text and names are compared, and where each starts and ends in `text`, in characters."""
    words, starts, ends = split_words(text)
    return [_normal(word) for word in words], starts, ends


@lru_cache(maxsize=1 << 16)
def _normal(word: str) -> str:
    if word == "’":
        return "'"
    return BRITISH.sub(_american, word) if len(word) > 5 else word


def _american(match: re.Match[str]) -> str:
    found = match.group()
    american = AMERICAN.get(found.lower()) or found.lower().replace("ae", "e").replace("oe", "e")
    return american.capitalize() if found[0].isupper() else american


def is_symbol(key: str) -> bool:
    """RETURNS (bool): whether a key is one word whose case counts, as gene symbols and abbreviations are."""
    return key.startswith(EXACT) and " " not in key


def shape(key: str) -> str:
    """RETURNS (str): what kind of name a key is; names of one kind share their fate until a corpus has judged them."""
    if is_symbol(key):
        digit = "with a digit" if any(character.isdigit() for character in key) else "of letters"
        return f"symbol {digit}, {min(len(key) - 1, 5)} characters"
    n_words = key.count(" ") + 1
    if n_words == 1:
        return f"one word, {'short' if len(key) <= 5 else 'long'}"
    return f"{min(n_words, 3)} words"

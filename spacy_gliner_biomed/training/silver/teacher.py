"""The lexicon teacher: names, abbreviations and what gold said about them → mentions."""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .abbreviations import find_definitions
from .evidence import Evidence, longest
from .finder import Found, NameFinder
from .labels import SYMBOL_LABELS
from .names import EXACT, Candidate, is_symbol, split

LEAST_DEFINITIONS = 2  # texts that define a symbol as something else before it is distrusted
GENE_CUE = re.compile(
    r"(?i)\b(genes?|genetic|proteins?|mrna|rna|dna|expression|expressed|mutations?|mutant|mutated|variants?|alleles?|"
    r"polymorphisms?|snps?|genotypes?|promoter|transcripts?|transcription|receptors?|kinases?|knock-?out|deficient|"
    r"encod\w+|locus|loci|exons?|antibod\w+|enzymes?|inhibitors?|agonists?|antagonists?|ligand|isoforms?|homolog\w*|"
    r"phosphorylat\w+|overexpress\w+|signall?ing|serum|plasma|levels?|cytokines?|substrates?|inducers?|chromosome)\b"
)
CUE_REACH = 60  # characters to each side
PLURAL = "s"


class SilverMention(NamedTuple):
    """A mention that the teacher found.

    start, end (int): characters, end exclusive.
    label (str): of the lexicon.
    kb_id (str): the concept.
    key (str): the name it was found by; empty for abbreviations that the text defines.
    """

    start: int
    end: int
    label: str
    kb_id: str
    key: str


Senses = Dict[str, Optional[Candidate]]  # abbreviation → what it stands for; None where that is no name we know


class LexiconTeacher:
    """Finds mentions.

    table (dict): key → readings.
    finder (NameFinder): of the keys of the table.
    evidence (Evidence): what gold said.
    labels (collection): the labels to give; None for all.
    contradicted (set): (symbol, label) pairs that texts mostly define as something else; see `contradicted_symbols`.
    """

    def __init__(
        self,
        table: Dict[str, Tuple[Candidate, ...]],
        finder: NameFinder,
        evidence: Evidence,
        labels: Optional[Iterable[str]] = None,
        contradicted: Optional[Set[Tuple[str, str]]] = None,
    ) -> None:
        self.table = table
        self.finder = finder
        self.evidence = evidence
        self.labels = None if labels is None else frozenset(labels)
        self.contradicted = contradicted or set()
        self._verdicts: Dict[str, Optional[Candidate]] = {}

    def annotate(self, text: str, senses: Optional[Senses] = None, found: Optional[List[Found]] = None) -> List[SilverMention]:
        """Find the mentions of a passage.

        text (str): the passage.
        senses (dict): abbreviations that earlier passages of the document defined; those of this one are added.
        found (list): the names in it, where they are known already.
        RETURNS (list): sorted, none shares characters with another.
        """
        names = self.finder.find(text) if found is None else found
        senses = {} if senses is None else senses
        for short, sense in self._definitions(text, names):
            senses[short] = sense
        mentions: Dict[Found, SilverMention] = {}
        for name in names:
            candidate = self.reading(name.key)
            if candidate is not None and self._stands(name, candidate, text, senses):
                mentions[name] = SilverMention(name.start, name.end, candidate.label, candidate.kb_id, name.key)
        for short, sense in senses.items():
            if sense is not None and short in text:
                for start, end in _places(short, text):
                    mentions[Found(start, end, "")] = SilverMention(start, end, sense.label, sense.kb_id, "")
        chosen = [mentions[name] for name in longest(mentions)]
        return [one for one in chosen if self.labels is None or one.label in self.labels]

    def reading(self, key: str) -> Optional[Candidate]:
        """RETURNS (Optional[Candidate]): how a name is read; None where it is dropped."""
        if key not in self._verdicts:
            self._verdicts[key] = self.evidence.best(key, self.table.get(key, ()))[0]
        return self._verdicts[key]

    def _definitions(self, text: str, names: Sequence[Found]) -> Iterator[Tuple[str, Optional[Candidate]]]:
        for definition in find_definitions(text):
            short = text[definition.short_start : definition.short_end]
            long_forms = [name for name in names if name.end == definition.long_end and name.start <= definition.long_start]
            readings = [self.reading(name.key) for name in sorted(long_forms, key=lambda one: one.start)]
            known = [candidate for candidate in readings if candidate is not None]
            yield short, known[0] if known else None

    def _stands(self, name: Found, candidate: Candidate, text: str, senses: Senses) -> bool:
        """Whether a name is to be believed here; symbols need more than being there."""
        if not is_symbol(name.key):
            return True
        symbol = text[name.start : name.end]
        if symbol in senses or symbol.removesuffix(PLURAL) in senses:
            return False  # the definition decides
        if (name.key, candidate.label) in self.contradicted:
            return False
        if candidate.label in SYMBOL_LABELS:
            around = text[max(0, name.start - CUE_REACH) : name.start] + " " + text[name.end : name.end + CUE_REACH]
            return GENE_CUE.search(around) is not None
        return True


def contradicted_symbols(texts: Iterable[str], table: Dict[str, Tuple[Candidate, ...]]) -> Set[Tuple[str, str]]:
    """Which symbols of the lexicon mean something else wherever a text says what they mean.

    "CI" is a synonym of a gene, but the texts define it as "confidence interval".

    texts (iterable): unlabelled or annotated texts, read once.
    table (dict): key → readings.
    RETURNS (set): (key, label) of symbols that at least `LEAST_DEFINITIONS` passages define, fewer than half of them
        as a name of the label.
    """
    defined: Counter[str] = Counter()
    agreeing: Counter[Tuple[str, str]] = Counter()
    for text in texts:
        for definition in find_definitions(text):
            key = EXACT + " ".join(split(text[definition.short_start : definition.short_end])[0])
            if key not in table:
                continue
            defined[key] += 1
            words = split(text[definition.long_start : definition.long_end])[0]
            long_key = " ".join(words)
            readings = [*table.get(long_key.lower(), ()), *table.get(EXACT + long_key, ())]
            for label in {candidate.label for candidate in readings}:
                agreeing[key, label] += 1
    return {
        (key, candidate.label)
        for key, n_defined in defined.items()
        if n_defined >= LEAST_DEFINITIONS
        for candidate in table[key]
        if agreeing[key, candidate.label] * 2 < n_defined
    }


def _places(short: str, text: str) -> Iterator[Tuple[int, int]]:
    """Where an abbreviation stands as a word of its own, or in the plural."""
    for match in re.finditer(rf"(?<![\w-]){re.escape(short)}{PLURAL}?(?![\w-])", text):
        yield match.span()

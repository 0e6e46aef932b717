"""From a lexicon, gold corpora and unlabelled text to a folder of silver rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from tqdm import tqdm

from ...corpus.assets import sha256
from .evidence import learn
from .exclusions import Exclusions
from .finder import NameFinder
from .gold import read_gold
from .labels import COMMON_WORDS, HEAD_WORD_TABLE, LABEL_TABLE
from .names import STOP_NAMES, name_table, read_lexicon_rows
from .passages import read_documents, read_rows
from .precision import LabelPrecision, kept_labels, markdown, measure, weak_on_new_names
from .rows import lexicon_row
from .shards import SHARD_SIZE, Document, Row, ShardFolder, count_lines
from .teacher import LexiconTeacher, Senses, contradicted_symbols

LEAST_PRECISION = 0.7


@dataclass
class TrainedTeacher:
    """A teacher and how good it is.

    teacher (LexiconTeacher): learned from all gold that was not left out; gives only the kept labels.
    results (dict): label → its counts on held-out halves.
    kept (list): labels that are precise enough.
    all_labels (list): labels of the lexicon.
    gold_only (list): labels of which only names with gold of their own are used.
    least (float): overlap precision from which labels were kept.
    """

    teacher: LexiconTeacher
    results: Dict[str, LabelPrecision]
    kept: List[str]
    all_labels: List[str]
    gold_only: List[str]
    least: float

    def report(self) -> Dict[str, Any]:
        """RETURNS (dict): every figure, ready for JSON."""
        names = self.teacher.evidence.names
        return {
            "least_precision": self.least,
            "kept": self.kept,
            "gold_only": self.gold_only,
            "labels": {label: result.to_dict() for label, result in sorted(self.results.items())},
            "not_judged": sorted(set(self.all_labels) - set(self.results)),
            "names": len(self.teacher.table),
            "names_judged": len({key for key, _ in names}),
            "names_dropped_by_gold": sum(self.teacher.reading(key) is None for key in {key for key, _ in names}),
            "symbols_defined_otherwise": len(self.teacher.contradicted),
        }

    def markdown(self) -> str:
        """RETURNS (str): the table of labels."""
        text = markdown(self.results, self.kept, self.all_labels, self.least)
        if self.gold_only:
            text += f"Only names that gold confirms: {', '.join(self.gold_only)}.\n"
        return text


def train_teacher(
    lexicon: Path,
    corpora: Path,
    texts: Sequence[Path] = (),
    *,
    part: str = "train",
    leave_out: Sequence[str] = (),
    least: float = LEAST_PRECISION,
    keep_unmeasured: bool = False,
    progress: bool = True,
) -> TrainedTeacher:
    """Learn the filters and measure them.

    lexicon (Path): tab-separated names, see `names.read_lexicon_rows`.
    corpora (Path): folder of annotated corpora, see `gold.read_gold`.
    texts (sequence): files of unlabelled text, whose own definitions of abbreviations are heeded.
    part (str): the part of `corpora` to learn from.
    leave_out (sequence): corpora that must not be learned from, because a model is going to be tested on them.
    least (float): overlap precision that a label must reach to be kept.
    keep_unmeasured (bool): whether labels that no corpus judges stay.
    progress (bool): bars on stderr, where that is a terminal.
    RETURNS (TrainedTeacher): the teacher, learned from all gold, and its precision across halves.
    RAISES (ValueError, OSError): for files that are not there or not as they should be.
    """
    if not 0 <= least <= 1:
        raise ValueError(f"The least precision is a share from 0 to 1, not {least}.")
    silent = None if progress else True
    table = name_table(tqdm(read_lexicon_rows(lexicon), desc="lexicon", unit=" concepts", disable=silent))
    finder = NameFinder(tqdm(table, desc="names", unit=" names", disable=silent))
    gold = tqdm(read_gold(corpora, part, leave_out), desc="gold", unit=" passages", disable=silent)
    passages = [(passage, finder.find(passage.text)) for passage in gold]
    contradicted = contradicted_symbols(tqdm(_texts(texts), desc="definitions", unit=" passages", disable=silent), table)
    all_labels = sorted({candidate.label for candidates in table.values() for candidate in candidates})
    first = measure(passages, table, finder, contradicted)
    gold_only = weak_on_new_names(first, least)
    results = measure(passages, table, finder, contradicted, gold_only=gold_only) if gold_only else first
    kept = kept_labels(results, all_labels, least, keep_unmeasured)
    teacher = LexiconTeacher(table, finder, learn(passages, table, gold_only=gold_only), kept, contradicted)
    return TrainedTeacher(teacher, results, kept, all_labels, gold_only, least)


def annotate_with_lexicon(
    trained: TrainedTeacher,
    files: Sequence[Path],
    out: Path,
    *,
    exclusions: Optional[Exclusions] = None,
    settings: Optional[Mapping[str, Any]] = None,
    shard_size: int = SHARD_SIZE,
    progress: bool = True,
) -> Dict[str, int]:
    """Annotate unlabelled text; a run that was broken off goes on where it was.

    trained (TrainedTeacher): of `train_teacher`.
    files (sequence): of unlabelled text.
    out (Path): folder for the shards.
    exclusions (Exclusions): texts that must not be among them.
    settings (mapping): what the rows depend on besides; a folder made with others is refused.
    shard_size (int): passages after which a shard ends.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): passages read, excluded, without a mention and written; mentions, words, and mentions by label.
    """

    def work(documents: List[Document]) -> Tuple[List[Row], Mapping[str, int]]:
        with trained.teacher.finder.forgetting():
            return _annotate(documents, trained, exclusions)

    shards = ShardFolder(out, {**(settings or {}), "shard_size": shard_size})
    return shards.fill(read_documents(files), work, shard_size, progress, count_lines(files))


def tables_fingerprint() -> str:
    """RETURNS (str): the SHA-256 sum of the tables that come with the teacher."""
    tables = (LABEL_TABLE, HEAD_WORD_TABLE, COMMON_WORDS, STOP_NAMES)
    return hashlib.sha256("".join(sha256(path) for path in tables).encode()).hexdigest()


def report_json(trained: TrainedTeacher) -> str:
    """RETURNS (str): the report as JSON text."""
    return json.dumps(trained.report(), indent=1, ensure_ascii=False) + "\n"


def _annotate(
    documents: List[Document], trained: TrainedTeacher, exclusions: Optional[Exclusions]
) -> Tuple[List[Row], Mapping[str, int]]:
    rows: List[Row] = []
    counts: Counter[str] = Counter()
    for document in documents:
        senses: Senses = {}
        for passage in document:
            counts["passages read"] += 1
            reason = None if exclusions is None else exclusions.reason(passage)
            if reason is not None:
                counts[f"excluded: same {reason}"] += 1
                continue
            found = trained.teacher.finder.find(passage.text)
            mentions = trained.teacher.annotate(passage.text, senses, found)
            row = lexicon_row(passage, mentions, found, trained.teacher, trained.kept)
            if row is None:
                counts["without a mention"] += 1
                continue
            counts["passages written"] += 1
            counts["words"] += len(passage.text.split())
            counts["mentions"] += len({(entity["start"], entity["end"]) for entity in row["entities"]})
            counts.update(f"label: {entity['label']}" for entity in row["entities"])
            rows.append(row)
    return rows, counts


def _texts(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        for passage in read_rows(file):
            yield passage.text

"""A model on annotated corpora, beside the lexicon matcher: scores, speed, a Markdown table, a JSON file."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from itertools import tee
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from spacy.language import Language
from tqdm import tqdm

from ..annotate.inputs import Passage
from ..annotate.output import text_file
from ..annotate.pipeline import find_pipe
from ..annotate.run import WARM_UP, annotate_stream
from .corpora import GoldCorpus
from .lexicon import LabelRow, LexiconMatcher, label_keys, read_label_table, read_lexicon
from .strict import Counts, StrictScore

LEXICON_FILE = Path("lexicon", "lexicon.tsv.gz")


@dataclass(frozen=True)
class CorpusResult:
    """How a model did on one corpus.

    corpus (GoldCorpus): the corpus.
    passages, words (int): what was read; words are counted by white space.
    seconds (float): wall time of the pipeline, without loading.
    score (StrictScore): the model's, over all labels of the corpus.
    shared_labels (tuple): those that the lexicon knows too; empty where it was not asked.
    lexicon (StrictScore): the matcher's, over `shared_labels`; None where it was not asked or shares no label.
    overlap (str): how the model's spans were chosen, "flat" or "nested".
    """

    corpus: GoldCorpus
    passages: int
    words: int
    seconds: float
    score: StrictScore
    shared_labels: Tuple[str, ...] = ()
    lexicon: Optional[StrictScore] = None
    overlap: str = "nested"

    @property
    def words_per_second(self) -> float:
        """Words read in a second."""
        return self.words / self.seconds if self.seconds else 0.0

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): all figures, ready for JSON."""
        figures: Dict[str, Any] = {
            "corpus": self.corpus.name,
            "labels": list(self.corpus.labels),
            "overlap": self.overlap,
            "passages": self.passages,
            "words": self.words,
            "words_per_second": self.words_per_second,
            "model": self.score.to_dict(),
        }
        if self.lexicon is not None:
            figures["shared_labels"] = list(self.shared_labels)
            figures["model_on_shared_labels"] = self.score.over(self.shared_labels).to_dict()
            figures["lexicon"] = self.lexicon.to_dict()
        return figures


def evaluate_corpora(
    nlp: Language,
    corpora: Sequence[GoldCorpus],
    lexicon: Optional[Path] = None,
    batch_size: int = 32,
    overlap: Optional[str] = None,
) -> List[CorpusResult]:
    """Ask a pipeline for each corpus' own labels and score what it finds.

    nlp (Language): a pipeline with a `gliner_biomed` pipe, whose labels are changed.
    corpora (Sequence[GoldCorpus]): the corpora.
    lexicon (Path): the lexicon to compare with; None leaves the comparison out.
    batch_size (int): documents at a time.
    overlap (str): "flat" or "nested"; None asks for nested spans where the corpus itself nests mentions.
    RETURNS (List[CorpusResult]): one a corpus, in order.
    """
    matcher = LexiconMatcher(read_lexicon(lexicon)) if lexicon is not None else None
    table = read_label_table()
    results = []
    for corpus in tqdm(corpora, unit=" corpora", disable=None):
        result = evaluate_corpus(nlp, corpus, batch_size, overlap)
        if matcher is not None:
            result = _with_lexicon(result, matcher, table)
        results.append(result)
    return results


def evaluate_corpus(
    nlp: Language, corpus: GoldCorpus, batch_size: int = 32, overlap: Optional[str] = None
) -> CorpusResult:
    """Score a pipeline on one corpus.

    The model's own character offsets are scored, not those of spaCy's tokens.

    nlp, batch_size, overlap: as for `evaluate_corpora`.
    corpus (GoldCorpus): the corpus; the pipe is given its labels and the overlap.
    RETURNS (CorpusResult): without a lexicon's figures.
    """
    pipe = find_pipe(nlp)
    pipe.labels = list(corpus.labels)
    chosen = overlap or ("nested" if corpus.is_nested() else "flat")
    pipe.cfg["overlap"] = chosen
    nlp(WARM_UP)  # reads the weights, so that the clock below does not
    score, n_passages, n_words = StrictScore(), 0, 0
    gold, texts = tee(corpus.passages())
    started = time.perf_counter()
    stream = annotate_stream(nlp, (Passage(passage.text, passage.id) for passage in texts), batch_size)
    for passage, (_, _, entities) in zip(gold, stream, strict=True):
        score.add(passage.mentions, ((entity.start, entity.end, entity.label) for entity in entities))
        n_passages += 1
        n_words += len(passage.text.split())
    return CorpusResult(corpus, n_passages, n_words, time.perf_counter() - started, score, overlap=chosen)


def score_lexicon(
    matcher: LexiconMatcher, corpus: GoldCorpus, table: Dict[str, LabelRow]
) -> Tuple[Tuple[str, ...], Optional[StrictScore]]:
    """Score the lexicon matcher on the labels of a corpus that it knows.

    matcher (LexiconMatcher): the matcher.
    corpus (GoldCorpus): the corpus; its other labels are left out of the gold mentions.
    table (Dict[str, LabelRow]): which labels share their meaning.
    RETURNS (Tuple[Tuple[str, ...], Optional[StrictScore]]): the shared labels; the score, None without any.
    """
    keys = label_keys(corpus.labels, table)
    shared = tuple(label for label in corpus.labels if label in set(keys.values()))
    if not shared:
        return (), None
    score = StrictScore()
    for passage in corpus.passages():
        gold = [mention for mention in passage.mentions if mention[2] in shared]
        score.add(gold, matcher.match(passage.text, keys))
    return shared, score


def markdown_table(results: Iterable[CorpusResult]) -> str:
    """RETURNS (str): one row a corpus, scores in per cent; the lexicon's columns only where it was asked."""
    results = list(results)
    compared = any(result.lexicon is not None for result in results)
    header = ["corpus", "labels", "P", "R", "F1", "words/s"]
    if compared:
        header += ["shared labels", "F1 on these", "lexicon P", "lexicon R", "lexicon F1"]
    lines = [header, ["---", *["--:"] * (len(header) - 1)]]
    for result in results:
        row = [result.corpus.name, str(len(result.corpus.labels)), *_percents(result.score.micro)]
        row.append(f"{result.words_per_second:,.0f}")
        if compared and result.lexicon is not None:
            on_shared = result.score.over(result.shared_labels)
            row += [str(len(result.shared_labels)), _percents(on_shared)[-1], *_percents(result.lexicon.micro)]
        lines.append(row + [""] * (len(header) - len(row)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_json(results: Iterable[CorpusResult], path: Path, **settings: Any) -> None:
    """Write all figures to a JSON file.

    results (Iterable[CorpusResult]): the figures.
    path (Path): the file.
    settings: what they were made with, stored beside them.
    """
    with text_file(path) as stream:
        figures = {**settings, "corpora": [result.to_dict() for result in results]}
        json.dump(figures, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def _with_lexicon(result: CorpusResult, matcher: LexiconMatcher, table: Dict[str, LabelRow]) -> CorpusResult:
    shared, score = score_lexicon(matcher, result.corpus, table)
    return replace(result, shared_labels=shared, lexicon=score)


def _percents(counts: Counts) -> List[str]:
    return [f"{100 * ratio:.1f}" for ratio in (counts.precision, counts.recall, counts.f1)]

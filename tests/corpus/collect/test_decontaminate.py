"""Decontamination: planted words and documents are found, nothing else is, against a plain search for shared words."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect.decontaminate import (
    DOCUMENT,
    WORDS,
    contamination,
    decontaminate_settings,
    decontaminate_step,
    document_names,
    read_test_texts,
    test_files,
)
from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.corpus.collect.steps import run_step
from tests.corpus.collect.making import ids, write

TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def write_corpus(path: Path, *rows: Dict[str, Any]) -> Path:
    """RETURNS (Path): an annotated corpus in the uniform format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"entities": [], **row}) + "\n" for row in rows))
    return path


def run(folder: Path, out: Path, *against: Path, n: int = 13) -> Dict[str, Any]:
    """RETURNS (dict): the counts of the step."""
    step = partial(decontaminate_step, files=against)
    return run_step("decontaminate", folder, out, step, decontaminate_settings(test_files(against), n), progress=False)


def passage(text: str, document: str = "d", name: str = "1") -> Passage:
    """RETURNS (Passage): of PubMed."""
    return Passage(name, text, "pubmed", document)


def test_what_is_planted_is_found(tmp_path: Path) -> None:
    """Thirteen words in any spelling, a document's id in any form; twelve words and a short number are not enough."""
    rows = [{"id": name, "text": "t"} for name in ("NCT01234567.3", "10091616", "17")]
    corpus = write_corpus(tmp_path / "dev.jsonl", {"id": "a", "text": TEXT}, *rows)
    passages = [
        passage(f"Before, {TEXT.upper().replace(' ', ' - ')}!", name="shouted"),
        passage("Then " + TEXT.split(" ", 1)[1] + ".", name="thirteen"),
        passage("Then " + TEXT.split(" ", 2)[2] + ".", name="twelve"),
        passage("Another text.", "PMID:10091616", "pmid"),
        passage("Another text.", "10091616.4", "piece"),
        passage("Another text.", "nct01234567", "trial"),
        passage("Another text.", "17", "short number"),
        passage("Another text.", "100916169", "longer number"),
    ]
    counts = run(write(tmp_path / "in", passages), tmp_path / "out", corpus)
    assert ids(tmp_path / "out") == ["twelve", "short number", "longer number"]
    assert counts["reasons"] == {DOCUMENT: {"pubmed": 3}, WORDS: {"pubmed": 2}}
    assert counts["examples"][WORDS][0]["note"] == TEXT.rsplit(" ", 1)[0]
    assert [each["note"] for each in counts["examples"][DOCUMENT]] == ["10091616", "10091616", "nct01234567"]


SMALL = st.lists(st.sampled_from(["a", "b", "C", "c."]), max_size=14).map(" ".join)


@given(st.lists(SMALL, min_size=1, max_size=3), SMALL, st.integers(2, 6))
def test_equals_a_plain_search(tests: List[str], text: str, n: int) -> None:
    """Runs of n words; texts that are shorter match only as a whole, from five words on."""

    def runs(of: str) -> Set[Tuple[str, ...]]:
        words = re.findall(r"[^\W_]+", of.casefold())
        if len(words) < min(n, 5):
            return set()
        return {tuple(words[i : i + n]) for i in range(max(len(words) - n + 1, 1))}

    from spacy_gliner_biomed.corpus.collect.decontaminate import TestTexts
    from spacy_gliner_biomed.evaluation.overlap import TrainingTexts

    texts = TrainingTexts(n)
    for test in tests:
        texts.add(test)
    reason, _ = contamination(passage(text), TestTexts(texts, frozenset(), len(tests)))
    assert (reason == WORDS) is bool(runs(text) & set().union(*map(runs, tests)))


@pytest.mark.parametrize(
    ("given_id", "names"),
    [
        ("PMID:10091616", {"pmid:10091616", "10091616"}),
        ("PubMed 10091616.0-2", {"pubmed 10091616.0-2", "pubmed 10091616", "10091616.0-2", "10091616"}),
        ("ctg_NCT01234567_arm3", {"ctg_nct01234567_arm3", "nct01234567"}),
        ("trial/NCT01234567.0", {"trial/nct01234567.0", "trial/nct01234567", "nct01234567"}),
        ("PMC101395.12", {"pmc101395.12", "pmc101395"}),
        ("US-1234567-A1", {"us-1234567-a1"}),
        ("section 12", set()),
        ("", set()),
    ],
)
def test_document_names(given_id: str, names: set[str]) -> None:
    """An id, without its prefix and its pieces; a PMC number is not a PubMed number."""
    assert document_names(given_id) == names


def test_changed_test_texts_do_it_again(tmp_path: Path) -> None:
    """They are known by their hash: the same file elsewhere changes nothing, another text in it does."""
    folder = write(tmp_path / "in", [passage(TEXT)])
    corpus = write_corpus(tmp_path / "dev.jsonl", {"id": "a", "text": "Something else entirely."})
    assert run(folder, tmp_path / "out", corpus)["out"] == {"pubmed": 1}
    record = tmp_path / "out" / "records" / "shard-00000.json"
    before = record.stat().st_mtime_ns
    moved = write_corpus(tmp_path / "b" / "dev.jsonl", {"id": "a", "text": "Something else entirely."})
    run(folder, tmp_path / "out", moved)
    assert record.stat().st_mtime_ns == before
    write_corpus(corpus, {"id": "a", "text": TEXT})
    assert run(folder, tmp_path / "out", corpus)["out"] == {}


def test_where_test_texts_are_found(tmp_path: Path) -> None:
    """In folders of JSON Lines at any depth, as the benchmarks are written, and in corpora of other formats."""
    deep = [write_corpus(tmp_path / "f" / part / "x.jsonl", {"id": "1", "text": TEXT}) for part in ("test", "dev")]
    assert test_files([tmp_path / "f"]) == deep[::-1]
    brat = tmp_path / "brat"
    brat.mkdir()
    (brat / "12345678.txt").write_text(TEXT)
    (brat / "12345678.ann").write_text("T1\tDrug 0 99\tno such words\n")  # a wrong mention does not matter here
    texts = read_test_texts(tuple(test_files([brat, tmp_path / "f"])), 13)
    assert texts.passages == 3 and texts.documents == {"12345678"} and len(texts.texts) == 2
    with pytest.raises(FileNotFoundError, match="no test texts at"):
        test_files([tmp_path / "gone"])
    with pytest.raises(ValueError, match="An n-gram of 0 words"):
        decontaminate_settings(deep, 0)


def test_test_texts_need_no_annotations(tmp_path: Path) -> None:
    """Text, id and document are enough; rows without a text are told of, and a file of nothing else is refused."""
    corpus = tmp_path / "dev.jsonl"
    rows = [{"id": "a", "text": TEXT}, {"txt": TEXT}, {"text": "t", "doc_id": "10091616"}]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = write(tmp_path / "in", [passage(TEXT), passage("Another text.", "PMID:10091616")])
    assert run(folder, tmp_path / "out", corpus)["reasons"] == {DOCUMENT: {"pubmed": 1}, WORDS: {"pubmed": 1}}
    counted, lost = read_test_texts((corpus,), 13).sentences()
    assert counted == "Test passages that were read: 2."
    assert lost == f"Problems in their files: 1, the first: {corpus}, line 2: a test passage needs a 'text'."
    corpus.write_text('{"txt": "x"}\n')
    with pytest.raises(ValueError, match="holds no test passage; name a corpus. Its first problem: .*line 1"):
        run(folder, tmp_path / "out", corpus)


def test_a_folder_may_hold_other_files(tmp_path: Path) -> None:
    """They are told of; a folder of nothing else is refused, as is a file that is named itself."""
    folder = tmp_path / "f"
    write_corpus(folder / "dev.jsonl", {"id": "a", "text": TEXT})
    names, none = write_corpus(folder / "names.jsonl"), write_corpus(folder / "none.jsonl")
    names.write_text('{"name": "x"}\n')
    texts = read_test_texts((folder,), 13)
    assert texts.passages == 1 and texts.sentences()[-1] == f"Files that hold no test passage: {names}, {none}"
    assert run(write(tmp_path / "in", [passage(TEXT)]), tmp_path / "out", folder)["out"] == {}
    with pytest.raises(ValueError, match="none.jsonl' holds no test passage"):
        read_test_texts((folder, none), 13)
    (folder / "dev.jsonl").unlink()
    with pytest.raises(ValueError, match="f' holds no test passage; name a corpus. Its first problem: .*names.jsonl, line 1"):
        read_test_texts((folder,), 13)

"""A very small model and answers to learn from, for the tests of training and writing."""

from __future__ import annotations

from pathlib import Path
from typing import List

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.answers import Answer, ExtractedEntity, ExtractedRelation, Extraction
from spacy_gliner_biomed.distill.student.fit import FitSettings
from spacy_gliner_biomed.distill.student.tiny import TinySettings, make_tiny

TINY = TinySettings(vocabulary=400, hidden=64, layers=2, heads=2, window=512)
DRUGS = ["aspirin", "metformin", "warfarin", "ibuprofen", "lithium", "heparin", "insulin", "codeine"]
DISEASES = ["gout", "asthma", "migraine", "sepsis", "anaemia", "psoriasis"]


def passages(n: int, first: int = 0) -> List[Passage]:
    """RETURNS (list): sentences about a drug and a disease, no two alike among the first 48."""
    found = []
    for number in range(first, first + n):
        drug, disease = DRUGS[number % 8], DISEASES[(number // 8 + number) % 6]
        text = f"In study {number} the drug {drug} was given for {disease}."
        found.append(Passage(f"p{number}", text, "test", f"d{number}"))
    return found


def answers(n: int, first: int = 0) -> List[Answer]:
    """RETURNS (list): what a teacher would say about them."""
    found = []
    for number, passage in enumerate(passages(n, first), first):
        entities = [
            ExtractedEntity(id=4, text=DISEASES[(number // 8 + number) % 6], type="disease"),
            ExtractedEntity(id=2, text=DRUGS[number % 8], type="drug"),
        ]
        relations = [ExtractedRelation(head=2, tail=4, type="treats")]
        extraction = Extraction(entities=entities, relations=relations)
        found.append(Answer(passage, extraction, "teacher", "", (0, len(passage.text))))
    return found


def make_base(folder: Path) -> Path:
    """RETURNS (Path): the folder of a model that has learned a little."""
    settings = FitSettings(epochs=6, batch_size=8, accumulate=1, learn_rate=5e-3, warmup=0.1)
    make_tiny(passages(48), folder, tiny=TINY, settings=settings, progress=False)
    return folder

"""Results made by hand: every section a page can have."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

MATCHINGS = ("strict", "boundary", "partial", "relaxed", "surface")
CORPORA: Tuple[Tuple[str, str, Tuple[str, ...]], ...] = (
    ("NCBI Disease", "in-schema", ("disease",)),
    ("BC5CDR", "in-schema", ("chemical", "disease")),
    ("AnatEM", "in-schema", ("anatomical entity", "cell", "tissue")),
    ("CADEC", "unseen corpus", ("disease", "drug", "symptom")),
    ("CHIA", "unseen label", ("measurement", "procedure", "temporal expression")),
)
TEXT = "Acute renal failure and naproxen-induced hepatic injury in BRCA1 carriers, with headache after aspirin."

BY_SURFACE = {"seen": {"gold": 500, "found": 450}, "unseen": {"gold": 460, "found": 222}}


def figure(value: float, half: Optional[float] = 0.014) -> Dict[str, Optional[float]]:
    """RETURNS (dict): a value with an interval of twice `half`; None gives none."""
    return {
        "value": value,
        "low": None if half is None else max(0.0, value - half),
        "high": None if half is None else min(1.0, value + half),
    }


def prf(f1: float, support: int = 960) -> Dict[str, Any]:
    """RETURNS (dict): precision, recall and F1 about a value, with counts."""
    return {
        "precision": figure(min(1.0, f1 + 0.02)),
        "recall": figure(max(0.0, f1 - 0.02)),
        "f1": figure(f1),
        "tp": round(f1 * support),
        "fp": round((1 - f1) * support),
        "fn": round((1 - f1) * support),
        "support": support,
    }


def row(system: str, corpus: str, kind: str, labels: Tuple[str, ...], f1: float) -> Dict[str, Any]:
    """RETURNS (dict): a row whose looser matchings score more."""
    scores = {}
    for place, matching in enumerate(MATCHINGS):
        value = min(0.98, f1 + 0.03 * place)
        macro = {name: figure(value - 0.03) for name in ("precision", "recall", "f1")}
        per_label = {label: prf(max(0.0, value - 0.05 * number), 300) for number, label in enumerate(labels)}
        scores[matching] = {"micro": prf(value), "macro": macro, "per_label": per_label}
    return {
        "system": system,
        "corpus": corpus,
        "kind": kind,
        "labels": list(labels),
        "words_per_second": 18250.4,
        "scores": scores,
    }


def comparison(a: str, b: str, corpus: str, f1_a: float, f1_b: float, p: float, labels: List[str]) -> Dict[str, Any]:
    """RETURNS (dict): a comparison in strict matching."""
    return {
        "a": a,
        "b": b,
        "corpus": corpus,
        "labels": labels,
        "matching": "strict",
        "f1_a": f1_a,
        "f1_b": f1_b,
        "difference": {"value": f1_a - f1_b, "low": f1_a - f1_b - 0.02, "high": f1_a - f1_b + 0.02},
        "p": p,
        "p_adjusted": min(1.0, 2 * p),
        "method": "paired approximate randomisation over documents, 10,000 rounds, Holm",
    }


def one_corpus() -> Dict[str, Any]:
    """RETURNS (dict): one system and a lexicon on one corpus: the shortest verdict."""
    return {
        "format": 1,
        "title": "mini on NCBI Disease",
        "systems": [{"name": "mini", "kind": "gliner_biomed"}, {"name": "the lexicon", "kind": "lexicon"}],
        "rows": [
            row("mini", "NCBI Disease", "in-schema", ("disease",), 0.745),
            row("the lexicon", "NCBI Disease", "unknown", ("disease",), 0.625),
        ],
        "comparisons": [comparison("mini", "the lexicon", "NCBI Disease", 0.745, 0.625, 0.0001, ["disease"])],
    }


def everything() -> Dict[str, Any]:
    """RETURNS (dict): three systems on five corpora, with all sections; texts and names that hold markup."""
    scores = {"mini": (0.745, 0.71, 0.66, 0.48, 0.21), "mini, gliner": (0.743, 0.712, 0.655, 0.47, 0.2)}
    lexicon = (0.625, 0.55, 0.3, 0.5, 0.05)
    rows = [
        row(system, corpus, kind, labels, values[place])
        for system, values in scores.items()
        for place, (corpus, kind, labels) in enumerate(CORPORA)
    ]
    rows += [row("lexicon", name, "unknown", labels, lexicon[i]) for i, (name, _, labels) in enumerate(CORPORA)]
    return {
        "format": 1,
        "title": "Development corpora <b>",
        "command": "gliner-biomed compare mini gliner:exported lexicon:lexicon.tsv.gz --corpora corpora --part dev",
        "created": "2026-01-31T12:00:00Z",
        "versions": {"spacy_gliner_biomed": "0.1.0", "torch": "2.10.0"},
        "settings": {"threshold": 0.5, "policy": "drop", "bootstrap": 1000},
        "systems": [
            {"name": "mini", "kind": "gliner_biomed", "details": {"parameters": 14_000_000}},
            {"name": "mini, gliner", "kind": "gliner", "notes": ["12 words were beyond its longest text."]},
            {"name": "lexicon", "kind": "lexicon"},
        ],
        "corpora": [_corpus(place, name, labels) for place, (name, _, labels) in enumerate(CORPORA)],
        "rows": rows,
        "means": [
            {"system": system, "kind": kind, "matching": "strict", "f1": f1, "n_rows": n}
            for system, kind, f1, n in (
                ("mini", "in-schema", 0.705, 3),
                ("mini, gliner", "in-schema", 0.7033, 3),
                ("mini", "unseen corpus", 0.48, 1),
                ("mini", "unseen label", 0.21, 1),
                ("lexicon", "unknown", 0.405, 5),
            )
        ],
        "comparisons": [
            comparison("mini", other, corpus, scores["mini"][i], values[i], p, list(labels))
            for other, values, p in (("mini, gliner", scores["mini, gliner"], 0.4), ("lexicon", lexicon, 0.0002))
            for i, (corpus, _, labels) in enumerate(CORPORA)
        ],
        "errors": [_errors(system, corpus, labels) for corpus, _, labels in CORPORA for system in ("mini", "lexicon")],
        "calibration": [_calibration("mini", name, labels) for name, _, labels in CORPORA],
        "few_shot": [
            {
                "corpus": corpus,
                "k": k,
                "kind": kind,
                "f1": [start + gain * place - 0.01, start + gain * place, start + gain * place + 0.02],
                "f1_zero_shot": start,
                "seconds": [12.0, 13.0, 12.5],
            }
            for corpus, kind, start, gain in (("CADEC", "unseen corpus", 0.48, 0.03), ("CHIA", "unseen label", 0.21, 0.08))
            for place, k in enumerate((1, 5, 10, 50))
        ],
        "throughput": throughput(),
    }


def throughput() -> List[Dict[str, Any]]:
    """RETURNS (list): two systems, two label sets, seven batch sizes; the slower one passes the memory cap at the end."""
    return [
        {
            "system": system,
            "labels": labels,
            "label_set": label_set,
            "batch_size": 2**power,
            "words_per_second": None if slow and power == 6 else (9000 - 2500 * slow) * (1 - 0.6 ** (power + 1)) / part,
            "peak_rss_mib": 500 + 900 * slow + 40 * (1 + slow) * power * power,
            "over_cap": slow and power == 6,
        }
        for label_set, labels, part in (("own", 6, 1), ("umls", 127, 4))
        for system, slow in (("mini", False), ("gliner", True))
        for power in range(7)
    ]


def _corpus(place: int, name: str, labels: Tuple[str, ...]) -> Dict[str, Any]:
    return {
        "name": name,
        "part": "dev",
        "passages": 100 + place,
        "documents": 90,
        "words": 21000,
        "mentions": 960,
        "labels": list(labels),
        "nested": place == 2,
        "overlap": "nested" if place == 2 else "flat",
        "discontinuous": {"policy": "drop", "count": 7 * (place == 3)},
        "problems": ["cadec.jsonl:12 ends after its text"] * (place == 3),
        "training_overlap": {"passages": 3, "share": 0.012} if place == 0 else None,
    }


def _errors(system: str, corpus: str, labels: Tuple[str, ...]) -> Dict[str, Any]:
    first, last = labels[0], labels[-1]
    confusion = {one: {two: 90 if one == two else 7 + len(two) for two in labels} for one in labels}
    return {
        "system": system,
        "corpus": corpus,
        "counts": {
            "correct": 700,
            "missed": 120,
            "spurious": 90,
            "wrong label": 40,
            "wrong boundary": 75,
            "wrong label and boundary": 25,
        },
        "confusion": confusion,
        "by_length": [
            {"words": words, "gold": gold, "found": found}
            for words, gold, found in (("1", 500, 410), ("2", 300, 210), ("3", 100, 55), ("4", 40, 14), ("5+", 20, 3))
        ],
        "by_label_seen": {"seen": {"gold": 900, "found": 660}, "unseen": {"gold": 60, "found": 12}},
        "by_surface_seen": None if system == "lexicon" else BY_SURFACE,
        "examples": [
            {
                "id": f"{corpus}-1",
                "text": TEXT,
                "gold": [
                    _span("Acute renal failure", first),
                    _span("renal failure", first),
                    _span("naproxen-induced hepatic injury", last),
                    _span("hepatic injury", last),
                    _span("headache", first),
                    _span("aspirin", last),
                ],
                "predicted": [
                    [*_span("Acute renal failure", first), 0.93],
                    [*_span("renal", first), 0.61],
                    [*_span("naproxen", last), 0.88],
                    [*_span("BRCA1", first), 0.55],
                    [*_span("aspirin", "x<y"), None],
                ],
                "errors": 6,
            },
            {
                "id": "<script>alert(1)</script>",
                "text": "p < 0.05 & <img src=x onerror=alert(1)> with fever\nand chills",
                "gold": [[45, 50, first]],
                "predicted": [[11, 14, first, 0.7]],
                "errors": 2,
            },
        ],
    }


def _span(words: str, label: str) -> List[Any]:
    start = TEXT.index(words)
    return [start, start + len(words), label]


def _calibration(system: str, corpus: str, labels: Tuple[str, ...]) -> Dict[str, Any]:
    bins = []
    for place in range(10):
        empty = place < 3
        bins.append(
            {
                "low": place / 10,
                "high": (place + 1) / 10,
                "n": 0 if empty else 40 + 30 * (place - 3) ** 2,
                "mean_score": None if empty else place / 10 + 0.06,
                "share_right": None if empty else (place / 10 + 0.05) ** 1.4,
            }
        )
    best = {"threshold": 0.42, "f1": 0.75, "f1_at_default": 0.745}
    return {
        "system": system,
        "corpus": corpus,
        "ece": 0.041,
        "bins": bins,
        "threshold": {"best": 0.42, "f1": 0.75, "f1_at_default": 0.745},
        "labels": dict.fromkeys(labels, best),
    }

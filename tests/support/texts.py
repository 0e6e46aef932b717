"""Seeded texts and label sets for tests and benchmarks.

Biomedical in tone, of our own writing, and odd where real text is odd.
"""

from __future__ import annotations

import random
import re

# GLiNER's word rule, repeated here so that the generator does not lean on the code under test.
WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")

SUBJECTS = (
    "the patient", "a 63-year-old woman", "the second cohort", "knock-out mice", "primary hepatocytes",
    "the index case", "most CD8+ T cells", "the infused graft", "an 8-week-old infant", "pooled serum",
    "the resected tumour", "E. coli K-12", "three siblings", "the placebo arm", "bone marrow aspirate",
    "cultured HeLa cells", "the mutant allele", "zebrafish embryos", "smokers with COPD", "both isolates",
    "the renal biopsy", "a heterozygous carrier", "Sprague-Dawley rats", "the left ventricle",
)  # fmt: skip
VERBS = (
    "was treated with", "showed loss of", "developed", "responded poorly to", "over-expressed", "was screened for",
    "was found to carry", "inhibited", "had a history of", "died of", "secreted", "recovered after",
    "tested negative for", "was associated with", "reduced the level of", "did not alter", "relapsed despite",
    "was stained for", "up-regulated", "phosphorylates", "binds", "was perfused with", "harboured", "accumulated",
)  # fmt: skip
OBJECTS = (
    "acute lymphoblastic leukaemia", "metformin", "TNF-α", "IL-2/IL-6 signalling", "a p.Gly12Asp variant in KRAS",
    "aspirin", "type 2 diabetes mellitus", "the BRCA1 promoter", "Wilms' tumour", "low-dose methotrexate",
    "congestive heart failure", "staphylococcal pneumonia", "caspase-3", "5-fluorouracil", "the hippocampus",
    "interferon-γ", "hepatitis C virus", "nuclear factor κB", "dexamethasone", "tardive dyskinesia", "β-catenin",
    "the optic nerve", "Duchenne muscular dystrophy", "cyclosporin A", "1,25-dihydroxyvitamin D3",
    "mitral valve prolapse", "streptozotocin", "ATP7B", "haemolytic anaemia", "the rs7412 allele", "Na+/K+-ATPase",
    "neural crest cells", "amiodarone-induced toxicity", "SARS-CoV-2", "glioblastoma", "HER2-positive carcinoma",
    "ubiquitin ligase", "angiotensin II", "the MDM2-p53 axis", "lupus nephritis", "doxorubicin", "mTORC1",
    "cystic fibrosis", "non-small-cell lung cancer", "lithium carbonate", "tau", "Fe2+", "c-Myc",
    "insulin resistance",
)  # fmt: skip
MEASURES = (
    "at 2.5 mg/kg", "for 14 days", "(n = 12)", "(p < 0.001)", "in 37.4% of cases", "within 24–48 h", "at 37 °C",
    "10^6 cells/mL", "3 × 10 µL", "(95% CI: 1.2-3.4)", "over 6 months", "twice daily", "in 4/17 samples", "at pH 7.4",
    "with an HR of 0.58", "per m2", "(OR 2.1; NS)", "at 1,200 rpm", "by RT-PCR", "[see Table 3]", "in vitro", "~80%",
    "±0.03", "post-operatively",
)  # fmt: skip
LINKS = (
    ", and", ", whereas", "; however,", ", so that", " because", " while", ", although", " -", ", e.g.", " but",
    ", i.e.", ":",
)  # fmt: skip

# Every character here is a word of its own, or part of one, that every tokenizer turns into something.
ODD = (
    "α/β/γ", "Δ9-THC", "😀", "→", "“quoted”", "…", "naïve", "Müller", "ﬁbrosis", "Ⅳ", "IL‑6", "µ", "Å", "(((", "))",
    "N/A", "https://example.org/a?b=c", "a_b_c", "___", "don't", "O'Brien", "#12", "@home", "x" * 40, "1" * 30, "日本",
    "细胞", "خلية سرطان", "תא דם", "ДНК", "ελληνικά", "🧬", "½", "™", "C₆H₁₂O₆", "Ca²⁺", "\\", "<b>", "&amp;", "|", "~",
)  # fmt: skip
# These hold a word that a lower-casing BERT tokenizer, or one with NMT normalisation, turns into nothing at all.
EMPTY = (
    "cafe\u0301", "e\u0301e\u0301", "heart\u2764\ufe0f", "zero\u200bwidth", "\u200b", "soft\u00adhyphen", "\ufeff",
    "a\u200db", "\u0308",
)  # fmt: skip
SPACES = (
    " ", " ", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2009",
)  # fmt: skip

LABEL_HEADS = (
    "disease", "drug", "gene", "protein", "cell type", "species", "mutation", "anatomical structure", "symptom",
    "procedure", "chemical", "enzyme", "receptor", "virus", "bacterium", "medical device", "dose", "laboratory test",
    "organelle", "pathway", "antibody", "hormone", "vitamin", "tissue", "cell line",
)  # fmt: skip
LABEL_MODIFIERS = (
    "", "rare", "human", "Genetic", "adverse", "therapeutic", "plasma-borne",
)  # fmt: skip


def words_of(text: str) -> list[str]:
    """RETURNS (list): the words of `text` by GLiNER's rule."""
    return WORD.findall(text)


def make_text(seed: int, n_words: int, odd: float = 0.0, empty: float = 0.0) -> str:
    """Write one text of exactly `n_words` words by GLiNER's rule.

    seed (int): the same seed gives the same text.
    odd (float): share of clauses followed by an odd fragment and of gaps that are odd white space.
    empty (float): share of clauses followed by a fragment with a word that some tokenizers turn into nothing.
    """
    rng = random.Random(seed)
    text = ""
    while len(WORD.findall(text)) < n_words:
        clause = f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(OBJECTS)}"
        if rng.random() < 0.6:
            clause += " " + rng.choice(MEASURES)
        text += clause if text.endswith((":", "-", ",", "e")) else clause[0].upper() + clause[1:]
        if rng.random() < odd:
            text += rng.choice(SPACES) + rng.choice(ODD)
        if rng.random() < empty:
            text += rng.choice(SPACES) + rng.choice(EMPTY)
        text += rng.choice(LINKS) if rng.random() < 0.4 else "."
        text += rng.choice(SPACES) if rng.random() < odd else " "
    matches = list(WORD.finditer(text))
    return text[: matches[n_words - 1].end()] if n_words else ""


def make_texts(
    count: int, seed: int = 0, min_words: int = 1, max_words: int = 60, odd: float = 0.0, empty: float = 0.0
) -> list[str]:
    """Write `count` texts with word counts drawn evenly from `min_words` to `max_words`; see `make_text`."""
    rng = random.Random(seed)
    return [
        make_text(rng.randrange(2**32), rng.randint(min_words, max_words), odd=odd, empty=empty) for _ in range(count)
    ]


def make_labels(count: int) -> list[str]:
    """RETURNS (list): `count` different labels (at most 175), plain ones first; each list begins the longer ones."""
    names = [f"{modifier} {head}".strip() for modifier in LABEL_MODIFIERS for head in LABEL_HEADS]
    if count > len(names):
        raise ValueError(f"There are {len(names)} labels, {count} were asked for.")
    return names[:count]


def training_text(seed: int = 0) -> list[str]:
    """RETURNS (list): plain text to train small tokenizers on: texts, every fragment and every label."""
    fragments = [*SUBJECTS, *VERBS, *OBJECTS, *MEASURES, *LINKS]
    return [*make_texts(200, seed=seed, min_words=20, max_words=60), *fragments, *make_labels(175)]

"""The rule teacher: each type finds what it should and leaves what only looks like it."""

from __future__ import annotations

from typing import Dict, List

import pytest

from spacy_gliner_biomed.scorer.words import split_words
from spacy_gliner_biomed.training.silver.patterns.rules import RULE_FILES, compile_rule, expand, load_types
from spacy_gliner_biomed.training.silver.patterns.teacher import WIDEST, PatternTeacher
from spacy_gliner_biomed.training.silver.patterns.trie import words_pattern

# label: (a text, what is found in it, a text in which nothing is)
CASES = {
    "medication dose": (
        "They took 500 mg daily, then 5 mg/kg.", ["500 mg", "5 mg/kg"], "LDL was 70 mg/dL and urine protein 300 mg/24 h."
    ),
    "dosing frequency": (
        "Given twice daily or every 8 hours.", ["twice daily", "every 8 hours"], "Daily life was five times more pleasant."
    ),
    "route of administration": (
        "Oral administration and i.v. fluids, then intravenously.",
        ["Oral", "i.v.", "intravenously"],
        "The oral cavity and subcutaneous fat; an oral glucose tolerance test.",
    ),
    "dosage form": ("One tablet and an ointment.", ["tablet", "ointment"], "They ate ice cream and saw a solution."),
    "duration": (
        "For 6 weeks, a 12-month trial.", ["6 weeks", "12-month"], "A man aged 65 years, or 40 years old, in 2004."
    ),
    "date": (
        "On 12 January 2010 and in 1998.", ["12 January 2010", "1998"], "It may be so: of 2000 patients, 1950 mg were given."
    ),
    "age or age range": (
        "Aged 18-75 years; a 65-year-old man.", ["18-75 years", "65-year-old"], "Followed for 5 years after 12 months."
    ),
    "percentage": ("A share of 12.5% or 30 percent.", ["12.5%", "30 percent"], "The 95% CI was wide."),
    "p-value": ("It rose (p < 0.05; P=0.003).", ["p < 0.05", "P=0.003"], "The map > 5 and a p-value."),
    "confidence interval": (
        "HR 2 (95% CI 1.2 to 3.4).", ["95% CI 1.2 to 3.4"], "An interval of 95% of the cases, as CI engines do."
    ),
    "sample size": ("Women (n = 120) and 85 patients.", ["n = 120", "85 patients"], "One in 500 people; 85 mg."),
    "risk or odds ratio": (
        "Risk fell (HR 0.75; odds ratio of 2.3).", ["HR 0.75", "odds ratio of 2.3"], "In the OR 12 staff met."
    ),
    "number": ("We saw one hundred and six of 1,000.", ["one hundred and six", "1,000"], "T4 and IL-6 rose [12]; no one knows."),
    "measurement unit": ("It was 120 mmHg and 5 mmol/L.", ["mmHg", "mmol/L"], "In 12 male patients, I ate."),
    "quantity with unit": ("At 37 °C, 120 mmHg.", ["37 °C", "120 mmHg"], "Of 12 patients 50% left with 3 tests."),
    "concentration": ("It was 5 mmol/L or 10 µM.", ["5 mmol/L", "10 µM"], "They got 500 mg in 10 mL."),
    "comparator": ("At least 5, and ≥ 18.", ["At least", "≥"], "Averaged over 6 weeks, at least in part."),
    "negation word": ("There was no fever without pain.", ["no", "without"], "Not only this: see No. 5."),
    "uncertainty cue": ("It may be suspected.", ["may", "suspected"], "In May 2004, as soon as possible."),
    "severity grade": ("Mild pain, grade 3 nausea.", ["Mild", "grade 3"], "Moderate exercise in grade 12 students."),
    "body side": ("The left eye, bilateral.", ["left", "bilateral"], "She left the right answer."),
    "group of people": ("Healthy volunteers and women.", ["Healthy volunteers", "women"], "A within-subject design."),
    "sex": ("Male and female mice; men.", ["Male", "female", "men"], "A male condom; he commented."),
    "life stage": ("An infant or an elderly adult.", ["infant", "elderly", "adult"], "Child-Pugh class and seniority."),
    "study design": (
        "A randomized controlled trial, double-blind.",
        ["randomized controlled trial", "double-blind"],
        "The case report form, parallel groups.",
    ),
    "trial phase": ("A phase III trial, a phase 1b/2 study.", ["phase III", "phase 1b/2"], "Phase 2 of the cycle."),
    "medical specialty": (
        "In cardiology and general surgery.",
        ["cardiology", "general surgery"],
        "The American College of Cardiology; hematology values; nursing homes.",
    ),
    "health profession": ("A nurse and two oncologists.", ["nurse", "oncologists"], "Nursing, and a doctor's degree."),
    "health care facility": (
        "In the clinic or Mercy Hospital.", ["clinic", "Mercy Hospital"], "During the hospital stay, in-hospital death."
    ),
    "country": ("In Kenya, the UK and U.S.", ["Kenya", "UK", "U.S."], "Guinea pigs told us of New Mexico."),
    "nationality": (
        "Chinese and Swedish adults.", ["Chinese", "Swedish"], "They speak English; the American Heart Association."
    ),
    "world region": ("In Europe and Latin America.", ["Europe", "Latin America"], "A Mediterranean diet."),
    "institution or company": (
        "Uppsala University and Pfizer Inc., with FDA.", ["Uppsala University", "Pfizer Inc", "FDA"], "A university is nice to see."
    ),
    "statistical test": (
        "By t-test or Mann–Whitney U test.", ["t-test", "Mann–Whitney U test"], "We test a pregnancy test."
    ),
    "summary statistic": (
        "The median and the standard deviation.", ["median", "standard deviation"], "A median sternotomy; analysis of variance."
    ),
    "mean with deviation": ("It was 54.3 ± 12.1 here.", ["54.3 ± 12.1"], "A margin of ± 5 and 3 + 4."),
    "numeric range": ("Scores 18-75, or 3 to 5.", ["18-75", "3 to 5"], "As shown [16–18]; call 555-123-4567."),
    "ratio or fraction": ("In 12/30, two thirds.", ["12/30", "two thirds"], "On 12/03/2004 at 120/80 mmHg, 24/7."),
    "laboratory technique": ("By PCR and Western blot.", ["PCR", "Western blot"], "The fish and a western film."),
    "imaging modality": ("An MRI or chest X-ray.", ["MRI", "chest X-ray"], "Her pet, in Oct 2004."),
    "software or database": ("In SPSS and PubMed.", ["SPSS", "PubMed"], "They excel at this."),
    "clinical scale": (
        "By APACHE II and the Beck Depression Inventory.",
        ["APACHE II", "Beck Depression Inventory"],
        "The Body Mass Index on a large scale; VAS supplements.",
    ),
    "mutation notation": ("Either c.35delG or V600E.", ["c.35delG", "V600E"], "The A12 road, p. 35, C57BL."),
    "registry or accession number": ("See NCT01234567, rs1801133.", ["NCT01234567", "rs1801133"], "Of 12345678 cells."),
    "microorganism name": (
        "E. coli and Staphylococcus aureus.", ["E. coli", "Staphylococcus aureus"], "E. Smith saw a bacillus shape."
    ),
    "vitamin": ("Vitamin D and folic acid.", ["Vitamin D", "folic acid"], "Hepatitis B, a vital amine."),
    "chemical element": ("Iron and zinc levels.", ["Iron", "zinc"], "Sodium chloride, carbon dioxide; 5 mm of mercury."),
    "temperature": ("At 37 °C, then −80°C.", ["37 °C", "−80°C"], "An angle of 37° at 5 C."),
    "body weight": ("Body weight ≥ 50 kg.", ["50 kg"], "A weight loss of 5 kg; 5 mg per kg of body weight."),
    "animal species": ("Rats and a guinea pig.", ["Rats", "guinea pig"], "A CAT scan after chickenpox."),
    "time of day": ("At 8:00 a.m. or midnight.", ["8:00 a.m.", "midnight"], "A ratio of 1:20 at 80 am."),
    "disease stage": ("Stage IIIA cancer, T2N0M0.", ["Stage IIIA", "T2N0M0"], "On stage 12 actors stood."),
    "web address": ("See www.nih.gov/x, or http://a.org.", ["www.nih.gov/x", "http://a.org"], "Write to a@b.org."),
    "sum of money": ("It cost $100, then 25 euros.", ["$100", "25 euros"], "It weighed 100 pounds."),
    "adverb of frequency": ("It is usually mild, rarely not.", ["usually", "rarely"], "It is normally distributed."),
    "figure or table": ("See Table 2 and Fig. 3a.", ["Table 2", "Fig. 3a"], "Figures show a table of 2."),
    "study time point": ("At baseline and week 12.", ["baseline", "week 12"], "Per week 12 pills, a week."),
    "placebo or sham": ("Placebo or sham acupuncture.", ["Placebo", "sham acupuncture"], "Shame on the control."),
    "trial arm": ("The placebo group and Arm 2.", ["placebo group", "Arm 2"], "The drug group A streptococci; both groups."),
    "blood pressure reading": ("It was 140/90 mmHg.", ["140/90 mmHg"], "In 103/112 patients, 100/60 mL."),
    "chemical formula": ("CO2 and NaCl.", ["CO2", "NaCl"], "At 5 cm H2O, C2 and C5 vertebrae."),
}  # fmt: skip


def found(label: str, text: str) -> List[str]:
    """RETURNS (list): the mentions of a type in a text."""
    return [text[start:end] for start, end, _ in PatternTeacher([label]).annotate(text)]


def test_every_type_has_a_case() -> None:
    assert [kind.label for kind in load_types()] == list(CASES)


@pytest.mark.parametrize("label", CASES)
def test_what_is_found(label: str) -> None:
    text, mentions, _ = CASES[label]
    assert found(label, text) == mentions


@pytest.mark.parametrize("label", CASES)
def test_what_only_looks_like_it(label: str) -> None:
    assert found(label, CASES[label][2]) == []


def test_nested_and_on_word_boundaries() -> None:
    """A quantity holds its number and unit; a number glued to its unit is no word of its own, so no mention."""
    text = "Aged 18-75 years, 500 mg twice daily; 40mg."
    mentions = PatternTeacher().annotate(text)
    by_label: Dict[str, List[str]] = {}
    for start, end, label in mentions:
        by_label.setdefault(label, []).append(text[start:end])
    assert by_label["quantity with unit"] == ["18-75 years", "500 mg", "40mg"]
    assert by_label["number"] == ["18-75", "500"]
    assert by_label["medication dose"] == ["500 mg"]
    _, starts, ends = split_words(text)
    assert all(start in starts and end in ends for start, end, _ in mentions)
    assert mentions == sorted(mentions)


def test_mentions_of_a_label_share_no_characters() -> None:
    """The longest stays."""
    text = " ".join(case[0] for case in CASES.values())
    ends: Dict[str, int] = {}
    for start, end, label in PatternTeacher().annotate(text):
        assert start >= ends.get(label, 0)
        assert len(split_words(text[start:end])[0]) <= WIDEST
        ends[label] = end


def test_a_mention_that_is_too_wide_leaves_no_piece() -> None:
    """Its inside would be a wrong boundary."""
    assert found("confidence interval", "It was 95% confidence interval (CI): 1,234.56 to 7,890.12 here.") == []


def test_full_and_partial_labels() -> None:
    teacher = PatternTeacher(["duration", "severity grade"])
    assert (teacher.full, teacher.partial) == (["duration"], ["severity grade"])


def test_an_unknown_label() -> None:
    with pytest.raises(ValueError, match="no patterns for 'gene'; choose from adverb of frequency"):
        PatternTeacher(["gene"])


def test_a_word_list() -> None:
    """Longer words first; a blank stands for white space or a hyphen; signs are themselves."""
    pattern = compile_rule("exact", words_pattern(["t test", "t tests", "a.b", "a"]), {})
    assert [match.group() for match in pattern.finditer("t-tests, a.b; axb, a t test")] == ["t-tests", "a.b", "a", "t test"]
    with pytest.raises(ValueError, match="without words"):
        words_pattern([])


@pytest.mark.parametrize(
    ("reads", "pattern", "message"),
    [
        ("some", "a", "reads 'any', 'exact', 'raw' or 'not', not 'some'"),
        ("any", "@none@", "there is no part or list 'none'"),
        ("any", "(a", "is broken"),
    ],
)
def test_a_broken_rule(reads: str, pattern: str, message: str) -> None:
    """File and line are named."""
    with pytest.raises(ValueError, match=f"rules.tsv, line 7: .*{message}"):
        compile_rule(reads, pattern, {}, "rules.tsv, line 7")


def test_parts() -> None:
    assert expand("@a@ and @b@", {"a": "x", "b": "(?:y)"}) == "x and (?:y)"
    assert all(file.is_file() for file in RULE_FILES)

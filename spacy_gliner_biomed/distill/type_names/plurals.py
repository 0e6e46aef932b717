"""The singular of a type's name, by rules: "Adverse drug events" → "adverse drug event", "genes and proteins" → "gene and protein".

The plurals of `label_sets` come first; then irregular ones; then endings. What only looks like a plural (diabetes, analysis,
genetics) is listed or has an ending of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict

from .spelling import tidy

_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "analyses:analysis diagnoses:diagnosis hypotheses:hypothesis metastases:metastasis prostheses:prosthesis "
        "syntheses:synthesis crises:crisis prognoses:prognosis theses:thesis stenoses:stenosis thromboses:thrombosis "
        "necroses:necrosis psychoses:psychosis neuroses:neurosis parentheses:parenthesis axes:axis testes:testis "
        "bacteria:bacterium criteria:criterion phenomena:phenomenon mitochondria:mitochondrion ova:ovum sera:serum "
        "nuclei:nucleus loci:locus fungi:fungus stimuli:stimulus foci:focus bronchi:bronchus bacilli:bacillus "
        "vertebrae:vertebra larvae:larva indices:index appendices:appendix matrices:matrix vertices:vertex ganglia:ganglion "
        "children:child men:man women:woman mice:mouse feet:foot teeth:tooth people:person leaves:leaf lives:life "
        "halves:half knives:knife taxa:taxon stomata:stoma carcinomata:carcinoma movies:movie calories:calorie ties:tie "
        "viruses:virus retroviruses:retrovirus foetuses:foetus fetuses:fetus sinuses:sinus boluses:bolus thymuses:thymus "
        "statuses:status pluses:plus biases:bias gases:gas buses:bus lenses:lens caches:cache aches:ache headaches:headache "
        "quizzes:quiz"
    ).split()
)
_NO_PLURALS = frozenset(
    "species series diabetes herpes rabies scabies caries measles mumps pancreas biceps triceps forceps faeces feces menses "
    "ascites shingles news lens alias bias gas bus plus atlas canvas christmas texas always perhaps whereas its this".split()
)
_NO_PLURAL_ENDINGS = ("ss", "us", "is", "ics", "itis", "ous", "'s", "\u2019s")
_JOINS = re.compile(r"(\s*(?:,|/|;|\band\b|\bor\b|\bversus\b|\bvs\b)\s*)")
_PREPOSITION = re.compile(r"\s(?:of|in|for|with|from|by|to|on|at|under|during|between|per|that|used|related|associated)\s")


@lru_cache(maxsize=1)
def known_plurals() -> Dict[str, str]:
    """RETURNS (dict): plural in lower case → label, tidied, of `label_sets`."""
    from ...label_sets import load_wordings

    return {
        wording.plural.casefold(): tidy(wording.label)
        for wording in load_wordings().values()
        if wording.plural.casefold() != wording.label.casefold()
    }


@lru_cache(maxsize=1 << 16)
def singular(name: str) -> str:
    """Put a type's name in the singular.

    name (str): in lower case, but for abbreviations.
    RETURNS (str): the head noun of each part joined by "and", "or", a comma or a slash in the singular; the head noun is the last
        word, or the last before a preposition.
    """
    known = known_plurals().get(name.casefold())
    if known is not None:
        return known
    preposition = _PREPOSITION.search(name)
    head, rest = (name[: preposition.start()], name[preposition.start() :]) if preposition else (name, "")
    pieces = _JOINS.split(head)
    pieces[::2] = [_last_word_singular(piece) for piece in pieces[::2]]
    return "".join(pieces) + rest


def singular_word(word: str) -> str:
    """RETURNS (str): the singular of one word; the word itself where it is none, or has none."""
    low = word.casefold()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if len(word) < 4 or low in _NO_PLURALS or not low.endswith("s") or low.endswith(_NO_PLURAL_ENDINGS):
        return word
    if word[:-1].isupper() and word[-1] == "s":  # RNAs
        return word[:-1]
    if not word.islower():
        return word
    if low.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if low.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    if low.endswith("uses") and not low.endswith(("auses", "ouses", "buses", "nurses")):
        return word[:-2] if low.endswith(("ruses", "tuses", "nuses", "muses")) else word[:-1]
    return word[:-1]


def _last_word_singular(piece: str) -> str:
    match = re.search(r"([^\W_]+)(\W*)$", piece)
    if match is None:
        return piece
    return piece[: match.start()] + singular_word(match[1]) + match[2]

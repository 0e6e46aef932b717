"""What the drug of a label is called: its name, and by which others it goes, by set id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple
from xml.etree.ElementTree import Element

from .base import Reading
from .report import Report
from .xml_text import text_of

_ACTIVE = ("ACTIB", "ACTIM", "ACTIR", "ACTI")  # class codes of ingredients that act; the others are fillers
_PRODUCTS = frozenset({"manufacturedProduct", "manufacturedMedicine", "partProduct", "partMedicine"})
_LONGEST = 200


@dataclass(frozen=True)
class DrugNames:
    """The names on a label.

    set_id (str): which label.
    name (str): the first product's name, as on the package.
    synonyms (tuple): other products' names, generic names, active ingredients and their active parts, each once.
    """

    set_id: str
    name: str
    synonyms: Tuple[str, ...]


def read_drug_names(path: Path, report: Optional[Report] = None) -> Iterator[DrugNames]:
    """Read the names of the drugs in SPL files.

    path (Path): a file (.xml, .zip, a zip of zips) or a folder of them.
    report (Report): takes what is broken.
    YIELDS (DrugNames): one for each label that names a product.
    RAISES (FileNotFoundError): where there is nothing.
    """
    from .dailymed import labels

    for record in labels(Path(path), Reading("dailymed", {}, Report() if report is None else report)):
        found = names_of(record.element)
        if found.name:
            yield found


def names_of(label: Element) -> DrugNames:
    """RETURNS (DrugNames): the names on a label; all empty where it names no product."""
    names: Dict[str, str] = {}

    def add(found: Optional[Element]) -> None:
        name = text_of(found)
        if name and len(name) <= _LONGEST:
            names.setdefault(name.casefold(), name)

    for product in _products(label):
        add(product.find("name"))
        for generic in product.findall("asEntityWithGeneric/genericMedicine/name"):
            add(generic)
        for ingredient in product.findall("ingredient"):
            if ingredient.get("classCode") in _ACTIVE:
                for name in ingredient.findall("ingredientSubstance/name"):
                    add(name)
                for part in ingredient.findall("ingredientSubstance/activeMoiety/activeMoiety/name"):
                    add(part)
        for name in product.findall("activeIngredient/activeIngredientSubstance/name"):  # files before 2009
            add(name)
    first, *others = names.values() or [""]
    return DrugNames(set_id_of(label), first, tuple(others))


def title_of(label: Element) -> str:
    """RETURNS (str): the first product's name; the label's own title where it names none."""
    for product in _products(label):
        name = text_of(product.find("name"))
        if name:
            return name
    return text_of(label.find("title"))


def set_id_of(label: Element) -> str:
    """RETURNS (str): a label's set id in lower case, as it stands there; it must be checked before it is used."""
    found = label.find("setId")
    return re.sub(r"\s+", "", "" if found is None else found.get("root", "")).lower()


def _products(label: Element) -> Iterator[Element]:
    """YIELDS (Element): the products, the parts of kits among them, in the order of the file."""
    return (element for element in label.iter() if element.tag in _PRODUCTS)

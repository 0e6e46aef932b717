"""Types: the mapping and its file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.type_names import Becomes, build_mapping, read_mapping, write_mapping

COUNTS = Counter({"Drug": 5, "drugs": 4, "DRUG": 1, "Side-Effect": 3, "side effects": 2, "gene": 7})


def test_case_plural_and_hyphens() -> None:
    """All spellings of a type become one, the most frequent's."""
    mapping = build_mapping(COUNTS)
    assert {name: each.name for name, each in mapping.items()} == {
        "gene": "gene",
        "Drug": "drug",
        "drugs": "drug",
        "Side-Effect": "side-effect",
        "side effects": "side-effect",
        "DRUG": "drug",
    }
    assert [mapping[name].why for name in ("gene", "Drug", "drugs")] == ["", "case", "plural"]


def test_a_person_edits_the_file(tmp_path: Path) -> None:
    """What a person wrote is kept, new types are added, and what was left out stays out."""
    path = tmp_path / "types.tsv"
    write_mapping(path, build_mapping(COUNTS), COUNTS)
    text = path.read_text(encoding="utf-8")
    text = text.replace("gene\tgene\t", "gene\tgene or protein\t").replace("DRUG\tdrug\t", "DRUG\t\t")
    path.write_text(text, encoding="utf-8")
    more = COUNTS + Counter({"Genes or proteins": 9})
    mapping = build_mapping(more, known=read_mapping(path))
    assert mapping["gene"].name == "gene or protein" and mapping["DRUG"].name == ""
    assert mapping["Genes or proteins"].name == "gene or protein"
    write_mapping(path, mapping, more)
    kept = {name: each if each.why or each.name else Becomes("", "left out") for name, each in mapping.items()}
    assert read_mapping(path) == kept


def test_a_new_spelling_follows_what_was_decided(tmp_path: Path) -> None:
    """Also where a type was renamed or left out: then the file that is written can be read again."""
    path = tmp_path / "types.tsv"
    path.write_text("type\tbecomes\nremedy\tdrug\nmisc\t\nSigns\tfinding\nx\tgenes\ny\tmy_type\nDRUG\t\n", encoding="utf-8")
    counts = Counter(["Remedies", "remedy", "Misc", "sign", "Genes", "drugs", "my_type", "device"])
    mapping = build_mapping(counts, known=read_mapping(path))
    assert {name: mapping[name] for name in counts} == {
        "Remedies": Becomes("drug", "plural"),
        "remedy": Becomes("drug", ""),
        "Misc": Becomes("", "left out"),
        "sign": Becomes("finding", "plural"),
        "Genes": Becomes("genes", "case"),
        "drugs": Becomes("drug", "plural"),
        "my_type": Becomes("my_type", ""),
        "device": Becomes("device", ""),
    }
    write_mapping(path, mapping, counts)
    assert {name: each.name for name, each in read_mapping(path).items()} == {name: each.name for name, each in mapping.items()}


def test_further_columns_are_kept(tmp_path: Path) -> None:
    """A person's notes; a text that is under no column is refused rather than lost."""
    path = tmp_path / "types.tsv"
    path.write_text("type\tnote\tbecomes\ngene\tas Ann said\tgene\nDrug\t\tdrug\t\n", encoding="utf-8")
    write_mapping(path, build_mapping({"cell": 1}, known=read_mapping(path)), {"gene": 2, "cell": 1})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["type\tbecomes\tmentions\twhy\tnote", "cell\tcell\t1\t\t"] and "gene\tgene\t2\t\tas Ann said" in lines
    assert read_mapping(path)["gene"].more == (("note", "as Ann said"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type\tbecomes\na\tb\tmy note\n", "line 2: there is a text under no column"),
        ("type\tname\na\tb\n", "line 1: the mapping lacks the column 'becomes'"),
        ("type\tbecomes\na\tb\na\tc\n", "line 3: the type 'a' is there twice, first in line 2"),
        ("type\tbecomes\na\tb\nb\tc\n", "line 2: 'a' becomes 'b', which becomes 'c' in line 3; write 'c' in both"),
        ("type\tbecomes\n\tb\n", "line 2: the column 'type' is empty"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """File, line and the way out."""
    path = tmp_path / "types.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_mapping(path)


@given(st.dictionaries(st.text(min_size=1, max_size=8).filter(str.strip), st.integers(1, 5), max_size=6))
def test_any_type_survives_the_file(tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int]) -> None:
    """Tabs, quotes and line ends in a type come back, and making the mapping again changes nothing."""
    path = tmp_path_factory.mktemp("mapping") / "types.tsv"
    mapping = build_mapping(counts)
    write_mapping(path, mapping, counts)
    again = build_mapping(counts, known=read_mapping(path))
    assert {name: each.name for name, each in again.items()} == {
        name: " ".join(each.name.split()) for name, each in mapping.items()
    }

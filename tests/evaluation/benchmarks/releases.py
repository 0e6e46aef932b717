"""Small releases of our own writing, laid out and written as the true ones are."""

from __future__ import annotations

import json
from pathlib import Path


def write(path: Path, text: str) -> Path:
    """RETURNS (Path): a file with this text, line ends as given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    return path


def pubtator(document: str, title: str, abstract: str, *mentions: tuple[str, str], after: str = "") -> str:
    """RETURNS (str): a document in PubTator format; each mention is words and type, taken where the words first stand."""
    text = f"{title} {abstract}"
    lines = [f"{document}|t|{title}", f"{document}|a|{abstract}"]
    for words, kind in mentions:
        start = text.index(words)
        lines.append(f"{document}\t{start}\t{start + len(words)}\t{words}\t{kind}\tD000001")
    return "\n".join(lines) + "\n" + after + "\n"


def ncbi_disease(folder: Path) -> Path:
    """The three files of the NCBI Disease corpus; train holds one document twice, as the true one does."""
    twice = pubtator("8528200", "Ataxia in mice.", "The ataxia gene was found.", ("Ataxia", "SpecificDisease"))
    train = "\n" + pubtator(  # the true files begin with a blank line
        "10192393",
        "A common tumour suppressor.",
        "It is lost in colon cancer and other cancers, as in colorectal and gastric cancer.",
        ("colon cancer", "SpecificDisease"),
        ("cancers", "DiseaseClass"),
        ("colorectal and gastric cancer", "CompositeMention"),
        ("tumour", "Modifier"),
    )
    write(folder / "NCBItrainset_corpus.txt", train + twice + twice)
    write(folder / "NCBIdevelopset_corpus.txt", pubtator("1", "Gout.", "Rare.", ("Gout", "SpecificDisease")))
    write(folder / "NCBItestset_corpus.txt", pubtator("2", "Fever.", "Common.", ("Fever", "DiseaseClass")))
    return folder


def bc5cdr(folder: Path) -> Path:
    """The three PubTator files of BC5CDR, inside the folders of their archive, with relations after the mentions."""
    for part, number in (("Training", "11"), ("Development", "12"), ("Test", "13")):
        text = pubtator(
            number,
            "Lithium and tremor.",
            "Naloxone helped.",
            ("Lithium", "Chemical"),
            ("tremor", "Disease"),
            ("Naloxone", "Chemical"),
            after=f"{number}\tCID\tD008094\tD014202\n",
        )
        write(folder / "CDR_Data" / "CDR.Corpus.v010516" / f"CDR_{part}Set.PubTator.txt", text)
    return folder


def biored(folder: Path) -> Path:
    """BioRED: train in PubTator beside its BioC copies, dev in BioC JSON alone, test in BioC XML alone."""
    relation = "21\tPositive_Correlation\t1\t2\tNovel\n"
    train = pubtator(
        "21",
        "TP53 in HeLa cells of patients.",
        "The p.V600E variant causes melanoma under cisplatin.",
        ("TP53", "GeneOrGeneProduct"),
        ("HeLa", "CellLine"),
        ("patients", "OrganismTaxon"),
        ("p.V600E", "SequenceVariant"),
        ("melanoma", "DiseaseOrPhenotypicFeature"),
        ("cisplatin", "ChemicalEntity"),
        after=relation,
    )
    write(folder / "BIORED" / "Train.PubTator", train)
    write(folder / "BIORED" / "Train.BioC.JSON", json.dumps(_bioc("99", "GeneOrGeneProduct")))
    write(folder / "BIORED" / "Dev.BioC.JSON", json.dumps(_bioc("22", "GeneOrGeneProduct")))
    write(
        folder / "BIORED" / "Test.BioC.XML",
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
        "<collection><source>PubTator</source><date></date><key></key><document><id>23</id>"
        '<passage><infon key="type">title</infon><offset>0</offset><text>TP53 rules.</text>'
        '<annotation id="1"><infon key="type">GeneOrGeneProduct</infon><location offset="0" length="4"/>'
        "<text>TP53</text></annotation></passage></document></collection>",
    )
    return folder


def _bioc(document: str, kind: str) -> dict:
    annotation = {
        "id": "0",
        "infons": {"identifier": "7157", "type": kind},
        "text": "TP53",
        "locations": [{"offset": 0, "length": 4}],
    }
    passage = {
        "offset": 0,
        "infons": {"type": "title"},
        "text": "TP53 rules.",
        "sentences": [],
        "annotations": [annotation],
        "relations": [],
    }
    return {
        "source": "PubTator",
        "date": "",
        "key": "BioC.key",
        "infons": {},
        "documents": [{"id": document, "infons": {}, "passages": [passage], "annotations": [], "relations": []}],
    }


def chia(folder: Path, n_trials: int = 10) -> Path:
    """CHIA with scope: inclusion and exclusion criteria of each trial, some offsets off, some mentions over two lines."""
    folder = folder / "chia_with_scope"
    for number in range(n_trials):
        trial = f"NCT{number:08}"
        write(folder / f"{trial}_inc.txt", "Adults over 18 years\nNo known allergy to aspirin \nwithin 3 months of surgery\n")
        write(
            folder / f"{trial}_inc.ann",
            "T1\tPerson 0 6\tAdults\n"
            "T2\tValue 9 22\tover 18 years\n"  # two too far to the right: "over 18 years" is at 7
            "T3\tNegation 21 23\tNo\n"
            "T4\tCondition 30 37\tallergy\n"
            "T5\tScope 30 65\tallergy to aspirin \nwithin 3 months\n"
            "T6\tReference_point 71 78\tsurgery\n"
            "T7\tNon-query-able 0 20\tAdults over 18 years\n"
            "T8\tDrug 41 49\taspirin \n"
            "T9\tQualifier 24 29;38 40\tknown to\n"
            "R1\tHas_value Arg1:T1 Arg2:T2\t\n"
            "*\tOR T1 T4\n"
            "#1\tAnnotatorNotes T1\tan adult\n",
        )
        write(folder / f"{trial}_exc.txt", "Pregnant women.")
        write(folder / f"{trial}_exc.ann", "")
    return folder


def biomed_ner(folder: Path, n_rows: int = 20) -> Path:
    """biomed_NER's rows as a JSON Lines file, with its variants of class names and its defects."""
    text = "Weed seeds in Peru treat asthma."
    entities = [
        {"start": 0, "end": 4, "class": "ORGANISMS "},
        {"start": 5, "end": 10, "class": "PRODUCTS"},
        {"start": 14, "end": 19, "class": "GEOGRAPHICAL AREAS"},  # one blank too many
        {"start": 25, "end": 31, "class": "FINDINGS/PHENOTYPES"},
        {"start": 20, "end": 25, "class": "Unlabelled"},
        {"start": 25, "end": 40, "class": "DISORDERS"},  # leaves the text
    ]
    rows = [json.dumps({"text": text, "entities": entities}) for _ in range(n_rows)]
    write(folder / "biomed_NER.jsonl", "\n".join(rows) + "\n")
    return folder


def cadec(folder: Path, n_posts: int = 20) -> Path:
    """CADEC v2: texts and annotations in two folders, posts called after the drug; MedDRA's copies lie beside them."""
    folder = folder / "CADEC.v2" / "cadec"
    for number in range(1, n_posts + 1):
        name = f"LIPITOR.{number}"
        write(folder / "text" / f"{name}.txt", "Lipitor gave me muscle pain and\nterrible cramps in legs and arms.\n")
        write(
            folder / "original" / f"{name}.ann",
            "T1\tDrug 0 7\tLipitor\n"
            "T2\tADR 16 27\tmuscle pain\n"
            "#1\tAnnotatorNotes T2\tMyalgia\n"
            "T3\tADR 41 55;60 64\tcramps in legs arms\n"
            "T4\tSymptom 16 22\tmuscle\n",
        )
        write(folder / "meddra" / f"{name}.ann", "TT1\t10028411 16 27\tmuscle pain\n")
    return folder


def n2c2(folder: Path, n_notes: int = 20) -> Path:
    """n2c2 2018 track 2: one folder a part; a line end inside a mention parts it, as BRAT writes it."""
    notes = [("training_20180910", number) for number in range(100035, 100035 + n_notes)]
    for place, number in [*notes, ("gold-standard-test-data/test", 102027)]:
        write(folder / place / f"{number}.txt", "He took warfarin 5 mg PO daily for paroxysmal\natrial fibrillation.\n")
        write(
            folder / place / f"{number}.ann",
            "T1\tDrug 8 16\twarfarin\n"
            "T2\tStrength 17 21\t5 mg\n"
            "R1\tStrength-Drug Arg1:T2 Arg2:T1\n"
            "T3\tRoute 22 24\tPO\n"
            "T4\tFrequency 25 30\tdaily\n"
            "T5\tReason 35 45;46 65\tparoxysmal atrial fibrillation\n"
            "T6\tDuration 8 16;25 30\twarfarin daily\n",
        )
    return folder


TAC_LABEL = """<?xml version="1.0" encoding="UTF-8"?>
<Label drug="{drug}" track="TAC2017_ADR">
  <Text>
    <Section name="adverse reactions" id="S1">
    Severe nausea &amp; vomiting
    were seen in rats, not in adults.
</Section>
    <Section name="boxed warnings" id="S2">   </Section>
    <Section name="warnings and precautions" id="S3">NSAIDs may cause ulcers.</Section>
  </Text>
  <Mentions>
    <Mention id="M1" section="S1" type="Severity" start="5" len="6" str="Severe" />
    <Mention id="M2" section="S1" type="AdverseReaction" start="12" len="6" str="nausea" />
    <Mention id="M3" section="S1" type="AdverseReaction" start="5,21" len="6,8" str="Severe vomiting" />
    <Mention id="M4" section="S1" type="Animal" start="47" len="4" str="rats" />
    <Mention id="M5" section="S1" type="Negation" start="53" len="3" str="not" />
    <Mention id="M6" section="S3" type="DrugClass" start="0" len="6" str="NSAIDs" />
    <Mention id="M7" section="S3" type="Factor" start="7" len="3" str="may" />{more}
  </Mentions>
  <Relations>
    <Relation id="RL1" type="Effect" arg1="M2" arg2="M1" />
  </Relations>
  <Reactions>
    <Reaction id="AR1" str="nausea"><Normalization id="AR1.N1" meddra_pt="Nausea" meddra_pt_id="10028813" /></Reaction>
  </Reactions>
</Label>
"""


def tac(folder: Path, n_labels: int = 20, more: str = "") -> Path:
    """TAC 2017: a drug label a file; one section is blank, one mention in pieces."""
    for number in range(n_labels):
        write(folder / "train_xml" / f"DRUG{number}.xml", TAC_LABEL.format(drug=f"DRUG{number}", more=more))
    write(folder / "gold_xml" / "ACTEMRA.xml", TAC_LABEL.format(drug="ACTEMRA", more=more))
    return folder

"""The eight benchmarks of the GLiNER-BioMed paper (arXiv 2504.00676, section on benchmarks; label strings as its scripts
`create_*_splits.py` give them to the model)."""

from __future__ import annotations

from typing import Dict

from .entry import FREE, GATED, TERMS, Benchmark, Share

NCBI_DISEASE = Benchmark(
    name="ncbi_disease",
    title="NCBI Disease",
    text="PubMed abstracts",
    homepage="https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
    licence="public domain (NCBI)",
    access=FREE,
    get="Download NCBItrainset_corpus.zip, NCBIdevelopset_corpus.zip and NCBItestset_corpus.zip and unpack them into one folder.",
    reader="pubtator",
    sources={
        "train": ("NCBItrainset_corpus.txt",),
        "dev": ("NCBIdevelopset_corpus.txt",),
        "test": ("NCBItestset_corpus.txt",),
    },
    splits={"train": Share("train"), "dev": Share("dev"), "test": Share("test")},
    renames={
        "SpecificDisease": "Disease",
        "DiseaseClass": "Disease",
        "CompositeMention": "Disease",
        "Modifier": "Disease",
    },
    differs="Whole abstracts with their own offsets, where the paper reads the sentences and tokens of a data hub's copy.",
)

BC5CDR = Benchmark(
    name="bc5cdr",
    title="BC5CDR (BioCreative V chemical-disease relations)",
    text="PubMed abstracts",
    homepage="https://biocreative.bioinformatics.udel.edu/tasks/biocreative-v/track-3-cdr/",
    licence="public domain (NCBI)",
    access=FREE,
    get="Download CDR_Data.zip and unpack it.",
    reader="pubtator",
    sources={
        "train": ("CDR_TrainingSet.PubTator.txt",),
        "dev": ("CDR_DevelopmentSet.PubTator.txt",),
        "test": ("CDR_TestSet.PubTator.txt",),
    },
    splits={"train": Share("train"), "dev": Share("dev"), "test": Share("test")},
    renames={"Chemical": "Chemical", "Disease": "Disease"},
    differs="Whole abstracts with their own offsets, where the paper reads the sentences and tokens of a data hub's copy.",
)

BIORED = Benchmark(
    name="biored",
    title="BioRED",
    text="PubMed abstracts",
    homepage="https://ftp.ncbi.nlm.nih.gov/pub/lu/BioRED/",
    licence="made by NCBI, no restriction stated",
    access=FREE,
    get="Download BIORED.zip and unpack it.",
    reader="any",
    sources={
        "train": ("Train.PubTator", "Train.BioC.JSON", "Train.BioC.XML"),
        "dev": ("Dev.PubTator", "Dev.BioC.JSON", "Dev.BioC.XML"),
        "test": ("Test.PubTator", "Test.BioC.JSON", "Test.BioC.XML"),
    },
    splits={"train": Share("train"), "dev": Share("dev"), "test": Share("test")},
    renames={
        "SequenceVariant": "Sequence variant",
        "GeneOrGeneProduct": "Gene or gene product",
        "CellLine": "Cell line",
        "ChemicalEntity": "Chemical entity",
        "DiseaseOrPhenotypicFeature": "Disease or phenotype",
        "OrganismTaxon": "Organism",
    },
    differs="A label's absence is counted under its new name; the paper's rows list the raw names as absent.",
)

CHIA = Benchmark(
    name="chia",
    title="CHIA",
    text="eligibility criteria of clinical trials",
    homepage="https://doi.org/10.6084/m9.figshare.11855817",
    licence="CC BY 4.0",
    access=FREE,
    get=(
        "Download chia_with_scope.zip (the files without scope lack one of the 16 labels) and unpack it into a folder "
        "chia_with_scope."
    ),
    reader="chia",
    sources={"all": ("chia_with_scope",)},
    splits={"train": Share("all", 0, 80), "dev": Share("all", 80, 90), "test": Share("all", 90, 100)},
    renames={
        name: name.replace("_", " ")
        for name in (
            "Qualifier",
            "Temporal",
            "Drug",
            "Negation",
            "Multiplier",
            "Condition",
            "Mood",
            "Measurement",
            "Procedure",
            "Device",
            "Scope",
            "Value",
            "Observation",
            "Reference_point",
            "Visit",
            "Person",
        )
    },
    others_left_out=True,  # notes of the annotators about the criterion as a whole: Non-query-able, Parsing_Error, …
    paper_policy="fragments",
    differs="Cut by trial, so that a trial's inclusion and exclusion criteria stay on one side; the paper cuts by file.",
)

BIOMED_NER = Benchmark(
    name="biomed_ner",
    title="biomed_NER (Knowledgator)",
    text="PubMed abstracts, drug descriptions, patents",
    homepage="https://huggingface.co/datasets/knowledgator/biomed_NER",
    licence="as stated on its data card",
    access=FREE,
    get=(
        "Download the data set's rows as biomed_NER.jsonl (for example with "
        "datasets.load_dataset('knowledgator/biomed_NER', split='train').to_json('biomed_NER.jsonl'))."
    ),
    reader="biomed_ner",
    sources={"all": ("biomed_NER.jsonl", "biomed_NER.json", "biomed_ner.jsonl", "biomed_ner.json")},
    splits={"train": Share("all", 0, 80), "dev": Share("all", 80, 90), "test": Share("all", 90, 100)},
    renames={
        "CHEMICALS": "Chemical",
        "CLINICAL DRUG": "Drug",
        "BODY SUBSTANCE": "Body substance",
        "ANATOMICAL STRUCTURE": "Anatomical structure",
        "CELLS AND THEIR COMPONENTS": "Cell or cell component",
        "GENE AND GENE PRODUCTS": "Gene or gene product",
        "INTELLECTUAL PROPERTY": "Intellectual property",
        "LANGUAGE": "Language",
        "REGULATION OR LAW": "Regulation or law",
        "GEOGRAPHICAL AREAS": "Geographical area",
        "ORGANISM": "Organism",
        "GROUP": "Group",
        "PERSON": "Person",
        "ORGANIZATION": "Organization",
        "PRODUCT": "Product",
        "LOCATION": "Location",
        "PHENOTYPE": "Phenotype",
        "DISORDER": "Disorder",
        "SIGNALING MOLECULES": "Signaling molecule",
        "EVENT": "Event",
        "MEDICAL PROCEDURE": "Medical procedure",
        "ACTIVITY": "Activity",
        "FUNCTION": "Function",
        "MONEY": "Money",
        "FINDINGS/PHENOTYPES": "Finding",
        # Variants that occur in the rows but not on the data card; "ORGANISMS " differs by a blank only
        "PRODUCTS": "Product",
        "GENES": "Gene or gene product",
        "ORGANIZATIONS": "Organization",
        "EVENTS": "Event",
        "ORGANISMS": "Organism",
        "INTELLECTUAL": "Intellectual property",
        "LOCATIONS": "Location",
        "DISORDERS": "Disorder",
    },
    left_out=("Unlabelled",),
)

CADEC = Benchmark(
    name="cadec",
    title="CADEC v2",
    text="posts of patients in a medical forum",
    homepage="https://data.csiro.au/collection/csiro:10948",
    licence="CSIRO Data Licence",
    access=TERMS,
    get="Download CADEC.v2.zip and unpack it; its folders cadec/text and cadec/original are read.",
    reader="cadec",
    sources={"all": ("cadec", ".")},
    splits={"train": Share("all", 0, 70), "dev": Share("all", 70, 85), "test": Share("all", 85, 100)},
    renames={
        "Disease": "Disease",
        "ADR": "Adverse drug event",
        "Drug": "Drug",
        "Symptom": "Symptom",
        "Finding": "Finding",
    },
    differs="The split is settled; the paper's own depends on the order of a set of strings and differs from run to run.",
)

N2C2 = Benchmark(
    name="n2c2",
    title="n2c2 2018 track 2 (adverse drug events and medication)",
    text="discharge summaries of MIMIC-III",
    homepage="https://portal.dbmi.hms.harvard.edu/projects/n2c2-nlp/",
    licence="n2c2 data use agreement",
    access=GATED,
    get=(
        "Apply at the DBMI portal, download training_20180910.zip and gold-standard-test-data.zip of 2018 track 2, and unpack "
        "each into a folder of that name."
    ),
    reader="brat",
    sources={"train": ("training_20180910", "train"), "test": ("gold-standard-test-data", "test")},
    splits={"train": Share("train", 0, 90), "dev": Share("train", 90, 100), "test": Share("test")},
    renames={
        "Form": "Drug form",
        "ADE": "Adverse drug event",
        "Duration": "Treatment duration",
        "Dosage": "Drug dosage",
        "Frequency": "Frequency of drug administration",
        "Drug": "Drug",
        "Route": "Drug administration route",
        "Reason": "Reason for drug prescription",
        "Strength": "Drug strength",
    },
    paper_policy="hull",
    differs="dev is a tenth of the training notes; the paper's was put together by hand and is not described.",
)

TAC = Benchmark(
    name="tac",
    title="TAC 2017 adverse drug reactions",
    text="sections of FDA drug labels",
    homepage="https://bionlp.nlm.nih.gov/tac2017adversereactions/",
    licence="public (drug labels of the FDA, annotated by the National Library of Medicine)",
    access=FREE,
    get="Download train_xml.tar.gz and gold_xml.tar.gz and unpack them.",
    reader="tac",
    sources={"train": ("train_xml",), "test": ("gold_xml",)},
    splits={"train": Share("train", 0, 90), "dev": Share("train", 90, 100), "test": Share("test")},
    renames={
        "AdverseReaction": "Adverse drug event",
        "Severity": "Adverse drug event severity",
        "Factor": "Adverse drug event contextual modifier",
        "DrugClass": "Drug class",
        "Negation": "Adverse drug event negation cue",
        "Animal": "Animal model",
    },
    differs="train and dev are settled; the paper's depend on the order in which a folder is listed.",
)

BENCHMARKS: Dict[str, Benchmark] = {
    entry.name: entry for entry in (NCBI_DISEASE, BC5CDR, BIORED, CHIA, BIOMED_NER, CADEC, N2C2, TAC)
}

"""The file names of a model folder, GLiNER's and ours."""

from __future__ import annotations

GLINER_CONFIG = "gliner_config.json"
SAFETENSORS = "model.safetensors"
PICKLED = "pytorch_model.bin"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
VOCABULARY = "vocab.txt"
SENTENCEPIECE = "spm.model"
LABELS_FOLDER = "labels_tokenizer/"
TRAINING = "spacy_gliner_biomed.json"
SUMS = "SHA256SUMS"

# Not GLiNER's: where a user may put an encoder's own config.json when gliner_config.json doesn't hold it.
ENCODER_CONFIG = "encoder_config.json"
LABELS_ENCODER_CONFIG = "labels_encoder_config.json"

SMALL_FILES = (
    GLINER_CONFIG,
    TRAINING,
    ENCODER_CONFIG,
    LABELS_ENCODER_CONFIG,
    *(f"{folder}{name}" for folder in ("", LABELS_FOLDER) for name in (TOKENIZER, TOKENIZER_CONFIG, VOCABULARY)),
)
HUB_FILES = (*SMALL_FILES, "config.json")  # the last for encoders that become a model of ours

"""How large anything in a model folder may be. Every reader takes its bound from here.

The bounds leave room above the largest published model (2.3 GB, 24 layers, hidden size 1024, 250,000 sub-words) and
stop a hostile folder long before it fills the memory.
"""

from __future__ import annotations

MIB = 1024 * 1024

CONFIG_BYTES = 4 * MIB  # gliner_config.json, config.json, tokenizer_config.json, spacy_gliner_biomed.json
TOKENIZER_BYTES = 64 * MIB  # tokenizer.json, vocab.txt
WEIGHTS_BYTES = 8 * 1024 * MIB  # model.safetensors, pytorch_model.bin
HEADER_BYTES = 8 * MIB  # the JSON header of a safetensors file, the pickle inside a pytorch_model.bin
TENSORS = 10_000
DIMENSIONS = 8  # of one tensor

LAYERS = 64
HIDDEN = 8192
INTERMEDIATE = 4 * HIDDEN
VOCABULARY = 1_000_000
POSITIONS = 65_536
TOKEN_TYPES = 64
RNN_LAYERS = 4
SPAN_WIDTH = 256  # max_width, in words
WINDOW = 65_536  # max_len, in words
TOKEN_LENGTH = 64  # ent_token and sep_token, in characters
TEXT_GROWTH = 1000  # how many times longer a tokenizer's normalisers may make a text
STEPS = 64  # normalisers and pre-tokenizers of a tokenizer
PATTERN_LENGTH = 2000  # of a regular expression in a tokenizer, in characters

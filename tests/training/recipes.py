"""A recipe on a tiny encoder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

RECIPE = """
[model]
encoder = "{encoder}"
kind = "bi"
hidden_size = 8
max_width = 4
max_len = 24
dropout = 0.0
attention_dropout = 0.0

[[sources]]
path = "train.jsonl"

[stream]
batch_words = 20

[dev]
path = "train.jsonl"

[loss]
reduction = "mean"

[training]
steps = 4
learn_rate = 0.003
encoder_learn_rate = 0.001
warmup = 0.5
schedule = "cosine"
dropout = 0.0
clip = 0.5
mixed_precision = false
device = "cpu"
log_every = 1
evaluate_every = 2
checkpoint_every = 2
"""


def recipe_file(folder: Path, workshop: Path) -> Path:
    """RETURNS (Path): the recipe, its encoder in `workshop` without dropout."""
    encoder = shutil.copytree(workshop / "encoder", folder / "encoder")
    config = json.loads((encoder / "config.json").read_text(encoding="utf-8"))
    (encoder / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": 0.0}), encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(encoder=encoder), encoding="utf-8")
    return path

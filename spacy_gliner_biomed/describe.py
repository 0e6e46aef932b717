"""What a model folder says about itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Optional

LONG_LIST = 100  # labels of one corpus that are named; of more, only their number is told


def describe(model: str = "mini", revision: Optional[str] = None, all_labels: bool = True) -> Dict[str, Any]:
    """Load a model and sum it up.

    model (str): `mini`, a model folder or a Hub id.
    revision (str): branch, tag or commit of a Hub id.
    all_labels (bool): name every label; without, a corpus with more than `LONG_LIST` of them tells their number.
    RETURNS (dict): `model`, `revision`, `parameters` (their number; tied ones count once), `config` and `card`, all
        ready for JSON.
    RAISES (CheckpointError): where the model cannot be loaded.
    """
    from . import checkpoint

    scorer = checkpoint.load(model, revision)
    card = scorer.card.to_dict()
    if not all_labels:
        card["labels"] = {
            corpus: labels if len(labels) <= LONG_LIST else f"{len(labels):,} labels; --all-labels names them"
            for corpus, labels in card["labels"].items()
        }
    return {
        "model": model,
        "revision": revision,
        "parameters": sum(parameter.numel() for parameter in scorer.module.parameters()),
        "config": asdict(scorer.config),
        "card": card,
    }

"""What a model folder says about itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Optional


def describe(model: str = "mini", revision: Optional[str] = None) -> Dict[str, Any]:
    """Load a model and sum it up.

    model (str): `mini`, a model folder or a Hub id.
    revision (str): branch, tag or commit of a Hub id.
    RETURNS (dict): `model`, `revision`, `parameters` (their number; tied ones count once), `config` and `card`, all
        ready for JSON.
    RAISES (CheckpointError): where the model cannot be loaded.
    """
    from . import checkpoint

    scorer = checkpoint.load(model, revision)
    return {
        "model": model,
        "revision": revision,
        "parameters": sum(parameter.numel() for parameter in scorer.module.parameters()),
        "config": asdict(scorer.config),
        "card": scorer.card.to_dict(),
    }

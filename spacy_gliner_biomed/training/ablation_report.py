"""The files that an ablation leaves: table, figures, picture."""

from __future__ import annotations

import json
from pathlib import Path

from ..annotate.output import text_file
from ..evaluation.run import envelope, typed_command
from .ablation_plot import draw_ablation
from .ablation_table import Results, ablation_markdown, ablation_table

FIGURES, TABLE, PICTURE = "ablation.json", "ablation.md", "ablation.svg"


def write_ablation(results: Results, folder: Path, note: str = "") -> str:
    """Write `ablation.json`, `ablation.md` and, once something can be compared, `ablation.svg`.

    results (dict): as for `ablation_table`; nothing is written while no training with everything is finished.
    note (str): a sentence above the table.
    RETURNS (str): the table.
    RAISES (ValueError, ImportError): as `ablation_table` and `draw_ablation`.
    """
    table = ablation_table(results)
    said = ablation_markdown(table, note)
    seconds = [result["seconds_training"] + result["seconds_measuring"] for result in results.values()]
    made = {**envelope("What each ingredient is worth", typed_command(), {"note": note}), **table, "seconds": sum(seconds)}
    with text_file(folder / FIGURES) as stream:
        json.dump(made, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
    with text_file(folder / TABLE) as stream:
        stream.write(said)
    if len(table["rows"]) > 1:
        draw_ablation(table, folder / PICTURE)
    return said

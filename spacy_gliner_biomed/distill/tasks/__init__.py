"""The seven post-training tasks: exercises that a model makes up about a passage, and the training rows that come of them."""

from __future__ import annotations

from typing import Dict

from . import conditional_ner, ner, open_matching, open_task, question_answering, relations, summarisation
from .task import Row, Tally, Task

#: The tasks by name, in the order of GLiNER-BioMed's `generate_multitask_data.py`.
TASKS: Dict[str, Task] = {
    module.TASK.name: module.TASK
    for module in (ner, conditional_ner, relations, question_answering, open_matching, summarisation, open_task)
}

__all__ = ["TASKS", "Row", "Tally", "Task", "task_named"]


def task_named(name: str) -> Task:
    """RETURNS (Task): the task. RAISES (ValueError): where there is none of that name."""
    if name not in TASKS:
        raise ValueError(f"There is no task '{name}'; use one of {', '.join(TASKS)}.")
    return TASKS[name]

"""`gliner-biomed few-shot`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from .evaluate import Policy
from .finetune import STEPS


def few_shot(
    model: str = typer.Argument("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    corpora: Path = typer.Option(
        ..., help="The folder that holds train/ and dev/, or one annotated file, whose documents are divided."
    ),
    out: Path = typer.Option(..., help="A folder for the report and for the runs, which a second call reads again."),
    train_part: str = typer.Option("train", help="The part of the folder to take examples from."),
    part: str = typer.Option("dev", help="The part of the folder to score."),
    only: List[str] = typer.Option([], help="A corpus of the scored part by name; all of them without. Repeatable."),
    label: List[str] = typer.Option([], help="A label to learn; all of a corpus without. Repeatable."),
    k: List[int] = typer.Option([1, 5, 10, 50], "--k", "-k", min=1, help="Examples a label. Repeatable."),
    seeds: int = typer.Option(5, min=1, help="Draws of examples for each k."),
    limit: int = typer.Option(0, min=0, help="Passages to score, evenly from the whole; 0 for all."),
    policy: Policy = typer.Option(Policy.drop, help="What becomes of mentions in several pieces."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    steps: Optional[int] = typer.Option(None, min=1, help="Updates of the weights.", show_default=STEPS),
    learn_rate: float = typer.Option(3e-4, min=0.0, help="Highest learning rate of the head."),
    encoder_learn_rate: float = typer.Option(5e-5, min=0.0, help="Highest learning rate of the encoders."),
    batch_words: int = typer.Option(600, min=1, help="Words a step, at most about."),
    replay: Optional[Path] = typer.Option(
        None, help="A folder of corpora with train/, to go on learning from beside the examples; the corpus at hand is left out."
    ),
    replay_share: float = typer.Option(0.3, min=0.01, max=0.99, help="Part of the words that is replayed."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1; cpu without."),
) -> None:
    """F1 with a few examples a label: fine-tune on k of them, several draws each, and score; resumable."""
    from ..evaluation.corpora import choose_corpora, corpora_at
    from ..evaluation.few_shot import FewShotSettings, run_few_shot, settings_of
    from ..evaluation.few_shot_corpora import FewShotCorpus, pair_corpora
    from ..evaluation.report import make_folder, write_report
    from ..evaluation.run import envelope, typed_command

    tests = corpora_at(corpora, part, only, policy.value)
    if (corpora / part).is_dir():
        pairs = pair_corpora(choose_corpora(corpora, train_part, (), policy.value), tests)
    else:
        pairs = [FewShotCorpus(corpus.name, corpus, corpus) for corpus in tests]
    make_folder(out)
    training = {
        "steps": steps,
        "learn_rate": learn_rate,
        "encoder_learn_rate": encoder_learn_rate,
        "batch_words": batch_words,
        **({"replay_share": replay_share} if replay is not None else {}),
    }
    settings = FewShotSettings(tuple(sorted(set(k))), seeds, tuple(label), limit, threshold, training)
    result = run_few_shot(model, pairs, out / "runs", settings, replay=replay, revision=revision, device=device)
    used = {**settings_of(settings), "policy": policy.value, "replay": None if replay is None else str(replay)}
    write_report({**envelope(f"Few-shot: {Path(model).name}", typed_command(), used), **result}, out)
    for mean in result["few_shot_gains"]:
        print(
            f"k={mean['k']}, {mean['kind']}: {100 * mean['f1']:.1f} after {100 * mean['f1_zero_shot']:.1f} "
            f"({100 * mean['gain']:+.1f}; {_mean_of(mean['n_corpora'])})"
        )


def _mean_of(n_corpora: int) -> str:
    return "one corpus" if n_corpora == 1 else f"mean of {n_corpora} corpora"

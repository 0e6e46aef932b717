"""The training loop: torch and tokenizers, no spaCy.

A step is one batch of the stream. It may be split over processes and over parts in time (`accumulate`); the gradients add up to
the batch's own, so neither changes what is learnt. Everything random depends on the seed and the step's number, so a training
that was killed goes on from its last checkpoint to the very weights it would have had (on a CPU; a GPU's sums may differ in
the last bit from one run to the next).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np
import torch

from .. import checkpoint
from ..scorer.card import TrainingCard
from ..scorer.loss import SpanLoss
from ..scorer.scorer import SpanScorer
from ..scorer.training import TrainingWindow, batch_loss, begin_training
from . import checkpoints
from .dev_set import DevScore, DevSet
from .identity import differences, model_identity, training_identity
from .log import Meter, TrainingLog
from .optimisation import Optimisation
from .processes import Processes, split_windows
from .sampling import TrainingStream
from .settings import LossSettings, TrainingSettings

LAST, BEST, CHECKPOINTS, LOG = "model-last", "model-best", "checkpoints", "log.jsonl"
_DROPOUT = 3  # what a random generator is for: part of its seed


@dataclass
class TrainingResult:
    """steps (int): updates made. best (DevScore): of the best evaluation, or None. folder (Path): where the models lie."""

    steps: int
    best: Optional[DevScore]
    best_step: int
    folder: Path


def train(
    scorer: SpanScorer,
    stream: TrainingStream,
    dev: Optional[DevSet],
    settings: TrainingSettings,
    folder: Path,
    resume: bool = True,
    progress: bool = True,
    *,
    loss: Optional[LossSettings] = None,
    card: Optional[TrainingCard] = None,
    allow_changes: bool = False,
    stop_at: Optional[int] = None,
    head_seed: Optional[int] = None,
    begun: Callable[[], None] = lambda: None,
) -> TrainingResult:
    """Train a scorer; it ends with the weights of the last step (their average, where one is kept).

    stream (TrainingStream): the batches. dev (DevSet): what the training is watched on, or None.
    folder (Path): gets `model-last`, `model-best` (by F1 on `dev`), `log.jsonl` and `checkpoints/`.
    resume (bool): go on from the newest checkpoint in the folder, if there is one; else its checkpoints are removed.
    loss (LossSettings): the loss. card (TrainingCard): what the models will say about their training.
    allow_changes (bool): go on though settings or data have changed since the checkpoint.
    stop_at (int): leave after this step with a checkpoint, as if interrupted.
    head_seed (int): what the scorer's head was drawn by; None where all its weights are trained ones.
    begun (callable): called by the first process once it is known that the training may begin, or go on, in this folder.
    RETURNS (TrainingResult): how it went.
    RAISES (ValueError): for a checkpoint of another training, and for a gradient that is not finite.
    """
    processes = Processes(settings.device)
    run = _Run(scorer, stream, dev, settings, Path(folder), processes, SpanLoss(**asdict(loss or LossSettings())))
    if card is not None:
        scorer.card = card
    outer = torch.random.get_rng_state()
    try:
        run.begin(resume, allow_changes, head_seed)
        if processes.is_first:
            begun()
        return run.go(progress, stop_at)
    finally:
        torch.random.set_rng_state(outer)
        run.close()


def train_step(
    scorer: SpanScorer, windows: Sequence[TrainingWindow], loss: SpanLoss, share: float = 1.0
) -> float:
    """The loss of one part of a batch, its gradient added to the parameters'; the module must be in training mode.

    share (float): factor on the loss.
    RETURNS (float): the loss.
    """
    value = batch_loss(scorer, windows, loss) * share
    if value.requires_grad:
        value.backward()
    return float(value.detach())


class _Run:
    """One call of `train`."""

    def __init__(
        self,
        scorer: SpanScorer,
        stream: TrainingStream,
        dev: Optional[DevSet],
        settings: TrainingSettings,
        folder: Path,
        processes: Processes,
        loss: SpanLoss,
    ) -> None:
        self.scorer, self.stream, self.dev, self.settings = scorer, stream, dev, settings
        self.folder, self.processes, self.loss = folder, processes, loss
        scorer.configure(scorer.with_settings(device=processes.device, precision="float32"))
        self.optimisation = Optimisation(scorer.module, settings)
        self.best: Optional[DevScore] = None
        self.best_step = 0
        self.stale = 0  # evaluations since the best one
        self.model: Dict[str, Any] = {}  # what it began with, where that counts: with checkpoints
        self.log: Optional[TrainingLog] = None

    # -- standing -------------------------------------------------------------------------------------------------------

    def begin(self, resume: bool, allow_changes: bool, head_seed: Optional[int]) -> None:
        """Go on from a checkpoint, or begin."""
        standing = checkpoints.read_newest(self.folder / CHECKPOINTS) if resume else None
        self.processes.wait()
        if standing is not None or self.settings.checkpoint_every:
            self.model = model_identity(self.scorer, head_seed)  # before other weights take their place
        if standing is not None:
            changed = differences(standing.state, self._identity())
            if changed and not allow_changes:
                raise ValueError(
                    f"The checkpoint {standing.folder} belongs to a training with another {changed[0]}; choose another folder, "
                    "begin anew (--no-resume), or go on all the same (--allow-changes)."
                )
            self.optimisation.restore(standing.tensors, standing.state["step"])
            best = standing.state["best"]
            if best is not None and self.dev is not None and "dev" not in changed:
                self.best = DevScore(**best)
                self.best_step, self.stale = standing.state["best_step"], standing.state["stale"]
            self.scorer.forget()
        if self.processes.is_first:
            if standing is None:
                checkpoints.clear(self.folder / CHECKPOINTS)
            self.log = TrainingLog(self.folder / LOG, self.optimisation.steps)

    def _identity(self) -> Dict[str, Any]:
        return training_identity(self.model, self.settings, self.loss, self.stream, self.dev)

    def _checkpoint(self) -> None:
        if self.processes.is_first:
            state = {
                "step": self.optimisation.steps,
                "best": None if self.best is None else asdict(self.best),
                "best_step": self.best_step,
                "stale": self.stale,
                **self._identity(),
            }
            tensors = self.optimisation.tensors()
            checkpoints.write(
                self.folder / CHECKPOINTS, self.optimisation.steps, state, tensors, self.settings.keep
            )  # fmt: skip
        self.processes.wait()

    # -- the loop -------------------------------------------------------------------------------------------------------

    def go(self, progress: bool, stop_at: Optional[int]) -> TrainingResult:
        """Train to the end, or to `stop_at`."""
        from tqdm import tqdm

        settings, optimisation = self.settings, self.optimisation
        last = settings.steps if stop_at is None else min(stop_at, settings.steps)
        show = progress and self.processes.is_first
        meter = Meter()
        with tqdm(
            total=settings.steps, initial=optimisation.steps, desc="Training", disable=None if show else True
        ) as bar:
            while optimisation.steps < last and not self._is_over():
                meter.add(self._step())
                bar.update()
                step = optimisation.steps
                if settings.log_every and (step % settings.log_every == 0 or step == settings.steps):
                    bar.set_postfix(loss=f"{meter.loss:.1f}", words=f"{meter.speed:.0f}/s")
                    self._note(meter)
                    meter = Meter()
                at_end = step == settings.steps
                if self.dev is not None and _is_due(step, settings.evaluate_every, at_end):
                    self._evaluate(bar if show else None)
                    meter.restart()
                if _is_due(step, settings.checkpoint_every, at_end or step == last):
                    self._checkpoint()
                    meter.restart()
        if optimisation.steps == settings.steps or self._is_over():
            optimisation.swap_average()
            self.scorer.forget()
            self._save(LAST)
            optimisation.average.clear()
        return TrainingResult(optimisation.steps, self.best, self.best_step, self.folder)

    def close(self) -> None:
        """Leave the scorer as after loading."""
        for parameter in self.scorer.module.parameters():
            parameter.grad = None
        self.scorer.module.eval()
        self.scorer.forget()
        self.processes.close()

    def _is_over(self) -> bool:
        return 0 < self.settings.patience <= self.stale

    def _step(self) -> Dict[str, float]:
        step = self.optimisation.steps
        windows = self.stream.batch(step)
        self._prepare()
        n_parts = self.processes.count * self.settings.accumulate
        parts = split_windows(windows, n_parts)
        whole = self._size(windows)
        total = 0.0
        for number in range(self.processes.rank, n_parts, self.processes.count):
            part = parts[number]
            seed = np.random.SeedSequence((self.settings.seed, _DROPOUT, step, number)).generate_state(1, np.uint64)
            torch.manual_seed(int(seed[0]) >> 1)
            share = 1.0 if self.loss.reduction == "sum" else self._size(part) / max(whole, 1)
            total += train_step(self.scorer, part, self.loss, share)
        if self.processes.count > 1:
            summed = self.processes.add_up(self.optimisation.gradient)
            if summed is not self.optimisation.gradient:
                self.optimisation.gradient.copy_(summed)
            total = float(self.processes.add_up(torch.tensor([total], device=self.processes.device)))
        norm, factor = self.optimisation.step()
        if norm == 0.0 and total > 1.0:
            raise ValueError(
                f"Step {step} has no gradient at a loss of {total:.1f}: all scores lie beyond the loss's floor of "
                f"{self.loss.floor:g}, where it is flat. Lower the learning rates, lengthen the warm-up, or set loss.floor=0."
            )
        self.scorer.forget()
        n_labels = len({label for window in windows for label in window.labels})
        words = sum(len(window.words) for window in windows)
        return {"loss": total, "words": words, "labels": n_labels, "norm": norm, "factor": factor}

    def _prepare(self) -> None:
        module = begin_training(self.scorer, self.settings.mixed_precision)
        if self.settings.dropout is not None:
            for layer in module.modules():
                if isinstance(layer, torch.nn.Dropout):
                    layer.p = self.settings.dropout

    def _size(self, windows: List[TrainingWindow]) -> int:
        """What "mean" divides by: spans in a bi-encoder, windows in a uni-encoder."""
        usable = [len(window.words) for window in windows if len(window.words) and len(window.labels)]
        if not self.scorer.config.is_bi_encoder:
            return len(usable)
        return sum(max(words - extra, 0) for words in usable for extra in range(self.scorer.config.max_width))

    # -- what it says -----------------------------------------------------------------------------------------------------

    def _note(self, meter: Meter) -> None:
        if self.log is not None:
            factor = meter.factor
            self.log.add(
                step=self.optimisation.steps,
                loss=meter.loss,
                words=meter.words,
                words_per_second=meter.speed,
                learn_rate=self.settings.learn_rate * factor,
                encoder_learn_rate=self.settings.encoder_learn_rate * factor,
                gradient_norm=meter.norm,
                labels=meter.labels,
            )

    def _evaluate(self, bar: Any) -> None:
        assert self.dev is not None
        start = time.perf_counter()
        self.optimisation.swap_average()
        self.scorer.forget()
        score = self.dev.score(self.scorer, self.processes)
        better = self.best is None or score.f1 > self.best.f1
        if better:
            self.best, self.best_step, self.stale = score, self.optimisation.steps, 0
            self._save(BEST)
        else:
            self.stale += 1
        self.optimisation.swap_average()
        self.scorer.forget()
        if self.log is not None:
            self.log.add(
                step=self.optimisation.steps,
                dev_f1=score.f1,
                dev_precision=score.precision,
                dev_recall=score.recall,
                dev_mean=score.mean,
                corpora={name: round(value, 4) for name, value in score.corpora.items()},
                seconds=time.perf_counter() - start,
                best=better,
            )
        if bar is not None:
            bar.write(
                f"step {self.optimisation.steps}: dev F1 {100 * score.f1:.2f} "
                f"(P {100 * score.precision:.2f}, R {100 * score.recall:.2f}), corpus mean {100 * score.mean:.2f}"
            )

    def _save(self, name: str) -> None:
        if self.processes.is_first:
            checkpoint.save(self.scorer, self.folder / name)
        self.processes.wait()


def _is_due(step: int, every: int, at_end: bool) -> bool:
    return every > 0 and (at_end or step % every == 0)


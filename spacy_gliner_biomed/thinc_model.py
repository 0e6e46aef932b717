"""The scorer as one thinc node with one shim.

The node's structure never changes: the shim holds a recipe until the weights are wanted, then the scorer itself. It stores
whole model folders, in memory or on disk, and no pickle.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import srsly
import torch
from thinc.api import Model, get_array_module, torch2xp, xp2torch
from thinc.shims import Shim

from .scorer.loss import SpanLoss
from .scorer.scorer import SpanScorer
from .scorer.training import TrainingWindow, batch_loss, begin_training
from .training.optimizer import TwoRateAdamW

ScorerModel = Model[Sequence[TrainingWindow], Any]


class ScorerShim(Shim):
    """Carries a `SpanScorer` through thinc: made on first use, trained by a thinc optimiser, stored as a model folder.

    make (callable): builds or loads the scorer.
    loss (SpanLoss): the training loss.
    mixed_precision (bool): whether the products of dense layers run in bfloat16 while training.
    """

    def __init__(
        self, make: Callable[[], SpanScorer], loss: Optional[SpanLoss] = None, mixed_precision: bool = False
    ) -> None:
        super().__init__(None)
        self.make = make
        self.loss = loss or SpanLoss()
        self.mixed_precision = mixed_precision
        self._scorer: Optional[SpanScorer] = None

    @property
    def scorer(self) -> SpanScorer:
        """The scorer, loaded at the first call."""
        if self._scorer is None:
            self._scorer = self.make()
        return self._scorer

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory."""
        return self._scorer is not None

    def begin_update(self, windows: Sequence[TrainingWindow]) -> Tuple[Any, Callable[[Any], List]]:
        """The loss of a batch, and the function that sends its gradient back."""
        module = self._training_module()
        with torch.enable_grad():
            loss = batch_loss(self.scorer, windows, self.loss)

        def backprop(factor: Any) -> List:
            if loss.requires_grad:
                (loss * float(factor)).backward()
            return []

        module.eval()
        return torch2xp(loss.detach()), backprop

    def set_head_dropout(self, rate: float) -> None:
        """Set the dropout inside the span head and the label head."""
        for layer in self.scorer.module.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = rate

    def measure(self, windows: Sequence[TrainingWindow]) -> float:
        """RETURNS (float): the loss of a batch, without dropout or gradient."""
        self.scorer.forget()
        self.scorer.module.eval()
        with torch.no_grad():
            return float(batch_loss(self.scorer, windows, self.loss))

    def _training_module(self) -> torch.nn.Module:
        return begin_training(self.scorer, self.mixed_precision)

    def finish_update(self, optimizer: Any) -> None:
        """Let a thinc optimiser change every parameter that has a gradient."""
        if isinstance(optimizer, TwoRateAdamW):
            gradients = [parameter.grad for parameter in self.scorer.module.parameters() if parameter.grad is not None]
            optimizer.clip_together(gradients)
        for name, parameter in self.scorer.module.named_parameters():
            if parameter.grad is None:
                continue
            weights, gradient = torch2xp(parameter.data), torch2xp(parameter.grad)
            changed, _ = optimizer((self.id, name), weights, gradient)
            with torch.no_grad():
                if get_array_module(changed) is not get_array_module(weights) or changed is not weights:
                    parameter.data.copy_(xp2torch(changed, device=parameter.device).view_as(parameter))
            parameter.grad = None
        self.scorer.forget()

    @contextmanager
    def use_params(self, params: Dict[Tuple[int, str], Any]) -> Iterator[None]:
        """Put other weights (an optimiser's averages) in place for a while."""
        if not self.is_loaded or not any(key[0] == self.id for key in params):
            yield
            return
        module = self.scorer.module
        kept: Dict[str, torch.Tensor] = {}
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if (self.id, name) in params:
                    kept[name] = parameter.data.clone()
                    parameter.data.copy_(xp2torch(params[self.id, name], device=parameter.device).view_as(parameter))
        self.scorer.forget()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in module.named_parameters():
                    if name in kept:
                        parameter.data.copy_(kept[name])
            self.scorer.forget()

    def to_device(self, device_type: str, device_id: int) -> None:
        """The component chooses the device."""

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): the model folder; nothing where no weights have been loaded and the recipe still stands."""
        from . import checkpoint

        return srsly.msgpack_dumps({"files": checkpoint.to_files(self.scorer) if self.is_loaded else {}})

    def from_bytes(self, bytes_data: bytes) -> ScorerShim:
        """Take a model folder made by `to_bytes`."""
        from . import checkpoint

        files = srsly.msgpack_loads(bytes_data)["files"]
        if files:
            self._scorer = checkpoint.from_files(files)
        return self

    def to_folder(self, folder: Path) -> None:
        """Write the model folder."""
        from . import checkpoint

        checkpoint.save(self.scorer, folder)

    def from_folder(self, folder: Path) -> None:
        """Read a model folder."""
        from . import checkpoint

        self.make = _Loader(str(folder), None)
        self._scorer = checkpoint.load(str(folder))

    def copy(self) -> ScorerShim:
        """RETURNS (ScorerShim): a copy with weights of its own."""
        copied = ScorerShim(self.make, self.loss, self.mixed_precision)
        return copied.from_bytes(self.to_bytes())


class _Loader:
    """`checkpoint.load`, later. A class and not a closure, so that pipelines can be pickled by their users."""

    def __init__(self, name: str, revision: Optional[str]) -> None:
        self.name = name
        self.revision = revision

    def __call__(self) -> SpanScorer:
        from . import checkpoint

        return checkpoint.load(self.name, self.revision)


def scorer_model(
    make: Callable[[], SpanScorer], loss: Optional[SpanLoss] = None, mixed_precision: bool = False
) -> ScorerModel:
    """RETURNS (Model): the thinc node around a scorer."""
    shim = ScorerShim(make, loss, mixed_precision)
    return Model("gliner_biomed_scorer", _forward, init=_init, shims=[shim])


def load_later(name: str, revision: Optional[str]) -> Callable[[], SpanScorer]:
    """RETURNS (callable): loads a checkpoint when it is called."""
    return _Loader(name, revision)


def shim_of(model: Model) -> ScorerShim:
    """RETURNS (ScorerShim): the shim of a node made by `scorer_model`.

    RAISES (ValueError): for any other model.
    """
    for shim in model.shims:
        if isinstance(shim, ScorerShim):
            return shim
    raise ValueError(
        f"The model {model.name!r} is no span scorer; use spacy_gliner_biomed.Checkpoint.v1, UniEncoder.v1, BiEncoder.v1 or "
        "BiEncoderListener.v1."
    )


def _forward(model: Model, windows: Sequence[TrainingWindow], is_train: bool) -> Tuple[Any, Callable]:
    shim = shim_of(model)
    if is_train:
        return shim.begin_update(windows)
    return shim.measure(windows), lambda _: []


def _init(model: Model, X: Union[None, Sequence] = None, Y: Any = None) -> None:
    shim_of(model).scorer  # noqa: B018  the weights are loaded here

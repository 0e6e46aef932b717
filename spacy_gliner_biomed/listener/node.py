"""Token layer and scorer as one thinc node, so that a pipeline finds the listener inside and gradients reach it.

Model("gliner_biomed_listener")   layers: [tok2vec]   shims: [ListenerShim]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Tuple

import srsly
import torch
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..checkpoint import limits
from ..checkpoint.errors import CheckpointError, short
from ..checkpoint.files import FolderFiles, MemoryFiles
from ..checkpoint.save import float_tensors, write_folder
from ..scorer.loss import SpanLoss
from ..scorer.training import TrainingWindow, batch_loss
from ..thinc_model import ScorerShim, shim_of
from . import storage
from .recipe import ListeningRecipe
from .scorer import ListeningScorer
from .words import stack, unstack

TokenLayer = Model[List[Doc], List[Floats2d]]
ListenerModel = Model[Any, Any]


@dataclass(frozen=True)
class ListenerBatch:
    """A training batch. docs (list): as the shared encoder has read them, all of them and in its order.

    windows (list): words and gold, in rows of the documents' token vectors laid end to end.
    """

    docs: List[Doc]
    windows: Sequence[TrainingWindow]

    def __len__(self) -> int:
        """Tokens: a shared encoder doesn't speak of a batch that has none."""
        return sum(len(doc) for doc in self.docs)


class ListenerShim(ScorerShim):
    """Carries a `ListeningScorer` through thinc: made when the width of the token vectors is known.

    recipe (ListeningRecipe): builds the scorer. loss, mixed_precision: as `ScorerShim`.
    """

    def __init__(self, recipe: ListeningRecipe, loss: Optional[SpanLoss] = None, mixed_precision: bool = False) -> None:
        super().__init__(_not_yet, loss, mixed_precision)
        self.recipe = recipe

    def build(self, width: int) -> None:
        """Make the scorer, if there is none yet.

        RAISES (ValueError): where there is one for vectors of another width.
        """
        if self._scorer is None:
            self._scorer = self.recipe(width)
        elif self.listening.width != width:
            raise ValueError(
                f"The shared encoder's vectors have {width} numbers, and this pipe was trained for {self.listening.width}; "
                "put the encoder back that it was trained with, or add the pipe anew."
            )

    @property
    def listening(self) -> ListeningScorer:
        """The scorer, as what it is here."""
        scorer = self.scorer
        assert isinstance(scorer, ListeningScorer)
        return scorer

    def begin_listening(
        self, matrix: torch.Tensor, windows: Sequence[TrainingWindow]
    ) -> Tuple[float, Callable[[float], torch.Tensor]]:
        """The loss of windows over a matrix of token vectors.

        RETURNS (tuple): the loss; and a function from a factor on it to the gradient of the matrix, which also adds to the
            gradients of the network's own weights. The gradient is zero where nothing can be learnt: an encoder that several pipes
            share waits for each of them.
        """
        module = self._training_module()
        leaf = matrix.detach().requires_grad_()
        with torch.enable_grad(), self.listening.reading(leaf):
            loss = batch_loss(self.scorer, windows, self.loss)
        module.eval()

        def backprop(factor: float) -> torch.Tensor:
            if loss.requires_grad:
                (loss * factor).backward()
            return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad

        return float(loss.detach()), backprop

    def measure_listening(self, matrix: torch.Tensor, windows: Sequence[TrainingWindow]) -> float:
        """RETURNS (float): the loss, without dropout or gradient."""
        with self.listening.reading(matrix):
            return self.measure(windows)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): the files of the scorer; nothing before `initialize`, when the recipe still stands."""
        return srsly.msgpack_dumps({"files": storage.to_files(self.listening) if self.is_loaded else {}})

    def from_bytes(self, bytes_data: bytes) -> ListenerShim:
        """Take what `to_bytes` made."""
        files = srsly.msgpack_loads(bytes_data)["files"]
        if files:
            self._scorer = storage.read_scorer(MemoryFiles(files))
        return self

    def to_folder(self, folder: Path) -> None:
        """RAISES (ValueError): always; `save` writes scorer and token layer together."""
        raise ValueError(_TOGETHER)

    def from_folder(self, folder: Path) -> None:
        """RAISES (ValueError): always; `load` reads scorer and token layer together."""
        raise ValueError(_TOGETHER)

    def take(self, scorer: ListeningScorer) -> None:
        """Use this scorer from now on."""
        self._scorer = scorer

    def copy(self) -> ListenerShim:
        """RETURNS (ListenerShim): a copy with weights of its own."""
        return ListenerShim(self.recipe, self.loss, self.mixed_precision).from_bytes(self.to_bytes())


_TOGETHER = "A scorer on a shared encoder is stored together with its token layer; use listener.node's save and load."


def _not_yet() -> ListeningScorer:
    raise ValueError(
        "This pipe has no weights yet, as it doesn't know the width of its shared encoder's vectors: call nlp.initialize(), or "
        "load a trained pipeline."
    )


def listener_model(tok2vec: TokenLayer, shim: ListenerShim) -> ListenerModel:
    """RETURNS (Model): the node around a token layer and a scorer."""
    return Model("gliner_biomed_listener", _forward, init=_init, layers=[tok2vec], shims=[shim])


def token_layer(model: ListenerModel) -> TokenLayer:
    """RETURNS (Model): the layer that makes token vectors: a listener, or what `nlp.replace_listeners` has put in its place."""
    return model.layers[0]


def listener_shim(model: ListenerModel) -> ListenerShim:
    """RETURNS (ListenerShim): the shim of a node made by `listener_model`."""
    shim = shim_of(model)
    assert isinstance(shim, ListenerShim)
    return shim


def save(model: ListenerModel, folder: Path) -> None:
    """Write scorer and token layer to a folder, all files at once.

    RAISES (ValueError): before `initialize`. RAISES (CheckpointError): when the folder can't be written.
    """
    scorer = listener_shim(model).listening
    files = {**storage.small_files(scorer), storage.TOK2VEC: token_layer(model).to_bytes()}
    write_folder(folder, files, float_tensors(scorer))


def load(model: ListenerModel, folder: Path) -> None:
    """Read a folder that `save` wrote.

    RAISES (CheckpointError): for a missing or damaged file, and a token layer of another make; the scorer then stays as it was.
    """
    files = FolderFiles(folder)
    layer = files.require(storage.TOK2VEC, limits.WEIGHTS_BYTES)
    scorer = storage.read_scorer(files)
    try:
        token_layer(model).from_bytes(layer)
    except Exception as error:  # msgpack's, thinc's and the layers' own errors have no common class
        raise CheckpointError(
            f"{files.where(storage.TOK2VEC)} is damaged, or of another token layer than the config's: {short(str(error))}."
        ) from None
    listener_shim(model).take(scorer)


def _forward(model: ListenerModel, batch: ListenerBatch, is_train: bool) -> Tuple[Any, Callable[[float], Any]]:
    shim = listener_shim(model)
    scorer = shim.listening
    vectors, backprop_vectors = token_layer(model)(batch.docs, is_train)
    matrix = stack(batch.docs, vectors, scorer.width, scorer.parameter())
    if not is_train:
        return shim.measure_listening(matrix, batch.windows), lambda factor: []
    loss, backprop_loss = shim.begin_listening(matrix, batch.windows)

    def backprop(factor: float) -> Any:
        return backprop_vectors(unstack(backprop_loss(factor), vectors, batch.docs, model.ops))

    return loss, backprop


def _init(model: ListenerModel, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    """Initialise the token layer and make the scorer for the width of its vectors.

    X (list): documents with a token each.
    RAISES (ValueError): where no shared encoder has told its listener how wide its vectors are.
    """
    tok2vec = token_layer(model)
    for node in tok2vec.walk():
        if hasattr(node, "upstream_name") and node.has_dim("nO") is None:
            raise ValueError(
                f"This pipe listens to the shared encoder {node.upstream_name!r}, and none has answered: add 'transformer' or "
                "'tok2vec' to the pipeline, before this pipe."
            )
    tok2vec.initialize(X=X)
    width = tok2vec.predict(X)[0].shape[-1] if X else tok2vec.get_dim("nO")
    listener_shim(model).build(int(width))

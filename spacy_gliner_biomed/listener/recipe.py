"""Where the first weights of a listening scorer come from: a checkpoint, a pre-trained label encoder, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

import torch

from .. import checkpoint
from ..checkpoint import mini
from ..checkpoint.files import FolderFiles
from ..checkpoint.hub import MINI, resolve
from ..checkpoint.layout import GLINER_CONFIG, LABELS_FOLDER
from ..checkpoint.limits import CONFIG_BYTES
from ..checkpoint.tokenizer_json import read_tokenizer
from ..checkpoint.untrained import load_encoder, read_pretrained
from ..scorer.card import TrainingCard
from ..scorer.config import EncoderConfig
from ..scorer.model import BiSpanModel
from ..scorer.subwords import Subwords
from .network import ListeningModel, listening_config
from .scorer import ListeningScorer

HIDDEN_SIZE, MAX_WIDTH, DROPOUT = 256, 12, 0.1
#: What a bi-encoder checkpoint hands on besides its label encoder: all but the text encoder and its projection.
_HANDED_ON = ("token_rep_layer.labels_projection.", "span_rep_layer.", "prompt_rep_layer.")


class Origin(NamedTuple):
    """What a scorer starts from.

    encoder, subwords: the label encoder. hidden_size, max_width, dropout: of the span head.
    card (TrainingCard): what the weights were trained on. fill (callable): copies them into a network of random weights.
    """

    encoder: EncoderConfig
    subwords: Subwords
    hidden_size: int
    max_width: int
    dropout: float
    card: TrainingCard
    fill: Callable[[ListeningModel], object]


@dataclass(frozen=True)
class ListeningRecipe:
    """Builds the scorer once the width of the token vectors is known; a value, so that pipelines can be copied and pickled.

    The arguments are those of the builder `BiEncoderListener.v1`.
    """

    label_encoder: Optional[str] = MINI
    revision: Optional[str] = None
    hidden_size: Optional[int] = None
    max_width: Optional[int] = None
    label_size: int = 128
    label_layers: int = 2
    label_heads: int = 4
    seed: int = 0

    def __call__(self, width: int) -> ListeningScorer:
        """RETURNS (ListeningScorer): for token vectors of that width.

        RAISES (ValueError): when the label encoder can't be found or read, is no bi-encoder's, or has another `hidden_size`.
        """
        origin = self._origin()
        config = listening_config(width, origin.encoder, origin.hidden_size, origin.max_width, origin.dropout)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            module = ListeningModel(config)
        origin.fill(module)
        return ListeningScorer(config, module, origin.subwords, origin.card)

    def _origin(self) -> Origin:
        if self.label_encoder is None:
            return self._untrained()
        if resolve(self.label_encoder, self.revision).read(GLINER_CONFIG, CONFIG_BYTES) is not None:
            return self._checkpoint(self.label_encoder)
        return self._pretrained(self.label_encoder)

    def _checkpoint(self, name: str) -> Origin:
        """Label encoder, label layers and span head of a bi-encoder."""
        scorer = checkpoint.load(name, self.revision)
        config, trained = scorer.config, scorer.module
        if config.label_encoder is None or not isinstance(trained, BiSpanModel):
            raise ValueError(
                f"The checkpoint {name!r} is a uni-encoder, which reads labels and text together; a shared encoder needs the "
                "label encoder of a bi-encoder."
            )
        if self.hidden_size not in (None, config.hidden_size):
            raise ValueError(
                f"The setting hidden_size is {self.hidden_size}, and the span head of {name!r} has {config.hidden_size}; "
                "leave the setting out, or start from a label encoder without a head."
            )

        def fill(module: ListeningModel) -> None:
            state = {key: value for key, value in trained.state_dict().items() if key.startswith(_HANDED_ON)}
            module.load_state_dict({**module.state_dict(), **state})
            module.token_rep_layer.label_encoder.load_state_dict(trained.token_rep_layer.label_encoder.state_dict())

        return Origin(
            encoder=config.label_encoder,
            subwords=scorer.label_subwords,
            hidden_size=config.hidden_size,
            max_width=self.max_width or config.max_width,
            dropout=config.dropout,
            card=scorer.card,
            fill=fill,
        )

    def _pretrained(self, name: str) -> Origin:
        """A published encoder under a head of random weights."""
        encoder = read_pretrained(name, self.revision)

        def fill(module: ListeningModel) -> None:
            load_encoder(module.token_rep_layer.label_encoder, encoder, name)

        return self._headless(encoder.config, encoder.subwords, fill)

    def _untrained(self) -> Origin:
        """A BERT of random weights on the sub-words of mini."""
        tokenizer = read_tokenizer(FolderFiles(mini.FOLDER), LABELS_FOLDER)
        assert tokenizer is not None
        encoder = EncoderConfig(
            model_type="bert",
            vocab_size=len(tokenizer),
            hidden_size=self.label_size,
            num_hidden_layers=self.label_layers,
            num_attention_heads=self.label_heads,
            intermediate_size=4 * self.label_size,
            max_position_embeddings=128,
        )
        return self._headless(encoder, Subwords(tokenizer.json), lambda module: None)

    def _headless(self, encoder: EncoderConfig, subwords: Subwords, fill: Callable[[ListeningModel], object]) -> Origin:
        return Origin(
            encoder=encoder,
            subwords=subwords,
            hidden_size=self.hidden_size or HIDDEN_SIZE,
            max_width=self.max_width or MAX_WIDTH,
            dropout=DROPOUT,
            card=TrainingCard(),
            fill=fill,
        )

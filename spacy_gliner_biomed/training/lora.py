"""Low-rank adapters (LoRA, Hu et al. 2021, arXiv 2106.09685) in the encoders, by `peft`, for as long as a training lasts.

The encoders' own weights stand still; beside each dense layer without an activation of its own a product of two narrow
matrices learns, and is added to the layer's weight in the end. What is saved, during the training or after it, is a plain
checkpoint. All that lies outside the encoders learns as it does without adapters.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Dict, Iterator, cast

if TYPE_CHECKING:
    from torch import nn

    from ..scorer.model import SpanModel

RANK = 8
ALPHA_PER_RANK = 2.0  # the product counts twice, whatever the rank
_NAME = "default"


@contextmanager
def adapters(module: SpanModel, rank: int = RANK, seed: int = 0) -> Iterator[None]:
    """Put adapters into a network's encoders for the length of a `with` block; then add them to the weights.

    rank (int): of the adapters; at least 1. seed (int): of their first weights, with which they change nothing yet.
    RAISES (ValueError): for a smaller rank. RAISES (ImportError): without `peft`.
    """
    if rank < 1:
        raise ValueError(f"The rank of the adapters is {rank}; it must be at least 1.")
    try:
        import peft  # noqa: F401
    except ImportError:
        raise ImportError("LoRA needs the extra 'lora': pip install 'spacy-gliner-biomed[lora]'.") from None
    layer = module.token_rep_layer
    encoders = list({id(encoder): encoder for encoder in (layer.text_encoder, layer.label_encoder)}.values())
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for encoder in encoders:
            _adapt(encoder, rank, seed)
        yield
    finally:
        for encoder in encoders:
            _merge(encoder)
        for parameter in learning:
            parameter.requires_grad_(True)


def _adapt(encoder: nn.Module, rank: int, seed: int) -> None:
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    from ..scorer.linear import PackedLinear

    # An activation inside a layer would come before the adapter's product is added
    targets = [
        name
        for name, layer in encoder.named_modules()
        if isinstance(layer, PackedLinear) and layer.activation == "none"
    ]
    config = LoraConfig(r=rank, lora_alpha=ALPHA_PER_RANK * rank, target_modules=targets)  # type: ignore[arg-type]
    config._register_custom_module({PackedLinear: _adapted_linear()})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, encoder, _NAME)


def _merge(encoder: nn.Module) -> None:
    """Add the adapters to the weights and take them out again."""
    for parent in list(encoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _adapted_linear()):
                child.merge()
                setattr(parent, name, child.get_base_layer())
    if hasattr(encoder, "peft_config"):
        del encoder.peft_config


@cache
def _adapted_linear() -> Any:
    """The class of an adapted layer; made when it is first wanted, since it inherits from `peft`."""
    from peft.tuners.lora import Linear

    class AdaptedLinear(Linear):
        """A `PackedLinear` with an adapter: to whoever saves it or packs it for inference, a layer with the sum as its weight."""

        def _own(self) -> Any:
            return cast(Any, self).get_base_layer()

        @property
        def weight(self) -> Any:
            """The sum. *Shape:* `(out_features, in_features)`."""
            own = self._own().weight
            return own + self.get_delta_weight(_NAME) if _NAME in self.lora_A else own

        def forget(self) -> None:
            """Drop the packed copy of the layer's own weight."""
            self._own().forget()

        def state_dict(self, *arguments: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
            """RETURNS (dict): the names of a plain layer, with the sum."""
            found: Dict[str, Any] = {} if destination is None else destination
            bias = self._own().bias
            found[prefix + "weight"] = self.weight if keep_vars else self.weight.detach()
            if bias is not None:
                found[prefix + "bias"] = bias if keep_vars else bias.detach()
            return found

    return AdaptedLinear

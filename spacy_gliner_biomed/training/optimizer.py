"""AdamW with one rate for the encoder and one for the rest, in thinc's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence, Tuple

from thinc.api import Optimizer

from ..scorer.model import is_encoder_parameter
from .optimisation import decays

if TYPE_CHECKING:
    import torch


class TwoRateAdamW(Optimizer):
    """`learn_rate` and `L2` for the span head, `encoder_scale * learn_rate` and `encoder_L2` for whatever is in the encoders.

    The groups are those of gliner's trainer: names containing `token_rep_layer` belong to the encoder; layer norms and biases
    do not decay. L2 is decoupled weight decay. `grad_clip` shortens the gradient of each tensor, `clip_norm` that of all together.
    """

    def __init__(
        self, learn_rate: Any, *, encoder_scale: float, encoder_L2: float, clip_norm: float = 0.0, **options: Any
    ) -> None:
        super().__init__(learn_rate, **options)
        self.clip_norm = clip_norm
        self.encoder_scale = encoder_scale
        self.encoder_L2 = encoder_L2

    def __call__(self, key: Tuple[int, str], weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        name = str(key[1])
        encoder = is_encoder_parameter(name)
        decay, eps = self.L2, self.eps
        self.L2 = (self.encoder_L2 if encoder else decay) if decays(name) else 0.0
        # thinc adds eps before its bias correction, torch (and the plain engine) after it
        self.eps = eps * (1.0 - self.b2 ** (self.nr_update[key] + 1)) ** 0.5
        try:
            return super().__call__(
                key, weights, gradient, lr_scale=lr_scale * (self.encoder_scale if encoder else 1.0)
            )
        finally:
            self.L2, self.eps = decay, eps

    def clip_together(self, gradients: Sequence[torch.Tensor]) -> None:
        """Shorten the gradient of a whole network, in place, to `clip_norm`; 0 leaves it."""
        import torch

        if self.clip_norm and gradients:
            norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(part) for part in gradients])))
            if norm > self.clip_norm:
                torch._foreach_mul_(list(gradients), self.clip_norm / norm)


def AdamW(
    learn_rate: Any,
    *,
    encoder_scale: float = 0.2,
    L2: float = 0.01,
    encoder_L2: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    grad_clip: float = 1.0,
    clip_norm: float = 0.0,
    use_averages: bool = False,
) -> TwoRateAdamW:
    """Registered as `spacy_gliner_biomed.AdamW.v1`.

    learn_rate (float or schedule): rate of the span head.
    encoder_scale (float): the encoder's rate as a part of it.
    L2, encoder_L2 (float): decoupled weight decay of the head and of the encoder.
    grad_clip (float): largest norm of the gradient of one tensor; 0 for none.
    clip_norm (float): largest norm of the whole gradient; 0 for none.
    use_averages (bool): keep moving averages of the weights, which `spacy train` evaluates and saves.
    """
    return TwoRateAdamW(
        learn_rate,
        encoder_scale=encoder_scale,
        encoder_L2=encoder_L2,
        L2=L2,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
        clip_norm=clip_norm,
        use_averages=use_averages,
        L2_is_weight_decay=True,
    )

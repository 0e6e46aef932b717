"""The student writes: prompts side by side, each held to its own grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .causal import Causal
from .grammar import Node
from .prompt import end_ids
from .vocabulary import Vocabulary, token_bytes


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen.

    max_tokens (int): of an answer, its end included. temperature (float): 0 takes the likeliest. top_p (float): the share of
    the likeliest tokens to choose from. seed (int): of the choice.
    """

    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 42


class Generated(NamedTuple):
    """What was written.

    text (str): without the end token. finish (str): "stop", or "length" where it was cut off; a grammar is always closed in time.
    tokens (int): how many.
    """

    text: str
    finish: str
    tokens: int


class Writer:
    """A model ready to write.

    causal (Causal): the model. Its vocabulary is read once, when the first grammar comes.
    """

    def __init__(self, causal: Causal) -> None:
        self.causal = causal
        self.ends = end_ids(causal.tokenizer)
        self._vocabulary: Optional[Vocabulary] = None

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens as bytes. RAISES (ValueError): where they can't be read so."""
        if self._vocabulary is None:
            head: Any = self.causal.model.get_output_embeddings()
            width = int(head.weight.shape[0])
            self._vocabulary = Vocabulary(token_bytes(self.causal.tokenizer), width)
        return self._vocabulary

    def write(
        self, prompts: Sequence[Sequence[int]], grammars: Sequence[Optional[Node]], sampling: Sampling
    ) -> List[Generated]:
        """Write an answer to each prompt.

        prompts (sequence): their tokens.
        grammars (sequence): what each answer is held to; None leaves it free.
        sampling (Sampling): how.
        RETURNS (list): the answers, in order.
        RAISES (ValueError): where a prompt leaves no room for its answer, or its grammar needs more tokens than allowed.
        """
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        from .constrain import GrammarProcessor, Walk

        model: Any = self.causal.model
        tokenizer = self.causal.tokenizer
        width = max(map(len, prompts))
        if width + sampling.max_tokens > self.causal.window:
            raise ValueError(
                f"A prompt of {width} tokens and an answer of {sampling.max_tokens} do not fit into the {self.causal.window} "
                f"of '{self.causal.name}'; allow shorter answers, or cut the text into parts."
            )
        pad = int(tokenizer.pad_token_id)
        ids = torch.tensor([[pad] * (width - len(each)) + list(each) for each in prompts], device=model.device)
        mask = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in prompts], device=model.device)
        walks = [None if each is None else Walk(each, self.vocabulary, sampling.max_tokens) for each in grammars]
        options: Dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            options = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        config = GenerationConfig(max_new_tokens=sampling.max_tokens, eos_token_id=self.ends, pad_token_id=pad, **options)
        processors = LogitsProcessorList([GrammarProcessor(walks, width, self.ends)] if any(walks) else [])
        torch.manual_seed(sampling.seed)
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=config,
                logits_processor=processors,
                use_model_defaults=False,  # a model's own settings, such as a temperature, are not asked for
            )
        return [self._read(row[width:].tolist(), walk is not None) for row, walk in zip(made, walks, strict=True)]

    def _read(self, ids: List[int], held: bool) -> Generated:
        end = next((place for place, number in enumerate(ids) if number in self.ends), None)
        own = ids[:end]
        if held:
            text = b"".join(self.vocabulary.tokens[number] for number in own).decode("utf-8")
        else:
            text = self.causal.tokenizer.decode(own, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Generated(text, "length" if end is None else "stop", len(own))

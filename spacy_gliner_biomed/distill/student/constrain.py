"""Hold a language model to a grammar while it generates, and let it come to an end within its tokens."""

from __future__ import annotations

from typing import List, Optional, Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor

from .grammar import Node, Series, State, advance, closing, is_complete, start
from .json_nodes import Items, Literal
from .verbatim import Mention
from .vocabulary import Vocabulary

_MARGIN = 16


class Walk:
    """One text on its way through its grammar.

    grammar (Node): of the whole text.
    vocabulary (Vocabulary): of the model.
    budget (int): tokens that may be generated, the end token included.
    RAISES (ValueError): where even the shortest text needs more.
    """

    def __init__(self, grammar: Node, vocabulary: Vocabulary, budget: int) -> None:
        self.vocabulary = vocabulary
        self.left = budget
        self.state: Optional[State] = start(grammar)
        self._margin = _MARGIN + _longest_step(grammar)
        self._closes = False
        least = vocabulary.count_toward(closing(start(grammar))) + 1
        if budget < least:
            raise ValueError(f"An answer needs at least {least} tokens, and {budget} are allowed; allow more.")

    def allowed(self) -> Optional[Tensor]:
        """RETURNS (Tensor): the tokens that may come next; None where the text is complete and must end. *Shape:* `(n,)`."""
        if self.state is None or not self.state.stack:
            return None
        if self._closes or self.left <= 2 * self._margin + 64:
            rest = closing(self.state)
            # A token may bring as much with it as the margin holds; before that does not fit any more, the text is closed
            if self._closes or self.vocabulary.count_toward(rest) + self._margin + 1 >= self.left:
                self._closes = True
                token = self.vocabulary.toward(rest)
                return None if token is None else torch.tensor([token])
        found = self.vocabulary.allowed(self.state)
        if not len(found):
            raise ValueError(f"No token of the model can go on to {closing(self.state)[:40]!r}; use another model.")
        return torch.from_numpy(found)

    def take(self, token: int) -> None:
        """Note the token that was chosen; one that is not allowed (padding, behind the end) ends the text."""
        text = self.vocabulary.tokens.get(token)
        self.left -= 1
        if self.state is not None:
            self.state = None if text is None else advance(self.state, text)

    @property
    def is_complete(self) -> bool:
        """Whether what was taken so far is a whole text."""
        return self.state is not None and is_complete(self.state)


def _longest_step(node: Node) -> int:
    """The bytes that a token may add to the shortest end of a text, at most: the shortest item of a list, and a word."""
    if isinstance(node, Series):
        return max((_longest_step(each) for each in node.nodes), default=0)
    if isinstance(node, Items):
        return max(_shortest(node.item), _longest_step(node.item))
    if isinstance(node, Mention):
        return node.passage.longest_word
    return 0


def _shortest(node: Node) -> int:
    """The bytes of a shortest text of a node, or a few more."""
    if isinstance(node, Series):
        return sum(_shortest(each) for each in node.nodes)
    if isinstance(node, Literal):
        return len(node.text)
    return node.passage.longest_word + 2 if isinstance(node, Mention) else 8


class GrammarProcessor(LogitsProcessor):
    """Gives every token that a row's grammar does not allow no chance.

    For sampling and greedy search; not for beams, whose rows change places.

    walks (sequence): one a row; None leaves a row free.
    prompt (int): tokens of the prompts, padding included.
    ends (sequence): ids of the tokens that end a text.
    """

    def __init__(self, walks: Sequence[Optional[Walk]], prompt: int, ends: Sequence[int]) -> None:
        self.walks: List[Optional[Walk]] = list(walks)
        self.prompt = prompt
        self.ends = torch.tensor(list(ends))
        self._seen = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """RETURNS (Tensor): the scores, minus infinity where a token is not allowed. *Shape:* `(batch, vocabulary)`."""
        done = input_ids.shape[1] - self.prompt
        if done and done == self._seen + 1:
            for walk, token in zip(self.walks, input_ids[:, -1].tolist(), strict=True):
                if walk is not None:
                    walk.take(token)
        self._seen = done
        held = torch.full_like(scores, float("-inf"))
        for row, walk in enumerate(self.walks):
            if walk is None:
                held[row] = scores[row]
                continue
            found = walk.allowed()
            places = (self.ends if found is None else found).to(scores.device)
            held[row, places] = scores[row, places]
        return held



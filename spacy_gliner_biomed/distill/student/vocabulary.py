"""A tokenizer's tokens as bytes, sorted, so that a grammar can say which of them may come next without trying them all.

Two kinds of tokenizer are read: byte-level BPE (GPT-2, Llama 3, Qwen), which shows each byte as a letter of its own, and
SentencePiece with byte fallback (Llama 2, Mistral, Gemma), which shows a blank as "▁" and a stray byte as "<0x0A>".
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from .grammar import State, advance, next_bytes
from .json_nodes import SPACES, Text, Writing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_PROBE = 'A {"text": "p53 β-blocker"}\n'


def token_bytes(tokenizer: PreTrainedTokenizerBase) -> Dict[int, bytes]:
    """The bytes that each token of a tokenizer stands for.

    tokenizer (PreTrainedTokenizerBase): a fast one.
    RETURNS (dict): token id → its bytes; special tokens, which stand for none, are left out.
    RAISES (ValueError): for a tokenizer whose tokens are no bytes of text, such as WordPiece.
    """
    name = tokenizer.name_or_path
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError(f"The tokenizer of '{name}' has no tokenizer.json; save it as a fast tokenizer.")
    kinds = _kinds(json.loads(backend.to_str()).get("decoder"))
    letters = _byte_letters()
    added = tokenizer.added_tokens_decoder
    found: Dict[int, bytes] = {}
    for token, number in tokenizer.get_vocab().items():
        if number in added:
            if not added[number].special:
                found[number] = added[number].content.encode("utf-8")
        elif "ByteLevel" in kinds:
            if all(letter in letters for letter in token):
                found[number] = bytes(letters[letter] for letter in token)
        elif byte := _BYTE.fullmatch(token):
            found[number] = bytes((int(byte[1], 16),))
        else:
            found[number] = token.replace("▁", " ").encode("utf-8")
    found = {number: text for number, text in found.items() if text}
    ids = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    text = b"".join(found.get(number, b"") for number in ids)
    if not {"ByteLevel", "ByteFallback"} & kinds or text.removeprefix(b" ") != _PROBE.encode("utf-8"):
        raise ValueError(
            f"The tokens of the tokenizer of '{name}' can't be read as bytes; use a model with a byte-level BPE or a "
            "SentencePiece tokenizer with byte fallback."
        )
    return found


def _kinds(decoder: Any) -> Set[str]:
    if not decoder:
        return set()
    return {str(decoder["type"])}.union(*(_kinds(each) for each in decoder.get("decoders", ())))


def _byte_letters() -> Dict[str, int]:
    """Letter → byte, as GPT-2's tokenizer shows bytes: printable ones as they are, the others from U+0100 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(0x100) if byte not in shown]
    return {**{chr(byte): byte for byte in shown}, **{chr(0x100 + place): byte for place, byte in enumerate(hidden)}}


class _Tails(NamedTuple):
    """Tokens that end a string and go on behind it, by what they hold from the quote on.

    ids (ndarray): the tokens. lengths (ndarray): characters before the quote. visible (ndarray): whether the first character
    may begin a string. All of *Shape:* `(n,)`.
    """

    ids: np.ndarray
    lengths: np.ndarray
    visible: np.ndarray


class Vocabulary:
    """All tokens, and which of them a grammar allows.

    Within a string almost all tokens are allowed, and nobody could try them one by one at each step: tokens that are plain
    characters from end to end are known beforehand, with their lengths; those that end the string are tried once for
    each way that they go on behind it. Everywhere else few bytes are possible, and the sorted tokens are searched by them.

    tokens (dict): token id → bytes, see `token_bytes`.
    size (int): the width of the model's output, which may be more than there are tokens.
    RAISES (ValueError): where a byte that JSON needs has no token.
    """

    def __init__(self, tokens: Dict[int, bytes], size: int) -> None:
        self.size = size
        self.tokens = tokens
        self._all = _Sorted((text, number) for number, text in tokens.items() if number < size)
        for byte in range(0x20, 0x7F):
            if not self._all.has(bytes((byte,))):
                raise ValueError(f"The tokenizer has no token for '{chr(byte)}', without which no JSON can be written.")
        plain: List[Tuple[int, int, bool]] = []
        tails: Dict[bytes, List[Tuple[int, int, bool]]] = {}
        odd: List[Tuple[bytes, int]] = []
        for number, text in tokens.items():
            if number >= size:
                continue
            head, quote, tail = text.partition(b'"')
            length = _plain_length(head)
            if length is None:
                odd.append((text, number))
                continue
            visible = not head or head[0] not in SPACES
            if quote:
                tails.setdefault(quote + tail, []).append((number, length, visible))
            else:
                plain.append((number, length, visible))
        self._plain = _tails(plain)
        self._ends = {tail: _tails(rows) for tail, rows in tails.items()}
        self._odd = _Sorted(odd)

    def allowed(self, state: State) -> np.ndarray:
        """RETURNS (ndarray): the ids of the tokens that may come next, in no order. *Shape:* `(n,)`, int64."""
        string = _string(state)
        if string is None:
            return np.array(list(self._all.walk(state)), dtype=np.int64)
        node, writing = string
        room = node.most - writing.written
        needs_visible = writing.written == 0 and node.least > 0
        found = [self._fitting(self._plain, room, needs_visible)]
        for tail, rows in self._ends.items():
            fitting = self._fitting(rows, room, needs_visible, max(node.least - writing.written, 0))
            if len(fitting) and _after_tail(state, node, tail):
                found.append(fitting)
        found.append(np.array(list(self._odd.walk(state)), dtype=np.int64))
        return np.concatenate(found)

    @staticmethod
    def _fitting(rows: _Tails, room: int, needs_visible: bool, least: int = 0) -> np.ndarray:
        fits = (rows.lengths <= room) & (rows.lengths >= least)
        return rows.ids[fits & (rows.visible | (rows.lengths == 0))] if needs_visible else rows.ids[fits]

    def toward(self, text: bytes) -> Optional[int]:
        """RETURNS (int): the longest token that the text begins with, or None where there is none."""
        return self._all.longest(text)

    def count_toward(self, text: bytes) -> int:
        """RETURNS (int): tokens that write the text, each the longest possible."""
        count = 0
        while text:
            token = self.toward(text)
            if token is None:
                raise ValueError(f"The tokenizer has no token that begins {text[:20]!r}; use another model.")
            text = text[len(self.tokens[token]) :]
            count += 1
        return count


def _tails(rows: List[Tuple[int, int, bool]]) -> _Tails:
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return _Tails(table[:, 0], table[:, 1], table[:, 2].astype(bool))


def _plain_length(text: bytes) -> Optional[int]:
    """Characters of bytes that mean themselves in a JSON string; None where they don't, or are no whole characters."""
    if b"\\" in text or any(byte < 0x20 for byte in text):
        return None
    try:
        return len(text.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def _string(state: State) -> Optional[Tuple[Text, Writing]]:
    """The string that is being written, where it stands between two characters."""
    if not state.stack:
        return None
    node, progress = state.stack[0]
    node = getattr(node, "node", node)  # behind `Counted`
    if isinstance(node, Text) and progress is not None and not progress.pending and not progress.escaped:
        return node, progress
    return None


def _after_tail(state: State, node: Text, tail: bytes) -> bool:
    """Whether the text may go on so behind the last character of its string, however many there were."""
    (outer, _), rest = state.stack
    return advance(State(((outer, Writing(node.least)), rest), state.memory), tail) is not None


class _Sorted:
    """Tokens in the order of their bytes: those that begin alike lie together."""

    def __init__(self, tokens: Any) -> None:
        rows = sorted(tokens)
        self.texts: List[bytes] = [text for text, _ in rows]
        self.ids: List[int] = [number for _, number in rows]

    def has(self, text: bytes) -> bool:
        place = bisect_left(self.texts, text)
        return place < len(self.texts) and self.texts[place] == text

    def longest(self, text: bytes) -> Optional[int]:
        """The longest token that `text` begins with."""
        low, high, found = 0, len(self.texts), None
        for length in range(1, len(text) + 1):
            low, high = self._range(text[:length], low, high)
            if low == high:
                break
            if self.texts[low] == text[:length]:
                found = self.ids[low]
        return found

    def walk(self, state: State) -> Iterator[int]:
        """The tokens that a state allows."""
        waiting = [(0, len(self.texts), b"", state)]
        while waiting:
            low, high, begun, at = waiting.pop()
            while low < high and self.texts[low] == begun:  # no token is empty
                yield self.ids[low]
                low += 1
            if low == high or not at.stack:
                continue
            hints = next_bytes(at)
            for byte in self._bytes(low, high, len(begun)) if hints is None else sorted(hints):
                text = begun + bytes((byte,))
                first, last = self._range(text, low, high)
                if first < last:
                    after = advance(at, bytes((byte,)))
                    if after is not None:
                        waiting.append((first, last, text, after))

    def _bytes(self, low: int, high: int, length: int) -> Iterator[int]:
        """The bytes that follow the first `length` in a range."""
        while low < high:
            text = self.texts[low]
            yield text[length]
            low = self._range(text[: length + 1], low, high)[1]

    def _range(self, begun: bytes, low: int, high: int) -> Tuple[int, int]:
        """Those within a range that begin so."""
        first = bisect_left(self.texts, begun, low, high)
        if begun[-1] == 0xFF:
            return first, high
        return first, bisect_left(self.texts, begun[:-1] + bytes((begun[-1] + 1,)), first, high)


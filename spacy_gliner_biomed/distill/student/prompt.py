"""The student's prompt: one line of instruction and the passage; what to find it has learned, so that it needs no examples.

A tokenizer's own chat template is used where it has one. Where it has none, as with plain base models, it is given `PLAIN`,
which is saved with the student, so that a server reads the same prompt from the same folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Sequence, Tuple

from ..messages import unmarked
from ..requests import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INSTRUCTION = "List the biomedical entities of the text, and the relations between them, as JSON."
WITH_DESCRIPTIONS = " Describe each type of entity."
PLAIN = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}Answer: {{ message['content'] }}{{ eos_token }}"
    "{% else %}{{ message['content'] }}\n\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}Answer: {% endif %}"
)


class Prompt(NamedTuple):
    """A prompt as the model reads it.

    ids (list): its tokens. text (str): what they stand for, special tokens included.
    """

    ids: List[int]
    text: str


def student_messages(text: str, descriptions: bool = False) -> Tuple[Message, ...]:
    """The conversation in which the student is asked about a text.

    text (str): the passage, or the part of it to annotate. Marks that a chat template would take for the end of a turn are
        broken up in it, see `messages.unmarked`.
    descriptions (bool): whether it is to describe its types.
    RETURNS (tuple): an instruction and the text.
    """
    instruction = INSTRUCTION + (WITH_DESCRIPTIONS if descriptions else "")
    return (Message("system", instruction), Message("user", unmarked(text)))


def give_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give a tokenizer the plain chat template where it has none.

    RAISES (ValueError): where it has no end token either, without which no answer ends.
    """
    if tokenizer.eos_token is None:
        raise ValueError(f"The tokenizer of '{tokenizer.name_or_path}' has no end token (eos_token); give it one.")
    if not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN


def prompt_of(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> Prompt:
    """RETURNS (Prompt): a conversation, up to where the answer begins.

    RAISES (ValueError): for a conversation that the model's chat template refuses.
    """
    text = _rendered(tokenizer, messages, True)
    return Prompt(tokenizer(text, add_special_tokens=False)["input_ids"], text)


def answer_ids(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], prompt: Prompt, answer: str) -> List[int]:
    """The tokens of an answer, up to the one that ends it.

    RETURNS (list): as they follow the prompt. Where the tokenizer would join the prompt's end to the answer, the answer's
        tokens on their own: a generation begins with whole tokens too.
    RAISES (ValueError): where the chat template writes the prompt otherwise when an answer follows.
    """
    whole = _rendered(tokenizer, [*messages, Message("assistant", answer)], False)
    if not whole.startswith(prompt.text + answer):
        raise ValueError(
            f"The chat template of '{tokenizer.name_or_path}' changes the prompt or the answer once there is one; give the "
            "tokenizer another template."
        )
    ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
    before = len(prompt.ids)
    if ids[:before] == prompt.ids:
        own = ids[before:]
    else:
        own = tokenizer(whole[len(prompt.text) :], add_special_tokens=False)["input_ids"]
    special = set(tokenizer.all_special_ids) | {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    for place, number in enumerate(own):
        if number in special:
            return own[: place + 1]
    return [*own, tokenizer.eos_token_id]


def end_ids(tokenizer: PreTrainedTokenizerBase) -> List[int]:
    """RETURNS (list): the tokens that end an answer: that of the chat template, and the tokenizer's own."""
    messages = student_messages("x")
    last = answer_ids(tokenizer, messages, prompt_of(tokenizer, messages), "{}")[-1]
    return sorted({last, tokenizer.eos_token_id})


def _rendered(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], asks: bool) -> str:
    rows: List[Dict[str, Any]] = [message._asdict() for message in messages]
    try:
        return str(tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=asks))
    except Exception as error:  # templates raise what they like; some know no system message
        if rows[0]["role"] == "system" and len(rows) > 1:
            joined = {"role": rows[1]["role"], "content": rows[0]["content"] + "\n\n" + rows[1]["content"]}
            return _rendered(tokenizer, [Message(**each) for each in [joined, *rows[2:]]], asks)
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"The chat template of '{tokenizer.name_or_path}' refuses the prompt ({reason}).") from None

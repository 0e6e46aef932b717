"""A causal language model of about a million parameters and its tokenizer, from nothing, in minutes on one CPU core.

The offline default: with it LoRA, constrained generation, grounding and conversion really run where there is neither a GPU nor
a network. It reads passages of a sentence or a few; it knows no language beyond the passages it is made from.

The tokenizer is a byte-level BPE with two peculiarities. A blank is a token of its own, so that a word has the same tokens
wherever it stands, and copying it means repeating them. The fixed pieces of an answer's JSON are tokens, so that they cost
one each.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Sequence

from ...annotate.output import partial_path, text_file
from ...corpus.collect.passages import Passage
from .causal import needs_extra
from .copying import ROPE_BASE, begin_to_copy, can_copy
from .data import student_data
from .drills import drill_answers
from .fit import FitSettings, fit
from .lora import RECORD, read_record, save_plain

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

END, PAD, ASK, TELL = "<|end|>", "<|pad|>", "<|text|>", "<|answer|>"
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}<|text|>{{ message['content'] }}<|answer|>"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] }}<|end|>{% endif %}"
    "{% endfor %}"
)
PIECES = (
    '{"entities": [', '{"id": ', ', "text": "', '", "type": "', '"}, ', '"}], "relations": [', '], "relations": [', ']}',
    '{"head": ', ', "tail": ', ', "type": "', '"}]}',
)  # fmt: skip


@dataclass(frozen=True)
class TinySettings:
    """The shape of the model, and how long it exercises.

    vocabulary (int): tokens. hidden (int), layers (int), heads (int): as in Llama. window (int): tokens of prompt and answer.
    """

    vocabulary: int = 2048
    hidden: int = 128
    layers: int = 4
    heads: int = 2
    window: int = 1024


TINY_FIT = FitSettings(epochs=2, batch_size=8, accumulate=1, learn_rate=2e-3, warmup=0.05, decay=0.01)


def tiny_tokenizer(texts: Iterable[str], settings: TinySettings) -> PreTrainedTokenizerFast:
    """Learn the tokens.

    texts (iterable): the passages.
    settings (TinySettings): how many tokens, and the window.
    RETURNS (PreTrainedTokenizerFast): with a chat template that knows no system message.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s|\d|[^\s\w]|_"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    marks = [END, PAD, ASK, TELL]
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary - len(PIECES),
        special_tokens=marks,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(piece, special=False, normalized=False) for piece in PIECES])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        chat_template=TEMPLATE,
        additional_special_tokens=[ASK, TELL],
        padding_side="left",
        model_max_length=settings.window,
        clean_up_tokenization_spaces=False,
    )


def tiny_model(n_tokens: int, settings: TinySettings, pad: int, end: int, seed: int) -> PreTrainedModel:
    """RETURNS (PreTrainedModel): a small Llama (Touvron et al. 2023), its first weights at random but for the heads that copy, see
    `copying`.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=n_tokens,
        hidden_size=settings.hidden,
        intermediate_size=settings.hidden * 5 // 2,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        max_position_embeddings=settings.window,
        tie_word_embeddings=True,
        attention_bias=True,
        rope_theta=ROPE_BASE,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    begin_to_copy(model, seed)
    return model


def make_tiny(
    passages: Sequence[Passage],
    out: Path,
    *,
    tiny: Optional[TinySettings] = None,
    settings: Optional[FitSettings] = None,
    progress: bool = True,
) -> Dict[str, Any]:
    """Make a tiny model from passages; a run that was killed goes on where its last checkpoint stands.

    passages (sequence): to learn tokens and exercises from.
    out (Path): the model's folder; what `train_student` takes as a base.
    tiny (TinySettings), settings (FitSettings): its shape and its training.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): what `student.json` holds: settings, counts, parameters, the loss of the last updates.
    RAISES (ValueError): where there is no passage, `out` holds another model, or a setting makes no sense.
    RAISES (ImportError): without the extra.
    """
    needs_extra()
    tiny, settings = tiny or TinySettings(), settings or TINY_FIT
    least = 256 + len(PIECES) + 4
    if tiny.vocabulary < least:
        raise ValueError(f"A vocabulary of {tiny.vocabulary} tokens is too small; use {least} or more.")
    if tiny.hidden % (2 * tiny.heads) or not can_copy(tiny.hidden, tiny.heads, tiny.layers):
        raise ValueError(
            f"A model of {tiny.layers} layers and {tiny.heads} heads with {tiny.hidden} dimensions has no room to copy; use 2 "
            "layers and 2 heads or more, and a multiple of 2 dimensions for each head, 16 or more."
        )
    tokenizer: Any = tiny_tokenizer((passage.text for passage in passages), tiny)
    data = student_data(drill_answers(passages), tokenizer, most_tokens=tiny.window)
    identity = {"tiny": asdict(tiny), "settings": {**asdict(settings), "save_every": 0}, "data": data.fingerprint}
    record = read_record(out)
    if record:
        if record.get("identity") != identity:
            raise ValueError(f"The folder '{out}' holds another model; empty it or name another folder.")
        return record
    model = tiny_model(len(tokenizer), tiny, tokenizer.pad_token_id, tokenizer.eos_token_id, settings.seed)
    work = out.with_name(out.name + ".training")
    losses = fit(model, data, work, settings, pad=tokenizer.pad_token_id, about={"tiny": asdict(tiny)}, progress=progress)
    made: Dict[str, Any] = {
        "identity": identity,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "counts": dict(data.counts),
        "loss": round(sum(losses[-20:]) / len(losses[-20:]), 6) if losses else None,
    }
    with partial_path(out) as folder:
        shutil.rmtree(folder, ignore_errors=True)
        save_plain(model, tokenizer, folder)
        with text_file(folder / RECORD) as stream:
            stream.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    shutil.rmtree(work)
    return made



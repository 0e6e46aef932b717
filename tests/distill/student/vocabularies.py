"""Tokenizers of the kinds that the student reads, made here."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = [
    '{"entities": [{"id": 0, "text": "p53", "type": "gene"}, {"id": 1, "text": "β-cells", "type": "cell type"}], "relations": []}',
    'The "p53" gene\nin β-cells; naïve T cells, 10 mg/kg of drug\\placebo. ' * 2,
] * 3


def byte_level(size: int = 600) -> PreTrainedTokenizerFast:
    """RETURNS (PreTrainedTokenizerFast): as those of GPT-2, Llama 3 and Qwen."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_tokens(['"}, {"id": ', "é"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")


def sentencepiece() -> PreTrainedTokenizerFast:
    """RETURNS (PreTrainedTokenizerFast): as those of Llama 2 and Mistral: "▁" for a blank, "<0x0A>" for a stray byte."""
    letters = "▁{}[]:,\"'.-/;abcdefghijklmnopqrstuvwxyzTCN0123456789"
    pieces = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    merges = [("e", "n"), ("en", "t"), ("▁", '"'), ('"', ":"), ("▁", "["), ("t", "y"), ("ty", "p"), ("typ", "e"), ("▁", "T")]
    pieces += ["".join(pair) for pair in merges]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<unk>")


def word_piece() -> Any:
    """RETURNS (PreTrainedTokenizerFast): one that no grammar can read."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "##b": 2, "[SEP]": 3}, unk_token="[UNK]"))
    tokenizer.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="[SEP]", pad_token="[SEP]")

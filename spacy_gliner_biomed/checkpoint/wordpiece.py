"""BERT's `vocab.txt` → its tokenizer, as `transformers` converts it (`convert_slow_tokenizer.py`, BertConverter)."""

from __future__ import annotations

from typing import Any, Dict

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from .errors import CheckpointError, short


def build_wordpiece(vocabulary: bytes, config: Dict[str, Any], where: str) -> Tokenizer:
    """Build the tokenizer.

    vocabulary (bytes): `vocab.txt`, one sub-word a line; a sub-word's id is its line.
    config (dict): the parsed `tokenizer_config.json`, for lower-casing and its like.
    RAISES (CheckpointError): when the text isn't UTF-8 or lacks one of BERT's special tokens.
    """
    from .tokenizer_json import bert_switches

    try:
        # only "\n" ends a line, as in a file opened for reading
        lines = vocabulary.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{where} is not UTF-8 text (byte {error.start}).") from None
    if lines[-1] == "":
        lines.pop()
    ids = {subword: number for number, subword in enumerate(lines)}
    missing = [token for token in ("[UNK]", "[CLS]", "[SEP]") if token not in ids]
    if missing:
        raise CheckpointError(f"{where} lacks {short(missing[0])}; it is no vocabulary of BERT.")
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=True, **bert_switches(config))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens([token for token in ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]") if token in ids])
    return tokenizer

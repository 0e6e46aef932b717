"""Tokenizer files: read as `transformers` reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertTokenizerFast

from spacy_gliner_biomed.checkpoint.errors import CheckpointError
from spacy_gliner_biomed.checkpoint.files import FolderFiles, MemoryFiles
from spacy_gliner_biomed.checkpoint.tokenizer_json import FolderTokenizer, read_tokenizer
from spacy_gliner_biomed.scorer import Subwords
from tests.checkpoint.folders import edit_json, published

WORDS = ["BRCA1", "naïve", "细胞", "TNF-α", "un\u200bseen", "[MASK]", "IL-2", "[X]"]
VOCABULARY = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] brca1 ##1 na ##ive ##ï ##ve 细 胞 细胞 tnf - α il 2 x [ ] BRCA1 TNF Å"
).split()


def read(folder: Path) -> FolderTokenizer:
    """RETURNS (FolderTokenizer): the tokenizer of a folder."""
    tokenizer = read_tokenizer(FolderFiles(folder))
    assert tokenizer is not None
    return tokenizer


def assert_as_transformers(folder: Path) -> None:
    """Both give every word the same sub-words."""
    theirs = AutoTokenizer.from_pretrained(folder)
    ours = Subwords(read(folder).json)
    for word in WORDS:
        expected = theirs([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        assert ours.encode([word]).ids.tolist() == expected, word
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("backbone", ["bert", "deberta-v2"])
def test_unchanged_files_are_taken_to_the_letter(tmp_path: Path, backbone: str) -> None:
    """The text of tokenizer.json is kept where tokenizer_config.json changes nothing."""
    folder = published(tmp_path, backbone=backbone)
    assert read(folder).json == (folder / "tokenizer.json").read_text(encoding="utf8")
    assert_as_transformers(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"do_lower_case": False},
        {"strip_accents": False},
        {"tokenize_chinese_chars": False},
        {"do_lower_case": False, "strip_accents": True},
    ],
)
def test_bert_switches(tmp_path: Path, changes: dict) -> None:
    """tokenizer_config.json overrules the normaliser of a BERT tokenizer."""
    folder = published(tmp_path, backbone="bert")
    edit_json(folder, changes, "tokenizer_config.json")
    assert read(folder).json != (folder / "tokenizer.json").read_text(encoding="utf8")
    assert_as_transformers(folder)


def test_tokens_added_later(tmp_path: Path) -> None:
    """Tokens that only tokenizer_config.json lists, and special tokens that it names as objects or strings."""
    folder = published(tmp_path, backbone="bert")
    size = len(read(folder))
    flags = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
    token = {"content": "[X]", **flags}
    edit_json(folder, {f"added_tokens_decoder.{size}": token}, "tokenizer_config.json")
    assert_as_transformers(folder)
    edit_json(folder, {"mask_token": {"__type": "AddedToken", "content": "[M]", **flags}}, "tokenizer_config.json")
    assert_as_transformers(folder)
    assert read(folder).token_id("[X]") == size and read(folder).token_id("[M]") == size + 1


@pytest.mark.parametrize("lower", [True, False])
def test_vocab_txt_becomes_a_tokenizer(tmp_path: Path, lower: bool) -> None:
    """A BERT folder without tokenizer.json: the conversion equals that of transformers."""
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf8")
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": lower, "model_max_length": 512}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf8")
    theirs = BertTokenizerFast(tmp_path / "vocab.txt", do_lower_case=lower)
    ours = Subwords(read(tmp_path).json)
    for word in [*WORDS, "Ångström", "don't"]:
        expected = theirs([word], is_split_into_words=True)["input_ids"]
        assert [ours.cls_id, *ours.encode([word]).ids.tolist(), ours.sep_id] == expected, word
    assert read(tmp_path).max_subwords == 512


def test_other_vocabularies_need_tokenizer_json(tmp_path: Path) -> None:
    """sentencepiece models are not converted here: the conversion is lossy; the message says how to do it."""
    (tmp_path / "spm.model").write_bytes(b"x")
    for config in ({"tokenizer_class": "DebertaV2Tokenizer"}, {}):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf8")
        with pytest.raises(CheckpointError, match=r"tokenizer.json is missing.*save_pretrained\(folder\)"):
            read(tmp_path)
    assert read_tokenizer(MemoryFiles({})) is None


def test_vocab_txt_of_another_kind(tmp_path: Path) -> None:
    """Not UTF-8, no special tokens, another tokenizer's class."""
    (tmp_path / "vocab.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="vocab.txt is not UTF-8"):
        read(tmp_path)
    (tmp_path / "vocab.txt").write_text("a\nb", encoding="utf8")
    with pytest.raises(CheckpointError, match=r"vocab.txt lacks '\[UNK\]'"):
        read(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}', encoding="utf8")
    with pytest.raises(CheckpointError, match="tokenizer.json is missing"):
        read(tmp_path)


def test_limits(tmp_path: Path) -> None:
    """Transformers' own "no limit" is none."""
    folder = published(tmp_path)
    for value, expected in ((None, None), (int(1e30), None), (1e30, None), (256, 256)):
        edit_json(folder, {"model_max_length": value}, "tokenizer_config.json")
        assert read(folder).max_subwords == expected

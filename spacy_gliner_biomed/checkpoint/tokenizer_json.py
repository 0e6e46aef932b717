"""The tokenizer files of a folder → one `tokenizer.json` text that behaves as `transformers` would with the same files.

`transformers` takes `tokenizer.json` and then lets `tokenizer_config.json` change it: BERT's lower-casing switches,
tokens added later, special tokens. These changes are made here once; what is left is `tokenizers` alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, TypeVar

from tokenizers import AddedToken, Tokenizer, normalizers

from . import limits
from .encoder_json import REMOTE_CODE
from .errors import CheckpointError, listed, short
from .files import Files
from .json_text import Fields, parse_object
from .layout import SENTENCEPIECE, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY
from .tokenizer_steps import check_steps
from .wordpiece import build_wordpiece

if TYPE_CHECKING:
    from ..scorer.subwords import Subwords

MODELS = ("WordPiece", "Unigram", "BPE", "WordLevel")
UNLIMITED = 10**20  # transformers writes 1e30 for "no limit"
GLINER_TOKENS = ("[FLERT]", "<<ENT>>", "<<SEP>>")
_BERT_CLASSES = ("BertTokenizer", "BertTokenizerFast")
_DEFAULT_SPECIALS = ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")
_SPECIAL_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
T = TypeVar("T")


class FolderTokenizer:
    """A tokenizer as a folder has it, fitted step by step to the embedding table.

    json (str): the text of its `tokenizer.json`. where (str): its place, for messages.
    max_subwords (int): most sub-words of a sequence, None if unlimited.
    """

    def __init__(self, tokenizer: Tokenizer, text: str, max_subwords: Optional[int], where: str) -> None:
        self._tokenizer = tokenizer
        self.json = text
        self.max_subwords = max_subwords
        self.where = where

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    def token_id(self, token: str) -> Optional[int]:
        """RETURNS (int): the id of a token, or None."""
        return self._tokenizer.token_to_id(token)

    def add_special_tokens(self, tokens: Sequence[str]) -> None:
        """Add special tokens in this order; those present stay as they are."""
        known = {token.content for token in self._tokenizer.get_added_tokens_decoder().values()}
        if not known.issuperset(tokens):
            guarded(lambda: self._tokenizer.add_special_tokens(list(tokens)), self.where)
            self.json = self._tokenizer.to_str()

    def drop_rowless_tokens(self, n_rows: int, droppable: Sequence[str]) -> None:
        """Take out added tokens that have no row in the embedding table, as in every bi-encoder that `gliner` saved.

        droppable (list): the tokens that may lack a row.
        RAISES (CheckpointError): when any other token has no row.
        """
        if len(self) <= n_rows and max(self._ids().values(), default=0) < n_rows:
            return
        rowless = {token for token, token_id in self._ids().items() if token_id >= n_rows}
        values = json.loads(self.json)
        values["added_tokens"] = [token for token in values.get("added_tokens", ()) if token["id"] < n_rows]
        self.json = json.dumps(values, ensure_ascii=False)
        self._tokenizer = load_tokenizer(self.json, self.where)
        if not rowless.issubset(droppable) or max(self._ids().values(), default=0) >= n_rows:
            raise CheckpointError(
                f"{self.where} has tokens beyond the {n_rows} rows of the embedding table: {listed(rowless)}; "
                "the two don't belong together."
            )

    def subwords(self, n_rows: int) -> Subwords:
        """RETURNS (Subwords): the tokenizer ready for use.

        n_rows (int): rows of the embedding table.
        RAISES (CheckpointError): when it is no tokenizer of GLiNER's, and when what it puts around a text has no row.
        """
        from ..scorer.subwords import Subwords

        made = guarded(lambda: Subwords(self.json), self.where)
        if max(made.cls_id, made.sep_id) >= n_rows:
            raise CheckpointError(
                f"{self.where} puts the ids {made.cls_id} and {made.sep_id} around a text, beyond the {n_rows} rows of the "
                "embedding table; its post-processor is another tokenizer's."
            )
        return made

    def _ids(self) -> Dict[str, int]:
        return self._tokenizer.get_vocab(with_added_tokens=True)


def read_tokenizer(files: Files, folder: str = "") -> Optional[FolderTokenizer]:
    """Read the tokenizer in a folder of the checkpoint.

    folder (str): "" or "labels_tokenizer/".
    RETURNS (FolderTokenizer): or None when the folder holds none of a tokenizer's files.
    RAISES (CheckpointError): when the files are damaged or don't agree, and when `tokenizer.json` is missing
        and follows from nothing else.
    """
    config = _read_tokenizer_config(files, folder + TOKENIZER_CONFIG)
    where = files.where(folder + TOKENIZER)
    data = files.read(folder + TOKENIZER, limits.TOKENIZER_BYTES)
    if data is not None:
        tokenizer, text = _parse(data, where)
    else:
        vocabulary = files.read(folder + VOCABULARY, limits.TOKENIZER_BYTES)
        if vocabulary is not None and config.get("tokenizer_class", _BERT_CLASSES[0]) in _BERT_CLASSES:
            tokenizer = guarded(lambda: build_wordpiece(vocabulary, config, files.where(folder + VOCABULARY)), where)
            text = tokenizer.to_str()
        elif vocabulary is not None or config or files.read(folder + SENTENCEPIECE, limits.TOKENIZER_BYTES) is not None:
            raise CheckpointError(
                f"{where} is missing; where transformers is installed, "
                "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) makes it from the other tokenizer files."
            )
        else:
            return None
    changed = guarded(lambda: _apply_config(tokenizer, config, files.where(folder + TOKENIZER_CONFIG)), where)
    return FolderTokenizer(tokenizer, tokenizer.to_str() if changed else text, _max_subwords(config), where)


def load_tokenizer(text: str, where: str) -> Tokenizer:
    """RETURNS (Tokenizer): the tokenizer of a `tokenizer.json` text.

    RAISES (CheckpointError): when the tokenizers library refuses it.
    """
    return guarded(lambda: Tokenizer.from_str(text), where)


def guarded(action: Callable[[], T], where: str) -> T:
    """Run something of the tokenizers library, whose Rust side raises bare Exception, and on some inputs panics."""
    try:
        return action()
    except CheckpointError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise CheckpointError(f"{where} can't be used as a tokenizer: {short(str(error), 200)}.") from None


def _parse(data: bytes, where: str) -> tuple[Tokenizer, str]:
    values = parse_object(data, where)
    model = values.get("model")
    family = model.get("type") if isinstance(model, dict) else None
    # old files leave the type out; the tokenizers library then finds it by the fields
    if not isinstance(model, dict) or (family is not None and family not in MODELS):
        raise CheckpointError(f"{where} holds the tokenizer model {short(family)}; supported are {', '.join(MODELS)}.")
    check_steps(values, where)
    text = data.decode("utf-8")
    tokenizer = load_tokenizer(text, where)
    _check_ids(model, where)
    if not _knows_the_unknown(model, tokenizer):
        raise CheckpointError(
            f"{where} has no token for the unknown in its vocabulary, so it would fail on some texts."
        )
    for entry in values.get("added_tokens") or ():  # the library renumbers in silence what doesn't fit
        if tokenizer.token_to_id(entry["content"]) != entry["id"]:
            raise CheckpointError(
                f"{where} gives the token {short(entry['content'])} the impossible id {short(entry['id'])}."
            )
    return tokenizer, text


def _check_ids(model: Dict[str, Any], where: str) -> None:
    """Refuse ids that no embedding table has a row for: the library writes a tokenizer by going through all ids below."""
    vocabulary = model.get("vocab")
    if isinstance(vocabulary, dict) and vocabulary:  # Unigram's is a list, and its ids the places there
        token = max(vocabulary, key=vocabulary.__getitem__)
        if vocabulary[token] >= limits.VOCABULARY:
            raise CheckpointError(
                f"{where} gives the token {short(token)} the id {vocabulary[token]}, beyond the {limits.VOCABULARY:,} sub-words "
                "that a model may have."
            )


def _knows_the_unknown(model: Dict[str, Any], tokenizer: Tokenizer) -> bool:
    """RETURNS (bool): whether a model has a sub-word for characters that it has never seen; BPE may also drop them."""
    if isinstance(model.get("vocab"), list):  # Unigram
        return model.get("unk_id") is not None
    unknown = model.get("unk_token")
    return tokenizer.token_to_id(unknown) is not None if isinstance(unknown, str) else "merges" in model


def _read_tokenizer_config(files: Files, name: str) -> Dict[str, Any]:
    data = files.read(name, limits.CONFIG_BYTES)
    if data is None:
        return {}
    config = parse_object(data, files.where(name))
    Fields(config, files.where(name)).refuse(("auto_map", "trust_remote_code"), REMOTE_CODE)
    return config


def _max_subwords(config: Dict[str, Any]) -> Optional[int]:
    limit = config.get("model_max_length")
    if limit is None or (isinstance(limit, (int, float)) and limit >= UNLIMITED):
        return None
    return Fields(config, TOKENIZER_CONFIG).integer("model_max_length", 0, 8, UNLIMITED)


def _apply_config(tokenizer: Tokenizer, config: Dict[str, Any], where: str) -> bool:
    """RETURNS (bool): whether `tokenizer_config.json` changed the tokenizer."""
    changed = _apply_bert_switches(tokenizer, config)
    for token in _later_tokens(tokenizer, config, where):
        changed = bool(tokenizer.add_tokens([token])) or changed
    known = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    for special in _special_tokens(config):
        if special not in known:
            tokenizer.add_special_tokens([special])
            changed = True
    return changed


def _apply_bert_switches(tokenizer: Tokenizer, config: Dict[str, Any]) -> bool:
    """BertTokenizerFast rebuilds the normaliser when its three switches say otherwise (`tokenization_bert_fast.py`)."""
    if config.get("tokenizer_class") not in _BERT_CLASSES or not isinstance(
        tokenizer.normalizer, normalizers.BertNormalizer
    ):
        return False
    normaliser = tokenizer.normalizer
    wanted = bert_switches(config)
    found = {name: getattr(normaliser, name) for name in wanted}
    if found == wanted:
        return False
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=normaliser.clean_text, **wanted)
    return True


def bert_switches(config: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (dict): the arguments of BERT's normaliser as `tokenizer_config.json` sets them."""
    fields = Fields(config, TOKENIZER_CONFIG)
    strip_accents = None if config.get("strip_accents") is None else fields.boolean("strip_accents", False)
    return {
        "lowercase": fields.boolean("do_lower_case", True),
        "strip_accents": strip_accents,
        "handle_chinese_chars": fields.boolean("tokenize_chinese_chars", True),
    }


def _later_tokens(tokenizer: Tokenizer, config: Dict[str, Any], where: str) -> List[AddedToken]:
    """RETURNS (list): tokens of `added_tokens_decoder` that `tokenizer.json` hasn't, in the order of their ids.

    RAISES (CheckpointError): when one would get another id than it was trained with.
    """
    decoder = Fields(config, where).object("added_tokens_decoder") or {}
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    later, upcoming = [], tokenizer.get_vocab_size(with_added_tokens=True)
    added = tokenizer.get_added_tokens_decoder()
    for key in sorted(decoder, key=lambda key: (len(key), key)):
        fields = Fields(decoder[key] if isinstance(decoder[key], dict) else {}, f"{where}, added token {short(key)}")
        content = fields.text("content", "", 1000)
        if not (key.isascii() and key.isdigit() and len(key) < 10):
            raise CheckpointError(
                f"{where} gives the added token {short(content)} the id {short(key)}, which is no number."
            )
        token_id = int(key)
        if token_id in added and added[token_id].content == content:
            continue
        found = tokenizer.token_to_id(content)
        if (upcoming if found is None else found) != token_id:
            raise CheckpointError(
                f"{where} gives the token {short(content)} the id {token_id}, not tokenizer.json's; save both anew."
            )
        upcoming += found is None
        later.append(AddedToken(content, **{flag: fields.boolean(flag, False) for flag in flags}))
    return later


def _special_tokens(config: Dict[str, Any]) -> List[str]:
    """RETURNS (list): tokens that transformers makes special whatever `tokenizer.json` says, each once."""
    fields = Fields(config, TOKENIZER_CONFIG)
    named = any(family in str(config.get("tokenizer_class")) for family in ("BertTokenizer", "DebertaV2Tokenizer"))
    found = []
    for name, default in zip(_SPECIAL_NAMES, (None, None, *_DEFAULT_SPECIALS), strict=True):
        value = config.get(name, default if named else None)
        if isinstance(value, dict):
            found.append(Fields(value, f"{name!r} in {TOKENIZER_CONFIG}").text("content", "", 1000))
        elif value is not None:
            found.append(fields.text(name, str(default), 1000))
    return list(dict.fromkeys(found))

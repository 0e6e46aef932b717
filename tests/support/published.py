"""Random-weight checkpoints in GLiNER's published folder layout, written by `gliner` itself: the layout is theirs.

Everything is built offline: tokenizers are trained on our own text (`texts.py`), weights are random, scaled so that the
logits spread as a trained model's do and a given share of the candidates passes 0.5.
"""

from __future__ import annotations

import collections
import functools
import json
import math
import shutil
import warnings
from pathlib import Path
from typing import Any

import torch
from gliner.config import BiEncoderSpanConfig, UniEncoderSpanConfig
from gliner.model import BaseGLiNER, BiEncoderSpanGLiNER, UniEncoderSpanGLiNER
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import BertTokenizerFast, DebertaV2TokenizerFast, PreTrainedTokenizerFast

from tests.support import texts

# Fields that configurations of old tags lack.
NEW_FIELDS = (
    "num_rnn_layers", "fuse_layers", "embed_ent_token", "post_fusion_schema", "num_post_fusion_layers",
    "subtoken_pooling", "span_encoder_config", "precomputed_prompts_mode", "id_to_classes", "represent_spans",
    "neg_spans_ratio", "token_loss_coef", "span_loss_coef", "_attn_implementation",
)  # fmt: skip
# What the published configurations name; the folder holds all that is needed, so nothing is fetched under these names.
HUB_NAMES = {
    "bert": "google-bert/bert-base-uncased",
    "deberta-v2": "microsoft/deberta-v3-base",
    "labels": "sentence-transformers/all-MiniLM-L6-v2",
}
# Fields of old tags that nothing reads any more.
OLD_FIELDS = {
    "has_rnn": True,
    "lr_encoder": "1e-5",
    "lr_others": "5e-5",
    "num_steps": 30000,
    "train_batch_size": 8,
    "root_dir": "logs",
}


def make_checkpoint(
    folder: str | Path,
    kind: str = "uni",
    backbone: str = "deberta-v2",
    *,
    hidden: int = 32,
    layers: int = 2,
    heads: int = 2,
    intermediate: int | None = None,
    head_size: int = 24,
    rnn: bool = True,
    max_width: int = 12,
    max_len: int = 384,
    position_buckets: int = 256,
    max_position_embeddings: int = 512,
    model_max_length: int | None = None,
    labels_hidden: int = 16,
    labels_layers: int = 2,
    labels_heads: int = 2,
    labels_intermediate: int | None = None,
    labels_backbone: str = "bert",
    labels_tokenizer: bool = True,
    safetensors: bool = False,
    class_token_index: str = "explicit",
    flert: bool = True,
    old_config: bool = False,
    charsmap: bool = False,
    vocab_size: int = 2000,
    pad_vocab_to: int | None = None,
    pass_rate: float = 0.02,
    logit_spread: float = 2.0,
    calibration_texts: int = 12,
    calibration_labels: tuple[int, ...] = (1, 5, 25, 60),
    seed: int = 0,
) -> Path:
    """Write a random-weight checkpoint that `gliner` 0.2.29 loads, and return its folder.

    folder: created; replaced when it exists.
    kind (str): "uni" or "bi".
    backbone (str): "bert" (lower-casing WordPiece, 512 positions) or "deberta-v2" (Unigram over Metaspace, relative
        positions as in v3).
    hidden, layers, heads, intermediate: H and the rest of the text encoder; `intermediate` defaults to 2·H.
    head_size (int): D. A `projection` exists iff D ≠ H; a `labels_projection` iff D ≠ `labels_hidden`.
    rnn (bool): `num_rnn_layers` 1 or 0 (the bi-encoder stores the LSTM and never calls it).
    model_max_length: the tokenizer's own limit in sub-words; None is 512 for BERT and unlimited for DeBERTa.
    labels_backbone (str): "bert" (MiniLM- and bge-like, which differ in size alone) or "deberta-v2".
    labels_tokenizer (bool): False leaves the sub-folder out, as ≤ 0.2.27 did: `labels_encoder` in the config then names
        the folder `<folder>-labels-encoder`, which stands in for the Hub.
    safetensors (bool): `model.safetensors` in place of `pytorch_model.bin`.
    class_token_index (str): "explicit", or "-1" to leave `class_token_index` and `vocab_size` for the loader to find. A
        bi-encoder has -1 always.
    flert (bool): whether the saved tokenizer owns `[FLERT]`, which new versions of `gliner` add (False: explicit index
        only). A bi-encoder saved without it owns none of the three added tokens, as the published ones.
    old_config (bool): write `gliner_config.json` as tags ≤ 0.2.22 did: without the newer fields, with ones that nothing
        reads.
    charsmap (bool): the DeBERTa tokenizer normalises as sentencepiece's `nmt_nfkc` does, which turns zero-width
        characters into nothing.
    pad_vocab_to: rows of a bi-encoder's embedding table, when more than its tokenizer needs.
    pass_rate (float): share of (valid span, label) candidates above 0.5 over sample texts and `make_labels`.
    logit_spread (float): standard deviation of the logits there.
    calibration_texts (int): number of sample texts.
    calibration_labels (tuple): sizes of the label sets; random weights pass unlike shares of unlike label sets, so a
        test that wants `pass_rate` exactly names the one size it uses.
    RETURNS (Path): `folder`.
    """
    if kind not in ("uni", "bi") or class_token_index not in ("explicit", "-1"):
        raise ValueError(f"Unknown kind {kind!r} or class_token_index {class_token_index!r}.")
    folder = Path(folder)
    if folder.exists():
        shutil.rmtree(folder)
    tokenizer = text_tokenizer(backbone, vocab_size, charsmap, model_max_length)
    if kind == "uni":
        tokens = ["[FLERT]", "<<ENT>>", "<<SEP>>"] if flert else ["<<ENT>>", "<<SEP>>"]
        tokenizer.add_tokens(tokens, special_tokens=True)
    rows = len(tokenizer) if kind == "uni" else max(pad_vocab_to or 0, len(tokenizer))
    config: dict[str, Any] = {
        "model_name": HUB_NAMES[backbone],
        "encoder_config": encoder_config(
            backbone, rows, hidden, layers, heads, intermediate, position_buckets, max_position_embeddings
        ),
        "hidden_size": head_size,
        "max_width": max_width,
        "max_len": max_len,
        "num_rnn_layers": int(rnn),
        "name": "span level gliner",
    }
    torch.manual_seed(seed)
    if kind == "uni":
        config.update(class_token_index=tokenizer.convert_tokens_to_ids("<<ENT>>"), vocab_size=rows)
        # `load_from_config` reads a tokenizer from a folder; the classes themselves take ours as it is.
        model: BaseGLiNER = UniEncoderSpanGLiNER(UniEncoderSpanConfig(**config), tokenizer=tokenizer)
    else:
        label_tokenizer = text_tokenizer(labels_backbone, vocab_size, False, None)
        labels_folder = folder if labels_tokenizer else folder.with_name(folder.name + "-labels-encoder")
        config["labels_encoder"] = HUB_NAMES["labels"] if labels_tokenizer else str(labels_folder)
        config["labels_encoder_config"] = encoder_config(
            labels_backbone, len(label_tokenizer), labels_hidden, labels_layers, labels_heads, labels_intermediate
        )
        model = BiEncoderSpanGLiNER(
            BiEncoderSpanConfig(**config), tokenizer=tokenizer, labels_tokenizer=label_tokenizer
        )
    model.eval()
    randomise(model.model, seed)
    calibrate(model, pass_rate, logit_spread, calibration_texts, calibration_labels, seed)
    if kind == "bi" and flert:
        tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    model.save_pretrained(folder, safe_serialization=safetensors)
    if kind == "bi" and not labels_tokenizer:
        shutil.rmtree(labels_folder, ignore_errors=True)
        shutil.move(folder / "labels_tokenizer", labels_folder)
        write_json(labels_folder / "config.json", config["labels_encoder_config"])
    rewrite_config(folder, class_token_index, old_config)
    return folder


def make_base_size(
    folder: str | Path,
    kind: str = "uni",
    *,
    vocab_size: int = 2000,
    layers: int = 12,
    seed: int = 0,
) -> Path:
    """Write a checkpoint with the sizes of gliner-biomed-base: DeBERTa-v3-base (768/12/3072), uni D=512 with BiLSTM, or
    bi D=768 with a MiniLM-L6-sized label encoder (384/6/1536).

    The vocabulary is small: embedding rows cost no time, and our texts come to about 1.8 sub-words a word, as
    biomedical text does with the real tokenizer. Calibration is rough, on one text: choose a threshold by the scores.
    """
    return make_checkpoint(
        folder,
        kind,
        "deberta-v2",
        hidden=768,
        layers=layers,
        heads=12,
        intermediate=3072,
        head_size=512 if kind == "uni" else 768,
        labels_hidden=384,
        labels_layers=6,
        labels_heads=12,
        labels_intermediate=1536,
        vocab_size=vocab_size,
        calibration_texts=1,
        seed=seed,
    )


def load_in_gliner(folder: str | Path) -> BaseGLiNER:
    """RETURNS (GLiNER): the folder as `gliner` loads it, offline, in evaluation mode, with no key missing or extra."""
    from gliner import GLiNER

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GLiNER.from_pretrained(str(folder), local_files_only=True, strict=True).eval()


@functools.cache
def tokenizer_json(backbone: str, vocab_size: int = 2000, charsmap: bool = False) -> str:
    """RETURNS (str): `tokenizer.json` of a tokenizer for our own text, without GLiNER's added tokens.

    The pieces are picked here: the trainers of `tokenizers` break ties by the order of a hash map, so that no two
    processes would make the same checkpoint.
    """
    if backbone == "bert":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        pieces = [*special, *frequent_pieces(tokenizer, vocab_size - len(special), "##")]
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        tokenizer.model = models.WordPiece(vocab=vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
        tokenizer.decoder = decoders.WordPiece(prefix="##")
        tokenizer.add_special_tokens(special)
    elif backbone == "deberta-v2":
        special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
        tokenizer = Tokenizer(models.Unigram())
        steps: list[Any] = [normalizers.Nmt(), normalizers.NFKC()] if charsmap else []
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
        tokenizer.normalizer = normalizers.Sequence(steps)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        counts = frequent_pieces(tokenizer, vocab_size - len(special), "")
        total = sum(counts.values())
        scored = [(piece, 0.0) for piece in special]
        scored += [(piece, math.log(count / total)) for piece, count in counts.items()]
        tokenizer.model = models.Unigram(scored, unk_id=special.index("[UNK]"), byte_fallback=False)
        tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
        tokenizer.add_special_tokens([*special, AddedToken("[MASK]", special=True, normalized=False)])
    else:
        raise ValueError(f"Unknown backbone {backbone!r}.")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return tokenizer.to_str()


def frequent_pieces(tokenizer: Tokenizer, count: int, continuation: str) -> dict[str, int]:
    """Pick pieces of words, as the tokenizer's first steps leave them: every character, then what covers most text.

    continuation (str): what a piece inside a word begins with.
    RETURNS (dict): `count` pieces or fewer, and how often each occurs.
    """
    counts: collections.Counter[str] = collections.Counter()
    for text in texts.training_text():
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + 10) + 1):
                    counts[continuation * bool(start) + word[start:end]] += 1
    cover = {piece: number * len(piece.removeprefix(continuation)) ** 2 for piece, number in counts.items()}
    ranked = sorted(counts, key=lambda piece: (len(piece.removeprefix(continuation)) > 1, -cover[piece], piece))
    return {piece: counts[piece] for piece in ranked[:count]}


def text_tokenizer(
    backbone: str, vocab_size: int = 2000, charsmap: bool = False, model_max_length: int | None = None
) -> PreTrainedTokenizerFast:
    """RETURNS (PreTrainedTokenizerFast): a fresh tokenizer of the family, with `[CLS] … [SEP]` and its length limit."""
    core = Tokenizer.from_str(tokenizer_json(backbone, vocab_size, charsmap))
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("cls", "sep", "pad", "unk", "mask")}
    if backbone == "bert":
        return BertTokenizerFast(tokenizer_object=core, model_max_length=model_max_length or 512, **special)
    limit = model_max_length or int(1e30)
    return DebertaV2TokenizerFast(
        tokenizer_object=core,
        model_max_length=limit,
        bos_token="[CLS]",
        eos_token="[SEP]",
        do_lower_case=False,
        **special,
    )


def encoder_config(
    backbone: str,
    vocab_size: int,
    hidden: int,
    layers: int,
    heads: int,
    intermediate: int | None = None,
    position_buckets: int = 256,
    max_position_embeddings: int = 512,
) -> dict[str, Any]:
    """RETURNS (dict): an encoder's configuration with the fields and values the published models have."""
    sizes = {
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": intermediate or 2 * hidden,
        "hidden_act": "gelu",
        "max_position_embeddings": max_position_embeddings,
    }
    if backbone == "bert":
        return {"model_type": "bert", **sizes, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}
    return {
        "model_type": "deberta-v2",
        **sizes,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "pad_token_id": 0,
        "relative_attention": True,
        "position_buckets": position_buckets,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "max_relative_positions": -1,
        "position_biased_input": False,
        "pooler_dropout": 0,
        "pooler_hidden_act": "gelu",
    }


def randomise(module: nn.Module, seed: int) -> None:
    """Draw weights under which every part of the network counts: attention is peaked, biases and norms aren't trivial.

    The library's own initialisation (std 0.02) leaves small encoders nearly linear: a wrong attention would pass.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.named_parameters():
        noise = torch.randn(tensor.shape, generator=generator)
        if "LayerNorm.weight" in name:
            values = 1 + 0.1 * noise
        elif tensor.dim() == 1:
            values = 0.1 * noise
        elif "embeddings" in name:
            values = noise
        else:
            gain = 1.2 if any(part in name for part in ("query", "key")) else 1.0
            values = noise * gain / math.sqrt(tensor.shape[1])
        tensor.data.copy_(values)


@torch.no_grad()
def calibrate(
    model: BaseGLiNER, pass_rate: float, logit_spread: float, n_texts: int, set_sizes: tuple[int, ...], seed: int
) -> None:
    """Change the head until `pass_rate` of the candidates pass 0.5, and the logits have the spread `logit_spread`.

    Random labels are unlike: one decides everything, with logits of 30, where float32 probabilities run together. So
    span and label vectors are centred on a sample, the last linear of the label MLP is bent (ridge regression) until
    every label spreads alike over the sample's spans, then scaled; one dimension is given up for a constant that shifts
    all logits.
    """
    span_out = model.model.span_rep_layer.span_rep_layer.out_project[3]
    label_out = model.model.prompt_rep_layer[3]
    for layer, constant in ((span_out, 1.0), (label_out, 0.0)):
        layer.weight[-1] = 0.0
        layer.bias[-1] = constant
    observed = _observe(model, texts.make_texts(n_texts, seed=seed + 1, min_words=8, max_words=150, odd=0.2), set_sizes)
    span_mean = torch.stack([spans.mean(0) for spans, _ in observed]).mean(0)
    span_mean[-1] = 0.0
    span_out.bias -= span_mean
    spans = torch.cat([each - span_mean for each, _ in observed])
    spans = spans[torch.linspace(0, len(spans) - 1, min(len(spans), 20_000)).long()]
    hidden = torch.cat([each for _, each in observed])
    vectors = label_out(hidden)
    wanted = vectors - vectors.mean(0) if max(set_sizes) > 1 else vectors  # one label centred on itself leaves noise
    if len(hidden) >= 2 * hidden.shape[1]:  # fewer would be learnt by heart, and other texts' labels come out otherwise
        wanted = wanted / (spans @ wanted.T).std(0)[:, None]
        inputs = torch.cat([hidden, torch.ones(len(hidden), 1)], dim=1).double()
        gram = inputs.T @ inputs
        gram.diagonal().add_(1e-2 * gram.diagonal().mean())
        change = torch.linalg.solve(gram, inputs.T @ (wanted - vectors).double()).float()
        label_out.weight += change[:-1].T
        label_out.bias += change[-1]
    else:
        label_out.bias += (wanted - vectors).mean(0)
    # Every observation weighs the same: else the largest label set would decide alone.
    logits = [((each - span_mean) @ label_out(labels).T).flatten() for each, labels in observed]
    rows = torch.cat([values[torch.linspace(0, len(values) - 1, 2000).long()] for values in logits])
    scale = logit_spread / rows.std().item()
    label_out.weight *= scale
    label_out.bias *= scale
    label_out.bias[-1] = -scale * torch.quantile(rows, 1 - pass_rate).item()


def _observe(
    model: BaseGLiNER, sample: list[str], set_sizes: tuple[int, ...]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """RETURNS (list): for each text and label set, the vectors of valid spans (spans, D), and what the last linear of
    the label MLP reads (labels, 4 · D).
    """
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        model.model.span_rep_layer.register_forward_hook(lambda *args: seen.update(spans=args[2])),
        model.model.prompt_rep_layer[3].register_forward_hook(lambda *args: seen.update(labels=args[1][0])),
    ]
    observed = []
    for text in sample:
        for labels in map(texts.make_labels, set_sizes):
            prepared = model.prepare_batch([text], labels)
            batch = model.collate_batch(prepared["input_x"], prepared["entity_types"])
            model.run_batch(batch)
            spans = seen["spans"].reshape(-1, seen["spans"].shape[-1])[batch["span_mask"][0]]
            observed.append((spans.clone(), seen["labels"].reshape(-1, seen["labels"].shape[-1]).clone()))
    for hook in hooks:
        hook.remove()
    return observed


def rewrite_config(folder: Path, class_token_index: str, old_config: bool) -> None:
    """Turn the configuration `gliner` just wrote into the asked variant."""
    path = folder / "gliner_config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    if class_token_index == "-1":
        config.update(class_token_index=-1, vocab_size=-1)
    if old_config:
        config = {key: value for key, value in config.items() if key not in NEW_FIELDS}
        config.update(OLD_FIELDS, model_type=None)
    write_json(path, config)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf8")

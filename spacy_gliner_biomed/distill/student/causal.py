"""Loads causal language models, from a folder or the Hugging Face hub: weights as safetensors, no code but our own."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional

from .prompt import give_template

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EXTRA = "pip install 'spacy-gliner-biomed[distill]'"
PRECISIONS = ("auto", "float32", "bfloat16")


class Causal(NamedTuple):
    """A causal language model that can be used.

    model (PreTrainedModel): in evaluation mode. tokenizer (PreTrainedTokenizerBase): with a chat template, padding on the left.
    name (str): what it was loaded from.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str

    @property
    def window(self) -> int:
        """Tokens that prompt and answer may have together."""
        for config in (self.model.config, getattr(self.model.config, "text_config", None)):
            size = getattr(config, "max_position_embeddings", None)
            if isinstance(size, int):
                return size
        return min(self.tokenizer.model_max_length, 1 << 20)


def needs_extra() -> None:
    """RAISES (ImportError): without the libraries of the extra; one sentence."""
    try:
        import peft  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise ImportError(f"The student needs the extra 'distill': {EXTRA}.") from error


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """RETURNS (torch.dtype): that of the base model's weights; "auto" is bfloat16 on a GPU that computes with it, else float32.

    RAISES (ValueError): for another name.
    """
    import torch

    if precision not in PRECISIONS:
        raise ValueError(f"There is no precision '{precision}'; use one of {', '.join(PRECISIONS)}.")
    if precision == "auto":
        able = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if able else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def choose_device(name: Optional[str]) -> torch.device:
    """RETURNS (torch.device): the one named, else a GPU where there is one.

    RAISES (ValueError): for a name that torch doesn't know, and for a GPU that isn't there.
    """
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"There is no device '{name}' here ({str(error).splitlines()[0]}); use cpu.") from None
    return device


def load_causal(
    name: str, *, revision: Optional[str] = None, device: Optional[str] = None, precision: str = "auto"
) -> Causal:
    """Load a model and its tokenizer. A folder with adapters is loaded with its base model, the adapters added to the weights.

    name (str): a folder, or an id of the Hugging Face hub.
    revision (str): branch, tag or commit of a Hub id; of adapters' base model what they were trained with.
    device (str): where to put it; a GPU where there is one by default.
    precision (str): "auto", "float32" or "bfloat16".
    RETURNS (Causal): the model.
    RAISES (ValueError): where there is no such model, or it is none that can be used here.
    RAISES (ImportError): without the extra.
    """
    needs_extra()
    from .lora import is_adapter_folder, load_merged

    if is_adapter_folder(Path(name)):
        return load_merged(Path(name), device=device, precision=precision)
    return load_base(name, revision=revision, device=device, precision=precision)


def load_base(
    name: str, *, revision: Optional[str] = None, device: Optional[str] = None, precision: str = "auto"
) -> Causal:
    """RETURNS (Causal): as `load_causal`, for a folder or id of a whole model."""
    from transformers import AutoModelForCausalLM

    place = choose_device(device)
    tokenizer = load_tokenizer(name, revision)
    with _plain_errors(name):
        model = AutoModelForCausalLM.from_pretrained(
            name, torch_dtype=dtype_of(precision, place), use_safetensors=True, **_source(name, revision)
        )
    return Causal(model.to(place).eval(), tokenizer, name)


def load_tokenizer(name: str, revision: Optional[str] = None) -> PreTrainedTokenizerBase:
    """RETURNS (PreTrainedTokenizerBase): of a folder or id, ready for prompts of different lengths."""
    from transformers import AutoTokenizer

    with _plain_errors(name):
        tokenizer = AutoTokenizer.from_pretrained(name, **_source(name, revision))
    give_template(tokenizer)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return tokenizer


def weights_hash(folder: Path) -> str:
    """RETURNS (str): the SHA-256 over the weights and settings of a model's folder; empty for what is no folder."""
    files = sorted(path for path in Path(folder).glob("*") if path.suffix in (".safetensors", ".json", ".jinja"))
    if not files:
        return ""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode("utf-8"))
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _source(name: str, revision: Optional[str]) -> dict[str, Any]:
    if os.path.isdir(name):
        return {"local_files_only": True, "trust_remote_code": False}
    return {"revision": revision, "trust_remote_code": False}


@contextmanager
def _plain_errors(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the library raises its own kinds, and those of several others
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"The language model '{name}' can't be loaded ({reason}); name a folder, or an id of the hub, that holds a causal "
            "model with safetensors."
        ) from None

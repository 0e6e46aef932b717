"""LoRA (Hu et al. 2021, arXiv 2106.09685) for the student, by `peft`: the base stands still, two narrow matrices a layer learn.

The paper's case is OpenBioLLM-8B with adapters trained on 10,000 answers of its teacher; its settings are not known, ours
are the usual ones. A student's folder:

    adapter_config.json, adapter_model.safetensors      what any tool that knows `peft` reads
    tokenizer.json …                                    with the chat template
    student.json                                        the base and its hash, settings, counts; written last
    log.jsonl                                           the loss of each update
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional

from ...annotate.output import folder as new_folder
from ...annotate.output import text_file
from ..answers import Answer
from .causal import Causal, load_base, load_tokenizer, weights_hash
from .data import student_data
from .fit import CHECKPOINTS, FitSettings, fit

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CONFIG, WEIGHTS, RECORD = "adapter_config.json", "adapter_model.safetensors", "student.json"


@dataclass(frozen=True)
class LoraSettings:
    """The adapters.

    rank (int): of the matrices. alpha (float): their product counts `alpha / rank` times. dropout (float): of their input.
    targets (str): layers by the ends of their names, comma-separated; "all-linear" for all but the output's.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.05
    targets: str = "all-linear"

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"The rank of the adapters is {self.rank}; it must be at least 1.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"A dropout of {self.dropout} is no share; use 0 to less than 1.")


def train_student(
    base: str,
    answers: Iterable[Answer],
    out: Path,
    *,
    lora: Optional[LoraSettings] = None,
    settings: Optional[FitSettings] = None,
    most_tokens: int = 2048,
    descriptions: bool = False,
    revision: Optional[str] = None,
    device: Optional[str] = None,
    precision: str = "auto",
    save_memory: bool = False,
    until: Optional[int] = None,
    progress: bool = True,
) -> Dict[str, Any]:
    """Train adapters on answers; a run that was killed goes on where its last checkpoint stands.

    base (str): a causal model, folder or Hub id.
    answers (iterable): of the teacher.
    out (Path): the student's folder.
    lora (LoraSettings), settings (FitSettings): how.
    most_tokens (int): prompt and answer together; longer examples are left out and counted.
    descriptions (bool): whether the student is to describe its types.
    revision, device, precision: as for `causal.load_causal`.
    save_memory (bool): compute activations twice rather than keep them, for large models.
    until (int): the update to stop behind; the student is then not finished.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): what `student.json` holds, ready for JSON: `base`, `settings`, `counts`, the names of `types` and
        `relations` with their counts, and `loss`, the mean of the last updates.
    RAISES (ValueError): as `student_data` and `fit`; and where `out` holds another student.
    RAISES (ImportError): without the extra.
    """
    lora, settings = lora or LoraSettings(), settings or FitSettings()
    causal = load_base(base, revision=revision, device=device, precision=precision)
    data = student_data(answers, causal.tokenizer, most_tokens=min(most_tokens, causal.window), descriptions=descriptions)
    about: Dict[str, Any] = {
        "base": weights_hash(Path(base)) or [base, revision],
        "lora": asdict(lora),
        "precision": str(causal.model.dtype),
        "descriptions": descriptions,
    }
    identity = {**about, "settings": {**asdict(settings), "save_every": 0}, "data": data.fingerprint}
    record = read_record(out)
    if record:
        if record.get("identity") != identity:
            raise ValueError(f"The folder '{out}' holds another student; empty it or name another folder.")
        return record
    adapted = adapt(causal.model, lora, settings.seed)
    if save_memory:
        adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        adapted.enable_input_require_grads()
    losses = fit(adapted, data, out, settings, pad=_pad(causal), about=about, until=until, progress=progress)
    made = {
        "base": base,
        "revision": revision,
        "identity": identity,
        "lora": asdict(lora),
        "settings": asdict(settings),
        "counts": dict(data.counts),
        "types": dict(sorted(data.types.items())),
        "relations": dict(sorted(data.relations.items())),
        "loss": _mean(losses[-20:]),
    }
    if until is None:
        _save(adapted, causal.tokenizer, out, made)
    return made


def adapt(model: PreTrainedModel, lora: LoraSettings, seed: int) -> PeftModel:
    """Put adapters into a model, which change nothing yet.

    model (PreTrainedModel): changed in place. lora (LoraSettings): the adapters. seed (int): of their first weights.
    RETURNS (PeftModel): the model; only its adapters learn, in float32.
    RAISES (ValueError): where the model has no such layers.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    targets: Any = lora.targets if lora.targets == "all-linear" else [each.strip() for each in lora.targets.split(",")]
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def is_adapter_folder(folder: Path) -> bool:
    """Whether a folder holds adapters.

    RAISES (ValueError): where it holds them, but not as safetensors.
    """
    if not (folder / CONFIG).is_file():
        return False
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"The folder '{folder}' has {CONFIG} and no {WEIGHTS}; train to the end, or convert the adapters.")
    return True


def load_merged(
    folder: Path, *, base: Optional[str] = None, device: Optional[str] = None, precision: str = "auto"
) -> Causal:
    """Load a student's base model and add the adapters to its weights.

    folder (Path): of the adapters. base (str): where the base model is now, if not where it was.
    RETURNS (Causal): a plain model. RAISES (ValueError): where there is no base, or its weights are others.
    """
    from peft import PeftModel

    config = _read_json(folder / CONFIG)
    record = read_record(folder)
    name = base or str(config.get("base_model_name_or_path") or "")
    if not os.path.isdir(name) and (folder / name).is_dir():
        name = str(folder / name)
    known = record.get("identity", {}).get("base")
    found = weights_hash(Path(name)) if os.path.isdir(name) else ""
    if found and isinstance(known, str) and known != found:
        raise ValueError(f"The student '{folder}' was trained on another model than the one at '{name}'; name its own base.")
    causal = load_base(name, revision=record.get("revision"), device=device, precision=precision)
    try:
        adapted = PeftModel.from_pretrained(causal.model, str(folder))
    except Exception as error:  # peft raises what torch raises
        raise ValueError(f"The adapters of '{folder}' do not fit '{name}' ({str(error).splitlines()[0][:200]}).") from None
    merged = adapted.merge_and_unload(safe_merge=True)
    tokenizer = load_tokenizer(str(folder)) if (folder / "tokenizer_config.json").is_file() else causal.tokenizer
    return Causal(merged.eval(), tokenizer, str(folder))


def merge_student(folder: Path, out: Path, *, base: Optional[str] = None, precision: str = "auto") -> None:
    """Write a student as a plain model, which servers load without `peft`.

    folder (Path): of the adapters. out (Path): a new folder. base (str), precision (str): as for `load_merged`.
    RAISES (ValueError): as `load_merged`; FileExistsError where `out` holds anything.
    """
    if not is_adapter_folder(folder):
        raise ValueError(f"The folder '{folder}' holds no adapters ({CONFIG}); name a student that `train` has made.")
    causal = load_merged(folder, base=base, device="cpu", precision=precision)
    names = {name: values for name, values in read_record(folder).items() if name in ("types", "relations")}
    with new_folder(out) as made:
        save_plain(causal.model, causal.tokenizer, made)
        _write_record(made, names)


def save_plain(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a whole model and its tokenizer, the weights as safetensors."""
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)


def read_record(folder: Path) -> Dict[str, Any]:
    """RETURNS (dict): what `student.json` of a folder holds; empty where there is none."""
    path = Path(folder) / RECORD
    return _read_json(path) if path.is_file() else {}


def _save(adapted: PeftModel, tokenizer: PreTrainedTokenizerBase, out: Path, record: Dict[str, Any]) -> None:
    staging = out / ".adapters.part"
    shutil.rmtree(staging, ignore_errors=True)
    adapted.save_pretrained(str(staging), safe_serialization=True)
    (staging / "README.md").unlink(missing_ok=True)  # peft's card holds nothing but questions
    tokenizer.save_pretrained(staging)
    for path in sorted(staging.iterdir()):
        os.replace(path, out / path.name)
    staging.rmdir()
    _write_record(out, record)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)


def _write_record(folder: Path, record: Dict[str, Any]) -> None:
    with text_file(folder / RECORD) as stream:
        stream.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _pad(causal: Causal) -> int:
    pad = causal.tokenizer.pad_token_id
    return int(pad if pad is not None else causal.tokenizer.eos_token_id)


def _mean(values: list[float]) -> Optional[float]:
    return round(sum(values) / len(values), 6) if values else None


def _read_json(path: Path) -> Dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: this is not JSON ({error}).") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: this is no JSON object.")
    return found



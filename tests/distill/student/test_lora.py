"""Adapters: they learn, go on after a kill, are saved as safetensors, and merged they say the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from spacy_gliner_biomed.distill.student.causal import load_base, load_causal
from spacy_gliner_biomed.distill.student.data import padded, student_data
from spacy_gliner_biomed.distill.student.fit import CHECKPOINTS, FitSettings, fit
from spacy_gliner_biomed.distill.student.lora import (
    WEIGHTS,
    LoraSettings,
    adapt,
    load_merged,
    merge_student,
    read_record,
    train_student,
)
from tests.distill.student.small import answers

QUICK = FitSettings(epochs=2, batch_size=4, accumulate=2, learn_rate=5e-3, save_every=1)
LORA = LoraSettings(rank=4, dropout=0.2)


def weights(folder: Path) -> Dict[str, Tensor]:
    """RETURNS (dict): the adapters of a folder."""
    return load_file(folder / WEIGHTS)


def same(first: Dict[str, Tensor], second: Dict[str, Tensor]) -> bool:
    """Whether all tensors are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_student_learns(student: Path) -> None:
    """The loss falls, and the record says what was learned from."""
    losses = [json.loads(line)["loss"] for line in (student / "log.jsonl").read_text().splitlines()]
    assert len(losses) == 50 and losses[-1] < losses[0] / 3
    record = read_record(student)
    assert record["counts"]["examples"] == 40 and record["counts"]["entities"] == 80 and record["counts"]["relations"] == 40
    assert record["types"] == {"disease": 40, "drug": 40} and record["relations"] == {"treats": 40}


def test_only_the_answer_is_learned(base: Path) -> None:
    """The prompt's tokens and the padding have no part in the loss, the answer's end has."""
    causal = load_base(str(base))
    examples = student_data(answers(3), causal.tokenizer, most_tokens=300).examples
    batch = padded(examples, 0)
    for row, example in zip(batch["labels"].tolist(), examples, strict=True):
        learned = [number for number in row if number != -100]
        assert learned == list(example.ids[example.prompt :])
        assert causal.tokenizer.decode(learned).endswith("<|end|>") and learned[-1] == causal.tokenizer.eos_token_id
        assert causal.tokenizer.decode(learned).startswith('{"entities": [')


def test_a_stopped_training_ends_with_the_same_weights(base: Path, tmp_path: Path) -> None:
    """Stopped and begun again, at each update, as one that ran through: order, dropout and moments included."""
    train_student(str(base), answers(12), tmp_path / "whole", lora=LORA, settings=QUICK, progress=False)
    for until in (1, 2, 3):
        train_student(str(base), answers(12), tmp_path / "stopped", lora=LORA, settings=QUICK, until=until, progress=False)
        assert not (tmp_path / "stopped" / WEIGHTS).exists()
    train_student(str(base), answers(12), tmp_path / "stopped", lora=LORA, settings=QUICK, progress=False)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "stopped")]
    assert logs[0] == logs[1] and len(logs[0].splitlines()) == 4
    assert not (tmp_path / "stopped" / CHECKPOINTS).exists()


def test_a_killed_training_ends_with_the_same_weights(base: Path, tmp_path: Path) -> None:
    """`kill -9` in the middle of it, in a process of its own."""
    settings = replace(QUICK, epochs=6)
    train_student(str(base), answers(16), tmp_path / "whole", lora=LORA, settings=settings, progress=False)
    code = (
        "import sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from tests.distill.student.test_lora import LORA, QUICK\nfrom tests.distill.student.small import answers\n"
        "from spacy_gliner_biomed.distill.student.lora import train_student\n"
        "train_student(sys.argv[1], answers(16), Path(sys.argv[2]), lora=LORA, settings=replace(QUICK, epochs=6), progress=False)\n"
    )
    killed = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", code, str(base), str(killed)], cwd=Path(__file__).parents[3])
    while process.poll() is None and not list(killed.glob(f"{CHECKPOINTS}/step-*")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    train_student(str(base), answers(16), killed, lora=LORA, settings=settings, progress=False)
    assert same(weights(tmp_path / "whole"), weights(killed))


def test_small_batches_add_up_to_a_large_one(base: Path, tmp_path: Path) -> None:
    """An update of four batches of one is that of one batch of four, though their answers differ in length."""
    found = []
    for number, settings in enumerate(
        (replace(QUICK, epochs=1, batch_size=1, accumulate=4), replace(QUICK, epochs=1, batch_size=4, accumulate=1))
    ):
        causal = load_base(str(base))
        data = student_data([*answers(3), *answers(1, 100)], causal.tokenizer, most_tokens=300)
        assert len({len(example.ids) for example in data.examples}) > 1
        model = adapt(causal.model, replace(LORA, dropout=0.0), 0)
        losses = fit(model, data, tmp_path / str(number), settings, pad=0, progress=False)
        found.append((losses, {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, value in found[0][1].items():
        torch.testing.assert_close(value, found[1][1][name], rtol=0, atol=2e-4)


def test_merged_and_reloaded_it_says_the_same(student: Path, base: Path, tmp_path: Path) -> None:
    """Adapters beside the weights, added to them, and written as a plain model: the same logits."""
    from peft import PeftModel

    causal = load_base(str(base))
    ids = torch.tensor([student_data(answers(1), causal.tokenizer, most_tokens=300).examples[0].ids])
    beside = PeftModel.from_pretrained(causal.model, str(student)).eval()
    merge_student(student, tmp_path / "merged")
    with torch.no_grad():
        expected = beside(ids).logits
        merged, written = load_merged(student), load_causal(str(tmp_path / "merged"))
        plain = load_base(str(base)).model(ids).logits
        torch.testing.assert_close(merged.model(ids).logits, expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(written.model(ids).logits, merged.model(ids).logits, rtol=0, atol=0)
    assert (plain - expected).abs().max() > 0.1
    assert merged.tokenizer.chat_template == written.tokenizer.chat_template == causal.tokenizer.chat_template
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


def test_saved_memory_changes_nothing(base: Path, tmp_path: Path) -> None:
    """Activations that are computed twice give the same adapters."""
    for name in ("kept", "twice"):
        out, twice = tmp_path / name, name == "twice"
        train_student(str(base), answers(8), out, lora=LORA, settings=QUICK, save_memory=twice, device="cpu", progress=False)
    kept, twice_computed = weights(tmp_path / "kept"), weights(tmp_path / "twice")
    for name, value in kept.items():
        torch.testing.assert_close(value, twice_computed[name], rtol=0, atol=1e-5)


def test_a_base_in_half_precision_has_whole_adapters(base: Path, tmp_path: Path) -> None:
    """What learns is float32, whatever stands still."""
    loss = {}
    for name in ("float32", "bfloat16"):
        out, settings = tmp_path / name, replace(QUICK, epochs=4)
        record = train_student(
            str(base), answers(8), out, lora=LORA, settings=settings, device="cpu", precision=name, progress=False
        )
        assert record["identity"]["precision"] == f"torch.{name}"
        loss[name] = record["loss"]
    assert loss["bfloat16"] == pytest.approx(loss["float32"], rel=0.05)
    assert {value.dtype for value in weights(tmp_path / "bfloat16").values()} == {torch.float32}
    with pytest.raises(ValueError, match="no precision 'float8'"):
        load_base(str(base), precision="float8")
    with pytest.raises(ValueError, match="no device 'abacus'"):
        load_base(str(base), device="abacus")


def test_a_finished_student_is_not_trained_again(student: Path, base: Path) -> None:
    """The same call gives its record; other answers are refused, since the folder holds another student."""
    from tests.distill.student.conftest import LEARNING

    before = (student / WEIGHTS).stat().st_mtime_ns
    record = train_student(str(base), answers(40), student, lora=LoraSettings(rank=8), settings=LEARNING, progress=False)
    assert record == read_record(student) and (student / WEIGHTS).stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="holds another student"):
        train_student(str(base), answers(39), student, lora=LoraSettings(rank=8), settings=LEARNING, progress=False)


def test_a_training_goes_on_with_its_own_data_only(base: Path, tmp_path: Path) -> None:
    """A checkpoint of other answers is not taken up."""
    train_student(str(base), answers(12), tmp_path / "a", lora=LORA, settings=QUICK, until=1, progress=False)
    with pytest.raises(ValueError, match="other answers, settings or base"):
        train_student(str(base), answers(13), tmp_path / "a", lora=LORA, settings=QUICK, progress=False)


def test_another_base_is_refused(student: Path, base: Path, tmp_path: Path) -> None:
    """Adapters change what one model says, and make nonsense of another."""
    merge_student(student, tmp_path / "merged")
    with pytest.raises(ValueError, match="was trained on another model"):
        load_merged(student, base=str(tmp_path / "merged"))
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="has adapter_config.json and no adapter_model.safetensors"):
        load_causal(str(folder))


@pytest.mark.parametrize("name", ["nowhere/at-all", "/no/such/folder"])
def test_a_model_that_is_not_there_is_said_in_a_sentence(name: str) -> None:
    """Neither a traceback of the library nor a download."""
    with pytest.raises(ValueError, match=f"The language model '{name}' can't be loaded"):
        load_causal(name)


def test_settings_that_make_no_sense_are_refused() -> None:
    """Each with its value."""
    with pytest.raises(ValueError, match="rank of the adapters is 0"):
        LoraSettings(rank=0)
    with pytest.raises(ValueError, match="epochs is 0"):
        FitSettings(epochs=0)
    with pytest.raises(ValueError, match="warm-up of 1"):
        FitSettings(warmup=1.0)

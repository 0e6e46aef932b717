"""The tiny student: made from nothing, taught with a few hundred answers, asked about passages that it has not seen.

The answers are gold annotations, so that the student is measured and not its teacher. What it says is compared as strings:
a mention with its type, in its passage, once. Free generation is shown beside the constrained one.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

from benchmarks.common import finish, machine, parser, table

Said = Set[Tuple[str, str, str]]


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__)
    options.add_argument("--train", type=Path, required=True, help="annotated JSON Lines to learn from")
    options.add_argument("--unseen", type=Path, required=True, help="annotated JSON Lines to be asked about")
    options.add_argument("--exercises", type=int, default=2500, help="passages that the base model is made from")
    options.add_argument("--answers", type=int, default=500, help="passages that the student learns from")
    options.add_argument("--asked", type=int, default=120, help="passages that it is asked about")
    options.add_argument("--learn-rate", type=float, default=3e-3, help="of the adapters")
    options.add_argument("--epochs", type=int, default=10, help="of the adapters")
    options.add_argument("--folder", type=Path, help="keeps the models; a second run goes on there")
    args = options.parse_args()
    if args.quick:
        args.exercises, args.answers, args.asked, args.epochs = 60, 20, 6, 1
    import torch

    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(args, args.folder or Path(scratch))
    rows = [
        [name, f"{each['valid']} of {args.asked}", f"{each['copied']:.1%}"]
        + [f"{100 * each[k]:.1f}" for k in ("precision", "recall", "f1")]
        + [f"{each['seconds']:.0f}"]
        for name, each in figures["held to"].items()
    ]  # fmt: skip
    head = ["held to", "valid", "mentions in the text", "precision", "recall", "F1", "CPU seconds"]
    seconds = f"made in {figures['base seconds']:.0f} CPU seconds, taught in {figures['lora seconds']:.0f}"
    made = f"{figures['parameters']:,} parameters, {seconds}, by {args.answers} answers {args.epochs} times."
    finish("Tiny student", machine(), table(head, rows) + "\n\n" + made, figures, args.out)


def measure(args: Any, folder: Path) -> Dict[str, Any]:
    """RETURNS (dict): all figures."""
    from spacy_gliner_biomed.distill.student.causal import load_causal
    from spacy_gliner_biomed.distill.student.fit import FitSettings
    from spacy_gliner_biomed.distill.student.lora import train_student
    from spacy_gliner_biomed.distill.student.tiny import TINY_FIT, TinySettings, make_tiny

    train, unseen = list(gold(args.train)), list(gold(args.unseen))
    taught, asked = evenly(train, args.answers), evenly(unseen, args.asked)
    figures: Dict[str, Any] = {"held to": {}}
    start = time.process_time()
    made = make_tiny(
        [answer.passage for answer in evenly(train, args.exercises)],
        folder / "base",
        tiny=TinySettings(hidden=96, layers=3),
        settings=replace(TINY_FIT, epochs=1),
    )
    figures |= {"parameters": made["parameters"], "base loss": made["loss"], "base seconds": time.process_time() - start}
    start = time.process_time()
    settings = FitSettings(epochs=args.epochs, batch_size=8, accumulate=1, learn_rate=args.learn_rate, warmup=0.05)
    record = train_student(str(folder / "base"), taught, folder / "student", settings=settings, most_tokens=1024)
    figures |= {"lora loss": record["loss"], "lora counts": record["counts"], "lora seconds": time.process_time() - start}
    causal = load_causal(str(folder / "student"), device="cpu")
    types = tuple(record["types"])
    holds = {
        "copied, known types": ("verbatim", types),
        "copied": ("verbatim", None),
        "schema": ("schema", None),
        "nothing": ("none", None),
    }
    for name, (kind, closed) in holds.items():
        figures["held to"][name] = ask(causal, asked, kind, closed)
        print(name, json.dumps(figures["held to"][name]), flush=True)
    return figures


def ask(causal: Any, asked: List[Any], kind: str, types: Any) -> Dict[str, Any]:
    """RETURNS (dict): what the student says about passages that somebody has annotated."""
    from spacy_gliner_biomed.distill.answers import Extraction
    from spacy_gliner_biomed.distill.completion import complete
    from spacy_gliner_biomed.distill.student.local import Hold, LocalStudent, student_settings
    from spacy_gliner_biomed.distill.student.questions import StudentQuestions

    hold = Hold(kind, kind == "verbatim", types)
    questions = StudentQuestions(student_settings("student", hold=hold, max_tokens=400), causal.window, str(causal.name))
    start = time.process_time()
    parts = list(questions.parts(answer.passage for answer in asked))
    completions = list(complete((part.request for part in parts if part.request), LocalStudent(causal, hold, 16)))
    seconds = time.process_time() - start
    valid, said, expected, copied, n_mentions = 0, set(), set(), 0, 0
    for answer in asked:
        expected |= {(answer.passage.id, entity.text, entity.type) for entity in answer.extraction.entities}
    for part, completion in zip(parts, completions, strict=True):
        try:
            extraction = Extraction.model_validate_json(completion.text)
        except ValueError:
            continue
        valid += 1
        said |= {(part.passage.id, entity.text, entity.type) for entity in extraction.entities}
        copied += sum(entity.text in part.passage.text for entity in extraction.entities)
        n_mentions += len(extraction.entities)
    hits = len(said & expected)
    precision, recall = hits / max(len(said), 1), hits / max(len(expected), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    scores = {"precision": precision, "recall": recall, "f1": f1}
    return {"valid": valid, "copied": copied / max(n_mentions, 1), **scores, "seconds": seconds}


def gold(path: Path) -> Iterator[Any]:
    """YIELDS (Answer): short pieces of annotated passages; a piece whose border cuts a mention is left out."""
    from spacy_gliner_biomed.corpus.collect.passages import Passage
    from spacy_gliner_biomed.corpus.formats import read
    from spacy_gliner_biomed.distill.annotators import answers_of
    from spacy_gliner_biomed.distill.student.drills import short_passages

    for number, annotated in enumerate(read(path)):
        whole = Passage(f"{number}", annotated.text, path.name, annotated.document or str(number))
        place = 0
        for piece in short_passages([whole], 160):
            begin = annotated.text.index(piece.text, place)
            place = end = begin + len(piece.text)
            inside = [each for each in annotated.mentions if each.start < end and each.end > begin]
            if all(begin <= each.start and each.end <= end for each in inside):
                yield from answers_of(piece, [(m.start - begin, m.end - begin, m.label) for m in inside], "gold")


def evenly(items: List[Any], n: int) -> List[Any]:
    """RETURNS (list): so many items, evenly from the whole."""
    return [items[place * len(items) // n] for place in range(min(n, len(items)))]


if __name__ == "__main__":
    main()

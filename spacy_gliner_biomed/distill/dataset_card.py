"""The card of a distilled data set, in Markdown: every step's counts and settings, what the set holds, and how good it is.

Nothing in it depends on the day or the machine: the same files have the same card.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ..annotate.output import text_file
from ..corpus.collect.passages import read_passages
from ..corpus.formats import read
from .pages import templates
from .stages import Stage, read_stage

FOLDER = Path(__file__).parent
TEMPLATE = "dataset_card.md.jinja"
_TOP = 25
_SAMPLE = 400  # characters
_ENTITIES = {ord(mark): f"&#{ord(mark)};" for mark in "\\`*_[]<>|#&$~"}


def describe(
    data: Path,
    stages: Sequence[Path],
    passages: Sequence[Path] = (),
    quality: Mapping[str, Mapping[str, Any]] = {},
    title: str = "Distilled annotations",
    samples: int = 3,
) -> Dict[str, Any]:
    """Gather what a card says.

    data (Path): the data set, in any format that `corpus.formats.read` reads.
    stages (sequence): files that steps wrote, or their records, in the order of the steps.
    passages (sequence): the collected passages, whose licences are counted; none leaves licences out.
    quality (mapping): name → figures, as `quality.Quality.to_dict` gives them.
    title (str): the heading. samples (int): passages to show.
    RETURNS (dict): what the template shows, ready for JSON.
    RAISES (ValueError, OSError): as `read`, `read_stage` and `read_passages`.
    """
    held = _held(data, samples)
    return {
        "title": title,
        "data": data.name,
        "stages": [_stage(read_stage(Path(path))) for path in stages],
        "held": held,
        "licences": _licences(passages),
        "quality": {name: dict(figures) for name, figures in quality.items()},
    }


def write_card(card: Mapping[str, Any], path: Path) -> None:
    """Write a card as Markdown.

    card (mapping): as `describe` gives it. path (Path): the `.md` file.
    RAISES (ValueError): for another ending.
    """
    if path.suffix != ".md":
        raise ValueError(f"A data set's card is Markdown, not '{path.name}'; call it .md.")
    with text_file(path) as stream:
        stream.write(render(card))


def render(card: Mapping[str, Any]) -> str:
    """RETURNS (str): the card as Markdown, with the front matter that the Hugging Face Hub reads."""
    # Markdown, no HTML: `cell`, `code` and `quoted` keep texts from being read as markup.
    environment = templates(FOLDER, escape=False)
    environment.filters.update(cell=cell, code=code, quoted=quoted, number=lambda value: f"{value:,}")
    return environment.get_template(TEMPLATE).render(**card)


def cell(value: Any) -> str:
    """RETURNS (str): a value that is safe in a line or a table's cell of Markdown: one line, no markup."""
    return " ".join(str(value).split()).translate(_ENTITIES)


def code(value: Any) -> str:
    """RETURNS (str): a value as inline code, whatever it holds."""
    return "`" + " ".join(str(value).replace("`", "'").split()) + "`"


def quoted(text: str) -> str:
    """RETURNS (str): a text as a Markdown code block's lines: whatever it holds, it stays text."""
    fence = "````"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def read_figures(path: Path) -> Dict[str, Any]:
    """Read figures of `quality`.

    RETURNS (dict): as `quality.Quality.to_dict` gives them.
    RAISES (ValueError): for a file of another form.
    """
    try:
        figures = json.loads(Path(path).read_text(encoding="utf-8"))
        for name in ("spans", "gold_types", "typed"):
            for score in figures[name].values():
                float(score["precision"]), float(score["recall"]), float(score["f1"])
        float(figures["type_agreement"]), int(figures["passages"]), int(figures["shared"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: these are no figures of `distill quality` ({error!r}).") from None
    return figures


def _held(data: Path, samples: int) -> Dict[str, Any]:
    """What the data set holds, from one reading."""
    types: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    lacking: Counter[str] = Counter()
    shown: List[Dict[str, Any]] = []
    n_passages = n_words = n_characters = n_empty = nested = 0
    for passage in read(data):
        n_passages += 1
        n_words += len(passage.text.split())
        n_characters += len(passage.text)
        n_empty += not passage.mentions
        sources[passage.corpus] += 1
        types.update(mention.label for mention in passage.mentions)
        lacking.update(set(passage.labels or ()) - {mention.label for mention in passage.mentions})
        nested += _n_nested(passage.mentions)
        if len(shown) < samples and passage.mentions:
            shown.append({
                "id": passage.id,
                "text": passage.text[:_SAMPLE] + (" …" if len(passage.text) > _SAMPLE else ""),
                "mentions": [(passage.text[start:end], label) for start, end, label in passage.mentions if end <= _SAMPLE],
            })  # fmt: skip
    if not n_passages:
        raise ValueError(f"'{data}' holds no annotated passage; there is nothing to write a card of.")
    return {
        "passages": n_passages,
        "words": n_words,
        "characters": n_characters,
        "without_mentions": n_empty,
        "mentions": types.total(),
        "nested": nested,
        "types": len(types),
        "once": sum(number == 1 for number in types.values()),
        "top": [(name, number, lacking[name]) for name, number in sorted(types.items(), key=lambda t: (-t[1], t[0]))[:_TOP]],
        "negatives": lacking.total(),
        "sources": sorted(sources.items()),
        "samples": shown,
    }


def _n_nested(mentions: Sequence[Tuple[int, int, str]]) -> int:
    """Mentions that begin inside one before them."""
    reach = count = 0
    for start, end, _ in mentions:
        count += start < reach
        reach = max(reach, end)
    return count


def _licences(paths: Sequence[Path]) -> List[Tuple[str, str, int]]:
    found: Counter[Tuple[str, str]] = Counter()
    if paths:
        found.update((passage.source, passage.licence or "not stated") for passage in read_passages(*paths))
    return [(source, licence, number) for (source, licence), number in sorted(found.items())]


def _stage(stage: Stage) -> Dict[str, Any]:
    return {
        "step": stage["step"],
        "file": str(stage.get("file", "")),
        "sha256": str(stage.get("sha256", "")),
        "inputs": list(stage.get("inputs", [])),
        "changed": stage["changed"],
        "settings": [(name, json.dumps(value, ensure_ascii=False)) for name, value in sorted(stage.get("settings", {}).items())],
        "counts": list(_flat(stage["counts"])),
    }


def _flat(counts: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    for name, value in counts.items():
        plain = name.replace("_", " ")
        if isinstance(value, Mapping):
            yield from ((f"{plain}: {inner}", number) for inner, number in value.items())
        else:
            yield plain, value

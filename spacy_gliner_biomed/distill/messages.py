"""Prompts for the teacher, rendered from jinja files.

Four variants, three of them the paper's (`messages.py`), in our own words, with four worked demonstrations of our own:

| variant | demonstrations | noun phrases shown | asks for descriptions of the types |
|---|---|---|---|
| `chat` | as earlier turns of the conversation | no | no |
| `single` | in the system message | no | no |
| `candidates` | as earlier turns | yes | no |
| `descriptions` | as earlier turns | no | yes |

A passage is never part of a template: it is put in as a value, between tags that don't occur in it, and the marks by which
chat templates tell turns apart are broken up in it, so that its text can't end its turn.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..corpus.formats.lines import numbered_lines
from .answers import MOST_ENTITIES, MOST_RELATIONS, VARIANTS, Extraction
from .requests import Message

FOLDER = Path(__file__).parent / "prompts"
DEMONSTRATIONS = Path(__file__).parent / "demonstrations.jsonl"
EXTRA = "pip install 'spacy-gliner-biomed[distill]'"
# Llama 3, ChatML, Phi, Mistral, Llama 2, Gemma: the marks of turns as such tokenizers know them
_TURN_MARK = re.compile(r"<(?=\|[\w .-]{1,40}\|>)|<(?=/?s>|(?:start|end)_of_turn>|/?SYS>>|<SYS>>)|\[(?=/?INST\])")


class Prompts:
    """Makes the messages of a request.

    variant (str): "chat", "single", "candidates" or "descriptions".
    folder (Optional[Path]): holds `system.jinja` and `user.jinja` in place of ours.
    demonstrations (Optional[Path]): a JSON object a line: `text`, `candidates`, `answer`; in place of ours.
    RAISES (ValueError): for an unknown variant, and for a template or a demonstration that is not as it should be.
    RAISES (ImportError): without the extra.
    """

    def __init__(self, variant: str = "chat", folder: Optional[Path] = None, demonstrations: Optional[Path] = None) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"There is no prompt variant '{variant}'; use one of {', '.join(VARIANTS)}.")
        self.variant = variant
        self._user = _template(folder or FOLDER, "user.jinja")
        turns: List[Message] = []
        rows = _demonstrations(demonstrations or DEMONSTRATIONS)
        for row in rows:
            wanted = row["answer"] if variant == "descriptions" else {**row["answer"], "descriptions": []}
            answer = json.dumps(Extraction.model_validate(wanted).to_dict(), ensure_ascii=False)
            turns += [Message("user", self.question(row["text"], row["candidates"])), Message("assistant", answer)]
        # What the demonstrations answer, and the texts that they answer about: how long answers are for their texts
        self.demonstrated = [turn.content for turn in turns[1::2]], [row["text"] for row in rows]
        pairs = [{"question": turns[i].content, "answer": turns[i + 1].content} for i in range(0, len(turns), 2)]
        inside = variant == "single"
        system = _render(
            _template(folder or FOLDER, "system.jinja"),
            descriptions=variant == "descriptions",
            candidates=variant == "candidates",
            demonstrations=pairs if inside else [],
            most_entities=MOST_ENTITIES,
            most_relations=MOST_RELATIONS,
        )
        self._before = (Message("system", system), *(() if inside else turns))

    @property
    def before(self) -> Tuple[Message, ...]:
        """The messages before the last turn; the same for each passage."""
        return self._before

    def question(self, text: str, candidates: Sequence[str] = ()) -> str:
        """RETURNS (str): the user's turn about a text; demonstrations have the very same form."""
        shown = unmarked(text)
        hints = json.dumps([unmarked(each) for each in candidates], ensure_ascii=False) if self.variant == "candidates" else None
        descriptions = self.variant == "descriptions"
        return _render(self._user, text=shown, tag=free_tag(shown), candidates=hints, descriptions=descriptions)

    def messages(self, text: str, candidates: Sequence[str] = ()) -> Tuple[Message, ...]:
        """RETURNS (tuple): the whole conversation about a text.

        text (str): the passage, or the part of it to annotate.
        candidates (sequence): its noun phrases; only the variant of that name shows them.
        """
        return (*self._before, Message("user", self.question(text, candidates)))


def unmarked(text: str) -> str:
    """RETURNS (str): the text, with a blank in whatever a chat template would take for the end of a turn; else as it is.

    Servers read such marks as special tokens wherever they stand. What is copied from there is found by folding the blank.
    """
    return _TURN_MARK.sub(lambda mark: mark[0] + " ", text)


def free_tag(text: str) -> str:
    """RETURNS (str): the first of "text", "text-2", "text-3"… that no tag in the text has, however sloppily it is written."""
    tag, number = "text", 1
    while re.search(rf"<\s*/?\s*{tag}\b(?!-)", text, re.IGNORECASE):
        number += 1
        tag = f"text-{number}"
    return tag


def environment() -> Any:
    """RETURNS (jinja2.Environment): for all prompts: in a sandbox, and a name that is not there is an error.

    RAISES (ImportError): without the extra.
    """
    try:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError as error:
        raise ImportError(f"Prompts need the extra 'distill': {EXTRA}.") from error
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _template(folder: Path, name: str) -> Any:
    from jinja2 import TemplateError

    path = folder / name
    made = environment()
    try:
        return made.from_string(path.read_text(encoding="utf-8"))
    except TemplateError as error:
        raise ValueError(f"{path}, line {getattr(error, 'lineno', 1)}: this is no jinja template ({error}).") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not UTF-8 ({error.reason} at byte {error.start}).") from None


def _render(template: Any, **values: Any) -> str:
    from jinja2 import TemplateError

    try:
        return template.render(**values).strip()
    except TemplateError as error:
        raise ValueError(f"The prompt can't be rendered ({error}); it may use {', '.join(sorted(values))}.") from None


def _demonstrations(path: Path) -> List[Dict[str, Any]]:
    rows = []
    for number, line in numbered_lines(path):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
                if not isinstance(row["text"], str) or not isinstance(row["candidates"], list):
                    raise ValueError("'text' must be text and 'candidates' a list")
                extraction = Extraction.model_validate(row["answer"])
            except (ValueError, KeyError, TypeError) as error:
                reason = " ".join(str(error).split())[:200]
                raise ValueError(f"{where}: a demonstration has text, candidates and an answer as asked for ({reason}).") from None
            for words in (*(entity.text for entity in extraction.entities), *row["candidates"]):
                if words not in row["text"]:
                    raise ValueError(f"{where}: '{words}' does not stand in the demonstration's text; copy it letter by letter.")
            rows.append(row)
    return rows

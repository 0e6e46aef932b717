"""Grounded passages → annotated passages: one name for each type, contradictions settled, negatives drawn."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..annotate.output import text_file
from ..corpus.formats import write_jsonl
from ..corpus.passage import AnnotatedPassage, Mention
from .conflicts import check_policies, resolve
from .grounding.occurrences import FAILED
from .grounding.passages import GroundedPassage, read_grounded
from .lines import refuse_overwriting
from .negatives import Negatives
from .stages import plain, write_stage
from .type_names import Becomes, build_mapping, read_mapping, singular, tidy, write_mapping
from .type_names.clusters import THRESHOLD, Embed, label_encoder, remembered


@dataclass(frozen=True)
class TypeSettings:
    """How types are named and contradictions settled.

    threshold (float): least cosine of synonyms. model (str): whose label encoder says so; "" leaves synonyms apart.
    policy (str): about several types on one span. overlap (str): about spans that cross (see `conflicts`).
    negatives (int): labels of a passage that it lacks. seed (int): of their draw.
    least (int): mentions that a type must have in the whole data set; those of rarer types are left out.
    partial (bool): the annotator looked for no more than it listed; what touches none of it is unknown.
    RAISES (ValueError): for a policy that there is none of, and for numbers below 0.
    """

    threshold: float = THRESHOLD
    model: str = "mini"
    policy: str = "frequent"
    overlap: str = "nested"
    negatives: int = 10
    seed: int = 0
    least: int = 1
    partial: bool = False

    def __post_init__(self) -> None:
        check_policies(self.policy, self.overlap)
        for name in ("negatives", "least"):
            if getattr(self, name) < 0:
                raise ValueError(f"'{name}' cannot be {getattr(self, name)}; use 0 or more.")


DEFAULTS = TypeSettings()


@dataclass
class TypeCounts:
    """What the step met and made.

    passages (int): read and written. without_mentions (int): of these, with nothing to mark.
    mentions_read (int): placed mentions read. mentions (int): written. failed (int): mentions without a place, left out.
    types_read (int): as annotators wrote them. types (int): in the data set.
    changed (Counter): types by what changed their name.
    left_out (Counter): mentions by the reason why they were left out.
    negatives (int): labels that passages lack, summed.
    statuses (Counter): mentions written by how they were placed.
    """

    passages: int = 0
    without_mentions: int = 0
    mentions_read: int = 0
    mentions: int = 0
    failed: int = 0
    types_read: int = 0
    types: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    negatives: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        return plain(self)


def annotate_file(
    grounded: Sequence[Path],
    out: Path,
    mapping: Path,
    settings: TypeSettings = DEFAULTS,
    embed: Optional[Embed] = None,
    fresh: bool = False,
    progress: bool = True,
) -> TypeCounts:
    """Give grounded passages their types. Two passes over the files; memory holds the types, not the passages.

    grounded (sequence): files of grounded passages, and folders of them.
    out (Path): the JSON Lines file to write, in the uniform format. Its record is written beside it.
    mapping (Path): the mapping of types: read where it is there, kept, completed and written.
    settings (TypeSettings): names, policies, negatives.
    embed (callable): the vectors of names; None takes those of `settings.model`.
    fresh (bool): begin the mapping anew, whatever the file says.
    progress (bool): show bars on stderr, where that is a terminal.
    RETURNS (TypeCounts): what was met and made.
    RAISES (ValueError, OSError): as `read_grounded` and `read_mapping`.
    """
    from tqdm import tqdm

    refuse_overwriting(grounded, out, mapping)
    refuse_overwriting([mapping], out)
    bar = {"unit": " passages", "disable": None if progress else True, "mininterval": 1.0}
    written: Counter[str] = Counter()
    for passage in tqdm(read_grounded(*grounded), desc="Counting types", **bar):
        written.update(each.type for each in passage.placed)
        for each in passage.mentions:  # a type whose mentions all failed has a name as well
            written.setdefault(each.type, 0)
    if embed is None and settings.model and written:
        embed = remembered(label_encoder(settings.model))
    known = {} if fresh or not mapping.exists() else read_mapping(mapping)
    becomes = build_mapping(written, embed, settings.threshold, known)
    write_mapping(mapping, becomes, written)
    counts = TypeCounts()
    passages = annotate_passages(tqdm(read_grounded(*grounded), desc="Types", **bar), becomes, written, counts, settings, embed)
    write_jsonl(passages, out)
    write_stage(out, "types", asdict(settings), counts.to_dict(), [*grounded, mapping])
    return counts


def annotate_passages(
    passages: Iterable[GroundedPassage],
    mapping: Mapping[str, Becomes],
    written: Mapping[str, int],
    counts: TypeCounts,
    settings: TypeSettings = DEFAULTS,
    embed: Optional[Embed] = None,
) -> Iterator[AnnotatedPassage]:
    """Give grounded passages the types of the data set, one passage at a time.

    passages (iterable): grounded passages.
    mapping (mapping): type as written → what it becomes; it knows all of them.
    written (mapping): type as written → its placed mentions in the whole data set.
    counts (TypeCounts): added to.
    settings (TypeSettings): as for `annotate_file`. embed (callable): for what is near a negative; None goes by words alone.
    YIELDS (AnnotatedPassage): one a passage. `labels` are the types of its mentions and the negatives.
    """
    frequency: Counter[str] = Counter()
    for name, number in written.items():
        if mapping[name].name:
            frequency[mapping[name].name] += number
    rare = {name for name, number in frequency.items() if number < settings.least}
    pool = {name: number for name, number in frequency.items() if name not in rare}
    names = {name: _names(name, becomes) for name, becomes in mapping.items()}
    others = {each for name in written for each in names[name]}
    negatives = Negatives(pool, settings.negatives, settings.seed, embed, others)
    counts.types_read, counts.types = len(written), sum(number > 0 for number in pool.values())
    counts.changed.update(_reason(mapping[name].why) for name in written)
    for passage in passages:
        renamed = [each._replace(type=mapping[each.type].name) for each in passage.placed]
        kept = [each for each in renamed if each.type and each.type not in rare]
        counts.left_out["type left out"] += sum(not each.type for each in renamed)
        counts.left_out["rare type"] += sum(each.type in rare for each in renamed)
        resolved = resolve(kept, frequency, settings.policy, settings.overlap)
        counts.left_out.update(resolved.reasons)
        used = {name for each in passage.mentions for name in names[each.type]}
        lacking = negatives.draw(passage.passage.id, sorted(used))
        own = sorted({each.type for each in resolved.kept})
        counts.passages += 1
        counts.without_mentions += not resolved.kept
        counts.mentions_read += len(renamed)
        counts.failed += sum(each.status == FAILED for each in passage.mentions)
        counts.mentions += len(resolved.kept)
        counts.negatives += len(lacking)
        counts.statuses.update(each.status for each in resolved.kept)
        yield AnnotatedPassage(
            id=passage.passage.id,
            text=passage.passage.text,
            mentions=tuple(Mention(each.start, each.end, each.type) for each in resolved.kept),
            doc_id=passage.passage.document,
            corpus=passage.passage.source,
            labels=(*own, *lacking),
            where=passage.where,
            partial=settings.partial,
        )
    counts.left_out = +counts.left_out


def write_descriptions(grounded: Sequence[Path], mapping: Path, out: Path) -> int:
    """Write what annotators said the types are, as a JSON object from type to sentences. RETURNS (int): how many types."""
    found = descriptions(read_grounded(*grounded), read_mapping(mapping))
    with text_file(out) as stream:
        stream.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return len(found)


def descriptions(passages: Iterable[GroundedPassage], mapping: Mapping[str, Becomes], most: int = 5) -> Dict[str, List[str]]:
    """RETURNS (dict): type of the data set → what annotators said it is, the most frequent first, at most `most`."""
    found: Dict[str, Counter[str]] = {}
    for passage in passages:
        for name, text in passage.descriptions:
            target = mapping[name].name if name in mapping else ""
            if target:
                found.setdefault(target, Counter())[" ".join(text.split())] += 1
    return {name: [text for text, _ in told.most_common(most)] for name, told in sorted(found.items())}


def _names(written: str, becomes: Becomes) -> Tuple[str, ...]:
    """What tells a passage's type from a negative: its name in the data set; of one that is left out, its own."""
    if becomes.name:
        return (becomes.name,)
    spelling = tidy(written)
    return spelling, singular(spelling)


def _reason(why: str) -> str:
    return why.split(" ")[0] if why.startswith("synonym") else why or "as written"

"""A few annotated passages in, an adapted pipeline out: the one function behind few-shot measurements and `finetune`.

The same batches, loss and optimiser as a training from a recipe, over few steps at small rates. Passages of the corpora that a
model was trained on (`replay`) can be mixed in, so that it does not forget them.

The first steps teach a model that most spans are no mention of a label it has never met, and only the later ones which are: with
ten examples of each of some labels, 150 steps find far more than 50. A handful of mentions, on the other hand, is soon known by
heart. So without a number, steps go by the mentions.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ..corpus.passage import AnnotatedPassage
from ..labels import LabelSet, LabelsInput
from .settings import LossSettings

if TYPE_CHECKING:
    from spacy.language import Language

    from ..scorer.scorer import SpanScorer
    from .dev_set import DevScore
    from .sampling import TrainingStream

CORPUS = "fine-tuning"  # what the model's card calls passages that name no corpus of their own
EVALUATIONS = 10  # how often the dev passages are looked at
STEPS_A_MENTION, LEAST_STEPS, MOST_STEPS = 3, 10, 150  # of a few examples
READINGS = 3  # of many examples, at least
STEPS_RULE = (STEPS_A_MENTION, LEAST_STEPS, MOST_STEPS, READINGS)  # what is kept with a result: other numbers give another one
MOST_LABELS = 40  # label texts a batch, where the labels to learn are no more
# A mention counts nearly twice as much as its absence, as in the recipe of `mini`, and one that is given almost no probability
# still teaches: with ten examples a label, that found more of labels never met before, and lost less of those found already
LOSS = LossSettings(alpha=0.65, floor=0.0)


def fine_tune(
    nlp: Union[Language, str],
    passages: Iterable[AnnotatedPassage],
    labels: LabelsInput,
    *,
    steps: Optional[int] = None,
    learn_rate: float = 3e-4,
    encoder_learn_rate: float = 5e-5,
    batch_words: int = 600,
    seed: int = 0,
    replay: Iterable[AnnotatedPassage] = (),
    replay_share: float = 0.3,
    dev: Iterable[AnnotatedPassage] = (),
    patience: int = 0,
    lora_rank: int = 0,
    progress: bool = True,
) -> Language:
    """Adapt a model to annotated passages.

    Every passage is taken to be annotated for all `labels`, unless it says for which (`AnnotatedPassage.labels`); labels that a
    passage was not annotated for are unknown there, never negative. Mentions of other labels are left out.

    nlp (Language or str): a pipeline with a `gliner_biomed` pipe, whose weights change in place, as by `nlp.update`; or what
        `build_pipeline` takes: `mini`, a model folder, a Hub id, a pipeline's folder.
    passages (Iterable[AnnotatedPassage]): the examples, read once and held.
    labels (list or dict): names, or name → description. The pipeline asks for them afterwards.
    steps (int): updates of the weights; None for what `steps_for` says.
    learn_rate, encoder_learn_rate (float): highest rates of the head and of the encoders; they rise over the first tenth of
        the steps and then fall to 0.
    batch_words (int): words a step, about; fewer where all passages together have fewer.
    seed (int): of all that is drawn.
    replay (Iterable[AnnotatedPassage]): passages of earlier corpora to go on learning from, annotated for labels of their own.
    replay_share (float): their part of the words of all steps, above 0 and below 1.
    dev (Iterable[AnnotatedPassage]): where there are any, the weights that come out are those of the best of ten evaluations
        (strict micro F1 at 0.5), not the last ones.
    patience (int): stop after so many evaluations without a better one; 0 for never.
    lora_rank (int): train adapters of this rank in the encoders, not the encoders themselves, and add them to the weights in
        the end (`lora.adapters`; they want an `encoder_learn_rate` some twenty times as high); 0 for none.
    progress (bool): a bar on stderr, where that is a terminal, and a line about mentions that can't be learnt.
    RETURNS (Language): the pipeline, its labels set, its training card telling of the passages.
    RAISES (ValueError): where no passage has a mention of any label that can be learnt, for a share outside its range, and as
        `engine.train`.
    """
    from ..annotate.pipeline import build_pipeline, find_pipe
    from .cards import make_card
    from .dev_set import DevSet
    from .engine import BEST, train
    from .lora import adapters
    from .settings import TrainingSettings

    if not 0.0 < replay_share < 1.0:
        raise ValueError(f"The share of replayed words is {replay_share!r}; it must be above 0 and below 1.")
    if isinstance(nlp, str):
        nlp = build_pipeline(nlp)
    pipe = find_pipe(nlp)
    wanted = LabelSet.of(labels)
    scorer = pipe.span_scorer
    texts = _texts(scorer, wanted)
    scorer.check_labels(list(texts.values()))
    stream, n_mentions, n_words = _stream(
        scorer, list(_in_training_words(passages, texts)), replay, replay_share, batch_words, texts, seed, progress
    )
    if steps is None:
        steps = steps_for(n_mentions, n_words, batch_words)
    watched = list(_in_training_words(dev, texts))
    settings = TrainingSettings(
        steps=steps,
        learn_rate=learn_rate,
        encoder_learn_rate=encoder_learn_rate,
        warmup=0.1,
        seed=seed,
        device=scorer.settings.device,
        evaluate_every=max(steps // EVALUATIONS, 1) if watched else 0,
        checkpoint_every=0,
        patience=patience,
    )
    with TemporaryDirectory() as place:
        folder = Path(place)
        card = make_card(stream, scorer.card, folder)
        dev_set = DevSet(watched) if watched else None
        with adapters(scorer.module, lora_rank, seed) if lora_rank else nullcontext():
            result = train(
                scorer, stream, dev_set, settings, folder, resume=False, progress=progress, loss=LOSS, card=card
            )
        scorer.forget()
        if result.best is not None:
            _take_weights(scorer, folder / BEST)
    pipe.labels = wanted.to_config()
    return nlp


def steps_for(n_mentions: int, n_words: int, batch_words: int = 600) -> int:
    """How many steps examples are worth: by their mentions where those are few, else so many that every word is read three times.

    n_mentions (int): of the examples. n_words (int): of one reading of them. batch_words (int): words a step.
    RETURNS (int): 10 at least.
    """
    few = min(max(STEPS_A_MENTION * n_mentions, LEAST_STEPS), MOST_STEPS)
    return max(few, -(-READINGS * n_words // batch_words))


def dev_score(nlp: Language, passages: Iterable[AnnotatedPassage], labels: LabelsInput) -> DevScore:
    """How well a pipeline's model finds labels, as `fine_tune` measures it on its dev passages.

    nlp, labels: as for `fine_tune`. passages (Iterable[AnnotatedPassage]): with gold mentions.
    RETURNS (DevScore): strict, at a threshold of 0.5.
    """
    from ..annotate.pipeline import find_pipe
    from .dev_set import DevSet

    scorer = find_pipe(nlp).span_scorer
    return DevSet(list(_in_training_words(passages, _texts(scorer, LabelSet.of(labels))))).score(scorer)


def _texts(scorer: SpanScorer, labels: LabelSet) -> Dict[str, str]:
    """Name → what the model reads for it."""
    pairs = zip(labels.names, labels.descriptions, strict=True)
    return {name: scorer.card.put_into_words(name, description) for name, description in pairs}


def _in_training_words(passages: Iterable[AnnotatedPassage], texts: Mapping[str, str]) -> Iterator[AnnotatedPassage]:
    """Passages with the texts that the model reads in place of label names."""
    for passage in passages:
        known = list(texts) if passage.labels is None else [label for label in passage.labels if label in texts]
        mentions = [mention for mention in passage.mentions if mention.label in texts]
        asked = dict.fromkeys([*known, *(mention.label for mention in mentions)])
        yield replace(
            passage,
            mentions=tuple(mention._replace(label=texts[mention.label]) for mention in mentions),
            labels=tuple(texts[label] for label in asked),
            corpus=passage.corpus or CORPUS,
        )


def _stream(
    scorer: SpanScorer,
    passages: Sequence[AnnotatedPassage],
    replay: Iterable[AnnotatedPassage],
    replay_share: float,
    batch_words: int,
    texts: Mapping[str, str],
    seed: int,
    progress: bool,
) -> Tuple[TrainingStream, int, int]:
    """Batches that ask for all labels by their plain texts, examples and replayed passages in the wanted proportion.

    RETURNS (tuple): the stream; how many mentions the examples have; the words of one reading of them, those replayed beside
        them included.
    """
    from .sampling import TrainingStream
    from .settings import SourceSettings, StreamSettings
    from .sources import window_size
    from .store import CorpusKey, StoreBuilder
    from .windows import GoldReport, passage_windows

    if not any(passage.mentions for passage in passages):
        listed = ", ".join(texts)
        raise ValueError(f"None of the {len(passages)} passages has a mention of {listed}; there is nothing to learn from.")
    plain = StreamSettings(
        batch_words=batch_words, temperature=1.0, max_labels=max(MOST_LABELS, len(texts)), label_dropout=0.0, merge=0.0,
        name=1.0, synonym=0.0, plural=0.0, description=0.0, name_and_description=0.0, case=0.0,
    )  # fmt: skip
    n_window, room = window_size(scorer, plain)
    builder, n_words = StoreBuilder(), [0]
    report = GoldReport()  # of the examples; what is replayed has been learnt from before
    n_learnt = 0
    for number, source in enumerate((passages, replay)):
        for passage in source:
            key = CorpusKey(number, passage.corpus or CORPUS)
            if passage.labels is None:
                builder.inventory(key.name, [mention.label for mention in passage.mentions])
            for window in passage_windows(passage, scorer, n_window, room, GoldReport() if number else report):
                builder.add(window, key, passage.labels, passage.weight, passage.partial)
                n_learnt += 0 if number else len(window.spans)
        n_words.append(builder.n_words)
    left_out = report.left_out(scorer.config.max_width)
    if left_out and not n_learnt:
        raise ValueError(f"No mention of {', '.join(texts)} can be learnt ({left_out}); there is nothing to learn from.")
    if left_out and progress:
        print(f"Mentions left out of the training: {left_out}.", file=sys.stderr)
    own, replayed = n_words[1], n_words[2] - n_words[1]
    sources: List[SourceSettings] = [SourceSettings("examples", weight=1.0)]
    # At temperature 1 a source is read by its words times its weight
    sources.append(SourceSettings("replay", weight=replay_share / (1 - replay_share) * own / replayed if replayed else 0.0))
    stream = TrainingStream(
        builder.build(), sources, plain, seed, room=None if scorer.config.is_bi_encoder else scorer.room_for_words
    )
    return stream, n_learnt, round(own / (1 - replay_share)) if replayed else own


def _take_weights(scorer: SpanScorer, folder: Path) -> None:
    """Put the weights of a model folder in place of a scorer's own."""
    from .. import checkpoint

    scorer.module.load_state_dict(checkpoint.load(str(folder)).module.state_dict())
    scorer.forget()

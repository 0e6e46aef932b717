"""Where the first weights come from, and what is said when something is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from safetensors.torch import save_file
from thinc.api import Linear

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.listener import architecture
from spacy_gliner_biomed.listener.recipe import ListeningRecipe
from spacy_gliner_biomed.scorer.model import build_encoder
from spacy_gliner_biomed.training.optimizer import AdamW
from tests.listener.shared import WIDTH, examples, pipe_of, shared_nlp
from tests.scorer.tiny import encoder_config, make_scorer, tokenizer_json

LABELS = ["drug", "a disease of the kidney"]


@pytest.mark.parametrize("tied", [False, True])
def test_a_checkpoint_hands_on_labels_and_head(tied, tmp_path):
    """Label vectors and head are the checkpoint's, also where its two encoders are one."""
    scorer = make_scorer("bi", tied=tied, pass_rate=0.0)
    checkpoint.save(scorer, tmp_path / "model")
    made = ListeningRecipe(str(tmp_path / "model"), max_width=3)(WIDTH)
    assert (made.config.hidden_size, made.config.max_width, made.width) == (12, 3, WIDTH)
    with torch.no_grad():
        torch.testing.assert_close(made.encode_labels(LABELS), scorer.encode_labels(LABELS))
    for name, value in scorer.module.head.state_dict().items():
        torch.testing.assert_close(made.module.head.state_dict()[name], value)
    with pytest.raises(ValueError, match="hidden_size is 16, and the span head of .* has 12"):
        ListeningRecipe(str(tmp_path / "model"), hidden_size=16)(WIDTH)


def test_mini():
    """The embedded model is the default."""
    made, mini = ListeningRecipe()(WIDTH), checkpoint.load("mini")
    assert made.card == mini.card and made.config.hidden_size == mini.config.hidden_size
    with torch.no_grad():
        torch.testing.assert_close(made.encode_labels(LABELS), mini.encode_labels(LABELS))


def test_seeds(bi_folder):
    """The same seed draws the same weights."""
    made = [ListeningRecipe(str(bi_folder), seed=seed)(WIDTH) for seed in (0, 0, 1)]
    weights = [scorer.module.token_rep_layer.projection.weight for scorer in made]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_a_uni_encoder_has_no_label_encoder(tmp_path):
    """It is refused by name."""
    checkpoint.save(make_scorer("uni", pass_rate=0.0), tmp_path / "uni")
    with pytest.raises(ValueError, match="is a uni-encoder"):
        ListeningRecipe(str(tmp_path / "uni"))(WIDTH)


def test_a_published_encoder(tmp_path):
    """It becomes the label encoder, under an untrained head; one that lacks tensors is refused."""
    text = tokenizer_json("bert")
    config = encoder_config("bert", len(json.loads(text)["model"]["vocab"]), hidden=8)
    module = build_encoder(config)
    fields = {name: value for name, value in vars(config).items() if name not in ("pos_att_type", "norm_rel_ebd")}
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    state = {name: value.contiguous() for name, value in module.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    made = ListeningRecipe(str(tmp_path), hidden_size=6)(WIDTH)
    assert (made.config.hidden_size, made.config.max_width) == (6, 12)
    for name, value in made.module.token_rep_layer.label_encoder.state_dict().items():
        torch.testing.assert_close(value, state[name])
    state.popitem()
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="lacks the tensors"):
        ListeningRecipe(str(tmp_path))(WIDTH)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"max_width": -1}, "max_width is -1"),
        ({"label_layers": 0}, "label_layers is 0"),
        ({"label_size": 10, "label_heads": 4}, "no multiple of label_heads, 4"),
        ({"loss_reduction": "median"}, "'median'"),
    ],
)
def test_settings_out_of_range(settings, message):
    """The message names the setting."""
    with pytest.raises(ValueError, match=message):
        architecture.BiEncoderListener(Linear(), **settings)


def test_without_a_layer_it_listens_to_the_transformer(bert):
    """The short form of a config: the mean over word pieces."""
    nlp = shared_nlp("transformer", bert, tagger=False)
    short = spacy.blank("en")
    short.add_pipe("transformer", config={"model": nlp.get_pipe_config("transformer")["model"]})
    model = {"@architectures": "spacy_gliner_biomed.BiEncoderListener.v1", "label_encoder": None, "label_size": 8}
    short.add_pipe("gliner_biomed", config={"model": {**model, "hidden_size": 12}})
    assert short.get_pipe("transformer").listening_components == ["gliner_biomed"]
    short.initialize(lambda: examples(short))
    texts = ["tau binds lithiumcarbonates"]
    vectors = [pipe_of(one).model.layers[0].predict(list(one.pipe(texts)))[0] for one in (nlp, short)]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_spacy_transformers_is_missing(monkeypatch):
    """One sentence names the extra: from the builder, and from a config before spaCy misses a factory."""
    monkeypatch.setattr(architecture, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'spacy-gliner-biomed\[transformers\]'"):
        architecture.BiEncoderListener()
    root = Path(__file__).resolve().parents[2]
    paths = {"paths.train": "train.spacy", "paths.dev": "dev.spacy"}
    config = spacy.util.load_config(root / "configs" / "shared-encoder.cfg", overrides=paths)
    with pytest.raises(ImportError, match=r"pip install 'spacy-gliner-biomed\[transformers\]'"):
        spacy.util.load_model_from_config(config, auto_fill=True)


def test_nobody_to_listen_to():
    """A pipe on a transformer that isn't there says so when it is initialised."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_gliner_biomed.BiEncoderListener.v1", "label_encoder": None}
    nlp.add_pipe("gliner_biomed", config={"model": model})
    with pytest.raises(ValueError, match="none has answered: add 'transformer'"):
        nlp.initialize()


def test_an_encoder_of_its_own_and_two_rates():
    """Any layer from documents to vectors will do; averages of an optimiser are put in place and taken out again."""
    nlp = spacy.blank("en")
    cnn = {
        "@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 8, "depth": 1, "embed_size": 100,
        "window_size": 1, "maxout_pieces": 2, "subword_features": False,
    }  # fmt: skip
    model = {"@architectures": "spacy_gliner_biomed.BiEncoderListener.v1", "label_encoder": None, "label_size": 8}
    nlp.add_pipe("gliner_biomed", config={"model": {**model, "tok2vec": cnn, "hidden_size": 12}})
    nlp.initialize(lambda: examples(nlp))
    optimizer = AdamW(0.01, use_averages=True)
    own = [node for node in pipe_of(nlp).model.walk() if node.has_param("W")]
    before = [node.get_param("W").copy() for node in own]
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    assert own and all(np.abs(node.get_param("W") - old).max() > 0 for node, old in zip(own, before, strict=True))
    parameter = pipe_of(nlp).span_scorer.parameter()
    last = parameter.detach().clone()
    with nlp.use_params(optimizer.averages):
        assert not torch.equal(parameter, last)
    assert torch.equal(parameter, last)

"""Models that cannot be trained are refused in one line that says why, before anything runs."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flax import nnx

from research.data.noise import NOISES
from research.studies.preparing import prepared
from research.studies.recognisers.study import Config
from research.training import populations
from research.training.losses import LOSSES, Loss
from research.training.model_check import check_model
from research.training.recipes import RECIPES, recipe


class Layer(nnx.Module):
    def __init__(self, rngs, pixels=784, outputs=10, norm=False):
        self.layer = nnx.Linear(pixels, outputs, rngs=rngs)
        if norm:
            self.norm = nnx.BatchNorm(outputs, rngs=rngs)

    def __call__(self, image, *, key=None):
        return self.layer(image.reshape(-1)), {}


class Bare(Layer):
    def __call__(self, image, *, key=None):
        return self.layer(image.reshape(-1))


class Keyless(Layer):
    def __call__(self, image):
        return self.layer(image.reshape(-1)), {}


@dataclass
class Mine:
    make: Callable
    label: str = "mine"

    def build(self, rngs):
        return self.make(rngs)


MISTAKES = {
    r"Mine must return \(logits, activations by name\) of one image, it returns float32\[10\]": Bare,
    r"Mine cannot be called as model\(image, key=key\) on one image \[28 28\]: TypeError: .* 'key'$": Keyless,
    r"test_model_check.py:\d+: TypeError: .*\(784,\) and \(28,\)": lambda rngs: Layer(rngs, pixels=28),
    r"with training.loss 'cross_entropy' Mine must return shape \[10\] for one image, it returns float32\[11\]": (
        lambda rngs: Layer(rngs, outputs=11)
    ),
    r"no nnx.Param \(BatchStat\), .* take LayerNorm": lambda rngs: Layer(rngs, norm=True),
    r"Mine cannot be built: .*test_model_check.py:\d+: NameError: name 'nothing'": lambda rngs: nothing,
}


@pytest.mark.parametrize("says", MISTAKES)
def test_a_model_that_cannot_be_trained_is_one_line(says):
    how = recipe("mlp100")
    how.model = Mine(MISTAKES[says])
    with pytest.raises(ValueError, match=says) as refusal:
        check_model(how)
    assert "\n" not in str(refusal.value)


def test_it_is_refused_where_studies_and_trainings_begin(cache, monkeypatch):
    config = Config()
    config.mlp100.model = Mine(Bare)
    with pytest.raises(ValueError, match="Mine must return"):
        prepared(config)
    how = recipe("softmax")
    monkeypatch.setattr(type(how.model), "build", lambda self, rngs: Bare(rngs))
    with pytest.raises(ValueError, match="SoftmaxConfig must return"):
        populations.train_or_load(how, 1)


@pytest.mark.parametrize(
    ("noise", "says"),
    [
        (
            lambda key, image: image,
            r"the noise 'mine' cannot be called as noise\(key, image, strength\): .*TypeError",
        ),
        (
            lambda key, image, strength: image[:20],
            r"the noise 'mine' must return shape \[28, 28\] .* float32\[20, 28\]",
        ),
    ],
)
def test_a_noise_that_is_none_is_one_line(monkeypatch, noise, says):
    monkeypatch.setitem(NOISES, "mine", noise)
    config = Config()
    config.mlp100.training.noise = "mine"
    with pytest.raises(ValueError, match=says):
        prepared(config)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (
            Loss(lambda output, label, clean: output**2),
            r"the loss 'mine' must return shape \[\] .* float32\[10\]",
        ),
        (
            Loss(lambda output, label: output[label]),
            r"the loss 'mine' cannot be called as loss\(output, label, image\)",
        ),
        (
            lambda output, label, clean: output[label],
            r"LOSSES\['mine'\] must be a research.training.losses.Loss",
        ),
    ],
)
def test_a_loss_that_is_none_is_one_line(monkeypatch, loss, says):
    monkeypatch.setitem(LOSSES, "mine", loss)
    config = Config()
    config.mlp100.training.loss = "mine"
    with pytest.raises(ValueError, match=says):
        prepared(config)


@pytest.mark.parametrize("name", RECIPES)
def test_our_own_models_pass(name):
    check_model(recipe(name))

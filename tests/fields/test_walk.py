"""Every field of every config says which values it takes, and everything else is refused in one line.

The walk sets one field at a time to values that people and scripts come up with and calls what `launch.study` calls
before it runs anything.
"""

import dataclasses
import importlib
import typing
from types import UnionType

import pytest

from research import studies
from research.fields import check, declared
from research.importing import read
from research.joint_descent.settings import Setting
from research.studies.preparing import prepared
from research.studies.reconstruction import elsewhere
from research.training.recipes import RECIPES, recipe
from research.training.train import NetworkConfig

CONFIGS = {name: importlib.import_module(f"configs.{name}").get_config for name in studies.names()}
VALUES = {
    "0": 0, "-1": -1, "nan": float("nan"), "inf": float("inf"), "1e9": 10**9, "1e12": 10**12, "1.5": 1.5, "''": "",
    "name": "nonsense", "none": None, "true": True, "()": (),
}  # fmt: skip
MANY = "any number: training ends with a line that names the step where the loss left the finite numbers"
# The fields that take such a value, by their last name; why that runs.
TAKEN = {
    "0": {
        "seed": "a seed", "timed": "no network is trained alone", "reimplemented": "no second implementation",
        "untrained": "no null model", "shuffled": "no null model", "mapped": "bottlenecks: no t-SNE",
        "examples": "all images", "shift": "images stay where they are", "warm_up": "the full rate from the start",
        "noise_strength": "noise of strength 0", "weight_decay": "none", "label_smoothing": "none",
        "eps": "no adversary", "step_size": "2.5 eps / steps", "stop_at": "reached after one epoch",
        "dropout": "none", "low": "black is 0", "high": "white is 0 where black is -1", "mean": "nothing is subtracted", "digits": "the digit 0",
    },
    "-1": {"low": "black is -1", "seed": "of a network: the study's"},
    "1e9": {"seed": "a seed", "learning_rate": MANY, "weight_decay": MANY},
    "1e12": {"learning_rate": MANY, "weight_decay": MANY},
    "1.5": {
        "learning_rate": MANY, "weight_decay": MANY, "eps": "a radius", "step_size": "a length", "perplexity": "a t-SNE",
        "temperature": "a temperature", "high": "white is 1.5", "noise_strength": "only with a noise that goes so far",
    },
    "''": {"data": "of a network: the study's"},
    "()": {
        "widths": "no hidden layer", "encoder": "no layer before the code", "decoder": "no layer behind it",
        "shuffle": "no kind has null models of shuffled labels", "cnn_regimes": "no CNN teaches", "cnn_sizes": "no student of a CNN",
        "depths": "no network of growing depth",
    },
    "true": {},
}  # fmt: skip


def leaves(config, path=()):
    """The path of every value in a config that is no config, and of every entry of a tuple or dict."""
    if dataclasses.is_dataclass(config):
        for f in dataclasses.fields(config):
            yield from leaves(getattr(config, f.name), (*path, f.name))
        return
    yield path
    if isinstance(config, tuple | dict):
        for key in config if isinstance(config, dict) else range(len(config)):
            yield from leaves(config[key], (*path, key))


def changed(value, path, new):
    """A tuple or dict with one entry changed; without a path the new value."""
    if not path:
        return new
    if isinstance(value, tuple):
        return tuple(changed(v, path[1:], new) if i == path[0] else v for i, v in enumerate(value))
    return value | {path[0]: changed(value[path[0]], path[1:], new)}


def put(config, path, new):
    """Set a value in place; returns what undoes it."""
    depth = max(
        i for i, part in enumerate(path) if isinstance(part, str) and hasattr(of(config, path[:i]), part)
    )
    holder, name = of(config, path[:depth]), path[depth]
    before = getattr(holder, name)
    object.__setattr__(holder, name, changed(before, path[depth + 1 :], new))
    return lambda: object.__setattr__(holder, name, before)


def of(config, path):
    for part in path:
        if not dataclasses.is_dataclass(config):
            return None
        config = getattr(config, part)
    return config


def walk(config, check, paths):
    """What is wrong: a value that is taken and not known to run, or refused in more than a line or without its field."""
    for path in paths:
        for label, value in VALUES.items():
            undo = put(config, path, value)
            try:
                check(config)
                if not TAKEN.get(label, {}).keys() & set(path):
                    yield f"{path} takes {label}"
            except ValueError as error:
                said = str(error)
                if "\n" in said or len(said) > 400 or not any(str(part) in said for part in path[-2:]):
                    yield f"{path} = {label} is refused with {said!r}"
            finally:
                undo()


@pytest.mark.parametrize("study", CONFIGS)
def test_each_value_of_a_study_is_refused_in_one_line_or_known_to_run(study):
    config = CONFIGS[study]("quick")
    prepared(config)
    own = [path for path in leaves(config) if not dataclasses.is_dataclass(getattr(config, path[0]))]
    assert own
    assert list(walk(config, type(config).validate, own)) == []


def test_each_value_of_a_network_is_refused_in_one_line_or_known_to_run():
    for name in ("softmax", "sigmoid200", "cnn", "cnn_small", "denoiser", "bottleneck"):
        network = recipe(name)
        paths = [path for path in leaves(network) if name == "cnn" or path[0] == "model"]
        assert list(walk(network, lambda config: check(config, "network"), paths)) == []


def test_a_whole_number_in_a_field_for_any_number_becomes_a_float():
    config = CONFIGS["reconstruction"]("smoke")
    config.mlp.training.learning_rate = 10**12  # as an integer, jitted code cannot take it
    put(config, ("lessons", "temperature"), 4)
    ready = prepared(config)
    for value in (ready.mlp.training.learning_rate, ready.lessons.temperature):
        assert isinstance(value, float)


def test_a_study_checks_all_networks_inside_it():
    for make in CONFIGS.values():
        config = make("quick")
        inside = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
        for name in [name for name, part in inside.items() if isinstance(part, NetworkConfig)]:
            undo = put(
                config, (name, "model", "pixels" if hasattr(inside[name].model, "pixels") else "side"), -1
            )
            with pytest.raises(
                ValueError, match=rf"^{name}\.model\.(pixels|side) must be at least [14], got -1$"
            ):
                prepared(config)
            undo()


def configs_inside(config):
    """The classes of a config and of all configs inside it."""
    yield type(config)
    for f in dataclasses.fields(config):
        if dataclasses.is_dataclass(getattr(config, f.name)):
            yield from configs_inside(getattr(config, f.name))


def numbers(hint):
    """Whether a type is, or holds, a number that is no switch."""
    if typing.get_origin(hint) in (tuple, dict, typing.Union, UnionType):
        return any(numbers(part) for part in typing.get_args(hint))
    return hint in (int, float)


def test_every_number_of_every_config_has_limits():
    whole = [make("quick") for make in CONFIGS.values()] + [recipe(name) for name in RECIPES]
    whole += [Setting(), elsewhere.Config(), read.Config("net.onnx")]
    classes = {kind for config in whole for kind in configs_inside(config)}
    assert len(classes) > 20
    bare = [
        f"{kind.__name__}.{name}"
        for kind in classes
        for name, hint, rule in declared(kind)
        if numbers(hint) and not rule
    ]
    assert bare == []


def test_limits_of_cost_alone_are_lifted_when_it_is_meant(monkeypatch):
    config = CONFIGS["recognisers"]("smoke")
    config.small = 200_000
    with pytest.raises(
        ValueError, match=r"small must be at most 100,000 \(each .*; --i_mean_it allows more\), got 200000"
    ):
        prepared(config)
    monkeypatch.setenv("IDENTIKIT_I_MEAN_IT", "1")
    prepared(config)
    config.cnn.training.shift = 10**12
    with pytest.raises(
        ValueError, match=r"^cnn.training.shift must be at most 27 \(pixels of an image\), got 1000000000000$"
    ):
        prepared(config)


@pytest.mark.parametrize(
    ("study", "changes", "says"),
    [
        ("recognisers", {"cnn.training.loss": "reconstruction"}, "cnn.model.classes must be 784 with training.loss 'recon"),
        ("recognisers", {"softmax.model.classes": 5}, "softmax.model.classes must be 10 .*, got 5"),
        ("recognisers", {"softmax.model.pixels": 10}, "softmax.model.pixels must be 784"),
        ("recognisers", {"cnn.examples": 600_000}, r"cnn.examples must be at most 60,000 \(the training images\)"),
        ("recognisers", {"seed": 2**32}, r"seed must be at most 4,294,967,295 \(a key has 32 bits"),
        ("recognisers", {"include": ("softmax", "mlp4")}, r"unknown network 'mlp4'; .*\(in include\); did you mean 'mlp3'"),
        ("recognisers", {"mlp3.training.noise": "salt_and_pepper", "mlp3.training.noise_strength": 1.5},
         "mlp3.training.noise_strength must be at most 1 with noise 'salt_and_pepper', got 1.5"),
        ("recognisers", {"mlp3.training.noise_strength": 0.5}, "must be at most 0 with noise 'none'"),
        ("recognisers", {"mlp3.training.loss": "soft_cross_entropy"}, "needs distributions as labels"),
        ("recognisers", {"mlp3.examples": 100}, "mlp3.training.batch must be at most 100, the training images, got 256"),
        ("recognisers", {"k": 6, "neighbours_among": 5}, "k must be at most 5"),
        ("recognisers", {"cnn_small.model.kernel": 15}, "cnn_small.model.kernel must be at most 14"),
        ("denoising", {"denoiser.training.loss": "cross_entropy"}, "denoiser.training.loss must be 'reconstruction'"),
        ("bottlenecks", {"mapped": 50}, "mapped must be 0 .no t-SNE. or at least 100"),
        ("embeddings", {"mapped": 9500}, "mapped . held_out must be at most 10000"),
        ("embeddings", {"cnn.model.dense": 20}, "cnn.model.dense must be at least 50"),
        ("reconstruction", {"seed": 2**32 - 1}, "seed must be at most 4,294,957,295"),
        ("input_clusters", {"epochs": 1001}, "epochs must be a multiple of every"),
        ("input_clusters", {"features": (2, 2, 3)}, "features must name each entry once"),
        ("causal_maps", {"deep.model.widths": ()}, "deep.model.widths must not be empty"),
        ("identikits", {"asked": ""}, "asked must be a dictionary, got ''"),
    ],
)  # fmt: skip
def test_fields_that_do_not_fit_each_other_are_one_line(study, changes, says):
    config = CONFIGS[study]("quick")
    for path, value in changes.items():
        put(config, tuple(path.split(".")), value)
    with pytest.raises(ValueError, match=says) as refusal:
        prepared(config)
    assert "\n" not in str(refusal.value)

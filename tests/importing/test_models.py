"""Parameters of our own models: our files, and the same network as PyTorch would save it."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_allclose
from safetensors.numpy import save_file

from research import importing
from research.importing import NetworkFileError, Settings
from research.models.cnn import CNNSmallConfig
from research.models.mlp import MLPConfig
from research.runs.store import as_dict
from research.training.fit import TrainingConfig
from research.training.populations import _named
from research.training.train import NetworkConfig

pytestmark = pytest.mark.usefixtures("quick_compiles")
IMAGE = jax.random.uniform(jax.random.key(0), (28, 28))
SMALL = CNNSmallConfig(channels=(3, 5), dense=7)


def network(config):
    """(parameters by name, logits of IMAGE) of a network whose biases are not zero."""
    graph, params = nnx.split(config.build(nnx.Rngs(1)), nnx.Param)
    params = jax.tree.map(lambda p: p + 0.01 * jax.random.normal(jax.random.key(p.ndim), p.shape), params)
    arrays = {name: np.ascontiguousarray(leaf) for name, leaf in _named(params).items()}
    return arrays, nnx.merge(graph, params)(IMAGE)[0]


@pytest.mark.parametrize(
    "config", [SMALL, MLPConfig(widths=(9,), activation="tanh", low=-1.0)], ids=["CNN", "MLP"]
)
def test_our_own_files_are_read_with_the_config_beside_them(config, tmp_path):
    arrays, logits = network(config)
    save_file(arrays, tmp_path / "0.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(as_dict(NetworkConfig(config, TrainingConfig()))))
    imported = importing.load(tmp_path / "0.safetensors")
    assert_allclose(imported.predict(IMAGE), logits, atol=1e-5)
    assert imported.description == f"0.safetensors: {config.label} of research.models"
    if isinstance(config, MLPConfig):
        hidden = jnp.tanh(IMAGE.ravel() @ imported.kernels[0] + imported.biases[0])
        assert_allclose(hidden @ imported.kernels[1] + imported.biases[1], logits, atol=1e-5)
        assert imported.activation == "tanh"


def as_pytorch(arrays):
    """Kernels [out, in, h, w] and [out, in], the first dense one for maps flattened channels first."""
    flat = arrays["dense1.kernel"].reshape(12, 12, 5, 7).transpose(2, 0, 1, 3).reshape(-1, 7)
    return {
        "features.0.weight": arrays["conv1.kernel"].transpose(3, 2, 0, 1),
        "features.0.bias": arrays["conv1.bias"],
        "features.2.weight": arrays["conv2.kernel"].transpose(3, 2, 0, 1),
        "features.2.bias": arrays["conv2.bias"],
        "classifier.1.weight": flat.T,
        "classifier.1.bias": arrays["dense1.bias"],
        "classifier.3.weight": arrays["dense2.kernel"].T,
        "classifier.3.bias": arrays["dense2.bias"],
    }


def test_weights_of_another_framework_enter_a_model_of_ours(tmp_path):
    arrays, logits = network(replace(SMALL, mean=0.0, std=1.0))
    np.savez(tmp_path / "theirs.npz", **as_pytorch(arrays))
    imported = importing.load(tmp_path / "theirs.npz", Settings(model="cnn_small"))
    assert_allclose(imported.predict(IMAGE), logits, atol=1e-5)
    other = importing.load(tmp_path / "theirs.npz", Settings(model="cnn_small", flatten="hwc"))
    assert np.abs(other.predict(IMAGE) - logits).max() > 1e-3
    assert_allclose(other.alternatives["flatten=chw"](IMAGE), logits, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("cnn9", "model to be one of softmax, mlp100"),
        ("mlp100", r"nothing there fits layers.0.kernel \(784, 100\)"),
    ],
)
def test_what_does_not_fit_a_model_is_refused(model, message, tmp_path):
    np.savez(tmp_path / "theirs.npz", **as_pytorch(network(SMALL)[0]))
    with pytest.raises(NetworkFileError, match=message):
        importing.load(tmp_path / "theirs.npz", Settings(model=model))

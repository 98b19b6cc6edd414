"""Causal index: how strongly each pixel of the image affects each class.

`weight_product` is the document's index, from the weights alone; `mean_jacobian` measures the same for any network at real
images; `gated_product` connects the two: at one image a ReLU network is linear, and its Jacobian there is the weight
product over the paths whose units are on.

Source: 000_6109da2722b68c6a.txt.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from research.callables import checks, programs

Predict = Callable[[Array], Any]
Kernel = Float[Array | np.ndarray, "_fan_in _fan_out"]
Bias = Float[Array | np.ndarray, " _fan_out"]


def weight_product(kernels: Sequence[Kernel]) -> Float[Array, "k inputs"]:
    """Causal index of every input on every class: the sum over all paths of the product of their weights.

    C = (W_1 W_2 ... W_L)^T, which for one hidden layer is C_ki = sum_j W_kj W_ji.
    Activations are ignored, so this is exact for a linear network and a first guess for others;
    `mean_jacobian` is its generalisation. The same quantity is known as Olden's connection weights.

    Args:
      kernels: [fan_in fan_out] of each layer, from the input to the classes.

    Raises:
      ValueError: if there is no kernel or two neighbouring kernels do not fit.

    Source:
      000_6109da2722b68c6a.txt; Olden & Jackson (2002).
    """
    _check_chain(kernels)
    first, *others = kernels
    return functools.reduce(jnp.matmul, others, jnp.asarray(first)).T


def gated_product(
    kernels: Sequence[Kernel], biases: Sequence[Bias], x: Float[Array, " inputs"]
) -> Float[Array, "k inputs"]:
    """The weight product over the paths that are open at `x`, in a network with ReLU hidden layers.

    C(x) = (W_1 G_1 W_2 G_2 ... W_L)^T with the gates G_l = diag(1 if unit j of layer l is on at x, else 0).
    It equals the Jacobian d logits / d x exactly. `weight_product` is the case of all gates open, and `mean_jacobian` is the
    average of C(x) over data: each path's weight times how often it is open.

    Args:
      kernels: [fan_in fan_out] of each layer, from the input on; the last gives the logits.
      biases: [fan_out] of each layer.
      x: the input as the network sees it.

    Raises:
      ValueError: if kernels and biases do not fit each other.
    """
    _check_chain(kernels)
    if len(biases) != len(kernels):
        raise ValueError(f"Expected one bias for each of the {len(kernels)} kernels, got {len(biases)}.")
    gated = []
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        preactivation = x @ kernel + bias
        gated.append(kernel * (preactivation > 0)[None, :])
        x = jax.nn.relu(preactivation)
    return weight_product([*gated, kernels[-1]])


def mean_jacobian(
    predict: Predict, images: Num[Array | np.ndarray, "n *pixels"], *, batch_size: int = 50
) -> Float[Array, "k *pixels"]:
    """Mean causal index of every pixel on every class over data: J_ki = mean_n d f_k / d x_i at x_n.

    Args:
      predict: one image -> logits [k], or (logits, activations): any callable that JAX can differentiate. The same
        callable is compiled once. For many networks of one shape pass `jax.tree_util.Partial(f, params)`: it compiles
        once for all of them.
      images: where the Jacobian is taken, usually the network's data: floats as the network expects them, or bytes
        (uint8), which are divided by 255.
      batch_size: images at a time. Memory grows with it, not with n; the result changes only by rounding.

    Raises:
      ValueError: for no image, a batch size below one, or a `predict` that does not return logits.
    """
    n = len(images)
    if n < 1 or batch_size < 1:
        raise ValueError(
            f"Expected at least 1 image and a batch size of at least 1, got {n} and {batch_size}."
        )
    sum_of = _compiled(predict, images.shape[1:])
    batches = (checks.float_image(images[i : i + batch_size], "images") for i in range(0, n, batch_size))
    sums = (sum_of(batch) for batch in batches)
    return functools.reduce(jnp.add, sums) / n


def _compiled(predict, shape):
    """The function images -> sum of their Jacobians, compiled once for a callable, or once for all `Partial`s of one."""
    if isinstance(predict, jax.tree_util.Partial):
        return functools.partial(_partials, predict)
    program, arrays = programs.trace(predict, shape)
    if "jacobian" not in program.compiled:
        program.compiled["jacobian"] = jax.jit(
            lambda arrays, images: _jacobian_sum(functools.partial(program, arrays), images)
        )
    return functools.partial(program.compiled["jacobian"], arrays)


def _jacobian_sum(predict, images):
    """One forward pass, and a backward pass for all classes at once."""
    outputs, pull_back = jax.vjp(jax.vmap(lambda image: checks.outputs(predict, image)[0]), images)
    one_hot = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
    return jax.vmap(lambda row: pull_back(jnp.broadcast_to(row[None], outputs.shape))[0].sum(0))(one_hot)


_partials = jax.jit(_jacobian_sum)


def _check_chain(kernels):
    shapes = [kernel.shape for kernel in kernels]
    fits = all(left[1] == right[0] for left, right in itertools.pairwise(shapes))
    if not shapes or not fits:
        raise ValueError(
            "Expected kernels [fan_in, fan_out] from the input to the classes, each fan_out the next fan_in, "
            f"got shapes {shapes}; transpose them if they are stored as [fan_out, fan_in]."
        )

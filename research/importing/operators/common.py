"""What operators share: NumPy for constants, broadcasting."""

import jax.numpy as jnp
import numpy as np


def library(*xs):
    return np if all(x is None or isinstance(x, np.ndarray | np.generic) for x in xs) else jnp


def same_rank(*xs):
    """Leading axes of length one, as ONNX broadcasts."""
    rank = max(np.ndim(x) for x in xs)
    return [x.reshape((1,) * (rank - np.ndim(x)) + np.shape(x)) for x in xs]

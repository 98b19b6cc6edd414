"""Convolutions that are fast on CPUs, behind one layer: `Conv`, a drop-in for `flax.nnx.Conv`.

XLA's own convolutions are slow on CPUs, and their weight gradients 30 to 60 times slower still inside a loop. Here
a convolution is a matrix product of windows and weights (`windows.py`) or a two-dimensional Fourier transform made of
matrix products (`fourier.py`). On other devices `Conv` is `nnx.Conv`.
"""

from research.models.cpu_conv.batching import flatten
from research.models.cpu_conv.layer import Conv, convolve

__all__ = ["Conv", "convolve", "flatten"]

"""LSTM, as ONNX defines it."""

import jax
import jax.numpy as jnp

from research.importing.operators.arithmetic import matmul


def lstm(
    x,
    w,
    r,
    b=None,
    lengths=None,
    h0=None,
    c0=None,
    peepholes=None,
    *,
    hidden_size=None,
    direction="forward",
    layout=0,
    activations=("Sigmoid", "Tanh", "Tanh"),
    activation_alpha=None,
    activation_beta=None,
    clip=None,
    input_forget=0,
    output_sequence=1,
):
    """(Y, last h, last c) of x [time, batch, input]; w [directions, 4h, input], r [directions, 4h, h], gates i o f c.

    Every sequence is as long as x. Layout 1 puts the batch first.
    """
    names = [name if isinstance(name, str) else name.decode() for name in activations]
    if (
        names != ["Sigmoid", "Tanh", "Tanh"] * (len(names) // 3)
        or peepholes is not None
        or clip
        or input_forget
    ):
        raise ValueError("only the usual activations are supported, without peepholes, clip and input_forget")
    if layout:
        x = x.swapaxes(0, 1)
        h0, c0 = (None if s is None else s.swapaxes(0, 1) for s in (h0, c0))
    directions, size, batch = w.shape[0], r.shape[-1], x.shape[1]
    start = jnp.zeros((directions, batch, size), x.dtype)
    h0, c0 = (start if s is None else s for s in (h0, c0))
    bias = jnp.zeros((directions, 8 * size), x.dtype) if b is None else b
    found = []
    for i in range(directions):
        backwards = direction == "reverse" or i == 1
        steps = x[::-1] if backwards else x
        y, h, c = _one_way(steps, w[i], r[i], bias[i].reshape(2, -1).sum(0), h0[i], c0[i])
        found.append((y[::-1] if backwards else y, h, c))
    y, h, c = (jnp.stack(parts) for parts in zip(*found))  # y [directions time batch h]
    if layout:
        return y.transpose(2, 1, 0, 3), h.swapaxes(0, 1), c.swapaxes(0, 1)
    return y.swapaxes(0, 1), h, c


def _one_way(x, w, r, bias, h, c):
    def step(state, x):
        h, c = state
        gates = matmul(x, w.T) + matmul(h, r.T) + bias[None]
        i, o, f, new = jnp.split(gates, 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(new)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    (h, c), y = jax.lax.scan(step, (h, c), x)
    return y, h, c

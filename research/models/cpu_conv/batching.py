"""Where vmap puts the batch: before the channels, so that matrix products read and write it in place.

Forwards and backwards nothing is then transposed, which decides the speed of convolutions on CPUs.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def beside_channels(x: Float[Array, "*pixels c"]) -> Float[Array, "*pixels c"]:
    """Return x; under vmap the batch moves to the place before the last axis."""
    return batch_after(x, x.ndim - 1)


def batch_after(x: Float[Array, "*shape"], axes: int) -> Float[Array, "*shape"]:
    """Return x; under vmap the batch moves to the place after the first `axes` axes.

    An elementwise product with ones, written as a dot_general with these axes as batch axes: its batching rule is
    the only one that puts the batch behind them. XLA removes the product and keeps the order.
    """
    shared = tuple(range(axes))
    return lax.dot_general(x, jnp.ones(x.shape[:axes], x.dtype), (((), ()), (shared, shared)))


def add_bias(x: Float[Array, "*pixels c"], bias: Float[Array, " c"]) -> Float[Array, "*pixels c"]:
    """Return x + bias, with the batch still before the channels.

    The sum of a batched and an unbatched array would move the batch to the front. So the bias is batched first, by
    a `select` between x and the bias that always gives the bias (and that XLA removes).
    """
    everywhere = jnp.broadcast_to(bias, x.shape)
    return x + beside_channels(lax.select(False, lax.stop_gradient(x), everywhere))


def _apart(f: Callable[..., Array]) -> Callable[..., Array]:
    """Keep XLA from fusing anything into f, by a condition that always holds and that XLA cannot fold.

    With a reshape fused into f, XLA:CPU computes the index of each element by divisions: 7 ms instead of 0.8 for the
    gradient of a max-pool of 128 images.
    """

    def alone(*arrays):
        shape = jax.eval_shape(f, *arrays)
        never = lambda *_: jnp.zeros(shape.shape, shape.dtype)  # noqa: E731
        return lax.cond(lax.optimization_barrier(jnp.bool_(True)), f, never, *arrays)

    return alone


def before_channels(f: Callable[..., Array]) -> Callable[..., Array]:
    """Make `jax.vmap` hand f its batches before the channels: arrays [h w *batches c] -> [h w *batches c].

    On CPUs only. With the batch in front XLA would fuse the transposition into f, which takes several times as long.
    """
    call = jax.custom_batching.custom_vmap(_apart(f))

    @call.def_vmap
    def _(size, batched, *arrays):
        every = [x if own else jnp.broadcast_to(x, (size, *x.shape)) for x, own in zip(arrays, batched)]
        return jnp.moveaxis(call(*(jnp.moveaxis(x, 0, -2) for x in every)), -2, 0), True

    return lambda *arrays: (call if jax.default_backend() == "cpu" else f)(*arrays)


def flatten(x: Float[Array, "h w c"]) -> Float[Array, " h*w*c"]:
    """Return x as one vector, like `x.reshape(-1)`.

    Under vmap on a CPU the batch moves from before the channels to the front by a copy of its own: fused with the
    reshape it would take six times as long.
    """
    return to_front(x).reshape(-1)


@jax.custom_vjp
def to_front(x: Float[Array, "h w c"]) -> Float[Array, "h w c"]:
    """Return x; under vmap on a CPU the batch moves from before the channels to the front."""
    return _to_front(x)


def _turned(source: int, destination: int) -> Callable[[Array], Array]:
    """The identity, which under vmap copies a batch at axis `source` to axis `destination`."""
    call = jax.custom_batching.custom_vmap(lambda x: x)
    turn = _apart(lambda x: jnp.moveaxis(x, source, destination))

    @call.def_vmap
    def _(size, batched, x):
        return jnp.moveaxis(turn(jnp.moveaxis(x, 0, source)), destination, 0), True

    return lambda x: (call if jax.default_backend() == "cpu" else lambda x: x)(x)


_to_front, _from_front = _turned(-2, 0), _turned(0, -2)
to_front.defvjp(lambda x: (_to_front(x), None), lambda _, slope: (_from_front(slope),))

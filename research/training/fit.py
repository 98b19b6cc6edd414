"""One trainer for every network: pure steps over a documented state, whole populations at once.

    θ ← θ − optimiser(∇_θ mean_b loss(θ, x_b, y_b))

`make_fit` turns a config into pure functions. A state always carries a leading axis of `m` networks, each
with a key of its own from which its start, its order of the images, its shifts and its dropout masks derive
(by name and step). Training therefore can be cut into pieces of any length without changing a bit of the
outcome, and network `i` of a population is the network that the same key gives alone (to float rounding).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Int, Key, UInt8

from research.data import noise
from research.fields import check
from research.runtime import multihost
from research.runtime.parallel import run_mesh, sharded_map
from research.runtime.rng import named
from research.training.adversary import worst_image
from research.training.losses import LOSSES, named_class, smoothed
from research.training.settings import TrainingConfig, optimiser


class TrainingError(ValueError):
    """Training cannot go on; the message says at which step and what to try."""


class State(NamedTuple):
    """Everything that training carries from step to step; every leaf has a leading axis of m networks."""

    params: Any  # parameters of the network, a pytree
    opt_state: Any  # state of the optimiser
    key: Key[Array, "m"]  # the network's own key; never advanced, always folded with a name and the step
    step: Int[Array, "m"]  # steps taken
    loss: Float[Array, "m"]  # sum of the batch losses since the epoch began
    hits: Float[Array, "m"]  # sum of the batch accuracies since the epoch began
    first_bad: Int[Array, "m"]  # the first step with a loss that is not finite, else -1


class Advance(Protocol):
    """Jitted: `count` more steps, all within one epoch; the state that is given is used up."""

    def __call__(self, state: State, images: Any, labels: Any, count: Any) -> State: ...

    def lower(self, state: State, images: Any, labels: Any, count: Any) -> jax.stages.Lowered: ...


class Evaluate(Protocol):
    """Jitted: outputs [m n k] of every network on every image, and the share [m] whose argmax is the label."""

    def __call__(self, params: Any, images: Any, labels: Any) -> tuple[Array, Array]: ...

    def lower(self, params: Any, images: Any, labels: Any) -> jax.stages.Lowered: ...


class Fit(NamedTuple):
    """The pure functions of one training."""

    init: Callable[[Key[Array, "m"]], State]
    advance: Advance
    evaluate: Evaluate
    apply: Callable[
        ..., tuple[Float[Array, " k"], dict[str, Array]]
    ]  # (params of one network, image, key=None)
    steps_per_epoch: int
    steps: int


def shifted(key: Key[Array, ""], image: Float[Array, "h w"], most: int) -> Float[Array, "h w"]:
    """The image moved by a whole number of pixels, uniform in [-most, most] along each axis, zeros moving in."""
    if most == 0:
        return image
    corner = jax.random.randint(key, (2,), 0, 2 * most + 1)
    return jax.lax.dynamic_slice(jnp.pad(image, most), corner, image.shape)


def shuffled(key: Key[Array, ""], n: int) -> Int[Array, " n"]:
    """The numbers 0..n-1 in a random order.

    The index sits in the low bits of a random word and the words are sorted: several times faster on a CPU
    than `jax.random.permutation`. Words that agree in all high bits stay in order, which touches a pair in
    n·2^-⌊32−log₂n⌋; beyond 2^20 numbers that would begin to matter and the library's function is used.
    """
    bits = (n - 1).bit_length()
    if bits > 20:
        return jax.random.permutation(key, n)
    words = jax.random.bits(key, (n,)) << bits | jnp.arange(n, dtype=jnp.uint32)
    return (jnp.sort(words) & jnp.uint32(2**bits - 1)).astype(jnp.int32)


def make_fit(build: Callable[[nnx.Rngs], nnx.Module], config: TrainingConfig, n: int) -> Fit:
    """The pure functions that train `build(rngs)` on n examples.

    The networks of a population are shared out over all devices: one after the other on a CPU's, where a
    network then has the same bits in any company; side by side (vmap) on an accelerator.
    Each epoch visits n // batch full batches of its own random order; the remainder waits for another epoch.
    """
    one = make_one(build, config, n)

    def advance(state, images, labels, count):
        return over_networks(lambda s: one.advance(s, images, labels, count), state)

    def evaluate(params, images: UInt8[Array, "n h w"], labels):
        outputs = over_networks(lambda p: one.outputs(p, images), params)
        return outputs, jnp.mean(jnp.argmax(outputs, -1) == labels[None], axis=1)

    return Fit(
        init=jax.jit(jax.vmap(one.init)),
        advance=cast(Advance, jax.jit(advance, donate_argnums=0)),
        evaluate=cast(Evaluate, jax.jit(evaluate)),
        apply=one.apply,
        steps_per_epoch=one.steps_per_epoch,
        steps=one.steps_per_epoch * config.epochs,
    )


class One(NamedTuple):
    """The training of one network, not yet compiled; states and parameters have no leading axis."""

    init: Callable[[Key[Array, ""]], State]
    advance: Callable[[State, Array, Array, Any], State]  # (state, images, labels, count of steps)
    outputs: Callable[[Any, Array], Array]  # (params, images [n h w]) -> outputs [n k]
    apply: Callable[..., tuple[Array, dict[str, Array]]]
    steps_per_epoch: int


def make_one(build: Callable[[nnx.Rngs], nnx.Module], config: TrainingConfig, n: int) -> One:
    """The pure functions that train one network on n examples.

    Raises:
        ValueError: for settings that cannot be run, or a batch larger than the data set.
    """
    check(config, "training")
    if n < config.batch:
        raise ValueError(f"training.batch ({config.batch}) is larger than the data set ({n} examples)")
    steps_per_epoch = n // config.batch
    update_by = optimiser(config, steps_per_epoch * config.epochs)
    graph, _ = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))), nnx.Param)

    def apply(params, image, *, key=None):
        return nnx.merge(graph, params)(image, key=key)

    def init(key):
        params = nnx.split(build(nnx.Rngs(named(key, "init"))), nnx.Param)[1]
        zero = jnp.zeros(())
        return State(params, update_by.init(params), key, jnp.int32(0), zero, zero, jnp.int32(-1))

    def outputs(params, images):
        # the hidden layers of a CNN for 50 images stay in a CPU's cache
        block = 50 if jax.default_backend() == "cpu" else 500
        one = lambda image: apply(params, image.astype(jnp.float32) / 255)[0]  # noqa: E731
        return jax.lax.map(one, images, batch_size=min(block, len(images)))

    loss = make_loss(apply, config)
    return One(init, make_advance(loss, update_by, config.batch, n), outputs, apply, steps_per_epoch)


def make_loss(apply: Callable[..., Any], config: TrainingConfig) -> Callable[..., tuple[Array, Array]]:
    """(params, key, image of bytes, label) -> (loss, 1 for a hit) of one example.

    The image is shifted, then noise is added, then the adversary moves it; each only where the config says so.
    """
    loss = LOSSES[config.loss]
    corrupt = None if config.noise == "none" else noise.noise(config.noise)

    def of_one(params, key, image: UInt8[Array, "h w"], label):
        key_shift, key_noise, key_dropout = jax.random.split(key, 3)
        clean = shifted(key_shift, image.astype(jnp.float32) / 255, config.shift)
        seen = corrupt(key_noise, clean, config.noise_strength) if corrupt else clean

        def at(params, x):
            output, _ = apply(params, x, key=key_dropout)
            value = loss.of(output, label, clean)
            return smoothed(
                value, output, config.label_smoothing
            ) if config.label_smoothing else value, output

        if config.adversary.eps > 0:
            fixed = jax.lax.stop_gradient(params)  # the adversary moves pixels, never weights
            seen = worst_image(lambda x: at(fixed, x)[0], seen, config.adversary)
        value, output = at(params, seen)
        hit = jnp.argmax(output) == named_class(label) if loss.classifies else jnp.zeros(())
        return value, hit.astype(jnp.float32)

    return of_one


def make_advance(
    loss: Callable[..., tuple[Array, Array]], update_by: optax.GradientTransformation, batch: int, n: int
) -> Callable[[State, Array, Array, Any], State]:
    """(state, images, labels, count) -> the state of one network after `count` more steps, all within one epoch."""
    steps_per_epoch = n // batch

    def loss_batch(params, key, images, labels):
        keys = jax.random.split(key, len(images))
        losses, hits = jax.vmap(loss, in_axes=(None, 0, 0, 0))(params, keys, images, labels)
        return jnp.mean(losses), jnp.mean(hits)

    def advance(state: State, images, labels, count):
        order = shuffled(jax.random.fold_in(named(state.key, "order"), state.step // steps_per_epoch), n)
        fresh = state.step % steps_per_epoch == 0
        state = state._replace(loss=jnp.where(fresh, 0.0, state.loss), hits=jnp.where(fresh, 0.0, state.hits))

        def one_step(_, state: State) -> State:
            rows = jax.lax.dynamic_slice_in_dim(order, state.step % steps_per_epoch * batch, batch)
            key_step = jax.random.fold_in(named(state.key, "steps"), state.step)
            (mean_loss, hits), gradient = jax.value_and_grad(loss_batch, has_aux=True)(
                state.params, key_step, images[rows], labels[rows]
            )
            updates, opt_state = update_by.update(gradient, state.opt_state, state.params)
            bad = (state.first_bad < 0) & ~jnp.isfinite(mean_loss)
            return State(
                optax.apply_updates(state.params, updates),
                opt_state,
                state.key,
                state.step + 1,
                state.loss + mean_loss,
                state.hits + hits,
                jnp.where(bad, state.step, state.first_bad),
            )

        return jax.lax.fori_loop(0, count, one_step, state)

    return advance


def over_networks(function: Callable[[Any], Any], networks: Any) -> Any:
    """`function` of every network: one after the other on each CPU device, vectorised on each accelerator."""
    m = len(jax.tree.leaves(networks)[0])
    mesh = run_mesh(None if multihost.several() else jax.devices()[:m])
    if mesh.devices.flat[0].platform == "cpu":
        return sharded_map(lambda block: jax.lax.map(function, block), networks, block=1, mesh=mesh)
    return sharded_map(jax.vmap(function), networks, mesh=mesh)


def require_finite(state: State) -> None:
    """Raises TrainingError when a network's loss has left the finite numbers."""
    first_bad = np.asarray(state.first_bad)
    if (first_bad >= 0).any():
        which = int(np.argmax(first_bad >= 0))
        raise TrainingError(
            f"the loss of network {which} is not finite from step {first_bad[which]} on; "
            "try a lower training.learning_rate or a longer training.warm_up"
        )

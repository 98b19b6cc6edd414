"""One trainer for every network: pure steps over a documented state, whole populations at once.

    θ ← θ − optimiser(∇_θ mean_b loss(θ, x_b, y_b))

`make_fit` turns a config into pure functions. A state always carries a leading axis of `m` networks, each
with a key of its own from which its start, its order of the images, its shifts and its dropout masks derive
(by name and step). Training therefore can be cut into pieces of any length without changing a bit of the
outcome, and network `i` of a population is the network that the same key gives alone (to float rounding).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Int, Key, UInt8

from research.data import noise
from research.runtime import multihost
from research.runtime.parallel import run_mesh, sharded_map
from research.runtime.rng import named

OPTIMISERS = {"adam": optax.adam, "sgd": optax.sgd, "rmsprop": optax.rmsprop}
SCHEDULES = ("constant", "linear", "cosine")


class Loss(NamedTuple):
    """What is minimised for one example, and whether the outputs are logits of classes, to be scored by the label."""

    of: Callable[[Array, Array, Array], Array]  # (output, label, clean image) -> loss
    classifies: bool = True


def _cross_entropy(output: Array, label: Array, clean: Array) -> Array:
    return optax.softmax_cross_entropy_with_integer_labels(output, label)


def _reconstruction(output: Array, label: Array, clean: Array) -> Array:
    return jnp.mean((output - clean.reshape(-1)) ** 2)


LOSSES = {
    "cross_entropy": Loss(_cross_entropy),
    "reconstruction": Loss(_reconstruction, classifies=False),  # squared error to the clean image
}


@dataclass
class TrainingConfig:
    """How a network is trained; the defaults are those of the one-epoch recipe for 99 %."""

    epochs: int = 1
    batch: int = 128
    optimiser: str = "adam"
    learning_rate: float = 2e-3  # the schedule's peak
    schedule: str = "linear"  # constant | linear (to 0) | cosine (to 0)
    warm_up: float = 0.1  # share of all steps in which the rate rises from 0
    shift: int = 0  # every image moved at random by up to this many pixels along each axis
    noise: str = "none"  # a family of research.data.noise, drawn anew for every image and step
    noise_strength: float = 0.0
    loss: str = "cross_entropy"  # one of LOSSES
    stop_at: float = 1.0  # stop after the first epoch in which every network's test accuracy reaches this

    def validate(self) -> None:
        for field, least in (("epochs", 1), ("batch", 1), ("shift", 0)):
            if getattr(self, field) < least:
                raise ValueError(f"training.{field} must be at least {least}, got {getattr(self, field)}")
        if not self.learning_rate > 0:
            raise ValueError(f"training.learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"training.warm_up is a share of all steps in [0, 1), got {self.warm_up}")
        for field, known in (("optimiser", OPTIMISERS), ("schedule", SCHEDULES), ("loss", LOSSES)):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"unknown training.{field} {getattr(self, field)!r}; known: {', '.join(sorted(known))}"
                )
        if self.noise != "none":
            noise.noise(self.noise)


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


def schedule(config: TrainingConfig, steps: int) -> optax.Schedule:
    """Learning rate at each step: a linear rise over the warm-up, then constant, linear to 0 or cosine to 0."""
    rise = round(config.warm_up * steps)
    peak, fall = config.learning_rate, max(steps - rise, 1)
    after = {
        "constant": optax.constant_schedule(peak),
        "linear": optax.linear_schedule(peak, 0.0, fall),
        "cosine": optax.cosine_decay_schedule(peak, fall),
    }[config.schedule]
    return optax.join_schedules([optax.linear_schedule(0.0, peak, max(rise, 1)), after], [rise])


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
    config.validate()
    if n < config.batch:
        raise ValueError(f"training.batch ({config.batch}) is larger than the data set ({n} examples)")
    steps_per_epoch = n // config.batch
    steps = steps_per_epoch * config.epochs
    optimiser = OPTIMISERS[config.optimiser](schedule(config, steps))
    loss = LOSSES[config.loss]
    corrupt = None if config.noise == "none" else noise.noise(config.noise)
    graph, _ = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))), nnx.Param)

    def apply(params, image, *, key=None):
        return nnx.merge(graph, params)(image, key=key)

    def init_one(key):
        params = nnx.split(build(nnx.Rngs(named(key, "init"))), nnx.Param)[1]
        zero = jnp.zeros(())
        return State(params, optimiser.init(params), key, jnp.int32(0), zero, zero, jnp.int32(-1))

    def loss_one(params, key, image: UInt8[Array, "h w"], label):
        key_shift, key_noise, key_dropout = jax.random.split(key, 3)
        clean = shifted(key_shift, image.astype(jnp.float32) / 255, config.shift)
        seen = corrupt(key_noise, clean, config.noise_strength) if corrupt else clean
        output, _ = apply(params, seen, key=key_dropout)
        value = loss.of(output, label, clean)
        hit = jnp.argmax(output) == label if loss.classifies else jnp.zeros(())
        return value, hit.astype(jnp.float32)

    def loss_batch(params, key, images, labels):
        keys = jax.random.split(key, len(images))
        losses, hits = jax.vmap(loss_one, in_axes=(None, 0, 0, 0))(params, keys, images, labels)
        return jnp.mean(losses), jnp.mean(hits)

    def advance_one(state: State, images, labels, count):
        order = shuffled(jax.random.fold_in(named(state.key, "order"), state.step // steps_per_epoch), n)
        fresh = state.step % steps_per_epoch == 0
        state = state._replace(loss=jnp.where(fresh, 0.0, state.loss), hits=jnp.where(fresh, 0.0, state.hits))

        def one_step(_, state: State) -> State:
            rows = jax.lax.dynamic_slice_in_dim(
                order, state.step % steps_per_epoch * config.batch, config.batch
            )
            key_step = jax.random.fold_in(named(state.key, "steps"), state.step)
            (mean_loss, hits), gradient = jax.value_and_grad(loss_batch, has_aux=True)(
                state.params, key_step, images[rows], labels[rows]
            )
            updates, opt_state = optimiser.update(gradient, state.opt_state, state.params)
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

    def advance(state, images, labels, count):
        return _over_networks(lambda s: advance_one(s, images, labels, count), state)

    def evaluate(params, images: UInt8[Array, "n h w"], labels):
        """Outputs of every network on every image, in blocks of images, and the share that hits the label."""

        # the hidden layers of a CNN for 50 images stay in a CPU's cache
        block = 50 if jax.default_backend() == "cpu" else 500

        def outputs_of(params):
            one = lambda image: apply(params, image.astype(jnp.float32) / 255)[0]  # noqa: E731
            return jax.lax.map(one, images, batch_size=min(block, len(images)))

        outputs = _over_networks(outputs_of, params)
        return outputs, jnp.mean(jnp.argmax(outputs, -1) == labels[None], axis=1)

    return Fit(
        init=jax.jit(jax.vmap(init_one)),
        advance=cast(Advance, jax.jit(advance, donate_argnums=0)),
        evaluate=cast(Evaluate, jax.jit(evaluate)),
        apply=apply,
        steps_per_epoch=steps_per_epoch,
        steps=steps,
    )


def _over_networks(function: Callable[[Any], Any], networks: Any) -> Any:
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

"""Joint descent: a network learns and its input points move, on one loss (document 004).

With n points I_p, their labels y_p and the mean cross-entropy

    J(θ, I) = 1/n Σ_p −log softmax(f_θ(I_p / S))_{y_p}

one epoch is a step of both, from the same gradient:

    θ ← θ − η · optimiser(∇_θ J)          I ← I − α ∇_I J

The code moves u = I / S, which the network sees. Each point descends on its own loss, u ← u − λ ∇_u (nJ), so the
document's α is n·λ on the mean loss in the network's units, and n·λ·S² in the document's. η is `weight_rate`, λ is
`input_rate`, S is `scale`. With Adam, λ is the step in u.

Rates and scales may differ between the runs of one call; widths and optimisers may not. Points lie in the last axis,
which is the vectorised one, and runs advance in blocks of a fixed size, so the bits of a run do not depend on the number
of other runs. With SGD they do not depend on the number of devices either; with Adam one device and several differ by
rounding, because XLA orders its two divisions differently.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from research.fields import check
from research.joint_descent import start
from research.joint_descent.settings import OPTIMISERS, SETTINGS, Setting, setting
from research.joint_descent.start import Params
from research.models.mlp import activation
from research.runtime import devices
from research.runtime.parallel import replicated, run_mesh, sharded_map

__all__ = [
    "SETTINGS", "Descent", "Setting", "State", "descend", "gradients", "make_descent", "network", "positions", "setting",
]  # fmt: skip


class State(NamedTuple):
    """What a descent carries from epoch to epoch; every leaf has a leading axis of m runs."""

    params: Params  # per layer: weights [m out in] and biases [m out]
    opt_state: Any  # state of the weights' optimiser
    inputs: Float[Array, "m d n"]  # u, the points as the network sees them
    input_opt_state: Any  # state of the inputs' optimiser
    labels: Int[Array, "m n"]  # each point's class
    weight_rate: Float[Array, " m"]  # η
    input_rate: Float[Array, " m"]  # λ
    scale: Float[Array, " m"]  # S
    epoch: Int[Array, " m"]  # epochs taken
    first_bad: Int[Array, " m"]  # epoch of the first check that found a number that is not finite, else -1


class Descent(NamedTuple):
    """The pure functions of one setting; `make_descent` documents them."""

    init: Callable[..., State]  # (keys [m], weight_rate, input_rate, scale) -> state
    advance: Callable[[State, Any], State]  # (state, epochs) -> state
    measure: Callable[[State], tuple[Float[Array, " m"], Float[Array, " m"]]]  # -> loss, accuracy


def positions(state: State) -> Float[Array, "m n d"]:
    """Positions of the points in the document's units: I = S u."""
    return jnp.swapaxes(state.inputs * state.scale[:, None, None], 1, 2)


def network(params: Params, u: Float[Array, "d n"], act: Callable) -> Float[Array, "k n"]:
    """Logits of every point: x ← act(W x + b) for each layer but the last."""
    for weights, bias in params[:-1]:
        u = act(weights @ u + bias[:, None])
    weights, bias = params[-1]
    return weights @ u + bias[:, None]


def gradients(
    params: Params, u: Float[Array, "d n"], onehot: Float[Array, "k n"], act: Callable
) -> tuple[Params, Float[Array, "d n"]]:
    """∇_θ J and ∇_u (nJ), pulled back from ∂(nJ)/∂logits = softmax(logits) − onehot."""
    logits, pull = jax.vjp(functools.partial(network, act=act), params, u)
    by_params, by_inputs = pull(jax.nn.softmax(logits, axis=0) - onehot)
    return jax.tree.map(lambda g: g / u.shape[1], by_params), by_inputs


def make_descent(setting: Setting, block: int | None = None) -> Descent:
    """The pure functions of a setting.

    Args:
        setting: data, network, optimisers, and the default rates and scale.
        block: runs that are advanced together on a device, as in `research.runtime.parallel.sharded_map`.

    Returns:
        Descent with
        init(keys [m], weight_rate, input_rate, scale) -> State: points, labels and weights are drawn from the keys; rates
        and scale are numbers or [m].
        advance(state, epochs) -> State.
        measure(state) -> mean loss [m], accuracy [m].

    Raises:
        ValueError: for a setting that cannot be run; from `init` for rates or scales that do not fit.
    """
    check(setting, "clustering")
    act = activation(setting.activation)
    draw = jax.jit(functools.partial(start.draw, setting))

    @jax.jit
    def begin(*of_each_run):
        state = jax.vmap(functools.partial(_initial, setting))(*of_each_run)
        return replicated(state, run_mesh())  # as `advance` returns it: one compilation serves both

    def init(
        keys: Key[Array, " m"],
        weight_rate: Float[Array, "..."] | float = setting.weight_rate,
        input_rate: Float[Array, "..."] | float = setting.input_rate,
        scale: Float[Array, "..."] | float = setting.scale,
    ) -> State:
        m = len(keys)
        points, labels, uniform = draw(keys)
        return begin(
            uniform,
            points,
            labels,
            start.per_run("weight_rate", weight_rate, m),
            start.per_run("input_rate", input_rate, m),
            start.per_run("scale", scale, m, positive=True),
        )

    @functools.partial(jax.jit, compiler_options=devices.fusion_emitters())
    def advance(state: State, epochs) -> State:
        return sharded_map(lambda runs: _advance_block(setting, runs, epochs), state, block=block)

    def measure_one(params, inputs, labels):
        logits = network(params, inputs, act)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits.T, labels)
        return jnp.mean(losses), jnp.mean(jnp.argmax(logits, axis=0) == labels)

    return Descent(
        init=init,
        advance=advance,
        measure=jax.jit(lambda state: jax.vmap(measure_one)(state.params, state.inputs, state.labels)),
    )


def _initial(setting: Setting, uniform, points, labels, weight_rate, input_rate, scale) -> State:
    """One run's state at epoch 0, from what `start.draw` returns for it and its rates and scale."""
    params = start.init_params(uniform, start.layer_sizes(setting), setting.init)
    inputs = points.T / scale
    return State(
        params=params,
        opt_state=OPTIMISERS[setting.weight_optimiser].init(params),
        inputs=inputs,
        input_opt_state=OPTIMISERS[setting.input_optimiser].init(inputs),
        labels=labels,
        weight_rate=weight_rate,
        input_rate=input_rate,
        scale=scale,
        epoch=jnp.int32(0),
        first_bad=jnp.int32(-1),
    )


def _advance_block(setting: Setting, state: State, epochs) -> State:
    """A block of runs after `epochs` more epochs, each of them one step of the weights and of the inputs."""
    act = activation(setting.activation)
    weight_optimiser = OPTIMISERS[setting.weight_optimiser]
    input_optimiser = OPTIMISERS[setting.input_optimiser]
    onehot = jnp.swapaxes(jax.nn.one_hot(state.labels, setting.classes), 1, 2)

    def epoch_of_one(moving, onehot, weight_rate, input_rate):
        params, opt_state, inputs, input_opt_state = moving
        by_params, by_inputs = gradients(params, inputs, onehot, act)
        updates, opt_state = weight_optimiser.update(by_params, opt_state, params)
        moves, input_opt_state = input_optimiser.update(by_inputs, input_opt_state, inputs)
        params = jax.tree.map(lambda p, update: p + weight_rate * update, params, updates)
        return params, opt_state, inputs + input_rate * moves, input_opt_state

    def epoch_of_block(_, moving):
        return jax.vmap(epoch_of_one)(moving, onehot, state.weight_rate, state.input_rate)

    moving = (state.params, state.opt_state, state.inputs, state.input_opt_state)
    params, opt_state, inputs, input_opt_state = jax.lax.fori_loop(0, epochs, epoch_of_block, moving)
    epoch, finite = state.epoch + epochs, jax.vmap(_all_finite)((params, inputs))
    return state._replace(
        params=params,
        opt_state=opt_state,
        inputs=inputs,
        input_opt_state=input_opt_state,
        epoch=epoch,
        first_bad=jnp.where((state.first_bad < 0) & ~finite, epoch, state.first_bad),
    )


def descend(descent: Descent, state: State, stops: Iterable[int]) -> Iterator[State]:
    """Yield the state at each of the epochs `stops`, which must rise.

    Between two stops the caller can score, save or draw the state, or leave the loop. A saved state can be resumed.

    Raises: ValueError if a stop lies before the state's epoch.
    """
    here = int(state.epoch[0])
    for stop in stops:
        if stop < here:
            raise ValueError(f"stops must rise from the state's epoch {here} on, got {stop}")
        if stop > here:
            state = descent.advance(state, stop - here)
        here = stop
        yield state


def _all_finite(tree: Any) -> Bool[Array, ""]:
    return functools.reduce(jnp.logical_and, [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)])

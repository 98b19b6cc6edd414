"""Joint descent: a network learns, and its data learn with it (document 004).

With n points I_p, their labels y_p and the mean cross-entropy

    J(θ, I) = 1/n Σ_p −log softmax(f_θ(I_p / S))_{y_p}

one epoch is a step of both, from the same gradient:

    θ ← θ − η · optimiser(∇_θ J)          I ← I − α ∇_I J

The network sees u = I / S, and u is what moves: every point descends on the loss of its own,
u ← u − λ ∇_u (nJ), so the document's α is n·λ on the mean loss in the network's units, and n·λ·S² in those of the
document. η is `weight_rate`, λ is `input_rate`, S is `scale`. With Adam, λ is the step in u.

Rates and scales may differ from run to run of one call, widths and optimisers may not. Inside, points lie in the
last axis, which is the vectorised one, and runs advance in blocks of a fixed size: the bits of a run do not depend on
how many others run with it. With SGD they do not depend on the number of devices either; with Adam one device and
several differ by rounding, because XLA orders its two divisions differently.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, Key

from research.joint_descent.settings import INITS, OPTIMISERS, SETTINGS, Setting, setting
from research.models.mlp import activation
from research.runtime import devices
from research.runtime.parallel import replicated, run_mesh, sharded_map
from research.runtime.rng import named

__all__ = [
    "SETTINGS",
    "Descent",
    "Setting",
    "State",
    "cross_entropy",
    "descend",
    "diverged",
    "gradients",
    "init_params",
    "make_descent",
    "network",
    "positions",
    "setting",
]

Params = tuple[tuple[Array, Array], ...]  # per layer: weights [out in] and biases [out]


class State(NamedTuple):
    """Everything that a descent carries from epoch to epoch; every leaf has a leading axis of m runs."""

    params: Params  # per layer: weights [m out in] and biases [m out]
    moments: Any  # state of the weights' optimiser
    inputs: Float[Array, "m d n"]  # u, the points as the network sees them
    input_moments: Any  # state of the inputs' optimiser
    labels: Int[Array, "m n"]  # the class that each point is told to belong to
    weight_rate: Float[Array, " m"]  # η
    input_rate: Float[Array, " m"]  # λ
    scale: Float[Array, " m"]  # S
    epoch: Int[Array, " m"]  # epochs taken
    first_bad: Int[Array, " m"]  # epoch of the first check that met a number that is not finite, else -1


class Descent(NamedTuple):
    """The pure functions of one setting."""

    init: Callable[..., State]  # (keys [m], weight_rate, input_rate, scale, points, labels) -> state
    advance: Callable[[State, Any], State]  # (state, epochs) -> state
    measure: Callable[[State], tuple[Float[Array, " m"], Float[Array, " m"]]]  # -> loss, accuracy
    apply: Callable[[Params, Float[Array, "d n"]], Float[Array, "k n"]]  # one network, points in its units


def positions(state: State) -> Float[Array, "m n d"]:
    """Where the points are, in the document's units: I = S u."""
    return jnp.swapaxes(state.inputs * state.scale[:, None, None], 1, 2)


def init_params(uniform: Float[Array, " p"], sizes: Sequence[tuple[int, int]], init: str) -> Params:
    """Weights and biases of layers of the given (inputs, outputs) from uniform numbers in [0, 1)."""
    layers, used = [], 0
    for fan_in, fan_out in sizes:
        end = used + (fan_in + 1) * fan_out
        layer = INITS[init](fan_in, fan_out) * (2 * uniform[used:end].reshape(fan_out, fan_in + 1) - 1)
        bias = layer[:, -1] if init == "pytorch" else jnp.zeros(fan_out)
        layers.append((layer[:, :-1], bias))
        used = end
    return tuple(layers)


def network(params: Params, u: Float[Array, "d n"], act: Callable) -> Float[Array, "k n"]:
    """Logits of every point: x ← act(W x + b) for each layer but the last."""
    for weights, bias in params[:-1]:
        u = act(weights @ u + bias[:, None])
    weights, bias = params[-1]
    return weights @ u + bias[:, None]


def cross_entropy(logits: Float[Array, "k n"], labels: Int[Array, " n"]) -> Float[Array, " n"]:
    """Each point's loss, −log softmax(logits)_label."""
    return optax.softmax_cross_entropy_with_integer_labels(logits.T, labels)


def gradients(
    params: Params, u: Float[Array, "d n"], onehot: Float[Array, "k n"], act: Callable
) -> tuple[Params, Float[Array, "d n"]]:
    """∇_θ J and ∇_u (nJ), pulled back from ∂(nJ)/∂logits = softmax(logits) − onehot."""
    logits, pull = jax.vjp(functools.partial(network, act=act), params, u)
    by_params, by_inputs = pull(jax.nn.softmax(logits, axis=0) - onehot)
    return jax.tree.map(lambda g: g / u.shape[1], by_params), by_inputs


def make_descent(setting: Setting, mesh: Mesh | None = None, block: int | None = None) -> Descent:
    """The pure functions of `setting`; `block` and `mesh` as in `research.runtime.parallel.sharded_map`.

    Raises: ValueError for a setting that cannot be run.
    """
    setting.validate()
    act = activation(setting.activation)
    n, d, k = setting.points, setting.features, setting.classes
    weight_optimiser = OPTIMISERS[setting.weight_optimiser]
    input_optimiser = OPTIMISERS[setting.input_optimiser]

    sizes = tuple(itertools.pairwise((d, *setting.widths, k)))

    @jax.jit
    def draw(keys):
        """Each run's points, labels and uniform numbers for its weights, from keys of their own."""
        counts = {
            "points": n * d,
            "labels": n,
            "init": sum((fan_in + 1) * fan_out for fan_in, fan_out in sizes),
        }
        # One draw of the longest length for all three: compiling a draw takes most of a second on a CPU.
        own = jnp.stack([jax.vmap(functools.partial(named, name=name))(keys) for name in counts])
        uniform = jax.vmap(jax.vmap(lambda key: jax.random.uniform(key, (max(counts.values()),))))(own)
        points, labels, weights = (row[:, :count] for row, count in zip(uniform, counts.values()))
        points = setting.half_width * (2 * points.reshape(-1, n, d) - 1)
        return points, jnp.minimum(jnp.int32(labels * k), k - 1), weights

    @jax.jit
    def begin(uniform, points, labels, weight_rate, input_rate, scale):
        def one(uniform, points, labels, weight_rate, input_rate, scale):
            params = init_params(uniform, sizes, setting.init)
            inputs = points.T / scale
            return State(
                params=params,
                moments=weight_optimiser.init(params),
                inputs=inputs,
                input_moments=input_optimiser.init(inputs),
                labels=labels,
                weight_rate=weight_rate,
                input_rate=input_rate,
                scale=scale,
                epoch=jnp.int32(0),
                first_bad=jnp.int32(-1),
            )

        state = jax.vmap(one)(uniform, points, labels, weight_rate, input_rate, scale)
        return replicated(state, mesh or run_mesh())  # as `advance` returns it: one compilation serves both

    def init(
        keys: Key[Array, " m"],
        weight_rate: Float[Array, "..."] | float = setting.weight_rate,
        input_rate: Float[Array, "..."] | float = setting.input_rate,
        scale: Float[Array, "..."] | float = setting.scale,
        points: Float[Array, "m n d"] | None = None,
        labels: Int[Array, "m n"] | None = None,
    ) -> State:
        """Start of m runs: weights, points and labels from their keys; points and labels may be given instead.

        Raises: ValueError for rates, scales, points or labels that do not fit.
        """
        m = len(keys)
        drawn_points, drawn_labels, uniform = draw(keys)
        points = drawn_points if points is None else points
        labels = drawn_labels if labels is None else labels
        for name, given, shape in (("points", points, (m, n, d)), ("labels", labels, (m, n))):
            if given.shape != shape:
                raise ValueError(f"{name} of {m} runs must have the shape {shape}, got {given.shape}")
        least, most = int(labels.min()), int(labels.max())
        if least < 0 or most >= k:
            raise ValueError(f"labels must be in 0..{k - 1}, got {least}..{most}")
        return begin(
            uniform,
            points,
            labels,
            _per_run("weight_rate", weight_rate, m),
            _per_run("input_rate", input_rate, m),
            _per_run("scale", scale, m, positive=True),
        )

    def epoch_one(moving, onehot, weight_rate, input_rate):
        params, moments, inputs, input_moments = moving
        by_params, by_inputs = gradients(params, inputs, onehot, act)
        updates, moments = weight_optimiser.update(by_params, moments, params)
        moves, input_moments = input_optimiser.update(by_inputs, input_moments, inputs)
        params = jax.tree.map(lambda p, update: p + weight_rate * update, params, updates)
        return params, moments, inputs + input_rate * moves, input_moments

    def advance_block(state: State, epochs) -> State:
        onehot = jnp.swapaxes(jax.nn.one_hot(state.labels, k), 1, 2)

        def one_epoch(_, moving):
            return jax.vmap(epoch_one)(moving, onehot, state.weight_rate, state.input_rate)

        moving = (state.params, state.moments, state.inputs, state.input_moments)
        params, moments, inputs, input_moments = jax.lax.fori_loop(0, epochs, one_epoch, moving)
        finite = jax.vmap(_all_finite)((params, inputs))
        epoch = state.epoch + epochs
        return state._replace(
            params=params,
            moments=moments,
            inputs=inputs,
            input_moments=input_moments,
            epoch=epoch,
            first_bad=jnp.where((state.first_bad < 0) & ~finite, epoch, state.first_bad),
        )

    @functools.partial(jax.jit, compiler_options=devices.fusion_emitters())
    def advance(state: State, epochs) -> State:
        return sharded_map(lambda runs: advance_block(runs, epochs), state, block=block, mesh=mesh)

    def measure_one(params, inputs, labels):
        logits = network(params, inputs, act)
        return jnp.mean(cross_entropy(logits, labels)), jnp.mean(jnp.argmax(logits, axis=0) == labels)

    return Descent(
        init=init,
        advance=advance,
        measure=jax.jit(lambda state: jax.vmap(measure_one)(state.params, state.inputs, state.labels)),
        apply=functools.partial(network, act=act),
    )


def descend(descent: Descent, state: State, stops: Iterable[int]) -> Iterator[State]:
    """The state at each of the epochs `stops`, in rising order.

    Between two of them the caller has the state in hand: to score, to save, to draw, to leave the loop. A saved
    state goes on where it was.

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


def diverged(state: State) -> str | None:
    """One line that names the runs with numbers that are not finite; None if there are none."""
    bad = [run for run, epoch in enumerate(state.first_bad.tolist()) if epoch >= 0]
    if not bad:
        return None
    runs = ", ".join(map(str, bad[:8])) + (", …" if len(bad) > 8 else "")
    return (
        f"{len(bad)} of {len(state.first_bad)} runs left the finite numbers (runs {runs}; the first by epoch "
        f"{min(int(state.first_bad[run]) for run in bad)}); try lower rates or a larger scale"
    )


def _per_run(name, value, m, positive=False):
    value = np.asarray(value, np.float32)
    if value.shape not in ((), (m,)):
        raise ValueError(f"{name} must be one number or one a run [{m}], got shape {value.shape}")
    if not np.all(np.isfinite(value) & ((value > 0) if positive else (value >= 0))):
        raise ValueError(
            f"{name} must be finite and {'positive' if positive else 'not negative'}, got {value}"
        )
    return np.broadcast_to(value, (m,))


def _all_finite(tree):
    return functools.reduce(jnp.logical_and, [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)])

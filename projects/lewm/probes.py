"""Linear and MLP probes: how well quantities can be read from features, on frames of episodes that no probe has seen."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from ml_collections import ConfigDict
from sklearn.linear_model import Ridge

from projects.lewm.clips import permutation
from shared.nn.linear import Linear, torch_default
from shared.nn.mlp import gelu
from shared.nn.pure import pure

RIDGE = 1e-3  # on a sum of squares over frames: it only keeps a collapsed cloud from dividing by zero
DECAY = 1e-2  # of the MLP's AdamW, PyTorch's default

Targets = dict[str, np.ndarray]  # quantity -> [N, d]


def probes(config: ConfigDict, z: np.ndarray, targets: Targets, test: np.ndarray, seed: int) -> dict[str, float]:
    """Both probes of every quantity, of features z [N, D], judged on the frames `test` [N]. Everything is standardised by the other frames,
    so an error of 1 says that nothing was read. `config` is a run's config.probe."""
    z, targets = standardised(z, ~test), {name: standardised(values, ~test) for name, values in targets.items()}
    known = {name: y[~test] for name, y in targets.items()}
    linear, mlp = linear_maps(z[~test], known, z[test]), perceptrons(config, z[~test], known, z[test], seed)
    return {
        f"probe/{name}/{kind}/{number}": value
        for name, y in targets.items()
        for kind, predicted in (("linear", linear), ("mlp", mlp))
        for number, value in judge(predicted[name], y[test]).items()
    }


def standardised(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """values [N, d] in standard deviations from the mean of the rows `by` [N]; what does not vary there keeps its scale."""
    std = values[by].std(0, dtype=np.float64)
    return (values - values[by].mean(0, dtype=np.float64)) / np.where(std > 0, std, 1)


def judge(predicted: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Of predictions of y [N, d]: the mean squared error, its deviation over frames, and Pearson's r, averaged over d (0 where one of the
    two is constant)."""
    error = ((predicted - y) ** 2).mean(1)
    a, b = predicted - predicted.mean(0), y - y.mean(0)
    scale = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    r = np.divide((a * b).sum(0), scale, out=np.zeros(len(scale)), where=scale > 0)
    return {"mse": float(error.mean()), "mse_std": float(error.std()), "r": float(r.mean())}


def linear_maps(z: np.ndarray, targets: Targets, unseen: np.ndarray) -> Targets:
    """What linear maps fitted on z [N, D] say of the features `unseen` [M, D]."""
    return {name: Ridge(alpha=RIDGE).fit(z, y).predict(unseen).reshape(-1, y.shape[1]) for name, y in targets.items()}


# -- MLP ------------------------------------------------------------------------------------------------------------------
class Perceptron(nnx.Module):
    """Two hidden layers with GELU, [N, inputs] -> [N, outputs]."""

    def __init__(self, inputs: int, width: int, outputs: int, rngs: nnx.Rngs):
        layer = lambda a, b: Linear((a, b), (None, None), rngs, bias=True, start=torch_default)  # noqa: E731
        self.layers = nnx.List([layer(inputs, width), layer(width, width), layer(width, outputs)])

    def __call__(self, x: jax.Array) -> jax.Array:
        for hidden in self.layers[:-1]:
            x = gelu(hidden(x))
        return self.layers[-1](x)


def perceptrons(config: ConfigDict, z: np.ndarray, targets: Targets, unseen: np.ndarray, seed: int) -> Targets:
    """What MLPs trained on z [N, D], one for every quantity and all in one program, say of the features `unseen` [M, D]."""
    widest = max(y.shape[1] for y in targets.values())
    model = pure(lambda rngs: Perceptron(z.shape[1], config.width, widest, rngs))
    y = np.stack([np.pad(y, ((0, 0), (0, widest - y.shape[1]))) for y in targets.values()])  # [Q, N, widest]
    weight = np.stack([(np.arange(widest) < y.shape[1]) / y.shape[1] for y in targets.values()])  # [Q, widest]: of the padding 0
    size = min(config.batch_size, len(z))
    order = [permutation(seed, 2 + epoch, len(z))[: len(z) // size * size] for epoch in range(config.epochs)]
    order = np.concatenate(order).reshape(-1, size)  # [steps, B]
    optimizer = optax.adamw(config.lr, weight_decay=DECAY)

    def loss(params: Any, x: jax.Array, y: jax.Array, weight: jax.Array) -> jax.Array:
        return jnp.mean(jnp.sum(weight * (model.apply(params, x) - y) ** 2, -1))

    @jax.jit
    def train(key: jax.Array, z: jax.Array, y: jax.Array, weight: jax.Array, order: jax.Array, unseen: jax.Array) -> jax.Array:
        def step(carry: tuple, rows: jax.Array) -> tuple[tuple, None]:
            params, state = carry
            gradient = jax.vmap(jax.grad(loss), (0, None, 0, 0))(params, z[rows], y[:, rows], weight)
            update, state = optimizer.update(gradient, state, params)
            return (optax.apply_updates(params, update), state), None

        params = jax.vmap(model.init)(jax.random.split(key, len(y)))
        (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), order)
        return jax.vmap(model.apply, (0, None))(params, unseen)  # [Q, M, widest]

    said = np.asarray(train(jax.random.key(seed), *(np.float32(x) for x in (z, y, weight)), order, np.float32(unseen)))
    return {name: said[place, :, : y.shape[1]] for place, (name, y) in enumerate(targets.items())}

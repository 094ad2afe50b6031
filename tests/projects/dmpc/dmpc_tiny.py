"""Tiny models of every kind, with parameters none of which is zero, and batches of windows for them."""

from functools import cache

import jax
import numpy as np

from projects.dmpc.interface import Sampler, Sizes
from projects.dmpc.models import DYNAMICS, PROPOSALS
from shared.diffusion import process

KEY = jax.random.key(0)
B, S, A, H, F = 3, 3, 2, 2, 3
SIZES = Sizes(state=S, action=A, history=H, horizon=F, hidden=8, members=3,
              body={"width": 8, "heads": 2, "head_dim": 6, "mlp_width": 16, "layers": 1, "dtype": "float32"})  # fmt: skip
SAMPLER = Sampler(process("cosine", 20, "x0"), 3, 1.5)


@cache
def dynamics(name):
    return DYNAMICS[name](SIZES, SAMPLER)


@cache
def proposal(name):
    return PROPOSALS[name](SIZES, SAMPLER)


def drawn(init, seed=0):
    numbers = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: np.float32(0.4 * numbers.normal(size=leaf.shape)), jax.eval_shape(init, KEY))


@cache
def rolling(name):
    return jax.jit(dynamics(name).roll)


@cache
def losing(name):
    return jax.jit(dynamics(name).loss)


def batch(rows=B, seed=0):
    """With a history longer than what the models read; windows 1 and 2 end early."""
    numbers = np.random.default_rng(seed)
    shapes = {"history": (H + 1, S), "past": (H + 1, A), "actions": (F, A), "states": (F, S), "rewards": (F,)}
    made = {name: np.float32(numbers.normal(size=(rows, *shape))) for name, shape in shapes.items()}
    return made | {"mask": np.float32(np.arange(F) < np.array([F, 1, 2])[np.arange(rows) % 3, None])}


KNOWN = batch()["history"], batch()["past"]

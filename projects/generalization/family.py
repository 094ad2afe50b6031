"""Which networks there are to choose from: theta = theta_0 + P v. Everything but v comes from a seed, and costs its code nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from projects.generalization.networks import network
from projects.generalization.projectors import PROJECTORS, Projector
from shared.data.labelled import LabelledSet
from shared.nn.pure import Pure

AT_ONCE = 2_000  # inputs of an evaluation


@dataclass(frozen=True)
class Family:
    """Pure functions; `frozen` is what the seed gives, v [d] what is trained."""

    model: Pure
    projector: Projector
    size: int  # D, parameters of the network

    @property
    def axes(self) -> dict[str, Any]:
        """Logical axes of what `freeze` gives; P is whole on every device."""
        factors = jax.eval_shape(self.projector.draw, jax.random.key(0))
        return {"start": self.model.axes, "factors": jax.tree.map(lambda leaf: (None,) * leaf.ndim, factors)}

    def freeze(self, seed: int | jax.Array) -> dict[str, Any]:
        """theta_0 and the parts of P."""
        start, factors = jax.random.split(jax.random.key(seed))
        return {"start": self.model.init(start), "factors": self.projector.draw(factors)}

    def parameters(self, frozen: dict[str, Any], v: jax.Array) -> dict[str, Any]:
        """theta_0 + P v, in the model's shapes."""
        flat, shaped = ravel_pytree(frozen["start"])  # [D]
        return shaped(flat + self.projector.apply(frozen["factors"], v))

    def logits(self, frozen: dict[str, Any], v: jax.Array, x: jax.Array) -> jax.Array:
        """x [B, ...], as the data set has it -> [B, C]."""
        return self.model.apply(self.parameters(frozen, v), centred(x))


def family(name: str, projector: str, dimension: int, data: LabelledSet) -> Family:
    model = network(name, data.train.inputs.shape[1:], data.classes)
    return within(model, projector, dimension)


def within(model: Pure, projector: str, dimension: int) -> Family:
    """Those models whose parameters lie in a random subspace."""
    return Family(model, PROJECTORS[projector](size(model), dimension), size(model))


def size(model: Pure) -> int:
    """How many parameters it has."""
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.init, jax.random.key(0))))


def centred(x: jax.Array) -> jax.Array:
    """Pixels from -1/2 to 1/2, by constants: a mean and spread of the data would have to be coded. Other numbers as they are."""
    return x.astype(jnp.float32) / 255 - 0.5 if x.dtype == jnp.uint8 else x


def mistakes(one: Family) -> Callable[[Any, jax.Array, np.ndarray, np.ndarray], int]:
    """wrong(frozen, v, inputs, labels): how many of all these inputs are taken for another class."""

    @jax.jit
    def count(frozen: Any, v: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
        return (one.logits(frozen, v, x).argmax(-1) != y).sum()

    def wrong(frozen: Any, v: jax.Array, inputs: np.ndarray, labels: np.ndarray) -> int:
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(inputs), AT_ONCE)]
        return sum(int(count(frozen, v, inputs[part], labels[part])) for part in parts)

    return wrong

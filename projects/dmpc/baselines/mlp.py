"""Ensembles of MLPs over plain inputs, as in MBOP (Argenson and Dulac-Arnold, 2021):

    f_m(s_t, a_t) -> s_{t+1} - s_t, r_t     f_b(s_t, a_{t-1}) -> a_t     f_R(s_t, a_{t-1}) -> r_t + ... + r_{t+F-1}

Members see the same data and differ in their start alone. The action before s_t is the last of a batch's `past`. f_m and f_R learn from
its `rewards` [B, F], 0 behind the end of an episode.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx

from projects.dmpc.histories import masked_mean, steps
from projects.dmpc.interface import Batch, Tree
from shared.nn.linear import Linear
from shared.nn.pure import Pure, pure


class MLP(nnx.Module):
    """[..., inputs] -> [..., outputs] through two hidden layers of ReLU."""

    def __init__(self, inputs: int, outputs: int, hidden: int, rngs: nnx.Rngs):
        self.first = Linear((inputs, hidden), (None, "mlp"), rngs, bias=True)
        self.second = Linear((hidden, hidden), ("embed", "mlp"), rngs, bias=True)
        self.last = Linear((hidden, outputs), ("mlp", None), rngs, bias=True)

    def __call__(self, inputs: jax.Array) -> jax.Array:
        return self.last(jax.nn.relu(self.second(jax.nn.relu(self.first(inputs)))))


@dataclass(frozen=True)
class Ensemble:
    """K MLPs; all their parameters have a leading axis for it."""

    net: Pure
    members: int

    def init(self, key: jax.Array) -> Tree:
        return jax.vmap(self.net.init)(jax.random.split(key, self.members))

    @property
    def axes(self) -> Tree:
        return jax.tree.map(lambda names: (None, *names), self.net.axes, is_leaf=lambda leaf: isinstance(leaf, tuple))

    def apply(self, params: Tree, *inputs: jax.Array) -> jax.Array:
        """Inputs [..., n], one beside the other -> the answers of all members [K, ..., outputs]."""
        return jax.vmap(self.net.apply, (0, None))(params, jnp.concatenate(inputs, -1))


def ensemble(inputs: int, outputs: int, hidden: int, members: int) -> Ensemble:
    return Ensemble(pure(lambda rngs: MLP(inputs, outputs, hidden, rngs)), members)


# -- f_m --------------------------------------------------------------------------------------------------------------------------------
def motion(state: int, action: int, hidden: int, members: int) -> Ensemble:
    """f_m."""
    return ensemble(state + action, state + 1, hidden, members)


def moved(net: Ensemble, params: Tree, state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
    """From states [B, S] by actions [B, A]: what each member holds for the next states [K, B, S] and the rewards [K, B]."""
    said = net.apply(params, state, action)
    return state + said[..., :-1], said[..., -1]


def motion_loss(net: Ensemble, params: Tree, batch: Batch) -> jax.Array:
    """Mean squared error of the differences and the rewards of all steps of the windows."""
    rows = steps(batch, 1)
    target = jnp.concatenate([rows["states"] - rows["history"], rows["rewards"][..., None]], -1)  # [B * F, 1, S + 1]
    return masked_mean(jnp.mean((net.apply(params, rows["history"], rows["actions"]) - target) ** 2, -1), rows["mask"])


# -- f_b --------------------------------------------------------------------------------------------------------------------------------
def behaviour(state: int, action: int, hidden: int, members: int) -> Ensemble:
    """f_b: net.apply(params, states [B, S], actions before [B, A]) -> actions [K, B, A]."""
    return ensemble(state + action, action, hidden, members)


def behaviour_loss(net: Ensemble, params: Tree, batch: Batch, reads: Sequence[str] = ("history", "past")) -> jax.Array:
    """Mean squared error of the actions of all steps of the windows, by what the net reads of them."""
    rows = steps(batch, 1)
    said = net.apply(params, *(rows[name] for name in reads))  # [K, B * F, 1, A]
    return masked_mean(jnp.mean((said - rows["actions"]) ** 2, -1), rows["mask"])


# -- f_R --------------------------------------------------------------------------------------------------------------------------------
def truncated(state: int, action: int, hidden: int, members: int) -> Ensemble:
    """f_R: net.apply(params, states [B, S], actions before [B, A])[..., 0] -> returns over F steps [K, B]."""
    return ensemble(state + action, 1, hidden, members)


def truncated_loss(net: Ensemble, params: Tree, batch: Batch) -> jax.Array:
    """Mean squared error of the sums of the windows' rewards."""
    said = net.apply(params, batch["history"][:, -1], batch["past"][:, -1])[..., 0]
    return jnp.mean((said - jnp.sum(batch["rewards"], 1)) ** 2)

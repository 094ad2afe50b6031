"""The parts of a planner: rho, p_d, J and what may stand in for them, as they are trained, kept and asked.

A part's variables hold its weights and the scales of the data it has learned from, so that one that is loaded is complete. Whoever asks it
speaks the environment's units and knows nothing of scales; two parts of one planner may have different ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.dmpc.baselines.distil import policy
from projects.dmpc.interface import Model, Sampler, Sizes
from projects.dmpc.models import PARTS, Build
from projects.dmpc.units import plain, scales
from projects.dmpc.windows import Normaliser
from shared import diffusion

Tree = Any
Objective = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # s_t [B, S], states [B, F, S], actions [B, F, A] -> [B]


@dataclass(frozen=True)
class Part:
    """Variables: `weights`, and `stats` as in units.py."""

    name: str  # one of PARTS
    build: Build
    sizes: Sizes
    process: diffusion.Process  # of those that diffuse

    @property
    def states(self) -> int:
        return self.sizes.state

    @property
    def actions(self) -> int:
        return self.sizes.action

    @property
    def horizon(self) -> int:
        return self.sizes.horizon

    # -- as it is trained -----------------------------------------------------------------------------------------------------------
    @cached_property
    def model(self) -> Model:
        """With whatever sampler: for its parameters and its loss."""
        return self.sampled(1, None)

    def sampled(self, steps: int, clip: jax.Array | None) -> Model:
        """By `steps` of DDIM, if it diffuses, with predicted clean data held to clip [n]."""
        return self.build(self.sizes, Sampler(self.process, steps, clip))

    def init(self, key: jax.Array, stats: Tree | None = None) -> Tree:
        """Without stats, those of data that are normalised as they are."""
        return {"weights": self.model.init(key), "stats": stats or plain(self.states, self.actions)}

    @property
    def axes(self) -> Tree:
        stats = plain(self.states, self.actions)
        return {"weights": self.model.axes, "stats": jax.tree.map(lambda leaf: (None,) * leaf.ndim, stats)}

    def loss(self, variables: Tree, batch: Tree, key: jax.Array) -> jax.Array:
        """Of a batch of windows."""
        return self.model.loss(variables["weights"], batch, key)

    # -- what is asked of each ------------------------------------------------------------------------------------------------------
    def propose(self, variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array, steps: int) -> jax.Array:
        """After the last states [B, H, S] and the action before each of them [B, H, A] -> the next actions [B, F, A], each row from a
        noise of its own; of a policy of one step [B, A]. A predicted x0 is held to the range of the environment's actions."""
        states, actions = scales(variables)
        model = self.sampled(steps, bound(actions))
        draw = model.draw if hasattr(model, "draw") else model.act
        return actions.denormalise(draw(variables["weights"], states.normalise(history), actions.normalise(past), key))

    def predict(
        self, variables: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array, steps: int
    ) -> jax.Array:
        """By actions [B, F, A] -> states [B, F, S]; of dynamics of one step also by an action [B, A] -> [B, S]. A predicted x0 is held to
        what the data have reached."""
        states, scale = scales(variables)
        model = self.sampled(steps, variables["stats"]["states"]["reach"])
        ask = model.roll if actions.ndim == 3 else model.step
        known = states.normalise(history), scale.normalise(past), scale.normalise(actions)
        return states.denormalise(ask(variables["weights"], *known, key))

    def worth(self, variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        """J: s_t [B, S], states [B, F, S], actions [B, F, A] -> discounted returns to the end of the episode [B]."""
        scale, of_actions = scales(variables)
        known = scale.normalise(now), scale.normalise(states), of_actions.normalise(actions)
        return self.model.worth(variables["weights"], *known) * variables["stats"]["value"]

    def imagine(
        self, variables: Tree, history: jax.Array, key: jax.Array, objective: Objective, guidance: float, steps: int
    ) -> tuple[jax.Array, jax.Array]:
        """The joint model: actions [B, F, A] and states [B, F, S] together, drawn towards a larger objective. `guidance` is per standard
        deviation of the data's returns: exp(guidance) times as likely for each."""
        scale, of_actions = scales(variables)
        model = self.sampled(steps, bound(of_actions))

        def value(now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
            found = objective(scale.denormalise(now), scale.denormalise(states), of_actions.denormalise(actions))
            return found / variables["stats"]["value"]

        actions, states = model.draw(variables["weights"], scale.normalise(history), key, value, guidance)
        return of_actions.denormalise(actions), scale.denormalise(states)


def bound(scale: Normaliser) -> jax.Array:
    """Of normalised actions [A], where the environment's range ends: the farther of its two ends."""
    return (1 + jnp.abs(scale.mean)) / scale.std


def part(config: ConfigDict) -> Part:
    """The part that a training's config names."""
    name, m = config.train.part, config.model
    return named(config, name, PARTS[name][m[name] if name in ("proposal", "dynamics") else ""])


def student(config: ConfigDict) -> Part:
    """What a planner is distilled into, by config.distil. It stands in for the proposal."""
    return named(config, "proposal", lambda sizes, sampler: policy(replace(sizes, hidden=config.distil.hidden)))


def named(config: ConfigDict, name: str, build: Build) -> Part:
    m, env = config.model, config.env
    body = {"width": m.width, "heads": m.heads, "head_dim": m.head_dim, "mlp_width": m.mlp_width, "dtype": m.dtype}
    body["layers"] = m.value_layers if name == "value" else m.layers
    sizes = Sizes(env.states, env.actions, config.windows.history, config.windows.horizon, m.hidden, m.members, body)
    process = diffusion.process(config.diffusion.schedule, config.diffusion.levels, config.diffusion.predicts)
    return Part(name, build, sizes, process)

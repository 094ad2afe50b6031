"""The parts of a planner: rho, p_d and J, as they are trained, kept and asked.

A part's variables hold its weights and the scales of the data it has learned from, so that one that is loaded is complete. Whoever asks it
speaks the environment's units and knows nothing of scales; two parts of one planner may have different ones.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.dmpc.denoisers import dynamics, proposal
from projects.dmpc.value import value
from projects.dmpc.windows import Normaliser, Windows
from shared import diffusion
from shared.nn.pure import Pure

Tree = Any
NAMES = ("proposal", "dynamics", "value")


@dataclass(frozen=True)
class Part:
    """Variables: `weights`, and `stats`: mean, std and, for states, reach (the largest normalised value) of the data, and the unit of
    returns."""

    name: str  # one of NAMES
    net: Pure
    process: diffusion.Process  # of the two denoisers
    states: int  # S
    actions: int  # A
    horizon: int  # F

    def init(self, key: jax.Array, stats: Tree | None = None) -> Tree:
        """Without stats, those of data that are normalised as they are."""
        return {"weights": self.net.init(key), "stats": stats or plain(self.states, self.actions)}

    @property
    def axes(self) -> Tree:
        stats = plain(self.states, self.actions)
        return {"weights": self.net.axes, "stats": jax.tree.map(lambda leaf: (None,) * leaf.ndim, stats)}

    def loss(self, variables: Tree, batch: Tree, key: jax.Array) -> jax.Array:
        """Of a batch of windows. A denoiser answers for what lies before the end of an episode; J sees clean windows."""
        weights, known = variables["weights"], (batch["history"], batch["past"])
        if self.name == "value":
            found = self.net.apply(weights, batch["history"][:, -1], batch["states"], batch["actions"])
            return jnp.mean((found - batch["value"]) ** 2)
        if self.name == "proposal":
            return diffusion.loss(self.process, lambda x, k: self.net.apply(weights, x, k, *known), batch["actions"], key, batch["mask"])
        known = (*known, batch["actions"])
        return diffusion.loss(self.process, lambda x, k: self.net.apply(weights, x, k, *known), batch["states"], key, batch["mask"])

    # -- what is asked of each ------------------------------------------------------------------------------------------------------
    def propose(self, variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array, steps: int) -> jax.Array:
        """rho, by `steps` of DDIM: states [B, H, S] and the actions between them [B, H - 1, A] -> actions [B, F, A], each row from a noise
        of its own. A predicted x0 is held to the range of the environment's actions, by the farther of the two bounds."""
        states, actions = scales(variables)
        noise = jax.random.normal(key, (len(history), self.horizon, self.actions))
        known = states.normalise(history), actions.normalise(past)
        reach = (1 + jnp.abs(actions.mean)) / actions.std  # [A]
        denoise = lambda x, k: self.net.apply(variables["weights"], x, k, *known)  # noqa: E731
        return actions.denormalise(diffusion.ddim(self.process, denoise, noise, steps, reach))

    def predict(
        self, variables: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array, steps: int
    ) -> jax.Array:
        """p_d, likewise, of actions [B, F, A] -> states [B, F, S]. A predicted x0 is held to what the data have reached."""
        states, scale = scales(variables)
        noise = jax.random.normal(key, (len(history), self.horizon, self.states))
        known = states.normalise(history), scale.normalise(past), scale.normalise(actions)
        denoise = lambda x, k: self.net.apply(variables["weights"], x, k, *known)  # noqa: E731
        return states.denormalise(diffusion.ddim(self.process, denoise, noise, steps, variables["stats"]["states"]["reach"]))

    def worth(self, variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        """J: s_t [B, S], states [B, F, S], actions [B, F, A] -> discounted returns to the end of the episode [B]."""
        scale, of_actions = scales(variables)
        found = self.net.apply(variables["weights"], scale.normalise(now), scale.normalise(states), of_actions.normalise(actions))
        return found * variables["stats"]["value"]


def part(config: ConfigDict) -> Part:
    """The part that a training's config names. Raises ValueError for a name that is none."""
    m, env, name = config.model, config.env, config.train.part
    sizes = {"state": env.states, "action": env.actions, "horizon": config.windows.horizon, "width": m.width, "heads": m.heads}
    sizes |= {"head_dim": m.head_dim, "mlp_width": m.mlp_width, "dtype": m.dtype}
    if name == "value":
        net = value(**sizes, layers=m.value_layers)
    else:
        build = {"proposal": proposal, "dynamics": dynamics}[name]
        net = build(**sizes, layers=m.layers, history=config.windows.history)
    process = diffusion.process(config.diffusion.schedule, config.diffusion.levels, config.diffusion.predicts)
    return Part(name, net, process, env.states, env.actions, config.windows.horizon)


def plain(states: int, actions: int) -> Tree:
    """Stats of data that are normalised as they are."""
    return {
        "states": {"mean": jnp.zeros(states), "std": jnp.ones(states), "reach": jnp.full(states, jnp.inf)},
        "actions": {"mean": jnp.zeros(actions), "std": jnp.ones(actions)},
        "value": jnp.ones(()),
    }


def stats(windows: Windows) -> Tree:
    """Of the data that windows are taken from."""
    states, actions, data = windows.states, windows.actions, windows.transitions
    far = jnp.maximum(*(abs(states.normalise(values)).max(axis=0) for values in (data.observations, data.next_observations)))
    return {
        "states": {"mean": jnp.asarray(states.mean), "std": jnp.asarray(states.std), "reach": far},
        "actions": {"mean": jnp.asarray(actions.mean), "std": jnp.asarray(actions.std)},
        "value": jnp.float32(windows.value_scale),
    }


def scales(variables: Tree) -> tuple[Normaliser, Normaliser]:
    """Of states and of actions."""
    known = variables["stats"]
    return tuple(Normaliser(known[kind]["mean"], known[kind]["std"]) for kind in ("states", "actions"))

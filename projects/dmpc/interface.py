"""What all models have in common: whoever plans with one, or measures it, can plan with any other of its kind.

A history is the last H states [B, H, S], s_t the last of them, and the action before each of them [B, H, A], `past`. It may be longer than
what a model reads. A batch is one of Windows (windows.py). All is normalised and float32; parts.py speaks the environment's units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax

from shared.diffusion import Process

Tree = Any
Batch = Mapping[str, jax.Array]
Init = Callable[[jax.Array], Tree]  # key -> params
Loss = Callable[[Tree, Batch, jax.Array], jax.Array]  # params, batch, key -> a number
Roll = Callable[[Tree, jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]  # params, history, past, actions [B, F, A], key -> [B, F, S]
Step = Callable[[Tree, jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]  # params, history, past, action [B, A], key -> [B, S]
Act = Callable[[Tree, jax.Array, jax.Array, jax.Array], jax.Array]  # params, history, past, key -> [B, A]
Draw = Callable[[Tree, jax.Array, jax.Array, jax.Array], jax.Array]  # params, history, past, key -> [B, F, A], independent rows
Worth = Callable[[Tree, jax.Array, jax.Array, jax.Array], jax.Array]  # params, s_t [B, S], states [B, F, S], actions [B, F, A] -> [B]


@dataclass(frozen=True)
class Model:
    """What can be trained."""

    init: Init
    axes: Tree  # logical axis names of the params
    loss: Loss


@dataclass(frozen=True)
class Dynamics(Model):
    """Which states s_{t+1} .. s_{t+F} follow actions a_t .. a_{t+F-1}."""

    roll: Roll
    step: Step | None = None  # s_{t+1} alone, of those that go one step at a time


@dataclass(frozen=True)
class Proposal(Model):
    """Which actions a_t .. a_{t+F-1} come next."""

    draw: Draw


@dataclass(frozen=True)
class Policy(Model):
    """Which action comes next; dynamics of one step can carry it on."""

    act: Act
    draws: bool  # whether its answers differ by the key


@dataclass(frozen=True)
class Value(Model):
    """What a window is worth."""

    worth: Worth


@dataclass(frozen=True)
class Sizes:
    """What fixes the networks."""

    state: int  # S
    action: int  # A
    history: int  # H that diffusion models, transformers and one-shot MLPs read; other MLPs read one state
    horizon: int  # F
    hidden: int  # width of the two hidden layers of an MLP
    members: int  # of an ensemble of MLPs
    body: Mapping[str, int | str]  # of a transformer: width, heads, head_dim, mlp_width, layers, dtype

    @property
    def network(self) -> dict[str, int | str]:
        """The arguments of a denoiser."""
        return {"state": self.state, "action": self.action, "history": self.history, "horizon": self.horizon, **self.body}


@dataclass(frozen=True)
class Sampler:
    """How a diffusion model is trained and sampled, by DDIM."""

    process: Process
    steps: int
    clip: float | jax.Array | None  # bound of predicted clean data in a step, of all numbers or of each [n]; None: none is known

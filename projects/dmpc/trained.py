"""Parts that runs have trained, and the agent that they are together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
from ml_collections import ConfigDict

from projects.dmpc.parts import Part, part
from shared import checkpoint
from shared.errors import BadInput
from shared.rundir import RunDir

Tree = Any


@dataclass(frozen=True)
class Trained:
    run: str  # its id
    config: ConfigDict  # of the training
    part: Part
    variables: Tree


def load(run: RunDir) -> Trained:
    """What a finished training run kept. Raises BadInput when it is gone, damaged or another model's."""
    record = run.record()
    if not record or record["config"]["entry"] != "train":
        raise BadInput(f"{run.path} is no trained part of a planner: train one with `python -m launch run dmpc/train`")
    config = ConfigDict(record["config"])
    model = part(config)
    return Trained(run.id, config, model, checkpoint.load_weights(run, model))


@dataclass(frozen=True)
class Agent:
    """rho, p_d and, where an objective asks for it, J. Its variables are theirs by name; it is asked as they are."""

    parts: Mapping[str, Part]
    history: int  # H

    @property
    def states(self) -> int:
        return self.parts["proposal"].states

    @property
    def actions(self) -> int:
        return self.parts["proposal"].actions

    @property
    def horizon(self) -> int:
        return self.parts["proposal"].horizon

    @property
    def abstract(self) -> Tree:
        """Shapes of the variables."""
        return jax.eval_shape(lambda key: {name: part.init(key) for name, part in self.parts.items()}, jax.random.key(0))

    def propose(self, variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array, steps: int) -> jax.Array:
        return self.parts["proposal"].propose(variables["proposal"], history, past, key, steps)

    def predict(
        self, variables: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array, steps: int
    ) -> jax.Array:
        return self.parts["dynamics"].predict(variables["dynamics"], history, past, actions, key, steps)

    def worth(self, variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        return self.parts["value"].worth(variables["value"], now, states, actions)


def agent(found: Mapping[str, Trained]) -> tuple[Agent, Tree]:
    """The agent of parts by name (proposal, dynamics and maybe value), and its variables. Raises BadInput where one is another part, or
    has learned another environment, horizon or history than the proposal has."""
    first = found["proposal"]
    for name, one in found.items():
        if one.part.name != name:
            raise BadInput(f"{one.run} is a {one.part.name} and no {name}: train one with --config.train.part={name}")
        for field in ("env.name", "env.version", "windows.horizon", "windows.history"):
            section, key = field.split(".")
            mine, wanted = one.config[section][key], first.config[section][key]
            if mine != wanted and (name, field) != ("value", "windows.history"):  # J sees no history
                raise BadInput(
                    f"the {name} {one.run} has {field}={mine} and the proposal {first.run} has {wanted}: train both with the same one"
                )
    made = Agent({name: one.part for name, one in found.items()}, first.config.windows.history)
    return made, {name: one.variables for name, one in found.items()}

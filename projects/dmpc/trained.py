"""Parts that runs have trained, and the agent that they are together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.dmpc.baselines.single import alternated
from projects.dmpc.interface import Policy
from projects.dmpc.parts import Objective, Part, part, student
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
    if not record or record["config"]["entry"] not in ("train", "adapt", "distil"):
        raise BadInput(f"{run.path} is no trained part of a planner: train one with `python -m launch run dmpc/train`")
    config = ConfigDict(record["config"])
    model = student(config) if config.entry == "distil" else part(config)
    return Trained(run.id, config, model, checkpoint.load_weights(run, model))


def ahead(configs: Mapping[str, ConfigDict], plan: ConfigDict) -> "Agent":
    """The agent of parts that will be trained with these configs, by name."""
    parts = {name: student(one) if one.entry == "distil" else part(one) for name, one in configs.items()}
    return Agent(parts, max(one.windows.history for one in configs.values()), plan)


@dataclass(frozen=True)
class Agent:
    """What a method needs of rho, p_d, J and what may stand in for them, by name. Its variables are theirs by name."""

    parts: Mapping[str, Part]
    history: int  # H, the longest that one of them reads
    plan: ConfigDict  # the section of a config: how they are sampled

    @property
    def first(self) -> Part:
        return next(iter(self.parts.values()))

    @property
    def states(self) -> int:
        return self.first.states

    @property
    def actions(self) -> int:
        return self.first.actions

    @property
    def horizon(self) -> int:
        """F, of a plan: a policy without dynamics to carry it on knows but one action."""
        return 1 if self.alone else self.first.horizon

    @property
    def alone(self) -> bool:
        """Whether it is a policy of one step and nothing else."""
        return len(self.parts) == 1 and isinstance(self.first.model, Policy)

    @property
    def abstract(self) -> Tree:
        """Shapes of the variables."""
        return jax.eval_shape(lambda key: {name: part.init(key) for name, part in self.parts.items()}, jax.random.key(0))

    def propose(self, variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        """Actions [B, F, A] within [-1, 1], and the states [B, F, S] after each where they were needed to find them: a policy of one
        step takes turns with the dynamics. Where it has but one answer, candidates differ by noise of standard deviation plan.sigma; a
        policy alone has none."""
        proposal = self.parts["proposal"]

        def act(history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
            acting, shaking = jax.random.split(key)
            action = proposal.propose(variables["proposal"], history, past, acting, self.plan.proposal_steps)
            if not self.alone and not proposal.model.draws:
                action += self.plan.sigma * jax.random.normal(shaking, action.shape)
            return jnp.clip(action, -1.0, 1.0)

        def step(history: jax.Array, past: jax.Array, action: jax.Array, key: jax.Array) -> jax.Array:
            return self.predict(variables, history, past, action, key)

        if not isinstance(proposal.model, Policy):
            found = proposal.propose(variables["proposal"], history, past, key, self.plan.proposal_steps)
            return jnp.clip(found, -1.0, 1.0), None
        if self.alone:
            return act(history, past, key)[:, None], None
        return alternated(act, step, self.horizon)(history, past, key)

    def predict(self, variables: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array) -> jax.Array:
        """By actions [B, F, A] -> states [B, F, S]; of dynamics of one step also by an action [B, A] -> [B, S]."""
        return self.parts["dynamics"].predict(variables["dynamics"], history, past, actions, key, self.plan.dynamics_steps)

    def worth(self, variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        """J: s_t [B, S], states [B, F, S], actions [B, F, A] -> discounted returns to the end of the episode [B]."""
        return self.parts["value"].worth(variables["value"], now, states, actions)

    def imagine(self, variables: Tree, history: jax.Array, key: jax.Array, objective: Objective) -> tuple[jax.Array, jax.Array]:
        """The joint model: actions [B, F, A], which may lie beyond [-1, 1], and states [B, F, S], drawn towards a larger objective."""
        plan = self.plan
        return self.parts["joint"].imagine(variables["joint"], history, key, objective, plan.guidance, plan.proposal_steps)


def agent(found: Mapping[str, Trained], plan: ConfigDict) -> tuple[Agent, Tree]:
    """The agent of parts by name, and its variables. Raises BadInput where one is another part, or has learned another environment or
    horizon than the first has."""
    (leader, first), *_ = found.items()
    for name, one in found.items():
        if one.part.name != name:
            raise BadInput(f"{one.run} is a {one.part.name} and no {name}: train one with --config.train.part={name}")
        for field in ("env.name", "env.version", "windows.horizon"):
            section, key = field.split(".")
            mine, wanted = one.config[section][key], first.config[section][key]
            if mine != wanted:
                raise BadInput(
                    f"the {name} {one.run} has {field}={mine} and the {leader} {first.run} has {wanted}: train both with the same one"
                )
    history = max(one.config.windows.history for one in found.values())
    return Agent({name: one.part for name, one in found.items()}, history, plan), {name: one.variables for name, one in found.items()}

"""Reaching goals (Figure 6): how often a policy gets from one state of an episode to a later one, within a budget of steps.

As in the authors' evaluation: an attempt succeeds if it does so after any of its steps, the start does not count; a plan is executed whole,
without looking, before the next one is made from what is seen then.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import split_episodes
from projects.lewm.collect import load_episodes
from projects.lewm.envs import Environment, environment
from projects.lewm.episodes import Episodes
from projects.lewm.model import build
from projects.lewm.pairs import pairs
from projects.lewm.planner import GROUP, planner
from projects.lewm.trained import Trained, load
from shared.errors import BadInput
from shared.lowering import Ahead, Program, parameter_count
from shared.run import Run

SHOWN = 8  # attempts whose states are kept for figures
BOUND = 1.0  # the raw actions of every environment lie in [-1, 1]


class Attempts(NamedTuple):
    """What happened to each of N pairs. An attempt ends with the plan, or the step, by which it succeeds."""

    states: np.ndarray  # [N, budget, S] visited, NaN after the end
    costs: np.ndarray | None = None  # [N, iterations] of the first plans: lowest latent distance to the goal
    seconds: tuple[float, ...] = ()  # per episode, of every call of the planner
    plans: int = 0


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/arrays.npz and one row of numbers. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    trained = load(run.needs["model"][0]) if config.plan.policy == "model" else None
    found = evaluate(config, environment(config.env.name), load_episodes(config, run), trained, lambda: run.stopping)
    if found is None:
        return None
    numbers, arrays = found
    np.savez_compressed(run.table(0, "arrays.npz"), **arrays)
    run.step = numbers["plans"]
    run.log(run.step, {"perf/plan_ms" if name == "plan_ms" else name: value for name, value in numbers.items()})
    return numbers


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The plans of a group of episodes, on one device, as a run makes them; none for policies without a model."""
    if config.plan.policy != "model":
        return []
    trained, wanted = ahead.needs["model"][0], config.protocol
    model, size, skip = build(trained), trained.images.size, trained.clips.frameskip
    variables = jax.eval_shape(model.init, jax.random.key(0))
    variables["stats"]["actions"] = model.stats["actions"]
    group, history = min(GROUP, wanted.pairs), config.plan.history
    block = np.ones(skip * trained.env.actions, np.float32)
    find = planner(model, config.plan, trained.clips.history, -block, block)
    given = (
        jax.ShapeDtypeStruct((group, history, size, size, 3), np.uint8),
        jax.ShapeDtypeStruct((group, history - 1, len(block)), np.float32),
        jax.ShapeDtypeStruct((group, size, size, 3), np.uint8),
        jax.eval_shape(lambda: jax.random.split(jax.random.key(0), group)),
    )
    calls = -(-wanted.budget // (config.plan.horizon * skip)) * -(-wanted.pairs // group)
    return [Program(f"plans of {group} episodes", find, (variables, *given), calls, parameter_count(variables["weights"]))]


def evaluate(
    config: ConfigDict, world: Environment, episodes: Episodes, trained: Trained | None, stopping: Callable[[], bool]
) -> tuple[dict[str, float], dict[str, np.ndarray]] | None:
    """Numbers and arrays of config.plan.policy under config.protocol; None if `stopping` came true. Raises BadInput."""
    if episodes.states is None:
        raise BadInput(f"these episodes have no states of {world.name}, so it cannot be set to their starts: take others for planning")
    wanted = config.protocol
    among = unseen(trained.config if trained else config, episodes) if wanted.held_out else None
    starts, goals = pairs(episodes, wanted.pairs, wanted.offset, wanted.seed, among)
    if trained is None:
        attempts = without_model(config, world, episodes, starts, goals)
    else:
        attempts = with_model(config, world, episodes, trained, starts, goals, stopping)
    return None if attempts is None else judge(world, attempts, episodes.states[starts], episodes.states[goals])


def unseen(config: ConfigDict, episodes: Episodes) -> np.ndarray:
    """The episodes that a training with this config held out. Raises BadInput where it held out no whole ones."""
    if config.clips.split != "episodes":
        raise BadInput("protocol.held_out wants whole episodes that were held out: train with --config.clips.split=episodes")
    return split_episodes(config, episodes)[1]


# -- policies ---------------------------------------------------------------------------------------------------------------------------
def without_model(config: ConfigDict, world: Environment, episodes: Episodes, starts: np.ndarray, goals: np.ndarray) -> Attempts:
    """Random, noop and scripted play use the whole budget; replay plays the recorded actions up to the goal."""
    wanted, states = config.protocol, episodes.states[starts]
    rng = np.random.default_rng((config.seed, wanted.seed))
    match config.plan.policy:
        case "scripted":
            if world.scripted is None:
                raise BadInput(f"{world.name} has no scripted controller: take another plan.policy")
            return Attempts(world.scripted(states, episodes.states[goals], wanted.budget, rng))
        case "random":
            actions = world.random_actions(rng, len(states), wanted.budget)
        case "noop":
            actions = np.zeros((len(states), wanted.budget, world.action_size), np.float32)
        case "replay":
            actions = episodes.actions[starts[:, None] + np.arange(min(wanted.offset, wanted.budget))]
    return Attempts(padded(world.rollout(states, actions), wanted.budget))


def with_model(
    config: ConfigDict, world: Environment, episodes: Episodes, trained: Trained, starts: np.ndarray, goals: np.ndarray,
    stopping: Callable[[], bool],
) -> Attempts | None:  # fmt: skip
    """Plans for all, executes the plans, and plans again for those that have not succeeded yet."""
    budget, skip, history = config.protocol.budget, trained.config.clips.frameskip, config.plan.history
    size, scale = trained.config.images.size, trained.scale
    find = in_groups(config, trained, len(starts), stopping)

    def recorded(rows: np.ndarray) -> np.ndarray:
        return world.photograph(episodes.states[rows], size) if episodes.pixels is None else episodes.pixels[rows]

    wanted = recorded(goals)
    frames = np.repeat(recorded(starts)[:, None], history, 1)  # [N, T0, height, width, 3]: it stood still before
    still = scale.normalise(np.zeros(world.action_size, np.float32))
    past = np.broadcast_to(np.tile(still, skip), (len(starts), history - 1, skip * world.action_size))
    visited = np.full((len(starts), budget, world.state_size), np.nan, np.float32)
    at, left, now, first, seconds, plans = episodes.states[starts], np.arange(len(starts)), 0, None, [], 0
    while now < budget and len(left):
        found = find(frames, past, wanted[left], left, now)
        if found is None:
            return None
        blocks, costs, took = found  # [n, H, 5A]
        first, seconds, plans = costs if first is None else first, seconds + took, plans + len(left)
        actions = scale.denormalise(blocks.reshape(len(left), -1, world.action_size))[:, : budget - now]
        states = world.rollout(at, actions)  # [n, T, S]
        visited[left, now : now + states.shape[1]] = states
        now += states.shape[1]
        missed = ~world.success(states, episodes.states[goals[left], None]).any(1)
        left, at = left[missed], states[missed, -1]
        if now < budget and len(left):
            frames, past = frames[missed], np.concatenate([past[missed], blocks[missed]], 1)[:, len(blocks[0]) :]
            seen = states[missed, skip - 1 :: skip][:, -history:]  # at the ends of blocks
            pictures = world.photograph(seen.reshape(-1, world.state_size), size).reshape(*seen.shape[:2], size, size, 3)
            frames = np.concatenate([frames, pictures], 1)[:, -history:]
    return Attempts(visited, first, tuple(seconds), plans)


Found = tuple[np.ndarray, np.ndarray, list[float]]  # blocks [n, H, 5A], costs [n, iterations], seconds per episode of each call


def in_groups(config: ConfigDict, trained: Trained, pairs: int, stopping: Callable[[], bool]) -> Callable[..., Found | None]:
    """(frames, past, goals, pairs [n], step) -> what a planner finds, in groups of one size, the last of them filled up: one program,
    compiled at the first call. The random keys follow from the seed, the pair and the step. None if `stopping` came true."""
    group, skip = min(GROUP, pairs), trained.config.clips.frameskip
    low, high = (np.tile(trained.scale.normalise(np.full_like(trained.scale.mean, bound)), skip) for bound in (-BOUND, BOUND))
    find = planner(trained.model, config.plan, trained.config.clips.history, low, high)
    seed = jax.random.key(config.seed)
    keys = jax.jit(jax.vmap(lambda pair, step: jax.random.fold_in(jax.random.fold_in(seed, step), pair), (0, None)))
    compiled = None

    def plan(frames: np.ndarray, past: np.ndarray, goals: np.ndarray, pairs: np.ndarray, step: int) -> Found | None:
        nonlocal compiled
        blocks, costs, seconds = [], [], []
        for begin in range(0, len(pairs), group):
            if stopping():
                return None
            some = np.arange(begin, begin + group).clip(max=len(pairs) - 1)
            words = trained.variables, frames[some], past[some], goals[some], keys(pairs[some], step)
            compiled = compiled or find.lower(*words).compile()
            before = time.perf_counter()
            found = jax.block_until_ready(compiled(*words))
            seconds.append((time.perf_counter() - before) / group)
            blocks.append(found.blocks)
            costs.append(found.costs)
        return np.concatenate(blocks)[: len(pairs)], np.concatenate(costs)[: len(pairs)], seconds

    return plan


# -- judging ----------------------------------------------------------------------------------------------------------------------------
def judge(world: Environment, attempts: Attempts, starts: np.ndarray, goals: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """starts, goals [N, S]. `distance/...` is the mean at the end of an attempt, `apart/...` the median at its start."""
    lasted = np.isfinite(attempts.states).all(-1)  # [N, budget]
    states = np.where(lasted[..., None], attempts.states, starts[:, None])
    success = (world.success(states, goals[:, None]) & lasted).any(1)
    inside = world.success(starts, goals)
    ends = states[np.arange(len(states)), lasted.sum(1) - 1]
    apart, distances = (
        {name.replace(" ", "_"): np.linalg.norm(of(some) - of(goals), axis=-1) for name, of in world.quantities.items()}
        for some in (starts, ends)
    )
    numbers = {"success": float(success.mean()), "start_inside": float(inside.mean()), "pairs": len(success), "plans": attempts.plans}
    numbers |= {f"distance/{name}": float(values.mean()) for name, values in distances.items()}
    numbers |= {f"apart/{name}": float(np.median(values)) for name, values in apart.items()}
    if attempts.seconds:  # the first call warms up
        numbers["plan_ms"] = 1e3 * float(np.median(attempts.seconds[1:] or attempts.seconds))
    arrays = {"success": success, "start_inside": inside, **{f"distance_{name}": np.float32(d) for name, d in distances.items()}}
    arrays |= {"states": np.concatenate([starts[:SHOWN, None], attempts.states[:SHOWN]], 1), "goals": goals[:SHOWN]}
    if attempts.costs is not None:
        arrays["latent_cost"] = attempts.costs
    return numbers, arrays


def padded(states: np.ndarray, budget: int) -> np.ndarray:
    """[N, T, S] -> [N, budget, S], NaN behind."""
    return np.pad(states, ((0, 0), (0, budget - states.shape[1]), (0, 0)), constant_values=np.nan)

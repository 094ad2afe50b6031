"""Episodes of a planner: after every step it plans anew, and the first action of the plan is carried out.

All episodes go on together until the last one has ended. Where they start follows from the seed and the episode, whatever the planner, so
that two of them can be compared in pairs; what a plan draws, from the seed, the episode and the step. There are no checkpoints: at scale
cpu it is minutes, and a second attempt gives the same numbers.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc import objectives, trained
from projects.dmpc.baselines import simulated
from projects.dmpc.envs import Environments, Spec, environments
from projects.dmpc.planner import cloned, compiled, in_company, planner, planning, unscored
from projects.dmpc.players import picked, reference
from shared.errors import BadInput
from shared.lowering import Ahead, Program
from shared.run import Run

Tree = Any
STARTING = 20  # what a stream of random numbers is for: other starts than those of the data
# returns of uniform actions and of the expert by which D4RL normalises its v2 sets, which are of v4: v5 has other rewards
D4RL = {"halfcheetah-v4": (-280.178953, 12135.0), "hopper-v4": (-20.272305, 3234.3), "walker2d-v4": (1.629008, 4592.3)}


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/arrays.npz and one row of numbers. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    agent, variables = trained.agent({name: trained.load(needed[0]) for name, needed in run.needs.items()}, config.plan)
    worlds = environments(config.env, config.evaluate.episodes)
    objective = objectives.of(config.objective, config.env.name, agent)
    run.steps = worlds.spec.limit

    def asked_to_stop(step: int) -> bool:
        run.step = step
        return run.stopping

    found = evaluate(config, worlds, agent, variables, objective, asked_to_stop)
    if found is None:
        return None
    numbers, arrays = found
    np.savez_compressed(run.table(0, "arrays.npz"), **arrays)
    run.step = run.steps
    run.log(run.step, {"perf/plan_ms" if name == "plan_ms" else name: value for name, value in numbers.items()})
    return numbers


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The plans of all episodes for a step, made until the time limit, on one device."""
    agent = trained.ahead({name: configs[0] for name, configs in ahead.needs.items()}, config.plan)
    objective, steps = objectives.of(config.objective, config.env.name, agent), environments(config.env, 1).spec.limit
    if config.plan.kind == "simulated":
        return simulated.programs(agent, config.plan, objective, steps * config.evaluate.episodes)
    find = compiled(cloned(agent)) if config.evaluate.distilled else planner(agent, config.plan, objective)
    return [replace(planning(agent, find, config.evaluate.episodes), calls=steps)]


def evaluate(
    config: ConfigDict, worlds: Environments, agent: Any, variables: Tree, objective: objectives.Objective | None,
    stopping: Callable[[int], bool] = lambda step: False,
) -> tuple[dict[str, float], dict[str, np.ndarray]] | None:  # fmt: skip
    """Numbers and arrays of one episode by every copy; None if `stopping` came true. `agent` and `objective` are as the planner takes
    them. Raises BadInput where the objective is of another shape, or no number for any candidate."""
    seed, count = config.evaluate.seed, worlds.count
    if config.plan.kind == "simulated":
        find = simulated.planner(agent, config.plan, objective, worlds, environments(config.env, config.plan.candidates))
    else:
        find = compiled(cloned(agent)) if config.evaluate.distilled else planner(agent, config.plan, objective)
    root = jax.random.key(seed)
    keys = jax.jit(lambda step: jax.vmap(lambda episode: jax.random.fold_in(jax.random.fold_in(root, step), episode))(np.arange(count)))
    worlds.begin(range(count), [(seed, STARTING, episode) for episode in range(count)])
    history = np.repeat(worlds.observations[:, None], agent.history, 1)  # [E, H, S]: before its beginning it stood still
    past = np.zeros((count, agent.history, worlds.spec.action_size), np.float32)
    plan_before = np.zeros((count, agent.horizon, worlds.spec.action_size), np.float32)
    joined = in_company() and config.plan.kind != "simulated"  # then those that are over cost what the others do
    pages: list[dict[str, np.ndarray]] = []  # a step of all episodes each
    seconds: list[float] = []
    while worlds.alive.any():
        if stopping(len(pages)):
            return None
        before = time.perf_counter()
        plan = jax.device_get(find(variables, history, past, plan_before, worlds.alive, keys(len(pages))))
        seconds.append((time.perf_counter() - before) / (count if joined else worlds.alive.sum()))
        for episode in unscored(plan, worlds.alive):
            raise BadInput(f"the objective is no number for any candidate in step {len(pages)} of episode {episode}: look at its formula")
        page = {"alive": worlds.alive.copy(), "observations": worlds.observations.copy(), "actions": plan.actions[:, 0]}
        page |= {"qpos": worlds.qpos.copy(), "qvel": worlds.qvel.copy()}
        if plan.scores.shape[1]:
            page["scores"] = plan.scores[np.arange(count), plan.winner]
        step = worlds.step(page["actions"])
        pages.append(page | {"rewards": step.rewards, "terminals": step.terminals})
        history = np.concatenate([history, step.observations[:, None]], 1)[:, 1:]
        past, plan_before = np.concatenate([past, page["actions"][:, None]], 1)[:, 1:], plan.actions
    played = {name: np.stack([page[name] for page in pages], 1) for name in pages[0]}  # [E, T, ...]
    numbers, arrays = judge(config, worlds.spec, played)
    return numbers | {"plan_ms": 1e3 * float(np.median(seconds[1:] or seconds))}, arrays  # per episode; the first call compiles


# -- judging ----------------------------------------------------------------------------------------------------------------------------
def judge(config: ConfigDict, spec: Spec, played: dict[str, np.ndarray]) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """`played`: alive, rewards, terminals and, where plans were scored, scores of those carried out [E, T]; observations, actions, qpos and
    qvel [E, T, ...]."""
    alive = played["alive"]
    returns, lengths = played["rewards"].sum(1, dtype=np.float64), alive.sum(1)
    failed = played["terminals"].any(1)
    numbers = {"episodes": len(returns), "return": float(returns.mean()), "return_std": float(returns.std())}
    scored = scores(spec, returns)
    numbers |= {name: float(ones.mean()) for name, ones in scored.items()}
    numbers |= {"failed": float(failed.mean()), "length": float(lengths.mean())}
    arrays = {"returns": returns, "lengths": lengths, "failed": failed, "rewards": blank(played["rewards"], alive)}
    if "score" in scored:
        arrays["episode_scores"] = scored["score"]
    if "scores" in played:
        arrays["scores"] = blank(played["scores"], alive)
    arrays |= {name: played[name][0, : lengths[0]] for name in ("observations", "actions", "qpos", "qvel")}  # of the first episode
    if "scores" in played and config.plan.kind != "mbop" and config.objective.kind == "return":
        wins = achieved(played["rewards"], played["terminals"], config.windows.discount, config.windows.penalty)
        numbers |= {"predicted": float(played["scores"][alive].mean()), "achieved": float(wins[alive].mean())}
        arrays["achieved"] = blank(wins, alive)
    if spec.name in objectives.HEIGHTS:
        heights = played["observations"][..., objectives.place_of(spec.name)]
        arrays["heights"] = blank(heights, alive)
        if config.objective.kind != "return":
            wanted, reached = config.objective, heights[alive]
            numbers["height_off"] = float(np.abs(reached - wanted.target).mean())
            numbers["height_reward"] = float(objectives.bell(reached, wanted.target, wanted.variance).mean())
    return numbers, arrays


def scores(spec: Spec, returns: np.ndarray) -> dict[str, np.ndarray]:
    """Returns in percent of the way from uniform actions to an expert: ours, where the environment has actors, and D4RL's, where it knows
    the rewards."""
    found = {}
    if picked(spec):
        known = reference(spec)
        found["score"] = percent(returns, known["random"]["mean"], known["actors"][known["expert"]]["sampled"]["mean"])
    if spec.id in D4RL:
        found["score_d4rl"] = percent(returns, *D4RL[spec.id])
    return found


def percent(returns: np.ndarray, random: float, expert: float) -> np.ndarray:
    return 100 * (returns - random) / (expert - random)


def achieved(rewards: np.ndarray, terminals: np.ndarray, discount: float, penalty: float) -> np.ndarray:
    """What J foretells, as it came: discounted returns [E, T] from each step to the end of its episode."""
    found = rewards - penalty * terminals.astype(np.float64)
    for step in reversed(range(rewards.shape[1] - 1)):
        found[:, step] += discount * found[:, step + 1]
    return found


def blank(values: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """float32 [E, T], NaN behind the end of an episode."""
    return np.where(alive, values, np.nan).astype(np.float32)

"""Plays a data set with the committed actors of an environment, and reads data sets again."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.actor import Policy
from projects.dmpc.envs import Environments, environments
from projects.dmpc.players import players
from projects.dmpc.transitions import Transitions, find, joined, read, write
from shared.errors import BadInput
from shared.run import Run

FILE = "transitions.h5"
COPIES = 32  # of the environment, for which the policy is asked together
FULL = 8  # episodes of full length that each plays at least: so little more than asked for is played
ACTING, STARTING = 1, 2  # what a stream of random numbers is for


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/transitions.h5. Returns how many transitions and episodes, mean and deviation of the episodes' returns, and the share
    that failed. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    spec, wanted = environments(config.env, 1).spec, config.collect
    crew = players(spec, wanted.set, wanted.noise)
    share = -(-wanted.transitions // len(crew))
    worlds = environments(config.env, min(COPIES, max(1, share // (FULL * spec.limit))))
    parts: list[Transitions] = []
    for number, player in enumerate(crew):
        played = play(worlds, player.policy, share, (wanted.seed, number), lambda: run.stopping)
        if played is None:
            return None
        parts.append(played)
        run.step += len(played)
    data = replace(joined(parts), metadata=metadata(config, dict(zip((player.name for player in crew), map(len, parts), strict=True))))
    write(run.table(0, FILE), data)
    returns = data.returns
    return {
        "transitions": len(data),
        "episodes": len(returns),
        "return": float(returns.mean()),
        "return_std": float(returns.std()),
        "failed": float(data.terminals.sum() / len(returns)),
    }


def metadata(config: ConfigDict, played: dict[str, int]) -> dict[str, str]:
    """Where the data comes from; `played`: who -> transitions."""
    policy = {"set": config.collect.set, "seed": config.collect.seed, "played": played}
    if config.collect.set == "play":
        policy["noise"] = config.collect.noise
    if config.env.defect_joint >= 0:
        policy["defect"] = {"joint": config.env.defect_joint, "limit": config.env.defect_limit}
    return {"env": config.env.name, "version": config.env.version, "policy": json.dumps(policy)}


def play(
    worlds: Environments, policy: Policy, least: int, seed: tuple[int, ...], stopping: Callable[[], bool] = lambda: False
) -> Transitions | None:
    """At least so many transitions. When they are reached no new episode begins, and those that have begun are played to their end: to
    break them off would favour short ones. None when it was asked to stop before."""
    rng, begun, rows = np.random.default_rng((*seed, ACTING)), 0, 0
    pages: list[dict[str, np.ndarray]] = []  # a step of all copies each
    worlds.alive[:] = False
    while True:
        if rows < least:
            finished = np.flatnonzero(~worlds.alive)
            worlds.begin(finished, [(*seed, STARTING, begun + place) for place in range(len(finished))])
            begun += len(finished)
        if stopping():
            return None
        if not worlds.alive.any():
            return bound(pages)
        page = {"made": worlds.alive.copy(), "observations": worlds.observations.copy()}
        page |= {"qpos": worlds.qpos.copy(), "qvel": worlds.qvel.copy(), "actions": policy(worlds.observations, rng)}
        step = worlds.step(page["actions"])
        page |= {"rewards": step.rewards, "terminals": step.terminals, "timeouts": step.timeouts, "next_observations": step.observations}
        pages.append(page)
        rows += int(page["made"].sum())


def bound(pages: list[dict[str, np.ndarray]]) -> Transitions:
    """Copy after copy: the episodes of each follow each other."""
    made = np.stack([page.pop("made") for page in pages], axis=1)  # [E, T]
    return Transitions(**{name: np.stack([page.pop(name) for page in pages], axis=1)[made] for name in list(pages[0])})


def load_transitions(config: ConfigDict, run: Run) -> Transitions:
    """Of the run that played them, else of the file that the config names. Raises BadInput where they do not suit the environment."""
    spec = environments(config.env, 1).spec
    if "data" not in run.needs:
        return read(find(config.collect.file), spec)
    data = run.needs["data"][0]
    path = data.path / "tables" / FILE
    try:
        return read(path, spec)
    except BadInput:
        raise BadInput(f"{path} is damaged: play it again with `python -m launch retry {data.id} --rerun=all`") from None

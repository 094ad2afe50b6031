"""Picks the actors that play data from the checkpoints of a finished training, and writes them to behaviours/ to be committed.

    python -m projects.dmpc.pick runs/dmpc/behave/RUN
"""

import argparse
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.dmpc import players
from projects.dmpc.actor import Actor, Policy, random, returns
from projects.dmpc.envs import Environments, environments
from shared.errors import BadInput
from shared.rundir import RunDir

EPISODES = 20  # by which every actor is measured again
MEDIUM = 1 / 3  # of the way from random to the best
REPLAY = 10  # actors up to the medium one
MEASURING = 9  # what the random numbers are for: other starts than in training
VERSIONS = ("jax", "numpy", "gymnasium", "mujoco")


def choose(found: np.ndarray, floor: float) -> tuple[list[int], int, int]:
    """Of checkpoints with returns [C], where uniform actions have `floor`: those of medium-replay, nearest to ten even steps of return from
    the floor to medium (each once, by return), then medium and the best."""
    best = int(found.argmax())
    reach = floor + MEDIUM * (found[best] - floor)
    levels = np.linspace(floor, reach, REPLAY + 1)[1:]
    nearest = np.abs(found[:, None] - levels).argmin(axis=0)  # [REPLAY]
    return sorted(set(nearest.tolist()), key=lambda place: found[place]), int(nearest[-1]), best


def pick(run: RunDir, target: Path) -> dict[str, Any]:
    """Writes the chosen actors of a run to a folder of its environment below `target`; returns what actors.json tells of them. Raises
    BadInput on a run that has left none or is not done, or that was trained with a defect."""
    config = ConfigDict(run.record().get("config", {}))
    files = sorted((run.path / "tables").glob("actor-*.npz"))
    if not files or config.entry != "behave":
        raise BadInput(f"{run.path} has no actors: give it the folder of a run of dmpc/behave")
    if (state := run.state()) != "done":  # its best actor may be yet to come
        raise BadInput(f"{run.path} is {state}, not done: finish it with `python -m launch retry {run.id}`")
    if config.env.defect_joint >= 0:
        raise BadInput(f"{run.path} was trained with a defective joint: data is played by actors of the whole environment")
    try:
        trained = [Actor.load(file) for file in files]
    except BadInput:
        raise BadInput(f"{run.path} has damaged actors: train them again with `python -m launch retry {run.id} --rerun=all`") from None
    worlds, seed = environments(config.env, EPISODES), (config.seed, MEASURING)
    uniform = measured(worlds, random(worlds.spec), seed)
    sampled = []
    for file in files:
        with np.load(file) as arrays:
            sampled.append(arrays["sampled"].mean())
    replay, medium, best = choose(np.array(sampled), uniform["mean"])
    actors = {files[place].name: trained[place] for place in dict.fromkeys((*replay, medium, best))}
    told = {
        "env": config.env.name,
        "version": config.env.version,
        "versions": {name: version(name) for name in VERSIONS},
        "seed": config.seed,
        "training": config.behave.to_dict(),
        "episodes": EPISODES,
        "random": uniform,
        "actors": {
            name: {
                "steps": int(name.removeprefix("actor-").removesuffix(".npz")),
                "mode": measured(worlds, actor.mode, seed),
                "sampled": measured(worlds, actor.sample, seed),
            }
            for name, actor in actors.items()
        },
        "replay": [files[place].name for place in replay],
        "medium": files[medium].name,
        "expert": files[best].name,
    }
    players.write(target / worlds.spec.id, actors, told)
    return told


def measured(worlds: Environments, policy: Policy, seed: tuple[int, ...]) -> dict[str, float]:
    """Mean and standard deviation of the returns of one episode per copy."""
    found = returns(worlds, policy, seed)
    return {"mean": float(found.mean()), "std": float(found.std(ddof=1))}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m projects.dmpc.pick", description="Picks the actors that play data from a finished run.")
    parser.add_argument("run", type=Path, help="folder of a run of dmpc/behave")
    try:
        told = pick(RunDir(parser.parse_args(words).run), players.FOLDER)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"random {told['random']['mean']:.0f}")
    for name, numbers in told["actors"].items():
        roles = " ".join(role for role in ("medium", "expert") if told[role] == name)
        print(f"{numbers['steps']:>9,} steps: {numbers['mode']['mean']:.0f} mode, {numbers['sampled']['mean']:.0f} sampled {roles}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Who plays a data set: actors that were picked from a training once and are committed, in behaviours/<environment>-<version>/.

actors.json beside them says where they come from and what they reach: returns of `episodes` episodes, undiscounted, by their most likely
actions (mode) and by sampled ones, and those of uniform actions.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from projects.dmpc.actor import Actor, Policy, random
from projects.dmpc.envs import Spec
from shared.errors import BadInput

FOLDER = Path(__file__).parent / "behaviours"
FILE = "actors.json"
TOLD = ("random", "actors", "replay", "medium", "expert")  # in it, and needed


@dataclass(frozen=True)
class Player:
    name: str  # random, or the actor's file
    policy: Policy


def picked(spec: Spec) -> bool:
    """Whether this environment has actors."""
    return (FOLDER / spec.id / FILE).exists()


def reference(spec: Spec) -> dict[str, Any]:
    """What actors.json says of this environment. Raises BadInput where nobody has picked its actors, and where it is damaged."""
    path = FOLDER / spec.id / FILE
    if not picked(spec):
        chosen = f"--config.env.name={spec.name} --config.env.version={spec.version}"
        raise BadInput(
            f"there are no actors of {spec.id} in {FOLDER}: train them with `python -m launch run dmpc/behave {chosen}`, then "
            "`python -m projects.dmpc.pick` its run folder"
        )
    try:
        found = json.loads(path.read_text())
        if missing := [name for name in TOLD if name not in found]:
            raise KeyError(*missing)
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is damaged ({error!r}): get it back with `git checkout {path}`") from None


def players(spec: Spec, wanted: str, noise: float) -> list[Player]:
    """Of a data set, random, medium, medium-replay, expert or, with noise, play: each plays an equal share. Raises BadInput where they are
    not there."""
    uniform = Player("random", random(spec))
    if wanted == "random":
        return [uniform]
    known = reference(spec)
    names = {"medium-replay": known["replay"], "expert": [known["expert"]]}.get(wanted, [known["medium"]])
    actors = [Player(name, Actor.load(FOLDER / spec.id / name).sample) for name in names]
    if wanted == "play":
        return [Player(actor.name, playing(actor.policy, noise)) for actor in actors]
    return [uniform, *actors] if wanted == "medium-replay" else actors


def playing(policy: Policy, noise: float) -> Policy:
    """The same with normal noise of this standard deviation on what it commands, within [-1, 1]: it tries what it would not do."""

    def act(observations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        actions = policy(observations, rng)
        return np.clip(actions + noise * rng.standard_normal(actions.shape, np.float32), -1, 1).astype(np.float32)

    return act


def write(folder: Path, actors: dict[str, Actor], told: dict[str, Any]) -> None:
    """Replaces what is in the folder by these actors, name -> actor, and what is told of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npz"):
        old.unlink()
    for name, actor in actors.items():
        actor.save(folder / name)
    (folder / FILE).write_text(json.dumps(told, indent=1) + "\n")

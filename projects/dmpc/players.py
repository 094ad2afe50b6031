"""Who plays a data set: actors that were picked from a training once and are committed, in behaviours/<environment>-<version>/.

actors.json beside them says where they come from and what they reach: returns of `episodes` episodes, undiscounted, by their most likely
actions (mode) and by sampled ones, and those of uniform actions.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from projects.dmpc.actor import Actor, Policy, random
from projects.dmpc.envs import Spec
from shared.errors import BadInput
from shared.rundir import read_json

FOLDER = Path(__file__).parent / "behaviours"
FILE = "actors.json"


@dataclass(frozen=True)
class Player:
    name: str  # random, or the actor's file
    policy: Policy


def reference(spec: Spec) -> dict[str, Any]:
    """What actors.json says of this environment. Raises BadInput where nobody has picked its actors."""
    found = read_json(FOLDER / spec.id / FILE)
    if not found:
        chosen = f"--config.env.name={spec.name} --config.env.version={spec.version}"
        raise BadInput(
            f"there are no actors of {spec.id} in {FOLDER}: train them with `python -m launch run dmpc/behave {chosen}`, then "
            "`python -m projects.dmpc.pick` its run folder"
        )
    return found


def players(spec: Spec, wanted: str) -> list[Player]:
    """Of the data set random, medium, medium-replay or expert: each plays an equal share. Raises BadInput where they are not there."""
    uniform = Player("random", random(spec))
    if wanted == "random":
        return [uniform]
    known = reference(spec)
    names = {"medium": [known["medium"]], "medium-replay": known["replay"], "expert": [known["expert"]]}[wanted]
    actors = [Player(name, Actor.load(FOLDER / spec.id / name).sample) for name in names]
    return [uniform, *actors] if wanted == "medium-replay" else actors


def write(folder: Path, actors: dict[str, Actor], told: dict[str, Any]) -> None:
    """Replaces what is in the folder by these actors, name -> actor, and what is told of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npz"):
        old.unlink()
    for name, actor in actors.items():
        actor.save(folder / name)
    (folder / FILE).write_text(json.dumps(told, indent=1) + "\n")

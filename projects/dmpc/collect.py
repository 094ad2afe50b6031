"""Plays a data set with the committed actors of an environment, and reads data sets again."""

import json
import time
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.actor import Policy
from projects.dmpc.behave import abstract
from projects.dmpc.envs import Environments, bits, doubles, environments
from projects.dmpc.players import players
from projects.dmpc.transitions import INFOS, Transitions, find, joined, read, write
from shared.errors import BadInput
from shared.run import Run
from shared.sharding import make_mesh

Tree = Any
FILE = "transitions.h5"
COPIES = 32  # of the environment, for which the policy is asked together
FULL = 8  # episodes of full length that each plays at least: so little more than asked for is played
ACTING, STARTING = 1, 2  # what a stream of random numbers is for
TEXT = 256  # bytes, room for the state of a random generator: a checkpoint has fixed shapes


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/transitions.h5. Returns how many transitions and episodes, mean and deviation of the episodes' returns, and the share
    that failed. None when it was asked to stop before the end."""
    spec, wanted = environments(config.env, 1).spec, config.collect
    crew = players(spec, wanted.set, wanted.noise)
    share = -(-wanted.transitions // len(crew))
    worlds = environments(config.env, min(COPIES, max(1, share // (FULL * spec.limit))))
    game = Game(worlds, [player.policy for player in crew], share, wanted.seed)
    restored = run.restore(abstract(game.snapshot(), make_mesh(run.mesh_axes)))
    if restored:
        game.resume(jax.tree.map(lambda leaf: np.asarray(leaf)[0], restored[0]))

    saved = time.monotonic()
    while game.forward():
        run.step = game.total
        due = run.agree(run.step, save=time.monotonic() - saved > 60 * config.save.every_minutes)
        if due or run.stopping:
            run.save(run.step, jax.tree.map(lambda leaf: leaf[None], game.snapshot()))
            saved = time.monotonic()
        if run.stopping:
            return None
    parts = game.parts()
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


class Game:
    """A data set as far as it is played: player after player, in all copies of the environment together."""

    def __init__(self, worlds: Environments, crew: list[Policy], share: int, seed: int):
        """Each plays `share` transitions at least. When they are reached no new episode begins, and those that have begun are played to
        their end: to break them off would favour short ones."""
        self.worlds, self.crew, self.share, self.seed = worlds, crew, share, seed
        self.total, self.turn = 0, 0  # transitions of all, who plays
        self.steps, self.rows, self.begun = 0, 0, 0  # of who plays: steps of all copies, transitions, episodes
        self.rng = np.random.default_rng((seed, 0, ACTING))
        worlds.alive[:] = False
        spec = worlds.spec
        room = (len(crew), -(-share // worlds.count) + spec.limit, worlds.count)  # all copies make the share, then each ends its episode
        singles = {"observations": spec.state_size, "actions": spec.action_size, "next_observations": spec.state_size}
        self.seen = {name: np.zeros(room, bool) for name in ("made", "terminals", "timeouts")}
        self.seen |= {"rewards": np.zeros(room, np.float32)}
        self.seen |= {name: np.zeros((*room, size), np.float32) for name, size in singles.items()}
        self.seen |= {"qpos": np.zeros((*room, spec.positions)), "qvel": np.zeros((*room, spec.velocities))}

    def forward(self) -> bool:
        """One step of all copies. False when there was none left to make."""
        worlds = self.worlds
        if self.rows >= self.share and not worlds.alive.any():
            self.turn += 1
            self.steps, self.rows, self.begun = 0, 0, 0
            self.rng = np.random.default_rng((self.seed, self.turn, ACTING))
        if self.turn == len(self.crew):
            return False
        if self.rows < self.share:
            finished = np.flatnonzero(~worlds.alive)
            worlds.begin(finished, [(self.seed, self.turn, STARTING, self.begun + place) for place in range(len(finished))])
            self.begun += len(finished)
        page = {"made": worlds.alive.copy(), "observations": worlds.observations.copy()}
        page |= {"qpos": worlds.qpos.copy(), "qvel": worlds.qvel.copy()}
        page["actions"] = self.crew[self.turn](worlds.observations, self.rng)
        step = worlds.step(page["actions"])
        page |= {"rewards": step.rewards, "terminals": step.terminals, "timeouts": step.timeouts, "next_observations": step.observations}
        for name, values in page.items():
            self.seen[name][self.turn, self.steps] = values
        rows = int(page["made"].sum())
        self.total, self.rows, self.steps = self.total + rows, self.rows + rows, self.steps + 1
        return True

    def parts(self) -> list[Transitions]:
        """What each has played, copy after copy: the episodes of each follow each other."""
        made = self.seen["made"].swapaxes(1, 2)  # [players, E, T]
        columns = {name: values.swapaxes(1, 2) for name, values in self.seen.items() if name != "made"}
        return [Transitions(**{name: values[who][made[who]] for name, values in columns.items()}) for who in range(len(self.crew))]

    def snapshot(self) -> Tree:
        state = json.dumps(self.rng.bit_generator.state).ljust(TEXT).encode()
        counts = (self.total, self.turn, self.steps, self.rows, self.begun)
        seen = self.seen | {name: bits(self.seen[name]) for name in INFOS}
        return {"worlds": self.worlds.snapshot(), "seen": seen, "rng": np.frombuffer(state, np.uint8), "counts": np.array(counts, np.int32)}

    def resume(self, snapshot: Tree) -> None:
        self.worlds.resume(snapshot["worlds"])
        self.seen = {name: (doubles if name in INFOS else np.array)(values) for name, values in snapshot["seen"].items()}
        self.rng.bit_generator.state = json.loads(snapshot["rng"].tobytes())
        self.total, self.turn, self.steps, self.rows, self.begun = map(int, snapshot["counts"])


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

"""Plays the episodes that models learn from, and reads them again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.lewm.envs import Environment, environment
from projects.lewm.episodes import Episodes, from_list, read, write
from shared.errors import BadInput
from shared.run import Run

FILE = "episodes.h5"
CHUNK = 100  # episodes between two looks at whether to stop


class Stopped(Exception):
    """Someone asked to, between two episodes."""


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/episodes.h5. Returns how many episodes and steps, rows per episode, and the share that ended before
    `collect.steps`: at its goal, in an environment that has one. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    world, wanted = environment(config.env.name), config.collect
    played = []
    while len(played) < wanted.episodes:
        if run.stopping:
            return None
        seed = np.random.SeedSequence([wanted.seed, len(played)]).generate_state(1)[0] >> 1  # 31 bits
        played += world.collect(wanted.policy, min(CHUNK, wanted.episodes - len(played)), wanted.steps, int(seed))
        run.step = len(played)

    def frames() -> Iterator[np.ndarray]:
        for states, _ in played:
            if run.stopping:
                raise Stopped
            yield world.photograph(states, wanted.pixels)

    episodes = from_list(played)
    try:
        write(run.table(0, FILE), episodes, frames() if wanted.pixels else None)
    except Stopped:
        return None
    return {
        "episodes": len(played),
        "steps": int(np.sum(episodes.lengths - 1)),
        "mean_length": float(np.mean(episodes.lengths)),
        "ended": float(np.mean(episodes.lengths <= wanted.steps)),
    }


def load_episodes(config: ConfigDict, run: Run) -> Episodes:
    """Of the file that the config names, else of the run that played them. Raises BadInput where they do not suit the config."""
    world = environment(config.env.name)
    if config.collect.file:
        path = Path(config.collect.file).expanduser()
        episodes = read(path)
    else:
        data = run.needs["data"][0]
        path = data.path / "tables" / FILE
        try:
            episodes = read(path)
        except BadInput:
            raise BadInput(f"{path} is damaged: play it again with `python -m launch retry {data.id} --rerun=all`") from None
    return suited(config, world, path, episodes)


def suited(config: ConfigDict, world: Environment, path: Path, episodes: Episodes) -> Episodes:
    """The episodes, without states that are not the environment's own. Raises BadInput where they have other actions than the config, or
    where there are no frames of the right size."""
    actions, size = episodes.actions.shape[1], config.images.size
    if actions != config.env.actions:
        raise BadInput(f"{path} has actions of {actions} numbers, not {config.env.actions}: set --config.env.actions={actions}")
    if episodes.states is not None and episodes.states.shape[1] != world.state_size:
        episodes = replace(episodes, states=None, columns={**episodes.columns, "state": episodes.states})
    if episodes.pixels is not None:
        height, width = episodes.pixels.shape[1:3]
        if height != width:
            raise BadInput(f"{path} has images of {height} x {width} pixels: write square ones")
        if height != size:
            raise BadInput(f"{path} has images of {height} pixels, not {size}: set --config.images.size={height}")
    elif episodes.states is None:
        raise BadInput(f"{path} has no pixels, and its states are not the {world.state_size} numbers of {world.name}: add pixels")
    elif world.draw is None:
        raise BadInput(f"{path} has no pixels, and {world.name} cannot be drawn from its states: add pixels")
    return episodes

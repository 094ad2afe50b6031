"""What can be read from the latents of a frozen model, and the shape of their cloud (Tables 1, 3 and 4; Figure 9)."""

from math import isqrt
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import held_out, permutation, span, starts
from projects.lewm.collect import load_episodes
from projects.lewm.diagnostics import effective_rank, spread, straightness
from projects.lewm.envs import Environment, environment
from projects.lewm.episodes import Episodes
from projects.lewm.neighbours import kept_by, plane
from projects.lewm.probes import Targets, probes
from projects.lewm.sight import Sight, looking
from projects.lewm.sigreg import directions, sigreg
from projects.lewm.trained import Trained, load
from shared.errors import BadInput
from shared.lowering import Ahead, Program
from shared.run import Run

HELD_OUT = 0.2  # share of the episodes that judge
CLIPS = 512  # for straightness and SIGReg


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/arrays.npz where probe.embed asks for it: a map of a grid of states, or of random frames where the environment has no
    grid to draw. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    trained, world = load(run.needs["model"][0]), environment(config.env.name)
    episodes, sight = load_episodes(config, run), Sight(trained, world)
    rows, test = choose(episodes, config.probe.frames, config.seed)
    z, targets = sight.rows(episodes, rows), quantities(world, episodes, rows)
    numbers = cloud(trained, sight, episodes, z, config.seed)
    if run.stopping:
        return None
    numbers |= probes(config.probe, flat(z), targets, test, config.seed)
    if config.probe.embed:
        if world.grid and episodes.pixels is None:
            states = world.grid(isqrt(config.probe.embed))
            z, targets = sight.states(states), measured(world, states)
        z, targets = flat(z[: config.probe.embed]), {name: values[: config.probe.embed] for name, values in targets.items()}
        laid = plane(z, config.seed)
        numbers |= kept_by({"latent": z, "plane": laid}, targets)
        arrays = {f"quantity_{name}": np.float32(values) for name, values in targets.items()}
        np.savez_compressed(run.table(0, "arrays.npz"), plane=laid, **arrays)
    return numbers


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """What it looks at; the probes themselves are small."""
    return looking(ahead.needs["model"][0], config.probe.frames)


def flat(z: np.ndarray) -> np.ndarray:
    """Latents [N, ...] -> features [N, D]."""
    return z.reshape(len(z), -1)


def choose(episodes: Episodes, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows [N] of random frames, and which of them [N] are of episodes held out. Raises BadInput where there is one episode only."""
    if len(episodes.lengths) < 2:
        raise BadInput("probes are judged on episodes of their own, and there is one episode in all: set collect.episodes to more")
    rows = permutation(seed, 0, len(episodes.actions))[:count]
    _, unseen = held_out(np.arange(len(episodes.lengths)), HELD_OUT)
    return rows, np.isin(episodes.episode[rows], unseen)


def quantities(world: Environment, episodes: Episodes, rows: np.ndarray) -> Targets:
    """What the environment names; of a file without its states, the other columns of floats. Raises BadInput where there are none."""
    if episodes.states is not None:
        return measured(world, episodes.states[rows])
    found = {name: column[rows].reshape(len(rows), -1) for name, column in episodes.columns.items() if column.dtype.kind == "f"}
    if not found:
        raise BadInput("the file of episodes has no states and no other column of floats: there is nothing to probe for")
    return {name: np.float64(values) for name, values in found.items()}


def measured(world: Environment, states: np.ndarray) -> Targets:
    return {name.replace(" ", "_"): np.float64(of(states)) for name, of in world.quantities.items()}


def cloud(trained: Trained, sight: Sight, episodes: Episodes, z: np.ndarray, seed: int) -> dict[str, float]:
    """Spread and rank of the latents z [N, ...], and of random clips straightness, and SIGReg over batches of the training's size."""
    config = trained.config
    first = starts(episodes.lengths, episodes.offsets, span(config))
    first = first[permutation(seed, 1, len(first))[:CLIPS]]
    rows = first[:, None] + config.clips.frameskip * np.arange(config.clips.history + 1)  # [C, T]
    clips = sight.rows(episodes, rows.ravel()).reshape(*rows.shape, *z.shape[1:])
    size = min(config.train.batch_size, len(clips))
    along = directions(jax.random.key(seed), z.shape[-1], config.loss.projections)
    batches = clips[: len(clips) // size * size].reshape(-1, size, *clips.shape[1:]).swapaxes(1, 2)  # [n, T, B, ...]
    tests = [sigreg(batch.reshape(len(batch), -1, z.shape[-1]), along, config.loss.knots) for batch in batches]
    found = {"std": spread(z), "rank": effective_rank(z), "straightness": straightness(clips), "sigreg": np.mean(tests)}
    return {f"latent/{name}": float(value) for name, value in found.items()}

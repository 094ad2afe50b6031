"""Trains a decoder on the latents of a frozen model, and draws with it what the model imagines (Figures 7, 8 and 11).

A rollout starts from as many frames as the predictor knows and then feeds on its own predictions, under the actions that were really
taken. Its errors are set beside those of who predicts no motion.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import permutation, shapes, split_episodes, starts
from projects.lewm.collect import load_episodes
from projects.lewm.decoder import build
from projects.lewm.envs import environment
from projects.lewm.episodes import Episodes
from projects.lewm.rollout import rollout
from projects.lewm.sight import Sight, thumbnails
from projects.lewm.train import Frames, frames_of
from projects.lewm.trained import Trained, load
from shared.fit import Fitted, Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.nn.pure import Pure
from shared.optim import adamw, warmup_cosine
from shared.run import Run

Tree = Any

HORIZON = 15  # model steps imagined, or as many as the longest episode held out has
PATHS = 64  # that the errors are averaged over
STRIPS = 2  # of them are kept as pictures
POOL = 16_384  # frames that the decoder learns from: enough to know a scene, and their latents are made once
JUDGED = 512  # frames held out that judge the decoder
WARMUP, DECAY, CLIP = 0.05, 1e-2, 1.0  # of the decoder's AdamW


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves the decoder's weights and tables/arrays.npz, and, after the rows of its training, one metrics row per imagined step. None when
    it was asked to stop before the end."""
    trained, episodes = load(run.needs["model"][0]), load_episodes(config, run)
    sight, frames, decoder = Sight(trained, environment(config.env.name)), frames_of(config), build(config)
    fitted = fit_decoder(config, run, decoder, frames, sight, episodes)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    params = jax.tree.map(lambda leaf: leaf[0], fitted.params)
    batch, z, imagined = imagine(trained, sight, episodes)
    drawn = jax.jit(partial(draw, decoder, frames, trained.config.clips.history))
    curves, strips = jax.device_get(drawn(params, batch, z, imagined))
    np.savez_compressed(run.table(0, "arrays.npz"), **pictures(strips, trained.config.clips.history))
    rows = [{name: float(values[step]) for name, values in curves.items()} for step in range(imagined.shape[1])]
    for ahead, row in enumerate(rows, 1):
        run.log(config.imagine.steps + ahead, {"horizon": ahead, **row})
    return fitted.final | {"horizon": len(rows), **rows[-1]}


# -- the decoder ----------------------------------------------------------------------------------------------------------
def fit_decoder(config: ConfigDict, run: Run, decoder: Pure, frames: Frames, sight: Sight, episodes: Episodes) -> Fitted | None:
    """Mean squared error of pixels in [0, 1]. The model is frozen: its latents are made once, before the first step. None when it was asked
    to stop before the end."""
    c, seed = config.imagine, int(run.hyper["seed"][0])  # one member: another seed needs another model
    training, unseen = (np.flatnonzero(np.isin(episodes.episode, some)) for some in split_episodes(config, episodes))

    def seen(rows: np.ndarray, count: int, key: int) -> Tree:
        rows = rows[permutation(seed, key, len(rows))[:count]]
        return sources(episodes, rows) | {"z": sight.rows(episodes, rows)}

    pool, judged = seen(training, POOL, 0), seen(unseen, JUDGED, 1)

    def batch(step: int) -> Tree:
        rows = np.random.PCG64([seed, step]).random_raw(c.batch_size) % len(pool["z"])
        return jax.tree.map(lambda leaf: leaf[None, rows], pool)

    judge = jax.jit(jax.vmap(error(decoder, frames), (0, None)))
    return fit(task(config, decoder, frames, batch, lambda params: {"val/reconstruction": judge(params, judged)}), schedule(config), run)


def error(decoder: Pure, frames: Frames) -> Callable[[Tree, Tree], jax.Array]:
    return lambda params, batch: jnp.mean((decoder.apply(params, batch["z"]) - frames(batch)) ** 2)


def task(config: ConfigDict, decoder: Pure, frames: Frames, batch: Callable, evaluate: Callable) -> Task:
    c, of = config.imagine, error(decoder, frames)
    return Task(
        init=lambda key, hyper: decoder.init(key),
        loss=lambda params, batch, key, hyper: (of(params, batch), {}),
        optimizer=lambda hyper: adamw(warmup_cosine(c.lr, c.steps, WARMUP), DECAY, None, 0.9, 0.999, 1e-8, CLIP),
        batch=batch,
        evaluate=evaluate,
        axes=decoder.axes,
        tokens_per_batch=c.batch_size,  # frames
    )


def schedule(config: ConfigDict) -> Schedule:
    steps = config.imagine.steps
    return Schedule(steps, max(1, steps // 64), max(1, steps // 8), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The decoder's training; the latents of its frames are made once before."""
    lead, patches = (1, config.imagine.batch_size), (config.images.size // config.encoder.patch) ** 2
    clips = shapes(config, lead, environment(config.env.name).state_size)
    rows = {name: leaf.update(shape=(*lead, *leaf.shape[3:])) for name, leaf in clips.items() if name != "actions"}  # one frame of each
    latent = (config.latent.width,) if config.latent.tokens == "one" else (patches, config.latent.width)
    rows["z"] = jax.ShapeDtypeStruct((*lead, *latent), np.float32)
    abstract = task(config, build(config), frames_of(config), lambda step: rows, lambda params: {})
    return [step(abstract, schedule(config), ahead)]


def sources(episodes: Episodes, rows: np.ndarray) -> Tree:
    """What the frames of rows [...] are made from: pixels [..., H, W, 3], or states [..., S]."""
    return {"states": episodes.states[rows]} if episodes.pixels is None else {"pixels": episodes.pixels[rows]}


# -- rollouts -------------------------------------------------------------------------------------------------------------
def imagine(trained: Trained, sight: Sight, episodes: Episodes) -> tuple[Tree, np.ndarray, np.ndarray]:
    """Of paths through episodes held out, T frames each: what the frames are made from, their latents [N, T, ...], and the latents imagined
    in place of those behind the first `history`, [N, T - history, ...]."""
    config, (_, unseen) = trained.config, split_episodes(trained.config, episodes)
    lengths, offsets, skip = episodes.lengths[unseen], episodes.offsets[unseen], config.clips.frameskip
    count = min(config.clips.history + HORIZON, (lengths.max() - 1) // skip + 1)
    first = starts(lengths, offsets, (count - 1) * skip + 1)
    first = first[permutation(0, 0, len(first))[:PATHS], None]
    rows, steps = first + skip * np.arange(count), first + np.arange(skip * (count - 1))
    z = sight.rows(episodes, rows.ravel())
    z = z.reshape(*rows.shape, *z.shape[1:])
    blocks = trained.scale.normalise(episodes.actions[steps]).reshape(len(rows), count - 1, -1)

    @jax.jit
    def ahead(variables: Tree, z: jax.Array, blocks: jax.Array) -> jax.Array:
        return rollout(partial(trained.model.predict, variables), z[:, : config.clips.history], blocks, config.clips.history)

    return sources(episodes, rows), z, np.asarray(ahead(trained.variables, z, blocks))


def draw(decoder: Pure, frames: Frames, history: int, params: Tree, batch: Tree, z: jax.Array, imagined: jax.Array) -> tuple[Tree, Tree]:
    """Mean errors of every step, [H] each, and of the first paths the frames [STRIPS, T, H, W, 3] as they were, decoded from their latents,
    and decoded from what was imagined.

    `imagine/latent` and `imagine/pixel` are of the rollout; `..._still` of the last frame it was given, as if nothing moved;
    `imagine/pixel_decoded` of the true latents decoded: what the decoder alone gets wrong.
    """
    dreamt = jnp.concatenate([z[:, :history], imagined], 1)
    mean = lambda error: jnp.mean(error**2, tuple(range(1, error.ndim)))  # noqa: E731

    def pixels(path: tuple[Tree, jax.Array, jax.Array]) -> Tree:
        real, truth, dream = frames(path[0]), decoder.apply(params, path[1]), decoder.apply(params, path[2])
        return {"pixel": mean(dream - real), "pixel_decoded": mean(truth - real), "pixel_still": mean(real[history - 1] - real)}

    def strip(path: tuple[Tree, jax.Array, jax.Array]) -> Tree:
        return {"real": frames(path[0]), "decoded": decoder.apply(params, path[1]), "imagined": decoder.apply(params, path[2])}

    paths = (batch, z, dreamt)
    errors = {name: values.mean(0) for name, values in jax.lax.map(pixels, paths).items()}
    over = lambda other: jnp.mean((other - z) ** 2, (0, *range(2, z.ndim)))  # noqa: E731
    errors |= {"latent": over(dreamt), "latent_still": over(z[:, history - 1 : history])}
    return (
        {f"imagine/{name}": values[history:] for name, values in errors.items()},
        jax.lax.map(strip, jax.tree.map(lambda leaf: leaf[:STRIPS], paths)),
    )


def pictures(strips: Tree, history: int) -> dict[str, np.ndarray]:
    """Thumbnails of the frames given and of every second frame after them, and how far each is from the last frame given."""
    count = strips["real"].shape[1]
    columns = np.r_[:history, history:count:2]
    return {name: thumbnails(frames[:, columns]) for name, frames in strips.items()} | {"steps": columns - history + 1}

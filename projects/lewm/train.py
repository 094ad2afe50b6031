"""Trains a world model, LeWM or PLDM, end to end from pixels. Batches are states and actions; the frames are drawn inside the step, on the
device, unless the episodes bring pixels of their own."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.lewm import losses
from projects.lewm.clips import ActionScale, Clips, shapes, split
from projects.lewm.collect import load_episodes
from projects.lewm.decoder import build as decoder
from projects.lewm.diagnostics import effective_rank, spread, straightness
from projects.lewm.envs import environment
from projects.lewm.model import Model, build
from projects.lewm.sigreg import directions, sigreg
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.nn.norms import Moments
from shared.optim import adamw, warmup_cosine
from shared.run import Run

Tree = Any
SETTLING = 8  # batches from which the moments of BatchNorm are taken again for evaluation
Frames = Callable[[Tree], jax.Array]  # a batch of clips -> frames [B, T, H, W, 3] in [0, 1]


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    episodes = load_episodes(config, run)
    scale = ActionScale.of(episodes)
    training, validation = split(config, episodes)
    model, frames = build(config), frames_of(config)
    batches = [Clips(config, episodes, scale, training, int(seed)) for seed in run.hyper["seed"]]
    known = in_batches(config, Clips(config, episodes, scale, training, 0).first(SETTLING * config.train.batch_size))
    unseen = in_batches(config, Clips(config, episodes, scale, validation, 0).first(config.evaluation.clips))
    settle = jax.jit(jax.vmap(lambda variables: model.settle(variables, frames, known)))
    judge = jax.jit(jax.vmap(lambda variables: held_out(config, model, frames, variables, unseen)))

    stacked = lambda step: jax.tree.map(lambda *one: np.stack(one), *[batch(step) for batch in batches])  # noqa: E731  [K, B, ...]
    wanted = task(config, model, frames, scale, stacked, lambda variables: judge(settle(kept(variables))))
    fitted = fit(wanted, schedule(config), run)
    if fitted is None:
        return None
    run.save_weights(settle(kept(fitted.params)))
    return fitted.final


def task(config: ConfigDict, model: Model, frames: Frames, scale: ActionScale, batch: Callable, evaluate: Callable) -> Task:
    return Task(
        init=lambda key, hyper: init(config, model, scale, key),
        loss=lambda variables, batch, key, hyper: loss(config, model, frames, variables, batch, key, hyper["loss.sigreg"]),
        optimizer=lambda hyper: optimizer(config, hyper["optim.lr"]),
        batch=batch,
        evaluate=evaluate,
        axes=axes(config, model),
        tokens_per_batch=config.train.batch_size,  # clips
        buffers=("stats",),
    )


def schedule(config: ConfigDict) -> Schedule:
    steps = config.train.steps
    return Schedule(
        steps,
        log_every=max(1, steps // 128),
        evaluate_every=max(1, steps // config.evaluation.times),
        save_minutes=config.save.every_minutes,
    )


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    rows = shapes(config, (len(ahead.hyper["seed"]), config.train.batch_size), environment(config.env.name).state_size)
    known = ActionScale(np.zeros(config.env.actions, np.float32), np.ones(config.env.actions, np.float32))
    abstract = task(config, build(config), frames_of(config), known, lambda step: rows, lambda variables: {})
    return [step(abstract, schedule(config), ahead)]


def kept(variables: Tree) -> Tree:
    """The world model alone: a decoder that was trained along has done its work."""
    return {name: variables[name] for name in ("weights", "stats")}


def in_batches(config: ConfigDict, clips: Tree) -> Tree:
    """Clips [N, ...] as batches of the training's size, [n, B, ...]; what does not fill the last one is left out."""
    size = min(config.train.batch_size, len(clips["actions"]))
    return jax.tree.map(lambda leaf: leaf[: len(leaf) // size * size].reshape(-1, size, *leaf.shape[1:]), clips)


def frames_of(config: ConfigDict) -> Frames:
    """Pixels as they are stored, else drawn from the states."""
    draw, size = environment(config.env.name).draw, config.images.size

    def frames(batch: Tree) -> jax.Array:
        pictures = batch["pixels"].astype(jnp.float32) / 255 if "pixels" in batch else draw(batch["states"], size, False)
        return jax.lax.stop_gradient(pictures)

    return frames


def init(config: ConfigDict, model: Model, scale: ActionScale, key: jax.Array) -> Tree:
    variables = model.init(key, Moments(jnp.asarray(scale.mean), jnp.asarray(scale.std) ** 2))
    if config.loss.reconstruction:
        variables["decoder"] = decoder(config).init(jax.random.fold_in(key, 1))
    return variables


def axes(config: ConfigDict, model: Model) -> Tree:
    return model.axes | ({"decoder": decoder(config).axes} if config.loss.reconstruction else {})


def loss(
    config: ConfigDict, model: Model, frames: Frames, variables: Tree, batch: Tree, key: jax.Array, weight: float | jax.Array
) -> tuple[jax.Array, dict[str, Any]]:
    """The loss of a batch of clips; its terms and the new batch statistics."""
    pictures, blocks = frames(batch), batch["actions"]  # [B, T + 1, H, W, 3], [B, T + 1, 5A]
    dropping, along = jax.random.split(key)
    z, ahead, stats = model.learn(variables, pictures, blocks, dropping)
    if config.loss.kind == "lewm":
        total, terms = losses.lewm(z, ahead, along, weight, config.loss.projections, config.loss.knots)
    else:
        total, terms = losses.pldm(z, ahead, config.loss, model.undo(variables, z, blocks))
    if config.loss.reconstruction:
        drawn = decoder(config).apply(variables["decoder"], z.reshape(-1, z.shape[-1]))
        terms["reconstruction"] = jnp.mean((drawn - pictures.reshape(drawn.shape)) ** 2)
        total += config.loss.reconstruction * terms["reconstruction"]
    return total, {f"train/{name}": value for name, value in terms.items()} | {"stats": stats}


def optimizer(config: ConfigDict, lr: float | jax.Array) -> Any:
    """AdamW on every parameter, decay too, as in PyTorch's defaults."""
    c = config.optim
    return adamw(warmup_cosine(lr, config.train.schedule_steps, c.warmup), c.weight_decay, None, c.beta1, c.beta2, c.eps, c.clip)


def held_out(config: ConfigDict, model: Model, frames: Frames, variables: Tree, batches: Tree) -> dict[str, jax.Array]:
    """Numbers on clips [n, B, ...] that no step sees, in evaluation mode: the prediction error, SIGReg over batches, and the cloud of
    latents."""
    along = directions(jax.random.key(0), config.latent.width, config.loss.projections)

    def batch(clips: Tree) -> tuple[jax.Array, jax.Array, jax.Array]:
        z = model.encode(variables, frames(clips))  # [B, T + 1, (P,) D]
        test = sigreg(z.swapaxes(0, 1).reshape(z.shape[1], -1, z.shape[-1]), along, config.loss.knots)
        return z, model.predict(variables, z[:, :-1], clips["actions"][:, :-1]), test

    z, ahead, tests = jax.lax.map(batch, batches)
    return {
        "val/prediction": jnp.mean((ahead - z[:, :, 1:]) ** 2),
        "val/still": jnp.mean((z[:, :, :-1] - z[:, :, 1:]) ** 2),  # the error of who predicts no change
        "val/sigreg": jnp.mean(tests),
        "val/straightness": straightness(z.reshape(-1, *z.shape[2:])),
        "latent/std": spread(z),
        "latent/rank": effective_rank(z),
    }

"""Measures the basin of a trained network of two spirals."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from ml_collections import ConfigDict

from projects.generalization import basin, spirals
from shared import checkpoint
from shared.run import Run

SIDE = 80  # places along each side of the picture


def run(config: ConfigDict, run: Run) -> dict[str, Any]:
    """ln V and what it comes from, beside the network's errors. Leaves the radii, a map of the network's answers and its training points in
    tables/arrays.npz."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    v, seed = config.volume, int(run.hyper["seed"][0])  # alone: each seed needs another training
    model, points = spirals.network(config), spirals.parts(config, seed)
    params = checkpoint.load_weights(run.needs["trained"][0], model)
    flat, shaped = ravel_pytree(params)
    train = jax.tree.map(jnp.asarray, points.train)
    found = basin.radii(
        lambda flat: spirals.cross_entropy(model, shaped(flat), train), params, basin.scales(params), v.tau, seed, v.directions
    )
    measured = basin.volume(found, flat.size, seed)
    row = {
        "parameters": flat.size,
        "volume/ln": measured.ln,
        "volume/ln/low": measured.low,
        "volume/ln/high": measured.high,
        "volume/largest": measured.largest,
        "radius/median": float(np.median(found)) / flat.size**0.5,
        "train/nll": float(spirals.cross_entropy(model, params, train)),
        **{f"{name}/error": float(spirals.error(model, params, some)) for name, some in points._asdict().items()},
    }
    run.log(0, row)
    grid, answers = answered(model, params, np.abs(points.train.x).max())
    np.savez_compressed(
        run.table(0, "arrays.npz"), radii=np.float32(found / flat.size**0.5), grid=grid, answers=answers, x=points.train.x,
        labels=np.uint8(points.train.labels),
    )  # fmt: skip
    return row


def answered(model: Any, params: Any, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """The places along a side [SIDE], and the class at each place uint8 [SIDE, SIDE], rows upwards."""
    side = np.linspace(-1.1 * reach, 1.1 * reach, SIDE, dtype=np.float32)
    places = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    return side, np.asarray(model.apply(params, places).argmax(-1), np.uint8).reshape(SIDE, SIDE)

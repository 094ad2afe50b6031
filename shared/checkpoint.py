"""Checkpoints: one Orbax folder per step, written beside its place and renamed into it, the newest two kept."""

import contextlib
import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import jax
import numpy as np
import orbax.checkpoint as ocp

from shared import hosts
from shared.errors import BadInput
from shared.rundir import RunDir, explain

KEEP = 2  # the last one, and one to fall back on when it turns out damaged
logging.getLogger("absl").setLevel(logging.ERROR)  # Orbax reports every file it touches


def save(path: Path, tree: Any) -> None:
    """Writes `tree` (arrays, sharded or not) to the new folder `path`; it exists only once it is complete. Every process of a run over
    several hosts calls it: each writes what its devices hold, the first one also what all know in whole."""
    if hosts.several():
        tree = jax.tree.map(lambda leaf: np.asarray(leaf) if isinstance(leaf, jax.Array) and leaf.is_fully_addressable else leaf, tree)
    try:
        with ocp.Checkpointer(ocp.StandardCheckpointHandler()) as checkpointer:
            checkpointer.save(path.absolute(), args=ocp.args.StandardSave(tree), force=True)
    except OSError as error:
        raise explain(error, path) from error
    except ValueError as error:
        if "No space left" not in str(error):  # TensorStore's way to say it
            raise
        raise explain(OSError(errno.ENOSPC, ""), path) from error


def restore(path: Path, abstract: Any) -> Any:
    """Reads the folder `path` into the shapes, dtypes and shardings of `abstract` (a tree of ShapeDtypeStruct).

    Raises ValueError in one line when the folder is damaged or holds another model.
    """
    try:
        with ocp.Checkpointer(ocp.StandardCheckpointHandler()) as checkpointer:
            tree = checkpointer.restore(path.absolute(), args=ocp.args.StandardRestore(abstract))
    except Exception as error:  # Orbax and TensorStore raise many kinds, some hundreds of lines long
        raise ValueError(f"{path} cannot be read ({(str(error).strip() or repr(error)).splitlines()[0][:120]})") from error
    shapes = jax.tree.map(lambda have, want: have.shape == want.shape, tree, abstract)
    if not all(jax.tree.leaves(shapes)):
        raise ValueError(f"{path} holds arrays of other shapes")
    return tree


def steps(folder: Path) -> list[int]:
    """The steps with a complete checkpoint in `folder`, ascending."""
    return sorted(int(path.name) for path in folder.glob("*") if path.name.isdigit()) if folder.exists() else []


def prune(folder: Path) -> None:
    """Keeps the newest KEEP checkpoints; drops what an interrupted save left behind."""
    for step in steps(folder)[:-KEEP]:
        shutil.rmtree(folder / str(step), ignore_errors=True)
    for path in folder.glob("*tmp*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(path)


def drop_after(folder: Path, step: int) -> None:
    """Drops the checkpoints of later steps."""
    for later in steps(folder):
        if later > step:
            shutil.rmtree(folder / str(later), ignore_errors=True)


class Initialised(Protocol):
    """What tells the shapes of a model's parameters: a Pure, for one."""

    init: Callable[[jax.Array], Any]


def load_weights(run: RunDir, model: Initialised) -> Any:
    """The final parameters that a finished run kept. Raises BadInput when they are gone, damaged or another model's."""
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    abstract = jax.eval_shape(model.init, jax.random.key(0))
    abstract = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), abstract)
    try:
        return restore(run.path / "weights", abstract)
    except ValueError as error:
        raise BadInput(f"{error}: train it again with `python -m launch retry {run.id} --rerun=all`") from None

"""A draft that is the beginning of its target: the first layers, and an output layer of the most frequent tokens.

The embedding table is the target's and is not trained: it is only looked up, while its optimiser would cost more than the layers.
"""

from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.ssd.model import build
from projects.ssd.weights import Trained
from shared import checkpoint
from shared.errors import BadInput
from shared.nn.pure import Pure
from shared.rundir import RunDir

IDS = "ids.npy"  # in the run's tables


def frequent(tokens: np.ndarray, count: int, vocab: int) -> np.ndarray:
    """The `count` most frequent tokens in ascending order, int32; where all that occur are fewer, the lowest ids besides."""
    order = np.argsort(-np.bincount(tokens, minlength=vocab), kind="stable")
    return np.sort(order[:count]).astype(np.int32)


def draft(target: Trained, layers: int, ids: np.ndarray) -> Trained:
    """The untrained draft. Its parameters share the target's embedding."""
    config = replace(target.config, layers=layers, tied_head=False, outputs=len(ids))
    table = target.params["embedding"]["table"]
    params = {
        "embedding": target.params["embedding"],
        "blocks": jax.tree.map(lambda leaf: leaf[:layers], target.params["blocks"]),
        "norm": target.params["norm"],
        "head": {"kernel": table[ids].T},
    }
    return Trained(config, build(config), params, ids)


def trainable(params: Any) -> Any:
    return {name: part for name, part in params.items() if name != "embedding"}


def of_run(run: RunDir, target: Trained) -> Trained:
    """The trained draft of a finished run. Raises BadInput when its weights are gone or damaged."""
    config = ConfigDict(run.record()["config"])
    try:
        ids = np.load(run.path / "tables" / IDS)
    except (OSError, ValueError, EOFError):
        raise BadInput(f"{run.path / 'tables' / IDS} is gone or damaged: train it again with "
                       f"`python -m launch retry {run.id} --rerun=all`") from None
    start = draft(target, config.model.layers, ids)
    learned = Pure(lambda key: trainable(start.pure.init(key)), start.pure.graph, trainable(start.pure.axes))
    return start._replace(params={**start.params, **checkpoint.load_weights(run, learned)})

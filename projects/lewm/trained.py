"""A world model that a run has trained, ready to look and to predict."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import ActionScale
from projects.lewm.model import Model, build
from shared import checkpoint
from shared.errors import BadInput
from shared.rundir import RunDir


@dataclass(frozen=True)
class Trained:
    config: ConfigDict  # of the training
    model: Model
    variables: Any
    scale: ActionScale  # of the actions it was trained on


def load(run: RunDir) -> Trained:
    """What a finished training run kept. Raises BadInput when it is gone, damaged or another model's."""
    record = run.record()
    if not record or record["config"]["entry"] != "train":
        raise BadInput(f"{run.path} is no trained world model: train one with `python -m launch run lewm/train`")
    config = ConfigDict(record["config"])
    model = build(config)
    variables = checkpoint.load_weights(run, model)
    actions = variables["stats"]["actions"]
    return Trained(config, model, variables, ActionScale(np.asarray(actions.mean), np.sqrt(np.asarray(actions.var))))

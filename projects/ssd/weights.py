"""The models of a run: what its needs trained, or what others trained."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.ssd import smollm2
from projects.ssd.model import build, decoder_config
from shared import checkpoint
from shared.errors import BadInput
from shared.nn.decoder import DecoderConfig
from shared.nn.pure import Pure
from shared.run import Run
from shared.rundir import RunDir
from shared.weights.config import decoder_config as read_config


class Trained(NamedTuple):
    config: DecoderConfig
    pure: Pure
    params: Any
    ids: np.ndarray | None = None  # int32 [n], the tokens of a short output layer; None: all

    def apply(self, tokens: jax.Array) -> jax.Array:
        """Logits [B, T, V]."""
        return self.pure.apply(self.params, tokens)


def target_of(config: ConfigDict, run: Run) -> Trained:
    """The target of a run's pair. Raises BadInput when it is not there."""
    return pretrained() if config.pair.name == "smollm2" else of_run(run.needs["target"][0])


def pretrained() -> Trained:
    found = smollm2.smollm2()
    return Trained(found.config, build(found.config), found.params)


def architecture(config: ConfigDict, needs: Mapping[str, list[ConfigDict]]) -> DecoderConfig:
    """Of the target of a run that is still ahead. Raises BadInput for one that others trained while it is not fetched."""
    return read_config(smollm2.folder()) if config.pair.name == "smollm2" else decoder_config(needs["target"][0])


def of_run(run: RunDir) -> Trained:
    """Raises BadInput when the run or its weights are gone or damaged."""
    record = run.record()
    if not record:
        raise BadInput(f"the run {run.path} is gone: launch the sweep of this pair again, which trains what is missing")
    config = ConfigDict(record["config"])
    if config.entry == "distil" and config.distil.outputs:
        from projects.ssd import early  # it needs this module's Trained

        if config.pair.name == "smollm2":
            return early.of_run(run, pretrained())
        (target,) = record["needs"]["target"]
        return early.of_run(run, of_run(RunDir(run.path.parents[1] / "train" / target)))
    decoder = decoder_config(config)
    model = build(decoder)
    return Trained(decoder, model, checkpoint.load_weights(run, model))

"""A trained model as its run left it."""

from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

from projects.ssd.model import build, decoder_config
from shared import checkpoint
from shared.nn.decoder import DecoderConfig
from shared.nn.pure import Pure
from shared.rundir import RunDir


class Trained(NamedTuple):
    config: DecoderConfig
    pure: Pure
    params: Any

    def apply(self, tokens: jax.Array) -> jax.Array:
        """Logits [B, T, V]."""
        return self.pure.apply(self.params, tokens)


def of_run(run: RunDir) -> Trained:
    """Raises BadInput when the weights are gone or damaged."""
    decoder = decoder_config(ConfigDict(run.record()["config"]))
    model = build(decoder)
    return Trained(decoder, model, checkpoint.load_weights(run, model))

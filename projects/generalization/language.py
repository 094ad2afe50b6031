"""Quantises a trained language model, writes it as MODEL.bin, and certifies what can be read back from there."""

from typing import Any

from ml_collections import ConfigDict

from projects.generalization import bitstream, lm, recount_text
from projects.generalization.compress import certified
from shared.data import tokens
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns the terms of both certificates; None when it was asked to stop before the end."""
    text = tokens.load(config.data.name, config.data.vocab)
    note = bitstream.TextNote(config.data.name, config.data.vocab, config.text.shuffled, recount_text.digests(text))
    return certified(lm.prediction(lm.model(config), config), config.text.network, note, config, run)

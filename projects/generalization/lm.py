"""Trains a language model whose adapters lie in a random subspace."""

from typing import Any

from ml_collections import ConfigDict

from projects.generalization import documents, subspace
from projects.generalization.losses import reader
from projects.generalization.objective import Objective
from projects.generalization.sublora import SubLoRA, sublora
from shared.data import tokens
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns bits per token on the test documents, in full precision; None when it was asked to stop before the end."""
    one = model(config)
    fitted = subspace.train(prediction(one, config), config, run)
    return None if fitted is None else fitted.final | {"parameters": one.size, "adapted": one.adapters.size}


def model(config: ConfigDict) -> SubLoRA:
    return sublora(config.text.network, config.subspace.projector, config.subspace.dimension, config.data.vocab)


def prediction(one: SubLoRA, config: ConfigDict) -> Objective:
    """The next token of training documents, and the bits of the test documents."""
    text, size = tokens.load(config.data.name, config.data.vocab), config.subspace.batch_size
    train, test = (documents.documents(part, one.context, config.text.shuffled) for part in (text.train, text.test))
    losses = reader(one)
    return Objective(
        freeze=one.freeze,
        axes=one.axes,
        loss=one.loss,
        batches=lambda seed: documents.batches(train, size, seed),
        measure=lambda frozen, v: {"test/bits": losses(frozen, v, test).documents["bits"]},
        count=len(train.lengths),
        tokens_per_batch=size * one.context,
    )

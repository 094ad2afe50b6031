"""Everything that a certificate says, worked out again from a file: the network decoded, its errors on all n points counted."""

from pathlib import Path

import jax
import jax.numpy as jnp

from projects.generalization import bitstream, bounds, labels, quantise
from projects.generalization.family import family, mistakes
from shared.data import labelled
from shared.errors import BadInput

TRAINED_ON = ("train_inputs.npy", "train_labels.npy")


def digests(data: labelled.LabelledSet) -> dict[str, str]:
    """sha256 of the files that are trained on."""
    return {file: data.meta["files"][file]["sha256"] for file in TRAINED_ON}


def values(coded: bitstream.Coded) -> jax.Array:
    """v [d], as the decoder has it."""
    table = quantise.codebook(coded.kind, jnp.asarray(coded.grid, jnp.float32), coded.levels)
    return table[jnp.asarray(coded.symbols)]


def recount(path: Path, delta: float) -> dict[str, float]:
    """The terms of a certificate by name. Raises BadInput for a damaged file, for other data than it was made from, and for a delta that is
    no chance."""
    coded, note = bitstream.load(path)
    data = labelled.load(note.data)
    if note.sha256 != digests(data):
        raise BadInput(f"{path} is about another {note.data} than the one prepared here: certify it where it was made")
    points = labels.training(data, note.altered, note.altered_seed)
    bits = bitstream.length(coded)
    cost, count = bounds.nats(sum(bits)), len(points.labels)
    bounds.check(cost, count, delta)  # before the work
    one = family(coded.network, coded.projector, coded.dimension, data)
    frozen, v, wrong = one.freeze(coded.seed), values(coded), mistakes(one)
    risk = wrong(frozen, v, *points) / count
    catoni = bounds.catoni(risk, cost, count, delta)
    return {
        "parameters": one.size,
        "dimension": coded.dimension,
        "levels": coded.levels,
        **{f"bits/{part}": value for part, value in bits._asdict().items()},
        "bits/total": sum(bits),
        "nats": cost,
        "n": count,
        "delta": delta,
        "train/error": risk,
        "test/error": wrong(frozen, v, data.test.inputs, data.test.labels) / len(data.test.labels),
        "bound/catoni": catoni.value,
        "bound/catoni_lambda": catoni.strength,
        "bound/kl": bounds.kl_inverse(risk, cost, count, delta),
        "bound/mcallester": bounds.mcallester(risk, cost, count, delta),
        "bound/hoeffding": bounds.occam(risk, cost, count, delta),
        "bound/guessing": 1 - 1 / data.classes,
    }

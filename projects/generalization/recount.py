"""Everything that a certificate says, worked out again from a file: the model decoded, its errors on all n points counted."""

from pathlib import Path

from projects.generalization import bitstream, bounds, decoded, labels, recount_text
from projects.generalization.family import family, mistakes
from shared.data import labelled
from shared.errors import BadInput

TRAINED_ON = ("train_inputs.npy", "train_labels.npy")


def recount(path: Path, delta: float) -> dict[str, float]:
    """The terms of a certificate by name. Raises BadInput for a damaged file, for other data than it was made from, and for a delta that is
    no chance."""
    coded, note = bitstream.load(path)
    of = recount_text.terms if isinstance(note, bitstream.TextNote) else terms
    try:
        return of(coded, note, delta)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def digests(data: labelled.LabelledSet) -> dict[str, str]:
    """sha256 of the files that are trained on."""
    return {file: data.meta["files"][file]["sha256"] for file in TRAINED_ON}


def terms(coded: bitstream.Coded, note: bitstream.Note, delta: float) -> dict[str, float]:
    """Of a classifier."""
    data = labelled.load(note.data)
    decoded.check_data(note, digests(data))
    points, code = labels.training(data, note.altered, note.altered_seed), decoded.price(coded, note)
    cost, count = code["nats"], len(points.labels)
    bounds.check(cost, count, delta)  # before the work
    one = family(coded.network, coded.projector, coded.dimension, data)
    frozen, v, wrong = one.freeze(coded.seed), decoded.values(coded), mistakes(one)
    risk = wrong(frozen, v, *points) / count
    catoni = bounds.catoni(risk, cost, count, delta)
    return {
        "parameters": one.size,
        **code,
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

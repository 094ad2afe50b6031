"""What the certificates of a language model say, worked out again from a file: the model decoded, its losses on all documents."""

import math

from projects.generalization import bitstream, bounds, decoded, documents
from projects.generalization.losses import ALPHAS, GUESSES, reader
from projects.generalization.sublora import sublora
from shared.data import prepared, tokens

TOPS = tuple(f"top{guesses}" for guesses in GUESSES)
TRAINED_ON = prepared.tokens_file("train")


def digests(text: tokens.TokenSet) -> dict[str, str]:
    """sha256 of the file that is trained on."""
    return {TRAINED_ON: text.meta["files"][TRAINED_ON]["sha256"]}


def terms(coded: bitstream.Coded, note: bitstream.TextNote, delta: float) -> dict[str, float]:
    """Of both certificates, by documents and by tokens."""
    text = tokens.load(note.data, note.vocab)
    decoded.check_data(note, digests(text))
    one = sublora(coded.network, coded.projector, coded.dimension, note.vocab)
    train, test = (documents.documents(part, one.context, note.shuffled) for part in (text.train, text.test))
    counts = {"documents": len(train.lengths), "tokens": int(train.lengths.sum())}
    code = decoded.price(coded, note)
    bounds.check(code["nats"], counts["documents"], delta)  # before the work
    losses, frozen, v = reader(one), one.freeze(coded.seed), decoded.values(coded)
    found, unseen = losses(frozen, v, train), losses(frozen, v, test)
    return {
        "parameters": one.size,
        "adapted": one.adapters.size,
        **code,
        **{f"n/{unit}": count for unit, count in counts.items()},
        "vocabulary": note.vocab,
        "delta": delta,
        "alphas": len(ALPHAS),
        **{f"{unit}/{name}": value for unit, count in counts.items()
           for name, value in certificate(getattr(found, unit), code["nats"], count, note.vocab, delta).items()},
        **{f"test/{name}": value for name, value in unseen.documents.items() if name in ("bits", *TOPS)},
        "guessing/bits": math.log2(note.vocab),
        **{f"guessing/top{guesses}": 1 - guesses / note.vocab for guesses in GUESSES},
    }  # fmt: skip


def certificate(found: dict[str, float], cost: float, count: int, vocab: int, delta: float) -> dict[str, float]:
    """Bounds from the mean losses of `count` documents, or tokens, each with its terms. All are summed up, so none is drawn."""
    least = bounds.language(lambda alpha: found[f"smoothed/{alpha:g}"], ALPHAS, vocab, cost, count, count, delta)
    return {
        "bits": found["bits"],
        "alpha": least.alpha,
        "smoothed": found[f"smoothed/{least.alpha:g}"],
        "spread": bounds.smoothed_spread(least.alpha, vocab),
        "bound": least.value,
        **{name: found[name] for name in TOPS},
        **{f"{name}_bound": bounds.occam(found[name], cost, count, delta) for name in TOPS},
    }

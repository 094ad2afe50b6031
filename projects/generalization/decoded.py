"""What follows from a coded model alone: its v, what its code costs, and which data it is about."""

import jax
import jax.numpy as jnp

from projects.generalization import bitstream, bounds, quantise
from shared.errors import BadInput


def values(coded: bitstream.Coded) -> jax.Array:
    """v [d], as the decoder has it."""
    table = quantise.codebook(coded.kind, jnp.asarray(coded.grid, jnp.float32), coded.levels)
    return table[jnp.asarray(coded.symbols)]


def price(coded: bitstream.Coded, note: bitstream.Note | bitstream.TextNote) -> dict[str, float]:
    """The terms of a certificate that are about the code."""
    bits = bitstream.length(coded, note)
    return {
        "dimension": coded.dimension,
        "levels": coded.levels,
        **{f"bits/{part}": value for part, value in bits._asdict().items()},
        "bits/total": sum(bits),
        "nats": bounds.nats(sum(bits)),
    }


def check_data(note: bitstream.Note | bitstream.TextNote, sha256: dict[str, str]) -> None:
    """Raises BadInput unless a model was made from the files with these digests."""
    if note.sha256 != sha256:
        raise BadInput(f"it is about another {note.data} than the one prepared here: certify it where it was made")

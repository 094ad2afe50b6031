"""What a language model loses on documents: bits, smoothed bits, and how often the next token is not among its first guesses."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from projects.generalization.documents import Documents
from projects.generalization.sublora import SubLoRA
from shared.data.bpe import DOC_ID

ALPHAS = (0.5, 0.25, 0.1, 0.05, 0.01)  # shares of uniform predictions, of which a certificate picks one: the choice is charged
GUESSES = (1, 10)
NAMES = ("bits", *(f"smoothed/{alpha:g}" for alpha in ALPHAS), *(f"top{count}" for count in GUESSES))
AT_ONCE = 8_192  # tokens
STEP = 32  # rows are cut to a multiple of so many tokens, their marks at the end left out


class Losses(NamedTuple):
    """Means by name: over documents, each the mean over its tokens, and over all tokens."""

    documents: dict[str, float]
    tokens: dict[str, float]


def reader(one: SubLoRA) -> Callable[[Any, jax.Array, Documents], Losses]:
    """losses(frozen, v, found): of all documents. Products in float32, whose order may differ between machines; sums over rows in
    float64."""
    adapted, of = jax.jit(one.parameters), jax.jit(partial(of_rows, one))

    def losses(frozen: Any, v: jax.Array, found: Documents) -> Losses:
        params, by_row = adapted(frozen, v), np.zeros((len(found.rows), len(NAMES)))
        for places, rows in parts(found):
            by_row[places] = np.asarray(of(params, rows), np.float64)[: len(places)]
        sums = np.stack([np.bincount(found.document, column) for column in by_row.T], 1)  # [m, len(NAMES)]
        by_document, by_token = (sums / found.lengths[:, None]).mean(0), sums.sum(0) / found.lengths.sum()
        return Losses(*(dict(zip(NAMES, means.tolist(), strict=True)) for means in (by_document, by_token)))

    return losses


def parts(found: Documents) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places and tokens [B, T'] of rows that are about equally long, behind them rows of marks: few shapes, hardly any padding."""
    filled = (found.rows != DOC_ID).sum(1) + 1
    widths = np.minimum(-(-filled // STEP) * STEP, found.rows.shape[1])
    for width in np.unique(widths):
        places, size = np.flatnonzero(widths == width), max(1, AT_ONCE // width)
        for start in range(0, len(places), size):
            some = places[start : start + size]
            rows = np.full((size, width), DOC_ID, np.int32)
            rows[: len(some)] = found.rows[some, :width]
            yield some, rows


def of_rows(one: SubLoRA, params: Any, rows: jax.Array) -> jax.Array:
    """Sums over the tokens of each row [B, T] -> [B, len(NAMES)]."""
    logits, words = one.decoder.apply(params, rows)[:, :-1], rows[:, 1:]  # [B, T - 1, V], [B, T - 1]
    chosen = jnp.take_along_axis(logits, words[..., None], -1)  # [B, T - 1, 1]
    log2_p = (chosen[..., 0] - jax.nn.logsumexp(logits, -1)) / jnp.log(2.0)
    before = (logits >= chosen).sum(-1) - 1  # tokens that are guessed before this one; among equals it is the last
    smoothed = [-jnp.log2((1 - alpha) * 2.0**log2_p + alpha / one.vocab) for alpha in ALPHAS]
    missed = [(before >= count).astype(jnp.float32) for count in GUESSES]
    values = jnp.stack([-log2_p, *smoothed, *missed], -1)  # [B, T - 1, len(NAMES)]
    return (values * (words != DOC_ID)[..., None]).sum(1)

"""Documents of a text as rows of tokens, each cut where a model's context ends, and batches of rows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shared.data.bpe import DOC_ID
from shared.errors import BadInput

SHUFFLE = 2_407  # seed of the one random order


class Documents(NamedTuple):
    """m documents of n tokens in R rows. A row of T tokens is a mark, up to T - 1 tokens of one document, and marks up to its end."""

    rows: np.ndarray  # int32 [R, T]
    document: np.ndarray  # int64 [R]: 0 .. m - 1, ascending
    lengths: np.ndarray  # int64 [m], tokens without the mark


def documents(tokens: np.ndarray, context: int, shuffled: bool) -> Documents:
    """Of a stream of documents, each behind its mark; `context` is T. Shuffled: the tokens of each document in a random order, which is the
    same for every model. Raises BadInput for a stream without documents."""
    room = context - 1
    marks = tokens == DOC_ID
    place, words = np.cumsum(marks)[~marks], np.asarray(tokens)[~marks]  # [n]
    if not len(words) or not marks[0]:
        raise BadInput("a text without documents: prepare the data set again")
    document = np.unique(place, return_inverse=True)[1]  # [n]; a document without tokens has no loss, and none is counted
    if shuffled:
        words = words[np.lexsort((np.random.PCG64(SHUFFLE).random_raw(len(words)), document))]
    lengths = np.bincount(document)
    begins = np.cumsum(lengths) - lengths
    parts = -(-lengths // room)  # rows of each document
    row, column = np.divmod(np.arange(len(words)) - begins[document], room)
    row += (np.cumsum(parts) - parts)[document]
    rows = np.full((parts.sum(), context), DOC_ID, np.int32)
    rows[row, column + 1] = words
    return Documents(rows, np.repeat(np.arange(len(lengths)), parts), lengths)


def batches(found: Documents, size: int, seed: int) -> Callable[[int], np.ndarray]:
    """batch(step): `size` rows drawn with replacement [B, T], a pure function of seed and step."""

    def batch(step: int) -> np.ndarray:
        return found.rows[np.random.default_rng((seed, step)).integers(0, len(found.rows), size)]

    return batch

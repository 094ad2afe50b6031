"""What a round is told to draft: the backup after a miss, which outcomes to prepare for, and how far ahead."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shared.errors import BadInput

BACKUPS = ("neural", "ngram", "random")
SOURCES = ("first", "hit", *BACKUPS)  # what drafted a speculation; the records hold indices


class Table(NamedTuple):
    """Candidate m is the rank[m]-th best token for the bonus after kidx[m] accepted tokens. Runtime arrays: no fan-out recompiles."""

    kidx: np.ndarray  # [M] int32; -1 is an unused branch
    rank: np.ndarray  # [M] int32


class Order(NamedTuple):
    backup: str
    hit: Table  # for rows whose speculation the draft model made (first, hit, neural)
    miss: Table  # for rows that got a poor one (n-gram, random)
    lookahead: int  # K


def table(fans: Sequence[int], branches: int, vocab: int) -> Table:
    """Of a fan-out F [K + 1] within `branches` in all. Raises BadInput when it does not fit or exceeds the other tokens there are."""
    fans = np.asarray(fans)
    if fans.min() < 0 or not 0 < fans.sum() <= branches:
        raise BadInput(f"fan-out {fans.tolist()} does not fill 1 to {branches} branches: change spec.fanout or spec.budget")
    if fans.max() > vocab:
        raise BadInput(f"fan-out {fans.max()} exceeds the vocabulary of {vocab} tokens: lower spec.fanout or spec.budget")
    kidx, rank = np.full(branches, -1, np.int32), np.zeros(branches, np.int32)
    kidx[: fans.sum()] = np.repeat(np.arange(len(fans)), fans)
    rank[: fans.sum()] = np.concatenate([np.arange(fan) for fan in fans])
    return Table(kidx, rank)

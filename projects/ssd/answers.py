"""The speculation cache in memory that both processes see: the target's process finds the answer to an outcome there by itself.

A hit then costs no message: the next verification starts, and the draft's process is told the outcome while it runs.
"""

from typing import Any, NamedTuple

import numpy as np

from projects.ssd.mailbox import Mailbox


class Found(NamedTuple):
    hit: np.ndarray  # [B] bool
    rank: np.ndarray  # [B] int32, of the bonus among the draft's own tokens at its place, from 0
    tokens: np.ndarray  # [B, K] int32
    q: np.ndarray | None  # [B, K, V] float32, what each token was drawn from; None when greedy


def put(box: Mailbox, prepared: Any, q: Any) -> None:
    """Shows draft_steps.Prepared, and the laws [B, M, K, V] of its tokens unless greedy."""
    depth = prepared.tokens.shape[2]
    box["kidx"][:], box["bonus"][:], box["answers"][:, :, :depth] = prepared.kidx, prepared.bonus, prepared.tokens
    box["trunk"][:, : depth + 1] = prepared.trunk
    if q is not None:
        box["laws"][:, :, :depth] = q


def find(box: Mailbox, k: np.ndarray, bonus: np.ndarray, depth: int, greedy: bool) -> Found:
    """What draft_steps.lookup finds, read by the other process. The arrays are copies: the draft's process writes the next ones there."""
    rows = np.arange(len(k))
    match = (box["kidx"] == k[:, None]) & (box["bonus"] == bonus[:, None])
    branch = match.argmax(1)
    trunk = box["trunk"][rows, k]  # [B, V]
    mine = trunk[rows, bonus][:, None]
    rank = (trunk > mine).sum(1) + ((trunk == mine) & (np.arange(trunk.shape[1]) < bonus[:, None])).sum(1)
    rank = np.where(mine[:, 0] > -np.inf, rank, trunk.shape[1]).astype(np.int32)
    q = None if greedy else box["laws"][rows, branch, :depth]
    return Found(match.any(1), rank, box["answers"][rows, branch, :depth], q)

"""Pairs of start and goal for planning: two rows of one episode, so that its own actions lead from the one to the other."""

import numpy as np

from projects.lewm.episodes import Episodes
from shared.errors import BadInput


def pairs(episodes: Episodes, count: int, offset: int, seed: int, among: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (starts [count], goals [count]), increasing; goals lie `offset` steps behind their starts. Drawn as in the authors'
    evaluation: without replacement among all the rows with step <= length - offset - 1, of the episodes `among` if given. Raises
    BadInput where there are fewer."""
    possible = episodes.step < np.repeat(episodes.lengths, episodes.lengths) - offset
    if among is not None:
        possible &= np.isin(episodes.episode, among)
    rows = np.flatnonzero(possible)
    if len(rows) < count:
        raise BadInput(
            f"protocol.pairs={count}: only {len(rows)} rows have one {offset} steps later: take at most that, a smaller protocol.offset "
            f"or more episodes"
        )
    starts = np.sort(rows[np.random.default_rng(seed).choice(len(rows), count, replace=False)])
    return starts, starts + offset

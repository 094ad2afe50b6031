"""The coordinate-descent certificate of section 1.4 of the paper's method: is a setting locally optimal, and if not, what to run next.

A setting is a point on the ladders of learning rate, epochs and weight decay. It is certified when every point one ladder step away
along one axis has been run and none has a lower validation loss. At the end of a ladder the missing neighbour counts as the
point itself. The standard recipe fixes the decay and has four neighbours instead of six. Pure: losses in, advice out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Point = tuple[float, ...]  # one value per axis, in the order of the ladders


@dataclass(frozen=True)
class Certificate:
    point: Point
    loss: float
    neighbours: tuple[Point, ...]
    missing: tuple[Point, ...]  # neighbours without a loss
    better: tuple[Point, ...]  # neighbours with a lower loss, best first

    @property
    def certified(self) -> bool:
        return not self.missing and not self.better

    @property
    def best_move(self) -> Point | None:
        """The best neighbour, when there is a better one."""
        return self.better[0] if self.better else None


def neighbours(point: Point, ladders: Mapping[str, tuple[float, ...]], fixed: frozenset[str] = frozenset()) -> list[Point]:
    """The points one step away along every axis that is not fixed. Raises ValueError for a point off its ladders."""
    found = []
    for axis, (name, ladder) in enumerate(ladders.items()):
        if point[axis] not in ladder and name not in fixed:
            raise ValueError(f"{name}={point[axis]:g} is not on its ladder {', '.join(f'{value:g}' for value in ladder)}")
        for step in (-1, 1) if name not in fixed else ():
            there = ladder.index(point[axis]) + step
            if 0 <= there < len(ladder):
                found.append((*point[:axis], ladder[there], *point[axis + 1 :]))
    return found


def certify(
    losses: Mapping[Point, float],
    point: Point,
    ladders: Mapping[str, tuple[float, ...]],
    fixed: frozenset[str] = frozenset(),
) -> Certificate:
    """The certificate of one point, which must have a loss itself; infinity stands for a diverged run."""
    around = neighbours(point, ladders, fixed)
    missing = tuple(other for other in around if other not in losses)
    lower = [other for other in around if other in losses and losses[other] < losses[point]]
    return Certificate(point, losses[point], tuple(around), missing, tuple(sorted(lower, key=losses.get)))


def search(
    losses: Mapping[Point, float],
    start: Point,
    ladders: Mapping[str, tuple[float, ...]],
    fixed: frozenset[str] = frozenset(),
) -> Certificate | None:
    """Walks to better neighbours from `start` (or, where it was not run, from the best point there is) until none is better.

    The last certificate tells what is missing around the point where the walk ended; None when nothing was run at all.
    """
    here = start if start in losses else min(losses, key=losses.get, default=None)
    if here is None:
        return None
    while (found := certify(losses, here, ladders, fixed)).best_move is not None:
        here = found.best_move
    return found

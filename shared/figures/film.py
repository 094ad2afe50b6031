"""Film strips: pictures in rows, time to the right."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from shared.figures.style import INK, PAPER

GAP = 0.08  # between pictures, in widths of one


def film(
    axis: Axes, strips: Mapping[str, np.ndarray], heads: Sequence[str], given: int = 0,
    edges: Mapping[tuple[int, int], str] | None = None, said: Sequence[Sequence[str]] | None = None,
) -> None:  # fmt: skip
    """Strips of pictures, name -> uint8 [columns, h, w, 3], one below the other, a head above each column. The first `given` columns lie
    on a grey ground; `edges` are frames (row, column) -> colour; `said` is a word under each picture."""
    edges = edges or {}
    across, down = 1 + GAP, 1 + (GAP if said is None else 3 * GAP)
    if given:
        axis.add_patch(Rectangle((-GAP, -4 * GAP), given * across + GAP / 2, len(strips) * down + 4 * GAP, color="#e6e6e2", clip_on=False))
    for row, (name, pictures) in enumerate(strips.items()):
        axis.text(-2 * GAP, row * down + 0.5, textwrap.fill(name, 14), ha="right", va="center", fontsize=8, color=INK)
        for column, picture in enumerate(pictures):
            left, top = column * across, row * down
            axis.imshow(picture, extent=(left, left + 1, top + 1, top), interpolation="nearest", zorder=1)
            if said is not None:
                axis.text(left + 0.5, top + 1.02, said[row][column], ha="center", va="top", fontsize=6.5, color=INK)
            color, width = (edges[row, column], 1.6) if (row, column) in edges else ("#d5d5d0", 0.5)
            axis.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=color, linewidth=width))
    for column, head in enumerate(heads):
        axis.text(column * across + 0.5, -GAP, head, ha="center", va="bottom", fontsize=7, color=PAPER)
    axis.set(xlim=(-GAP, len(heads) * across), ylim=(len(strips) * down, -GAP), aspect="equal", anchor="W")
    axis.set_axis_off()

"""What is asked of every paper's figures and of the rows beside them."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

COLUMNS = ["setting", "quantity", "ours", "low", "high", "n", "published", "note"]
TAGS = {"P", "C", "R", "D", "U"}  # of evidence


@dataclass(frozen=True)
class Gallery:
    """A paper's module of figures, its published numbers, and the table that a figure's runs would leave."""

    figures: ModuleType
    published: Callable[[], dict[str, dict]]
    table: Callable[..., pd.DataFrame]  # of (figure, scale, share of its cells)

    @property
    def names(self) -> list[str]:
        return sorted(name.removesuffix("_summary") for name in self.figures.__all__ if name.endswith("_summary"))

    def drawn(self, name: str, table: pd.DataFrame) -> list[int]:
        """How many marks each panel of the picture has."""
        figure = getattr(self.figures, name)(table)
        figure.savefig(io.BytesIO(), format="png", dpi=30)
        return [marks(axis) for axis in figure.axes]

    def ours(self, name: str, table: pd.DataFrame) -> int:
        """How many marks are owed to its rows: numbers of the paper are drawn without any."""
        return sum(self.drawn(name, table)) - sum(map(marks, getattr(self.figures, name)(table.iloc[:0]).axes))

    def rows(self, name: str, table: pd.DataFrame) -> list[dict]:
        """Its rows, each of them well formed."""
        rows = getattr(self.figures, f"{name}_summary")(table)
        for row in rows:
            assert list(row) == COLUMNS
            assert row["published"] == "" or row["published"] in self.published()
            assert "\n" not in row["setting"] + row["quantity"] + row["note"]
        return rows

    def check_sweep(self, name: str, scale: str) -> None:
        table = self.table(name, scale)
        assert self.ours(name, table) > 0
        assert self.rows(name, table)

    def check_half(self, name: str) -> None:
        table = self.table(name, "cpu", 0.5)
        assert self.ours(name, table) > 0
        self.rows(name, table)

    def check_evidence(self, tags: set[str] = TAGS) -> None:
        """Published numbers say where they are from and how sure that is."""
        for entry in self.published().values():
            assert set(entry) == {"value", "unit", "where", "tag"} and entry["tag"] in tags and entry["where"]

    def beside_published(self) -> Iterator[tuple[dict, float]]:
        """Rows of a sweep that is mostly missing, and the published number beside each."""
        for name in self.names:
            for row in self.rows(name, self.table(name, "cpu", 0.3)):
                if row["published"]:
                    yield row, self.published()[row["published"]]["value"]


def marks(axis: Axes) -> int:
    """Lines, bars, areas, points and pictures that show a number. Guides across a whole panel lie in its own coordinates: they do
    not count."""
    lines = [one for one in axis.lines if np.isfinite(np.asarray(one.get_xydata(), float)).all(1).any()]
    areas = [one for one in axis.collections if any(len(path.vertices) for path in one.get_paths())]
    placed = lambda one: (one.get_transform(), getattr(one, "get_offset_transform", one.get_transform)())  # noqa: E731
    shown = [one for one in (*lines, *axis.patches, *areas) if any(how.contains_branch(axis.transData) for how in placed(one))]
    return len(shown) + len(axis.images)


def swept(base: ModuleType) -> set[str]:
    """The config files beside `base` that have a sweep."""
    return {path.stem for path in Path(base.__file__).parent.glob("*.py") if "def sweep(" in path.read_text()}

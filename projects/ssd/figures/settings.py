"""Reading tables: repeats folded into settings, medians and rates with 95% intervals, and what Theorem 7 predicts for them.

A table has one row per repeat of a run: config columns and measured numbers. What was not measured is NaN; nothing is filled in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from projects.ssd import theory
from projects.ssd.theory import Times
from shared.stats import Interval

UNKNOWN = Interval(math.nan, math.nan, math.nan, 0)
MODES = ("ar", "sd", "ssd")

# Our text, and the data set of the paper in whose place it stands.
COUNTERPART = {"code": "humaneval", "docs": "ultrafeedback", "problems": "gsm8k", "speeches": "alpaca"}


@dataclass(frozen=True)
class Setting:
    """The repeats of one setting."""

    rows: pd.DataFrame

    def __getitem__(self, field: str) -> object:
        """A config field."""
        return self.rows[field].iloc[0]

    def values(self, column: str) -> np.ndarray:
        """The finite numbers of a column."""
        found = self.rows[column].to_numpy(float) if column in self.rows else np.empty(0)
        return found[np.isfinite(found)]

    def number(self, column: str) -> float:
        return median(self.values(column)).mean

    def median(self, column: str, scale: float = 1.0) -> Interval:
        return median(self.values(column) * scale)

    def ratio(self, above: str, below: str) -> Interval:
        """Of two columns, within each repeat."""
        if above not in self.rows or below not in self.rows:
            return UNKNOWN
        found = (self.rows[above] / self.rows[below]).to_numpy(float)
        return median(found[np.isfinite(found)])

    def rate(self, column: str) -> Interval:
        """Mean over repeats with its standard error over sequences. Repeats that repeat the same tokens add nothing, so none is
        credited."""
        values, errors = self.values(column), self.values(f"{column}/se")
        if not values.size:
            return UNKNOWN
        mean, half = float(values.mean()), 1.96 * float(errors.mean()) if errors.size else math.nan
        return Interval(mean, mean - half, mean + half, values.size)

    def per_device(self, mode: str) -> Interval:
        devices = self.number(f"devices/{mode}")
        return self.median(f"tok_s/{mode}", 1 / devices) if devices > 0 else UNKNOWN

    def per_sequence(self, mode: str) -> Interval:
        return self.median(f"tok_s/{mode}", 1 / float(self["bench.batch"]))

    def times(self, overlapped: bool = True) -> Times:
        """Milliseconds. The verification as it was beside the draft, or alone."""
        verify = self.number("T_v_overlapped_ms") if overlapped else math.nan
        verify = self.number("T_v_ms") if math.isnan(verify) else verify
        backup = self.number("T_b_ms")
        if math.isnan(backup):
            backup = self.number("T_draft_ms") if self["spec.backup"] == "neural" else 0.0
        return Times(self.number("T_v1_ms"), verify, self.number("T_p_ms"), backup, self.number("T_draft_ms"))

    def predicted(self, overlapped: bool = True) -> float:
        """Tokens per second of the whole batch by Theorem 17, from the measured p, E and times; NaN where one is missing."""
        batch, times = int(self["bench.batch"]), self.times(overlapped)
        p, hit, miss = self.number("p_hit"), self.number("E_hit"), self.number("E_miss")
        miss = 0.0 if p == 1 else miss
        hit = 0.0 if p == 0 else hit
        return 1e3 * batch * (p * hit + (1 - p) * miss) / theory.round_time(p, times, batch)

    def speed(self) -> tuple[Interval, bool]:
        """Tokens per second of SSD: measured, else by Theorem 17. The second says whether it is modelled."""
        measured = self.median("tok_s/ssd")
        if math.isfinite(measured.mean):
            return measured, False
        return Interval(self.predicted(), math.nan, math.nan, 1), True


def median(values: Sequence[float]) -> Interval:
    """The median with a distribution-free interval of at least 95% (order statistics); of fewer than 6 values it is their range
    (5: 94%), of one value none."""
    found = np.sort(np.asarray(values, float))
    n = len(found)
    if n < 2:
        return Interval(float(found[0]), math.nan, math.nan, n) if n else UNKNOWN
    below = np.cumsum([math.comb(n, i) / 2**n for i in range(n)])
    rank = max(0, int(np.searchsorted(below, 0.025, side="right")) - 1)
    return Interval(float(np.median(found)), float(found[rank]), float(found[n - 1 - rank]), n)


def settings(table: pd.DataFrame, *fields: str) -> list[Setting]:
    """One per combination of these config fields, in order."""
    if table.empty:
        return []
    known = [field for field in fields if field in table]
    return [Setting(group) for _, group in table.groupby(known, sort=True)]


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Measurements that were not broken off."""
    return table[table["state"] == "done"] if "state" in table else table


def sizes(setting: Setting) -> str:
    """How many samples stand behind a setting."""
    rounds = setting.values("rows").sum()
    return f"{len(setting.rows)} repeats" + (f", {rounds:.0f} rounds" if rounds else "")

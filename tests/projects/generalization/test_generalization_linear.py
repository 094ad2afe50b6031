"""The posterior of a linear model contracts as data determine its directions."""

import numpy as np
import pytest
from generalization_world import config, logged


def test_parameters_fall_and_the_function_rises():
    rows = logged(config("linear"))
    assert rows[0]["parameters"] == pytest.approx(200 * 3 / (3 + 5)) and rows[0]["function"] == 0  # the prior alone
    falling, rising = ([row[name] for row in rows] for name in ("parameters", "function"))
    assert falling == sorted(falling, reverse=True) and rising == sorted(rising)
    assert all(row["function"] <= min(row["points"], 200) for row in rows)


def test_nothing_is_left_once_every_direction_was_seen_often():
    (row,) = logged(config("linear", linear__points=(20_000,), linear__features=10, linear__draws=1))
    assert row["function"] == pytest.approx(10, abs=1e-3) and row["parameters"] == pytest.approx(0, abs=1e-3)
    assert np.isfinite(list(row.values())).all()

"""Figures draw from made-up tables, complete and empty, and their rows say what the episodes were."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Rectangle

from launch.plan import build
from projects.dmpc import figures
from projects.dmpc.figures.pictures import CHOSEN, COLUMNS


def episodes(lengths, failed):
    """That earn 1 in every step, [E, T]; the first one turns around the ring."""
    lengths = np.array(lengths)
    alive = np.arange(lengths.max()) < lengths[:, None]
    turn = np.linspace(0, 6, lengths[0])
    known = {"returns": lengths.astype(float), "lengths": lengths, "failed": np.array(failed)}
    return known | {"rewards": np.where(alive, 1, np.nan).astype(np.float32), "qpos": np.stack([np.cos(turn), np.sin(turn)], 1)}


@pytest.fixture
def table():
    plan = build("dmpc/demo", "smoke", [])
    rows = [plan.runs[target].flat | {"state": "done", "run_id": target, "score": 50.0} for target in plan.targets]
    rows[0]["arrays"], rows[1]["arrays"] = episodes([200, 150], [False, True]), episodes([101, 60], [True, True])
    return pd.DataFrame(rows)


def drawn(figure):
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    return figure


def framed(figure):
    """Pictures with a red frame, of the left panel."""
    return sum(isinstance(one, Rectangle) and same_color(one.get_edgecolor(), CHOSEN) for one in figure.axes[0].patches)


def test_pictures_of_who_has_failed_are_framed(table):
    figure = drawn(figures.demo(table))
    assert len(figure.axes[0].images) == 2 * COLUMNS
    assert framed(figure) == COLUMNS // 2  # of the second planner, after half of the time


def test_the_mean_is_over_all_episodes_those_that_are_over_among_them(table):
    means = [line for line in drawn(figures.demo(table)).axes[1].lines if line.get_linewidth() > 1]
    assert [line.get_label() for line in means] == ["the best of 16 plans", "the first plan"]
    assert [line.get_ydata()[-1] for line in means] == [175, 80.5]


def test_rows_are_the_episodes(table):
    rows = {(row["setting"], row["quantity"]): row for row in figures.demo_summary(table)}
    assert len(rows) == 8 and rows["the best of 16 plans", "return"]["ours"] == 175
    assert rows["the best of 16 plans", "left the ring [%]"]["ours"] == 50 and rows["the first plan", "steps, of 200"]["ours"] == 80.5
    assert {row["note"] for row in rows.values()} == {"2 episodes"} and {row["published"] for row in rows.values()} == {""}


def test_runs_that_failed_or_left_nothing_are_not_drawn(table):
    for broken in (table.assign(state="failed"), table.drop(columns="arrays"), pd.DataFrame()):
        assert "no finished runs" in [text.get_text() for text in drawn(figures.demo(broken)).axes[0].texts]
        assert figures.demo_summary(broken) == []
    half = table.assign(state=["done", "failed"])
    assert len(drawn(figures.demo(half)).axes[0].images) == COLUMNS and len(figures.demo_summary(half)) == 4

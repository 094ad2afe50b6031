"""Two spirals: what is drawn; a good and a poisoned network, trained as one program, and their basins, through the launcher."""

from pathlib import Path
from typing import NamedTuple

import helpers
import jax
import numpy as np
import pytest
from generalization_world import config

from launch import sweep
from launch.plan import build
from projects.generalization import spirals
from shared.checkpoint import load_weights

BETAS = (0.0, 0.5)
MODEL = spirals.network(config("spirals"))


def test_points_lie_on_two_arms_that_mirror_each_other():
    settings = config("spirals", spirals__points=50, spirals__noise=0.0, spirals__turn=600.0)
    x, labels = spirals.parts(settings, 0).train
    np.testing.assert_allclose(x[labels == 0], -x[labels == 1])
    angle = np.linalg.norm(x[labels == 0], axis=1) / 1.5
    assert angle.max() < np.deg2rad(600)
    np.testing.assert_allclose(x[labels == 0], 1.5 * angle[:, None] * np.stack([-np.cos(angle), np.sin(angle)], 1), atol=1e-4)


def test_poison_is_other_points_of_the_same_arms_with_the_wrong_label():
    settings = config("spirals", spirals__noise=0.0)
    train, poison, test = spirals.parts(settings, 0)
    assert [len(part.labels) for part in (train, poison, test)] == [60, 60, 4_000]
    assert not {*map(tuple, train.x)} & {*map(tuple, poison.x)}
    angle = np.linalg.norm(poison.x, axis=1) / 1.5
    sign = np.sign((poison.x * np.stack([-np.cos(angle), np.sin(angle)], 1)).sum(1))  # the arm a point is on
    np.testing.assert_array_equal(poison.labels, (sign > 0).astype(int))
    again = spirals.parts(settings, 0)
    assert all(map(np.array_equal, jax.tree.leaves(again), jax.tree.leaves((train, poison, test))))


def basins(beta: float, *changes: str):
    changes = ("volume.directions=30", f"spirals.beta={beta}", *changes)
    return build("generalization/volume", "smoke", [f"--config.{change}" for change in changes], single=True)


class Made(NamedTuple):
    """A network, and its basin: finished runs, whatever PAPERCLUB_RUNS says later."""

    params: dict
    trained: dict
    measured: dict
    arrays: dict


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[Made]]:
    """The folder of the runs; the good one and the poisoned one."""
    folder = tmp_path_factory.mktemp("volume")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        wanted = [basins(beta) for beta in BETAS]
        sweep.create(helpers.merged(*wanted))
        targets = [one.runs[one.targets[0]] for one in wanted]
        trained = [one.runs[target.needs["trained"][0]] for one, target in zip(wanted, targets, strict=True)]
        assert helpers.work(trained) == 0 and [helpers.work([target]) for target in targets] == [0, 0]
        return folder, [
            Made(load_weights(run.dir, MODEL), helpers.final(run.dir), helpers.final(target.dir),
                 dict(np.load(target.dir.path / "tables" / "arrays.npz")))
            for run, target in zip(trained, targets, strict=True)
        ]  # fmt: skip


def test_the_poisoned_network_is_right_on_the_training_points_alone_and_its_basin_is_tiny(made):
    good, poisoned = made[1]
    assert good.trained["train/error"] == poisoned.trained["train/error"] == 0
    assert good.trained["test/error"] < 0.05 and poisoned.trained["test/error"] > 0.3
    flat, sharp = good.measured, poisoned.measured
    assert flat["parameters"] == sharp["parameters"] == 3_646
    assert flat["volume/ln/low"] > sharp["volume/ln/high"] + 1_000 and flat["radius/median"] > 3 * sharp["radius/median"]


def test_what_a_basin_says_of_the_network_is_what_its_training_said(made):
    for one in made[1]:
        assert all(one.measured[name] == pytest.approx(one.trained[name], abs=1e-6) for name in ("train/error", "test/error", "train/nll"))


def test_radii_answers_and_points_are_left_for_the_figure(made):
    params, _, measured, arrays = made[1][0]
    assert arrays["radii"].shape == (30,) and arrays["answers"].shape == (80, 80) and len(arrays["x"]) == len(arrays["labels"]) == 60
    assert np.median(arrays["radii"]) == pytest.approx(measured["radius/median"])
    rows, columns = [9, 40], [3, 70]
    places = np.stack([arrays["grid"][columns], arrays["grid"][rows]], 1)  # [2, (x, y)]
    np.testing.assert_array_equal(MODEL.apply(params, places).argmax(-1), arrays["answers"][rows, columns])


def test_a_network_that_has_not_learned_its_points_is_refused(made, monkeypatch, capsys):
    """One line, and exit code 2."""
    monkeypatch.setenv("PAPERCLUB_RUNS", str(made[0]))
    wanted = basins(0.5, "volume.tau=1e-12")
    sweep.create(wanted)
    assert helpers.work([wanted.runs[wanted.targets[0]]]) == 2
    assert "not below volume.tau=1e-12: train for more steps, or raise volume.tau" in capsys.readouterr().err

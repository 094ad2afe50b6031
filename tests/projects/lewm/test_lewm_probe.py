"""Probes read what is there, do not read what is not, and are judged on episodes of their own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from projects.lewm.envs import environment, square
from projects.lewm.episodes import from_list
from projects.lewm.neighbours import distances, kept_by, plane
from projects.lewm.probe import HELD_OUT, choose, quantities
from projects.lewm.probes import judge, linear_maps, perceptrons, probes, standardised
from shared.errors import BadInput

CONFIG = ConfigDict({"width": 32, "epochs": 60, "batch_size": 64, "lr": 3e-3})
N, D = 1500, 6


def features(seed=0, n=N):
    return np.float32(np.random.default_rng(seed).normal(size=(n, D)))


def held(n=N):
    return np.arange(n) % 4 == 0


def read(targets, z=None, config=CONFIG):
    z = features() if z is None else z
    return probes(config, z, targets, held(len(z)), seed=0)


@pytest.fixture(scope="module")
def found():
    """Both probes of a linear quantity, the same with noise of its own variance, a curved one, and one that has nothing to do with z."""
    rng, z = np.random.default_rng(1), np.float64(features())
    line = z @ rng.normal(size=(D, 2))
    targets = {
        "line": 7 + 3 * line,
        "noisy": line + line.std(0) * rng.normal(size=line.shape),
        "curve": np.cos(2 * z[:, :1]),
        "other": rng.normal(size=(N, 3)),
    }
    return read(targets)


def test_a_linear_quantity_is_read_by_both(found):
    assert found["probe/line/linear/mse"] < 1e-6 and found["probe/line/linear/r"] > 0.9999
    assert found["probe/line/mlp/mse"] < 0.02 and found["probe/line/mlp/r"] > 0.99


def test_noise_of_the_same_variance_leaves_half_the_error(found):
    assert found["probe/noisy/linear/mse"] == pytest.approx(0.5, abs=0.07)
    assert found["probe/noisy/linear/r"] == pytest.approx(0.5**0.5, abs=0.05)


def test_only_the_mlp_reads_a_curve(found):
    assert found["probe/curve/linear/mse"] > 0.9 and found["probe/curve/mlp/mse"] < 0.1


def test_nothing_is_read_where_nothing_is(found):
    assert found["probe/other/linear/mse"] == pytest.approx(1, abs=0.1) and abs(found["probe/other/linear/r"]) < 0.1
    assert found["probe/other/mlp/mse"] > 0.9 and abs(found["probe/other/mlp/r"]) < 0.15


def test_a_constant_quantity_and_a_collapsed_cloud_are_no_error():
    rng = np.random.default_rng(0)
    one = read({"still": np.ones((N, 2)), "noise": rng.normal(size=(N, 1))})
    assert one["probe/still/linear/mse"] < 1e-9 and one["probe/still/linear/r"] == 0
    flat = read({"noise": rng.normal(size=(N, 1))}, np.zeros((N, D), np.float32))
    assert flat["probe/noise/linear/mse"] == pytest.approx(1, abs=0.1) and np.isfinite(list(flat.values())).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.floats(-10, 10))
def test_the_units_of_features_and_quantities_do_not_matter_to_the_linear_probe(scale, shift):
    z, noise, every = np.float64(features(n=200)), np.random.default_rng(2).normal(size=(200, 2)), np.ones(200, bool)
    y = z[:, :2] ** 2 + z[:, 2:4] + noise

    def said(z, y):
        z, y = standardised(z, every), standardised(y, every)
        return linear_maps(z[:150], {"y": y[:150]}, z[150:])["y"]

    assert said(scale * z + shift, shift + scale * y) == pytest.approx(said(z, y), rel=1e-6, abs=1e-8)


def test_an_mlp_does_not_depend_on_what_else_is_probed():
    z = standardised(features(), np.ones(N, bool))
    a, b = np.sin(z[:, :2]), 100 * z[:, 2:3] ** 2
    few = ConfigDict({"width": 16, "epochs": 2, "batch_size": 64, "lr": 1e-3})
    alone = perceptrons(few, z, {"a": a}, z[:50], seed=3)["a"]
    beside = perceptrons(few, z, {"a": a, "b": b}, z[:50], seed=3)
    assert beside["b"].shape == (50, 1)
    assert beside["a"] == pytest.approx(alone, abs=1e-4), "up to the order of sums in a wider program"


def test_the_same_seed_gives_the_same_numbers():
    y = {"y": np.sin(features()[:, :1])}
    assert read(y) == read(y)


def test_judge_by_hand():
    y, said = np.array([[0.0, 1], [2, 1], [4, 1]]), np.array([[0.0, 0], [2, 2], [1, 1]])
    found = judge(said, y)
    errors = np.array([0.5, 0.5, 4.5])
    assert found["mse"] == pytest.approx(errors.mean()) and found["mse_std"] == pytest.approx(errors.std())
    assert found["r"] == pytest.approx(np.corrcoef(y[:, 0], said[:, 0])[0, 1] / 2), "the constant one counts 0"


# -- episodes -------------------------------------------------------------------------------------------------------------
def played(count=10, length=30):
    return from_list([(np.full((length, 2), index, np.float32), np.zeros((length - 1, 2), np.float32)) for index in range(count)])


def test_no_episode_is_on_both_sides():
    episodes = played()
    rows, test = choose(episodes, 120, seed=0)
    assert len(set(rows)) == 120 and 0 < test.sum() < 60
    of = episodes.episode[rows]
    assert not set(of[test]) & set(of[~test]) and len(set(of[test])) == HELD_OUT * 10


def test_other_seeds_choose_other_frames_of_the_same_episodes():
    one, other = (choose(played(), 100, seed) for seed in (0, 1))
    assert not np.array_equal(one[0], other[0])
    of = played().episode
    assert set(of[one[0][one[1]]]) == set(of[other[0][other[1]]])


def test_one_episode_cannot_be_split():
    with pytest.raises(BadInput, match="collect.episodes"):
        choose(played(1), 10, 0)


def test_quantities_of_an_environment_and_of_a_foreign_file():
    world, episodes = environment("tworoom"), played()
    assert quantities(world, episodes, np.array([0, 31]))["agent_location"].tolist() == [[0, 0], [1, 1]]
    columns = {"qpos": np.arange(300.0).reshape(300, 1), "id": np.arange(300)}
    foreign = replace(episodes, states=None, columns=columns)
    assert {name: values.tolist() for name, values in quantities(world, foreign, np.array([5])).items()} == {"qpos": [[5.0]]}
    with pytest.raises(BadInput, match="nothing to probe"):
        quantities(world, replace(foreign, columns={}), np.array([5]))


# -- neighbours -----------------------------------------------------------------------------------------------------------
def grid(side=12):
    return square(side) * side


def named(points):
    return {"x": 5 * points[:, :1], "y": points[:, 1:]}


def test_distances():
    points = np.random.default_rng(0).normal(size=(20, 3))
    found = distances(points)
    assert np.isinf(np.diag(found)).all()
    assert found[3, 7] == found[7, 3] == pytest.approx(((points[3] - points[7]) ** 2).sum())


def test_a_turned_grid_keeps_its_neighbours_and_a_shuffled_one_does_not():
    points = grid()
    shuffled = np.random.default_rng(0).permutation(points)
    found = kept_by({"same": points @ np.array([[0, -2], [2, 0]]), "lost": shuffled}, named(points))
    assert found["neighbours/same"] == 1 and 10 / 143 <= found["neighbours/chance"] < 14 / 143
    assert found["neighbours/lost"] == pytest.approx(found["neighbours/chance"], abs=0.03)


def test_without_ties_chance_is_the_share_of_the_neighbours():
    points = standardised(np.random.default_rng(0).uniform(size=(50, 2)), np.ones(50, bool))
    assert kept_by({"same": points}, {"place": points}) == {"neighbours/same": 1, "neighbours/chance": 10 / 49}
    assert kept_by({"same": points[:4]}, {"place": points[:4]})["neighbours/chance"] == 1, "fewer than ten others"


def test_t_sne_keeps_most_neighbours_of_a_curled_sheet():
    x, y = grid().T
    laid = plane(np.stack([np.cos(x / 4), np.sin(x / 4), y / 4], 1), seed=0)
    assert laid.shape == (144, 2)
    assert kept_by({"plane": laid}, named(grid()))["neighbours/plane"] > 0.6


@pytest.mark.parametrize("name", ["tworoom", "pusht", "reacher"])
def test_the_grids_of_environments_differ_in_two_numbers_and_are_drawn_apart(name):
    world = environment(name)
    states = world.grid(6)
    assert states.shape == (36, world.state_size) and states.dtype == np.float32
    centred = states - states.mean(0)
    assert np.linalg.matrix_rank(centred, 1e-3) == 2
    pictures = world.photograph(states, 64).reshape(36, -1)
    assert len(np.unique(pictures, axis=0)) == 36

"""Cube: without its packages one line says how to get them; with them, states are all there is and the oracle carries the cube."""

import sys
from pathlib import Path

import numpy as np
import pytest

from projects.lewm.envs import environment
from shared.errors import BadInput
from tests.helpers import ROOT, script


def test_without_its_packages_the_pip_command_is_named():
    found = script(
        """
        import sys
        sys.modules["ogbench"] = None  # as if it were not installed
        from projects.lewm.envs import environment
        from shared.errors import BadInput
        try:
            environment("cube")
        except BadInput as error:
            print(error)
        print(environment("tworoom").name)
        """
    )
    message, other = found.splitlines()
    command = message.partition("python -m ")[2]
    assert command.startswith("pip install --no-deps ogbench==1.2.2 dm_control==1.0.34 ")
    assert f"#   .venv/bin/python -m {command}" in (Path(ROOT) / "requirements.txt").read_text().splitlines()
    assert other == "tworoom"


@pytest.fixture(scope="module")
def cube():
    pytest.importorskip("ogbench")
    if "mujoco" in sys.modules and "projects.lewm.envs.cube" not in sys.modules:
        pytest.skip("mujoco was imported before the cube could choose how to draw: run this file alone")
    return environment("cube")


@pytest.fixture(scope="module")
def episodes(cube):
    return tuple(np.stack(column) for column in zip(*cube.collect("expert", 3, 100, 3), strict=True))


@pytest.mark.slow
def test_rollout_visits_the_states_of_the_episode_bit_for_bit(cube, episodes):
    states, actions = episodes
    assert states.shape == (3, 101, 41) and actions.shape == (3, 100, 5) and np.abs(actions).max() <= 1
    assert np.array_equal(cube.rollout(states[::-1, 30], actions[::-1, 30:60]), states[::-1, 31:61])


@pytest.mark.slow
def test_expert_carries_the_cube(cube, episodes):
    states, _ = episodes
    places = np.stack([cube.quantities["block position"](one) for one in states])  # [E, T, 3]
    assert (places[..., 2].max(1) > 0.1).all()
    assert np.linalg.norm(np.ptp(places[..., :2], axis=1), axis=1).min() > 0.05


@pytest.mark.slow
def test_episodes_follow_from_the_seed(cube, episodes):
    again = cube.collect("expert", 1, 20, 3)[0]
    assert np.array_equal(again[0], episodes[0][0, :21]) and np.array_equal(again[1], episodes[1][0, :20])
    assert not np.array_equal(cube.collect("random", 1, 2, 4)[0][0], again[0][:3])


@pytest.mark.slow
def test_scripted_controller_brings_the_cube_to_the_goal(cube, episodes):
    states, _ = episodes
    goals = cube.teleport(states[:, 0], np.random.default_rng(1))
    visited = cube.scripted(states[:, 0], goals, 100, np.random.default_rng(0))
    assert cube.success(visited, goals[:, None]).any(1).all()
    assert not cube.success(states[:, 0], goals).any()


@pytest.mark.slow
def test_picture_shows_the_cube_and_the_visual_edit_changes_its_colour_only(cube, episodes):
    states = episodes[0][:2, 0]
    plain, edited = cube.photograph(states, 64), cube.photograph(states, 64, True)
    assert plain.shape == (2, 64, 64, 3) and plain.dtype == np.uint8
    differs = np.abs(plain.astype(int) - edited).max(-1) > 20
    assert (differs.sum((1, 2)) > 8).all() and (differs.mean((1, 2)) < 0.05).all()
    assert (plain[differs][:, 0] > plain[differs][:, 2]).mean() > 0.9  # red became blue
    assert (edited[differs][:, 2] > edited[differs][:, 0]).mean() > 0.9
    assert np.array_equal(cube.photograph(states, 64), plain)
    gone = cube.photograph(cube.teleport(states, np.random.default_rng(0)), 64)
    assert (np.abs(gone.astype(int) - plain).max((1, 2, 3)) > 50).all()


@pytest.mark.slow
def test_quantities_of_table_4(cube, episodes):
    states = episodes[0][0, :5]
    found = {name: read(states).shape for name, read in cube.quantities.items()}
    assert found == {
        "joint position": (5, 6), "joint velocity": (5, 6), "end-effector position": (5, 3), "end-effector yaw": (5, 2),
        "gripper": (5, 1), "block position": (5, 3), "block quaternion": (5, 4), "block yaw": (5, 2),
    }  # fmt: skip
    place = cube.quantities["end-effector position"](states[:1])[0]
    assert (place > (0.2, -0.4, 0.15)).all() and (place < (0.65, 0.4, 0.4)).all()  # where episodes begin


@pytest.mark.slow
def test_bad_requests_are_one_line(cube, episodes):
    with pytest.raises(BadInput, match="played by expert"):
        cube.collect("weak", 1, 10, 0)
    with pytest.raises(BadInput, match="at most 1024"):
        cube.photograph(episodes[0][0, :1], 2000)

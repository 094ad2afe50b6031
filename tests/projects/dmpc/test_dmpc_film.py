"""Films: what is drawn is where it was, a runner needs EGL or OSMesa and says so, and whoever asks for something else reads one line."""

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import helpers
import numpy as np
import pytest
from dmpc_world import plan
from PIL import Image

from launch import sweep
from launch.configs import ROOT
from projects.dmpc import camera, film
from projects.dmpc.envs import ring

TURN = np.linspace(0, 2 * np.pi, 41)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN)], 1)  # qpos [T, 2], anticlockwise from the right


def run_of(name="evaluate", qpos=CIRCLE, failed=False, **changes):
    """The folder of a run that has left one episode."""
    wanted = plan(name, **changes)
    sweep.create(wanted)
    run = wanted.runs[wanted.targets[0]].dir
    (run.path / "tables").mkdir(exist_ok=True)
    count = np.array([len(qpos)])
    np.savez(run.path / "tables" / "arrays.npz", qpos=qpos, returns=np.array([12.3]), lengths=count, failed=np.array([failed]))
    return run


def red(picture: np.ndarray) -> np.ndarray:
    """Where the point is, [h, w]."""
    return (picture[..., 0] > 180) & (picture[..., 2] < 100)


@pytest.mark.parametrize(("step", "right", "up"), [(0, 1, 0), (10, 0, 1), (20, -1, 0), (30, 0, -1)])
def test_the_point_is_drawn_where_it_is(step, right, up):
    (picture,) = camera.pictures("ring", "v0", CIRCLE[step : step + 1], [0], 100)  # without a trail
    rows, columns = np.nonzero(red(picture))
    half = 50 / (1.15 * ring.OUTER)  # pixels of a metre
    assert picture.shape == (100, 100, 3) and picture.dtype == np.uint8
    assert columns.mean() == pytest.approx(49.5 + half * right, abs=1) and rows.mean() == pytest.approx(49.5 - half * up, abs=1)


def test_a_trail_tells_where_it_came_from():
    first, later = camera.pictures("ring", "v0", CIRCLE, [0, 10], 100)
    quarter = (slice(0, 45), slice(60, 100))  # above and to the right
    assert (later[quarter] != camera.pictures("ring", "v0", CIRCLE[10:11], [0], 100)[0][quarter]).any()
    np.testing.assert_array_equal(first, camera.pictures("ring", "v0", CIRCLE[:1], [0], 100)[0])


def test_a_film_runs_as_fast_as_it_happened(tmp_path):
    moving, still = film.shoot(run_of(), tmp_path / "films")
    with Image.open(moving) as gif:
        assert gif.size == (film.SIZE, film.SIZE) and gif.info["duration"] == 100 and gif.n_frames == len(CIRCLE)
    with Image.open(still) as png:
        assert png.width > 4 * png.height


@pytest.mark.parametrize("count", [1, 7])
def test_an_episode_of_few_steps_is_shown_whole(tmp_path, count):
    moving, _ = film.shoot(run_of(qpos=CIRCLE[:count], failed=True), tmp_path)
    with Image.open(moving) as gif:
        assert gif.n_frames == count


def test_the_first_and_the_last_step_are_on_the_strip():
    np.testing.assert_array_equal(film.spread(200, 3), [0, 100, 199])
    np.testing.assert_array_equal(film.spread(2, 5), [0, 1])


# -- what people can do wrong -----------------------------------------------------------------------------------------------------------
def refused(folder: Path, capsys, *words: str) -> str:
    assert film.main([str(folder), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_only_runs_of_the_planner_are_filmed(tmp_path, capsys):
    assert "give it the folder of a finished run of dmpc/evaluate" in refused(tmp_path / "nowhere", capsys)
    assert "is no run of the planner" in refused(run_of("collect").path, capsys)


def test_a_run_without_its_episode_is_named(tmp_path, capsys):
    run = run_of()
    file = run.path / "tables" / "arrays.npz"
    for damage in (lambda: file.write_bytes(file.read_bytes()[:100]), lambda: file.write_bytes(b""), file.unlink):
        damage()
        assert f"launch retry {run.id}" in refused(run.path, capsys, "--out", str(tmp_path))


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert "name another folder with --out" in refused(run_of().path, capsys, "--out", str(tmp_path / "file" / "films"))


# -- runners: in a process of their own, since a failed library of OpenGL stays loaded ----------------------------------------------------
NEITHER = """
    import sys
    import numpy as np
    from projects.dmpc import camera
    from projects.dmpc.envs import locomotion
    from shared import opengl
    from shared.errors import BadInput

    class Gone:
        def find_spec(self, name, path, target=None):
            if name in ("mujoco.egl", "mujoco.osmesa"):
                raise AttributeError("'NoneType' object has no attribute 'glGetError'")  # PyOpenGL without the library

    sys.meta_path.insert(0, Gone())
    opengl.find_library = lambda name: None
    try:
        camera.pictures("hopper", "v4", np.zeros((1, 6)), [0], 32)
    except BadInput as error:
        print(error)
"""


@pytest.mark.slow
def test_without_a_back_end_one_line_names_the_remedy_and_the_simulator_goes_on(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    after = """
    worlds = locomotion.make("hopper", "v4", 1, -1, 1.0)
    worlds.begin([0], [0])
    print(worlds.step(np.zeros((1, 3))).rewards.shape)
    """
    message, rewards = helpers.script(NEITHER + after).splitlines()
    assert message.startswith("nothing can draw hopper without a screen (neither EGL nor OSMesa is there): apt-get install libegl1")
    assert message.endswith("libosmesa6") and rewards == "(1,)"


@pytest.mark.slow
def test_a_back_end_that_is_asked_for_and_not_there(monkeypatch):
    """mujoco itself cannot be imported then."""
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    (message,) = helpers.script(NEITHER).splitlines()
    assert message.startswith("this environment needs mujoco (") and "unset MUJOCO_GL=osmesa" in message


def test_mujoco_gl_that_means_nothing_is_named(tmp_path):
    """By whatever needs the simulator; a film of the ring needs none."""
    runner = run_of(qpos=np.zeros((3, 6)), env__name="hopper")
    done = filmed(runner.path, tmp_path, MUJOCO_GL="bogus")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("error: this environment needs mujoco (invalid value")
    assert line.endswith(": unset MUJOCO_GL=bogus, or let it name what is here")
    assert filmed(run_of().path, tmp_path, MUJOCO_GL="bogus").returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not find_library("EGL"), reason="without EGL it is another line")
def test_egl_without_a_driver_is_one_line_and_no_more(tmp_path):
    runner = run_of(qpos=np.zeros((3, 6)), env__name="hopper")
    done = filmed(runner.path, tmp_path, MUJOCO_GL="egl", __EGL_VENDOR_LIBRARY_DIRS="/nonexistent")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("error: nothing can draw hopper without a screen (egl: ")


def filmed(run: Path, out: Path, **settings: str) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "projects.dmpc.film", str(run), "--out", str(out)]
    return subprocess.run(words, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["halfcheetah", "hopper", "walker2d"])
def test_a_runner_is_in_the_picture_and_moves(name):
    """Wherever it has run to: the camera goes along."""
    found = helpers.script(
        """
        import sys
        import numpy as np
        from projects.dmpc import camera
        from projects.dmpc.envs import locomotion
        from shared.errors import BadInput
        name = sys.argv[1]
        worlds = locomotion.make(name, "v4", 1, -1, 1.0)
        worlds.begin([0], [0])
        start, far = worlds.qpos[0], worlds.qpos[0].copy()
        far[0] += 100
        bent = far.copy()
        bent[-1] += 0.7
        try:
            first, again, far, bent = camera.pictures(name, "v4", np.stack([start, start, far, bent]), range(4), 64).astype(int)
        except BadInput:
            print("skip")
        else:
            print(first.shape == (64, 64, 3), np.abs(again - first).max() == 0, (np.abs(bent - far).max(-1) > 50).sum())
        """,
        name,
    )
    if found.strip() == "skip":
        pytest.skip("neither EGL nor OSMesa can draw here")
    shape, same, moved = found.split()
    assert (shape, same) == ("True", "True") and 3 < int(moved) < 400  # a leg, of 4,096 pixels

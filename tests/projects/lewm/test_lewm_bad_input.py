"""Bad data files through the real command line: the launcher cannot see them, the run says one line, and the exit code is 2."""

import h5py
import helpers
import numpy as np
import pytest

from projects.lewm.episodes import from_list, write
from shared.rundir import RunDir, runs_root


def foreign(path):
    """Episodes of somebody who names things otherwise."""
    with h5py.File(path, "w") as file:
        file["observations"], file["actions"] = np.zeros((9, 10), np.float32), np.zeros((9, 2), np.float32)


def not_finite(path):
    states, actions = np.zeros((60, 10), np.float32), np.zeros((59, 2), np.float32)
    states[7] = np.nan
    write(path, from_list([(states, actions)]))


def torn(path):
    not_finite(path)
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (foreign, "has no action, no ep_len, no ep_offset, no pixels (or state), only actions, observations: name its columns"),
        (not_finite, "state is no number in row 7: leave the episode out"),
        (torn, "is no whole HDF5 file"),
        (lambda path: None, "there is no file"),
    ],
)
def test_a_bad_file_is_one_line_and_exit_code_2(tmp_path, spoil, said):
    path = tmp_path / "episodes.h5"
    spoil(path)
    before = path.read_bytes() if path.exists() else None
    done = helpers.launch("run", "lewm/train", "--scale=smoke", f"--config.collect.file={path}")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1 and said in done.stderr
    (run,) = (RunDir(folder) for folder in (runs_root() / "lewm" / "train").iterdir())
    status = run.status()
    assert status["state"] == "failed" and status["bad_input"] and status["error"] == done.stderr.removeprefix("error: ").strip()
    assert (path.read_bytes() if path.exists() else None) == before

"""Which runs a word on the command line means: a run id, a recorded sweep, or a pattern of either."""

from launch.globs import fits
from launch.sweep import recorded
from shared.errors import BadInput
from shared.rundir import RunDir, all_runs, runs_root


def chosen(glob: str) -> list[RunDir]:
    """Runs whose sweep (paper/config), path (paper/entry/id) or id matches; all of them for ''. BadInput when none does."""
    if not glob:
        return all_runs()
    of_sweeps = [runs_root() / path for sweep in recorded(glob) for path in sweep["runs"]]
    paths = dict.fromkeys(path for path in of_sweeps if (path / "config.json").exists())
    for run in all_runs():
        relative = run.path.relative_to(runs_root())
        if fits(run.id, glob) or fits(relative, glob):
            paths[run.path] = None
    if not paths:
        raise BadInput(f"nothing matches {glob!r}: `python -m launch status` shows sweeps and runs")
    return [RunDir(path) for path in paths]

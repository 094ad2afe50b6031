"""The numbers behind a figure: what finished runs measured, else the committed results. A cell with neither is missing;
nothing is invented for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from launch import configs, results
from launch.plan import Plan
from launch.results import Arrays, Row
from shared.rundir import FINISHED, RunDir

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Cells:
    """What is known of the cells of a plan, in the plan's order."""

    plan: Plan
    rows: list[Row]  # one per cell; one per evaluation where the config file says ROWS = "metrics"
    here: int  # cells from run directories
    committed: int  # cells from the committed table
    missing: list[str]  # run ids
    strangers: int  # committed runs that no cell of the config asks for any more
    arrays: dict[str, Arrays]  # run id -> what a run left besides numbers (run.arrays): pictures, curves, points

    def table(self) -> "pd.DataFrame":
        """One row per row, its run's flat config fields beside the numbers; in the column `arrays`, if any run left some, its arrays."""
        import pandas as pd

        fields = {run_id: run.flat for run_id, run in self.plan.runs.items()}
        extra = {run_id: {"arrays": found} for run_id, found in self.arrays.items()}
        table = pd.DataFrame([fields[row["run_id"]] | row | extra.get(row["run_id"], {}) for row in self.rows])
        return table.drop(columns="packable", errors="ignore")  # a list, and about arranging runs only


def collect(plan: Plan) -> Cells:
    """Looks every cell of the plan up."""
    module = configs.load(plan.name)
    evaluations, kept = getattr(module, "ROWS", "") == "metrics", getattr(module, "ARRAYS", None)
    committed = results.read(plan.name, plan.scale)
    rows, missing, here, arrays = [], [], 0, results.read_arrays(plan.name, plan.scale)
    for target in plan.targets:
        measured = of_run(plan.runs[target].dir, evaluations)
        here += bool(measured)
        if measured:
            left = results.load_arrays(plan.runs[target].dir.path / "tables" / results.ARRAYS)
            arrays[target] = {name: array for name, array in left.items() if kept is None or name in kept}
        rows += measured or committed.get(target, [])
        if not measured and target not in committed:
            missing.append(target)
    strangers = set(committed) - set(plan.targets)
    arrays = {target: arrays[target] for target in plan.targets if arrays.get(target)}
    return Cells(plan, rows, here, len(plan.targets) - here - len(missing), missing, len(strangers), arrays)


def of_run(run: RunDir, evaluations: bool) -> list[Row]:
    """The final numbers of a finished run as one row, or its evaluations, the final numbers on the last of them.

    An evaluation is a logged row that measured whatever the last row measured.
    """
    status = run.status()
    if status.get("state") not in FINISHED:
        return []
    last = {"run_id": run.id, "state": status["state"], "step": status["step"], **status.get("final", {})}
    logged = run.metrics() if evaluations and status["state"] == "done" else []
    if not logged:
        return [last]
    measured = {key for key in logged[-1] if not key.startswith(results.SPEED)}
    found = [row for row in logged if row.keys() >= measured]
    found = [{"run_id": run.id, "state": status["state"], **row} for row in found]
    return [*found[:-1], found[-1] | last]

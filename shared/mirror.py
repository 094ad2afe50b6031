"""W&B as a mirror of metrics.jsonl: offline until there is a key, and never a reason for a run to fail."""

import os
from typing import Any

from shared.rundir import RunDir


def mode() -> str:
    """$WANDB_MODE when set; else online with a key in the environment, offline without."""
    return os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_API_KEY") else "offline")


class Mirror:
    """One W&B run with the run's own id, grouped by the sweep that asked for it."""

    def __init__(self, member: RunDir):
        self._run, self._step = None, 0
        if mode() == "disabled":
            return
        record = member.record()
        try:
            import wandb

            self._run = wandb.init(
                project=record["paper"],
                entity=None,
                id=member.id,
                name=record["label"] or member.id,
                group=record["group"],
                job_type=record["config"]["entry"],
                tags=[record["scale"]],
                config=record["config"],
                dir=str(member.path),
                mode=mode(),
                resume="allow",
                reinit="create_new",  # the members of a pack log side by side in one process
                settings=wandb.Settings(console="off", x_disable_stats=True, silent=True),
            )
            self._run.define_metric("*", step_metric="step")
        except Exception as error:
            self._give_up(error)

    def log(self, row: dict[str, Any]) -> None:
        """W&B's own step is the row's, so that the fragments of a resumed run follow one another; it must rise, whatever the row's does."""
        step, self._step = max(row["step"], self._step), max(row["step"], self._step) + 1
        try:
            if self._run:
                self._run.log({name: value for name, value in row.items() if value is not None}, step=step)
        except Exception as error:
            self._give_up(error)

    def finish(self, final: dict[str, Any], failed: bool) -> None:
        """Puts the final numbers into W&B's summary and closes its run."""
        try:
            if self._run:
                self._run.summary.update({name: value for name, value in final.items() if value is not None})
                self._run.finish(exit_code=int(failed))
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """The mirror may fail, the run may not."""
        self._run = None
        print(f"W&B is left out from here ({error}); metrics.jsonl has everything", flush=True)

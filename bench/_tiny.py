"""A sweep of tiny runs (2,000 parameters, 200 steps), which differ in their seeds.

    python -m bench._tiny packed|solo COUNT      our launcher: as it arranges them, or every run in a process of its own

`train(seed)` is the same run in the hands of another launcher: our worker's work, in this process.
"""

import os
import sys
from dataclasses import replace
from functools import cache

from bench.packs import TINY, plan_of
from configs.meshes import MESHES
from launch import engines, worker
from launch.pack import Pack
from launch.sweep import Sweep, create
from shared.run import Run


def sweep(arrangement: str, count: int) -> bool:
    """Carries what is not done yet; True when all is."""
    mesh = MESHES["cpu"] if arrangement == "packed" else replace(MESHES["cpu"], widest=1)
    plan = plan_of(TINY, range(count))
    create(plan)
    return Sweep(plan, engines.on(engines.LOCAL, mesh, 0), fail_fast=True, watch=lambda _: None).carry()


def train(seed: int) -> None:
    """Plans, creates and computes one run. Raises RuntimeError when it fails."""
    adapt()
    plan = plan_of(TINY, [seed])
    create(plan)
    work = Sweep(plan, engines.on(engines.LOCAL, MESHES["cpu"], 1), fail_fast=True, watch=lambda _: None)
    job = work.job(Pack(tuple(plan.runs.values()), MESHES["cpu"]))
    job.name = f"{job.name}-{seed}"
    job.spec |= {"cores": [], "log": os.devnull}
    job.write()
    if worker.main(str(job.file)):
        raise RuntimeError(f"run {seed} has failed")


@cache
def adapt() -> None:
    """Many runs in one process, which is another launcher's: jax starts once, and signals are not ours to catch."""
    configure, ahead = worker.configure_jax, [True]
    worker.configure_jax = lambda job: ahead and (ahead.clear(), configure(job))
    Run.install_signals = lambda _: None


if __name__ == "__main__":
    sys.exit(not sweep(sys.argv[1], int(sys.argv[2])))

"""A training without jax, for what is asked of launcher and engines: it counts steps, logs, saves, goes on where it stopped, leaves when
it is asked to. Its workers start in a fraction of a second.

The field `name` of a run's config says how it goes: `fail`, or `<seconds> a step`. What it computes is a chain of hashes, so that a step
that is left out or done twice shows in the final number.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from launch import worker
from shared.run import Run
from shared.rundir import RunDir, write_atomic

STEPS, SAVE_EVERY = 20, 4


def compute(members: list[RunDir], job: dict[str, Any]) -> int:
    """Stands in for launch.worker.compute."""
    worker.begin(members, job)
    config = members[0].record()["config"]
    pause = float(config["name"].split(" ")[0]) if " a step" in config["name"] else 0.0
    with Run(members, ("seed",), job["mesh"], {}) as run:
        run.install_signals()
        start, chains = restore(members)
        for member in members:
            member.truncate_metrics(start)
        run.steps = STEPS
        for step in range(start, STEPS):
            time.sleep(pause)
            run.step = step + 1
            chains = [hashlib.sha256(f"{chain} {step}".encode()).hexdigest() for chain in chains]
            run.log(step + 1, {"loss": [int(chain[:6], 16) for chain in chains]})
            if config["name"] == "fail" and step > 2:
                for index in range(len(members)):
                    run.end(index, "failed", error="failed as asked")
                return 1
            if run.stopping or run.step % SAVE_EVERY == 0:
                run.flush()
                for member, chain in zip(members, chains, strict=True):
                    write_atomic(member.path / "saved", json.dumps([run.step, chain]))
            if run.stopping:
                for index in range(len(members)):
                    run.end(index, run.stopped or "cancelled", step=run.step)
                return worker.TIME_UP if run.time_up else 0
        for member in members:
            with open(member.path.parent / "finished", "a") as file:
                file.write(member.id + "\n")
        run.finish({"loss": [int(chain[:6], 16) for chain in chains]})
    return 0


def restore(members: list[RunDir]) -> tuple[int, list[str]]:
    saved = [json.loads(path.read_text()) if (path := member.path / "saved").exists() else [0, member.id] for member in members]
    if len({step for step, _ in saved}) > 1:  # killed between two members: as far as all have come
        return 0, [member.id for member in members]
    return saved[0][0], [chain for _, chain in saved]


# In every Python process below $PYTHONPATH: this training in the place of jax, and the throw-away paper of the test.
SITE = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
import configs, configs.clusters, counting
from launch import worker
import launch.configs
from launch.engines import local, slurm  # before they would take over another ROOT
worker.compute = counting.compute
configs.__path__.append({configs!r})
configs.clusters.__path__.append({clusters!r})
launch.configs.ROOT = __import__("pathlib").Path({toy!r})
"""


def site(folder: Path, root: Path, toy: Path) -> None:
    """Writes sitecustomize.py, which Python runs at its start."""
    here, configs = str(Path(__file__).parent), toy / "configs"
    text = SITE.format(root=str(root), here=here, configs=str(configs), clusters=str(configs / "clusters"), toy=str(toy))
    (folder / "sitecustomize.py").write_text(text)

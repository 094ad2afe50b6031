"""A training without jax, for what is asked of launcher and engines: it counts steps, logs, saves, goes on where it stopped, leaves when
it is asked to. Its workers start in a fraction of a second.

The field `name` of a run's config says how it goes: `fail`, or `<seconds> a step`. What it computes is a chain of hashes, so that a step
that is left out or done twice shows in the final number. `journal`, beside the runs, has a line for every start and every end.
"""

import functools
import hashlib
import json
import time
from pathlib import Path
from typing import Any

from launch import worker
from shared import hosts
from shared.run import Run
from shared.rundir import RunDir, write_atomic

STEPS, SAVE_EVERY = 20, 4


def compute(members: list[RunDir], job: dict[str, Any]) -> int:
    """Stands in for launch.worker.compute; over several hosts it needs jax, to meet."""
    if hosts.first():
        worker.begin(members, job)
        note(members, "start")
    if job["hosts"] > 1:
        worker.configure_jax(job)
        members = worker.met(members, job)
    config = members[0].record()["config"]
    pause = float(config["name"].split(" ")[0]) if " a step" in config["name"] else 0.0
    with Run(members, ("seed",), job["mesh"], {}) as run:
        run.install_signals()
        start, chains = hosts.share(restore(members))
        for member in members if hosts.first() else []:
            member.truncate_metrics(start)
        run.steps = STEPS
        for step in range(start, STEPS):
            time.sleep(pause)
            run.step = step + 1
            chains = [link(chain, step) for chain in chains]
            run.log(step + 1, {"loss": list(map(loss, chains))})
            if config["name"] == "fail" and step > 2:
                for index in range(len(members)):
                    run.end(index, "failed", error="failed as asked")
                return 1
            save = run.agree(run.step, save=run.step % SAVE_EVERY == 0)
            if (run.stopping or save) and hosts.first():
                run.flush()
                for member, chain in zip(members, chains, strict=True):
                    write_atomic(member.path / "saved", json.dumps([run.step, chain]))
            if run.stopping:
                for index in range(len(members)):
                    run.end(index, run.stopped or "cancelled", step=run.step)
                return worker.TIME_UP if run.time_up else 0
        run.finish({"loss": list(map(loss, chains))})
        if hosts.first():
            note(members, "end")
    return 0


def link(chain: str, step: int) -> str:
    return hashlib.sha256(f"{chain} {step}".encode()).hexdigest()


def loss(chain: str) -> int:
    return int(chain[:6], 16)


def number(run: str) -> int:
    """What the run of this id must end with."""
    return loss(functools.reduce(link, range(STEPS), run))


def note(members: list[RunDir], what: str) -> None:
    """A line of the journal per run: what, its id, the attempt. Several processes write it."""
    for member in members:
        with open(member.path.parent / "journal", "a") as file:
            file.write(f"{what} {member.id} {member.status()['attempt']}\n")


def journal(folder: Path, what: str) -> list[tuple[str, int]]:
    """The runs of a folder that started, or ended, in that order, with the attempt."""
    lines = [line.split() for line in (folder / "journal").read_text().splitlines()] if (folder / "journal").exists() else []
    return [(run, int(attempt)) for kind, run, attempt in lines if kind == what]


def restore(members: list[RunDir]) -> tuple[int, list[str]]:
    saved = [json.loads(path.read_text()) if (path := member.path / "saved").exists() else [0, member.id] for member in members]
    if len({step for step, _ in saved}) > 1:  # killed between two members: as far as all have come
        return 0, [member.id for member in members]
    return saved[0][0], [chain for _, chain in saved]


# In every Python process below $PYTHONPATH: this training in the place of jax, and the throw-away paper of the test.
SITE = """
import sys
sys.path.insert(0, {root!r})
import configs, configs.clusters
from bench import _counting
from launch import worker
import launch.configs
from launch.engines import local, slurm  # before they would take over another ROOT
worker.compute = _counting.compute
configs.__path__.append({configs!r})
configs.clusters.__path__.append({clusters!r})
launch.configs.ROOT = __import__("pathlib").Path({toy!r})
"""


def site(folder: Path, root: Path) -> dict[str, str]:
    """Writes sitecustomize.py, which Python runs at its start, for papers and clusters described below `root`/configs. Returns the
    environment of such a process."""
    folder.mkdir(exist_ok=True)
    configs = root / "configs"
    text = SITE.format(root=str(Path(__file__).parents[1]), configs=str(configs), clusters=str(configs / "clusters"), toy=str(root))
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}

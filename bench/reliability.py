"""What a sweep makes of the death of its parts: workers, launchers, jobs and nodes are killed at random while fifty tiny runs are computed,
by processes of this machine and on a SLURM cluster of real daemons. Every run must end `done`, once, with the numbers of a quiet sweep.

    python -m bench reliability
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import _counting
from bench._table import row, title
from launch.engines import loopback
from shared.errors import BadInput
from shared.rundir import RunDir, all_runs

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 900  # seconds for a sweep

# Four runs in five come in packs of two; the others each need a pack.
CONFIG = '''
"""Runs that count."""
from ml_collections import ConfigDict

def get_config(scale):
    fields = {{"entry": "train", "scale": scale, "mesh": "cpu", "packable": ("seed",), "seed": 0, "pair": 0, "needs": False}}
    return ConfigDict(fields | {{"name": "{pause} a step"}})

def resolve(config):
    return config

def cost(config):
    return {{"flops": 1.0, "bytes": 1.0}}

def sweep(config):
    yield from ({{"pair": index // 2, "seed": index}} for index in range({runs} * 4 // 5))
    yield from ({{"pair": index, "needs": True}} for index in range({runs} // 5))

def needs(config):
    pair = [("trial/counted", {{"pair": config.pair, "seed": 2 * config.pair + index}}) for index in range(2)]
    return {{"pair": pair}} if config.needs else {{}}
'''
CLUSTER = 'from configs.clusters import Slurm\n\nCLUSTER = Slurm(partition="short", minutes=10, grace=30, parallel=4)\n'


@dataclass
class World:
    """A sweep of its own: config files, run directories, launchers. `cluster` carries it if there is one, else this machine."""

    folder: Path
    runs: int
    pause: float
    cluster: loopback.Cluster | None = None
    launchers: list[subprocess.Popen[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # by launchers that ended otherwise than with 0 or 1

    def __post_init__(self) -> None:
        configs = self.folder / "root" / "configs"
        for part in ("trial", "clusters"):
            (configs / part).mkdir(parents=True)
        (configs / "trial" / "counted.py").write_text(CONFIG.format(runs=self.runs, pause=self.pause))
        (configs / "clusters" / "tried.py").write_text(CLUSTER)
        self.environment = os.environ | _counting.site(self.folder / "site", self.folder / "root")
        self.environment |= {"PAPERCLUB_RUNS": str(self.folder / "runs"), "WANDB_MODE": "disabled"}
        if self.cluster:
            self.environment |= self.cluster.environment

    def launch(self) -> None:
        words = ["sweep", "trial/counted", "--yes", *(["--on", "tried"] if self.cluster else [])]
        command, pipe = [sys.executable, "-m", "launch", *words], subprocess.PIPE
        self.launchers.append(subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=pipe, stderr=pipe, text=True))

    def ended(self) -> list[int]:
        """Exit codes of the launchers that ended since the last look."""
        codes = []
        for launcher in [one for one in self.launchers if one.poll() is not None]:
            self.launchers.remove(launcher)
            error = launcher.communicate()[1]
            codes.append(launcher.returncode)
            if launcher.returncode not in (0, 1, -signal.SIGKILL):
                self.said.append(error.strip()[-500:])
        return codes

    @property
    def found(self) -> list[RunDir]:
        return all_runs(self.folder / "runs")


@dataclass
class Outcome:
    seconds: float
    launches: int
    blows: Counter[str]
    world: World

    def check(self, quiet: dict[str, Any]) -> dict[str, int]:
        """What must be 0 is wrong: runs that are not done, ended twice, left out or repeated a step, or gave other numbers."""
        runs, here = self.world.found, results(self.world)
        ends = Counter(run for run, _ in _counting.journal(runs[0].path.parent, "end"))
        starts = Counter(_counting.journal(runs[0].path.parent, "start"))
        rows = {run.id: [line["step"] for line in run.metrics()] for run in runs}
        return {
            "not done": sum(run.state() != "done" for run in runs),
            "ended twice": sum(count > 1 for count in ends.values()),
            "attempt given twice": sum(count > 1 for count in starts.values()),
            "steps lost or repeated": sum(steps != list(range(1, _counting.STEPS + 1)) for steps in rows.values()),
            "other numbers": sum(here.get(id) != quiet.get(id) for id in here.keys() | quiet.keys()),
            "still claimed": sum(run.claimed() for run in runs),
            "launchers crashed": len(self.world.said),
        }


def results(world: World) -> dict[str, Any]:
    return {run.id: run.status().get("final") for run in world.found}


# -- blows: each finds a victim, or tells that there is none ------------------------------------------------------------


def holders(world: World) -> list[int]:
    """The processes at work on a run."""
    found = []
    for run in world.found:
        holder = run.holder()
        if holder and run.claimed() and not any(holder["pid"] == launcher.pid for launcher in world.launchers):
            found.append(holder["pid"])
    return sorted(set(found))


def kill_worker(world: World, dice: random.Random, number: int = signal.SIGKILL) -> bool:
    pids = holders(world)
    if pids:
        loopback.kill(dice.choice(pids), number)
    return bool(pids)


def stop_worker(world: World, dice: random.Random) -> bool:
    return kill_worker(world, dice, signal.SIGTERM)


def kill_launcher(world: World, dice: random.Random) -> bool:
    if world.launchers:
        dice.choice(world.launchers).kill()
    return bool(world.launchers)


def jobs(world: World) -> list[str]:
    return world.cluster.ask("squeue", "--me", "-h", "-r", "-t", "RUNNING,PENDING", "-o", "%i").split()


def cancel_job(world: World, dice: random.Random) -> bool:
    ids = jobs(world)
    if ids:
        world.cluster.ask("scancel", dice.choice(ids))
    return bool(ids)


def requeue_job(world: World, dice: random.Random) -> bool:
    ids = world.cluster.ask("squeue", "--me", "-h", "-r", "-t", "RUNNING", "-o", "%i").split()
    if ids:
        world.cluster.ask("scontrol", "requeue", dice.choice(ids))
    return bool(ids)


def kill_node(world: World, dice: random.Random) -> bool:
    """Its power fails, the controller is told, and a second later it is back."""
    node = dice.choice(world.cluster.nodes)
    world.cluster.kill_node(node)
    world.cluster.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=dead")
    time.sleep(1)
    world.cluster.start_node(node)
    return True


Blow = Callable[[World, random.Random], bool]
HERE: dict[str, Blow] = {"worker killed": kill_worker, "worker asked to stop": stop_worker, "launcher killed": kill_launcher}
AWAY: dict[str, Blow] = HERE | {"job cancelled": cancel_job, "job requeued": requeue_job, "node died": kill_node}


def carry(world: World, blows: int = 0, launchers: int = 1, seed: int = 0, every: float = 1.0) -> Outcome:
    """The sweep with `launchers` at a time, typed again and again until it is done. Blows fall about `every` so many seconds."""
    dice, fell, launches, begin = random.Random(seed), Counter(), 0, time.monotonic()
    kinds = AWAY if world.cluster else HERE
    codes: list[int] = []
    due = begin + every
    while 0 not in codes or fell.total() < blows and any(run.state() != "done" for run in world.found):
        while len(world.launchers) < launchers:
            world.launch()
            launches += 1
        time.sleep(0.05)
        if fell.total() < blows and time.monotonic() > due and holders(world):  # something is lost by it
            hit = next((name for name in dice.sample(sorted(kinds), len(kinds)) if kinds[name](world, dice)), None)
            fell.update([hit] if hit else [])
            due = time.monotonic() + dice.uniform(0.2, 1.8) * every
        codes = world.ended()
        if time.monotonic() - begin > PATIENCE:
            raise BadInput(f"the sweep does not come to its end: see {world.folder}")
    for launcher in world.launchers:
        launcher.wait()
    world.ended()
    return Outcome(time.monotonic() - begin, launches, fell, world)


Case = tuple[str, loopback.Cluster | None, int]  # what it is called, the cluster (this machine), launchers at a time


def trial(folder: Path, runs: int, pause: float, blows: int, cluster: loopback.Cluster | None, launchers: int = 1) -> tuple[Any, ...]:
    """A quiet sweep, a disturbed one, and what is wrong with the second."""
    (folder / "quiet").mkdir(parents=True), (folder / "disturbed").mkdir()
    quiet = carry(World(folder / "quiet", runs, pause, cluster))
    disturbed = carry(World(folder / "disturbed", runs, pause, cluster), blows, launchers)
    return quiet, disturbed, disturbed.check(results(quiet.world))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases: list[Case] = [("this machine", None, 1), ("this machine, two launchers", None, 2)]
        if loopback.missing():
            print(f"no SLURM: {loopback.missing()}")
        else:
            cases.append(("SLURM, four nodes", loopback.Cluster(folder / "slurm"), 1))
        title("50 runs of 20 steps on", "blows", "launches", "starts of a run", "seconds (quiet)", "wrong")
        for index, (what, cluster, launchers) in enumerate(cases):
            if cluster:
                cluster.start()
            try:
                quiet, disturbed, wrong = trial(folder / str(index), 50, 0.1, 40, cluster, launchers)
            finally:
                if cluster:
                    cluster.stop()
            fell = ", ".join(f"{count} x {kind}" for kind, count in sorted(disturbed.blows.items()))
            starts = sum(run.status()["attempt"] for run in disturbed.world.found)
            bad = ", ".join(f"{count} {kind}" for kind, count in wrong.items() if count) or "nothing"
            row(what, fell, disturbed.launches, starts, f"{disturbed.seconds:.0f} ({quiet.seconds:.0f})", bad)
            if disturbed.world.said:
                print(json.dumps(disturbed.world.said, indent=1))


if __name__ == "__main__":
    main()

"""Sweeps of 8 and of 64 tiny runs (bench/_tiny.py): our launcher, packed and with a process per run, against Hydra's launchers and Ray
Tune. All sides do our worker's work (the same training, metrics, weights, records) with the same interpreter on the same cores, each
from a compilation cache of its own that is empty at first. A second call, of the smaller sweep, finds that cache warm; ours finds its
runs, too, since they are known by what they are, and the others compute all of them again.

    python -m bench sweeps
"""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import _environment
from bench._table import row, title

ROOT = Path(__file__).parent.parent
COUNTS = (8, 64)
TOO_MANY = 16  # processes of 0.4 GB that start at the same moment
LAUNCHERS = {"joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs={cores}"], "submitit": ["hydra/launcher=submitit_local"]}


def contenders() -> dict[str, Callable[[int, str], list[str]]]:
    """Name -> arguments of Python, from the number of runs and a folder."""
    cores = len(os.sched_getaffinity(0))

    def hydra(*words: str) -> Callable[[int, str], list[str]]:
        fixed = ["-m", "bench._hydra", "--multirun", *(word.format(cores=cores) for word in words)]
        return lambda count, folder: [*fixed, f"seed=range({count})", f"hydra.sweep.dir={folder}/hydra"]

    return {
        "ours, packed": lambda count, folder: ["-m", "bench._tiny", "packed", str(count)],
        "ours, a process per run": lambda count, folder: ["-m", "bench._tiny", "solo", str(count)],
        "Hydra, basic": hydra(),
        **{f"Hydra, {name}": hydra(*words) for name, words in LAUNCHERS.items()},
        "Ray Tune": lambda count, folder: ["-m", "bench._ray", str(count), f"{folder}/ray"],
    }


def timed(python: Path, words: list[str], folder: str) -> tuple[float, float]:
    """Seconds of wall time and of processor time: of the processes that were waited for, and what Ray says of its own."""
    environment = os.environ | {
        "PAPERCLUB_RUNS": f"{folder}/runs", "PAPERCLUB_CACHE": f"{folder}/cache", "WANDB_MODE": "disabled", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([python, *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    made = len(list(Path(folder, "runs").glob("infinite_compute/train/*/weights")))
    if done.returncode or not made:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    told = [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("processor ")]
    return end - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + sum(told)


def main(counts: tuple[int, ...] = COUNTS) -> None:
    python = _environment.python("requirements-launchers.txt", "Hydra and Ray Tune")
    if python is None:
        return
    print("seconds of wall time; per run: wall time over their number; load: processes that wanted a core before the first call")
    title("runs", "launcher", "wall", "per run", "processor", "second call", "load")
    for count in counts:
        for name, words in contenders().items():
            if name == "Hydra, submitit" and count > TOO_MANY:
                row(count, name, "not run: it starts all processes at once, 0.4 GB each", "", "", "", "")
                continue
            with tempfile.TemporaryDirectory() as folder:
                load = os.getloadavg()[0]
                wall, cpu = timed(python, words(count, folder), folder)
                if not name.startswith("ours"):
                    shutil.rmtree(f"{folder}/runs")  # our worker would know them, whoever calls it
                again = f"{timed(python, words(count, folder), folder)[0]:.1f}" if count == COUNTS[0] else ""
            row(count, name, f"{wall:.1f}", f"{wall / count:.2f}", f"{cpu:.0f}", again, f"{load:.1f}")

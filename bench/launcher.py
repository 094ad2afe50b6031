"""How long the launcher keeps a person waiting: every cheap verb, a plan of 10,000 runs, `status` of 10,000 runs, a report of 500
runs, the second launch of a finished sweep, and a resumed run's way to its first new step.

    python -m bench launcher
"""

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench._table import row, title
from shared.data import registry

PLAN = """
import sys
from launch.plan import Builder, Plan
builder = Builder("cpu")
for seed in range(10_000):
    builder.need("infinite_compute/train", {"seed": seed, "data.seed": seed})
Plan("infinite_compute/train", "cpu", builder.runs, list(builder.runs), 0, False).columns
sys.exit("jax" in sys.modules)
"""

RUNS = """
import sys
from launch.plan import Builder, Plan
from launch.sweep import create, record
count = int(sys.argv[1])
builder = Builder("cpu")
cells = [{"seed": seed, "data.seed": seed, "optim.lr": lr} for seed in range(count // 5) for lr in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)]
ids = [builder.need("infinite_compute/train", cell) for cell in cells]
made = Plan("infinite_compute/train", "cpu", builder.runs, ids, 0, False)
create(made)
record(made, [], "")
for number, run in enumerate(made.runs.values()):
    loss = 3.5 + 0.1 * (number % 5) + 0.001 * (number % 7)
    rows = [{"step": step, "train/loss": loss + 1 / step, "val/loss": loss + 1 / step} for step in range(256, 2_049, 256)]
    run.dir.append_metrics(rows)
    run.dir.update(state="done", step=2_048, started=1.0, ended=2.0, heartbeat=2.0, final={"val/loss": loss, "test/loss": loss})
"""


def made_up(count: int, folder: str) -> dict[str, str]:
    """A world of finished runs with made-up numbers: one sweep, five learning rates."""
    environment = os.environ | {"PAPERCLUB_RUNS": folder, "WANDB_MODE": "offline"}
    subprocess.run([sys.executable, "-c", RUNS, str(count)], env=environment, check=True)
    return environment


def told(what: str, words: list[str], environment: dict[str, str], repetitions: int = 3) -> None:
    """Prints the median wall and processor time of some calls, in seconds: the second is worth more on a machine that is not idle."""
    times, processor = [], []
    for _ in range(repetitions):
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(time.perf_counter() - begin)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    row(what, f"{statistics.median(times):.2f}", f"{statistics.median(processor):.2f}")


def resume(environment: dict[str, str]) -> float:
    """Seconds from the relaunch of a killed run to its first new row of metrics, compilation cache warm."""
    words = [sys.executable, "-m", "launch", "run", "infinite_compute/train", "--scale=cpu", "--config.save.every_minutes=0.02"]
    runs = Path(environment["PAPERCLUB_RUNS"]) / "infinite_compute" / "train"
    before = set(runs.glob("*"))
    first = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    while not (fresh := [path for path in set(runs.glob("*")) - before if logged(path) >= 0]):
        time.sleep(0.1)
    time.sleep(3)
    os.kill(json.loads((fresh[0] / "claim.lock").read_text())["pid"], signal.SIGKILL)
    first.wait()
    last = logged(fresh[0])
    begin = time.monotonic()
    second = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    while logged(fresh[0]) <= last and second.poll() is None:
        time.sleep(0.05)
    taken = time.monotonic() - begin
    second.send_signal(signal.SIGTERM)
    second.wait()
    return taken


def logged(run: Path) -> int:
    """The last step in a run's metrics; -1 before the first row."""
    rows = (run / "metrics.jsonl").read_text().splitlines() if (run / "metrics.jsonl").exists() else []
    return json.loads(rows[-1])["step"] if rows else -1


def main() -> None:
    print("seconds, medians of 3 (of the worlds of many runs: one call)")
    title("", "wall", "processor")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PAPERCLUB_RUNS": folder, "WANDB_MODE": "offline"}
        sweep = ["-m", "launch", "sweep", "infinite_compute/fig14", "--scale=smoke", "--yes"]
        subprocess.run([sys.executable, *sweep], env=environment, check=True, capture_output=True)
        told("`launch list`", ["-m", "launch", "list"], environment)
        told("`launch show infinite_compute/fig3`", ["-m", "launch", "show", "infinite_compute/fig3"], environment)
        told("`launch status`", ["-m", "launch", "status"], environment)
        told("second launch of a finished sweep, nothing runs", sweep, environment)
        told("plan of a 10,000-run sweep, without importing jax", ["-c", PLAN], environment)
    with tempfile.TemporaryDirectory() as folder:
        told("`launch status` of 10,000 runs", ["-m", "launch", "status"], made_up(10_000, folder), 1)
    with tempfile.TemporaryDirectory() as folder:
        environment = made_up(500, f"{folder}/runs")
        compare = ["-m", "launch", "compare", "infinite_compute/train", f"--page={folder}/page.html"]
        told("`launch compare --page` of 500 runs", compare, environment, 1)
        told("`launch report` of 500 runs and all committed results", ["-m", "launch", "report", f"--out={folder}"], environment, 1)
    if not registry.available("enwik8", 512):
        print(f"how a killed run goes on is left out: {registry.command('enwik8', 512)}")
        return
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PAPERCLUB_RUNS": folder, "WANDB_MODE": "offline"}
        row("a killed run, from relaunch to its first new row of metrics, compilation cache warm", f"{resume(environment):.2f}", "")


if __name__ == "__main__":
    main()

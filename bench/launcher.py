"""How long the launcher keeps a person waiting: every cheap verb, a plan of 1,000 runs, the second launch of a finished
sweep, and a resumed run's way to its first new step.

    python -m bench launcher
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAN = """
import sys, time
begin = time.perf_counter()
from launch.plan import Builder, Plan
builder = Builder("cpu")
for seed in range(1000):
    builder.need("infinite_compute/train", {"seed": seed, "data.seed": seed})
Plan("infinite_compute/train", "cpu", builder.runs, list(builder.runs), 0, False).columns
print(time.perf_counter() - begin, "jax" in sys.modules)
"""


def wall(words: list[str], environment: dict[str, str]) -> float:
    """Median wall time of three calls, in seconds."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


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
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PAPERCLUB_RUNS": folder, "WANDB_MODE": "offline"}
        sweep = ["-m", "launch", "sweep", "infinite_compute/fig14", "--scale=smoke", "--yes"]
        subprocess.run([sys.executable, *sweep], env=environment, check=True, capture_output=True)
        print("seconds of wall time, median of 3")
        print(f"  launch list                               {wall(['-m', 'launch', 'list'], environment):6.2f}")
        print(f"  launch show infinite_compute/fig3         {wall(['-m', 'launch', 'show', 'infinite_compute/fig3'], environment):6.2f}")
        print(f"  launch status                             {wall(['-m', 'launch', 'status'], environment):6.2f}")
        print(f"  second launch of a finished sweep         {wall(sweep, environment):6.2f}")
        seconds, jax = subprocess.run([sys.executable, "-c", PLAN], capture_output=True, text=True, check=True).stdout.split()
        print(f"  plan of a 1,000-run sweep                 {float(seconds):6.2f}   (jax imported: {jax})")
        print(f"  killed run, relaunch to first new row     {resume(environment):6.2f}   (compilation cache warm)")


if __name__ == "__main__":
    main()

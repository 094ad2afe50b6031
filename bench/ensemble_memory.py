"""Peak memory of evaluating an ensemble, by its size: only a running mean of the logits is kept, so it must not grow.

    python -m bench ensemble_memory
"""

import subprocess
import sys
import tempfile
from pathlib import Path

MEASURE = """
import resource, sys
from pathlib import Path
import jax, numpy as np
from ml_collections import ConfigDict
from configs.infinite_compute.base import get_config, resolve
from projects.infinite_compute import evaluation
from projects.infinite_compute.ensemble import curve
from projects.infinite_compute.model import build
from shared import checkpoint
from shared.rundir import RunDir
folder, count = Path(sys.argv[1]), int(sys.argv[2])
config = resolve(get_config("cpu"))
model, members = build(config), [RunDir(folder / str(index)) for index in range(count)]
for index, member in enumerate(members):
    if not (member.path / "weights").exists():
        checkpoint.save(member.path / "weights", model.init(jax.random.key(index)))
rows = np.random.default_rng(0).integers(0, config.data.vocab, (8, 64, config.data.context), np.int32)
curve(model, members, rows, lambda losses: losses.mean((-2, -1)), "logits")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(folder: Path, members: int) -> float:
    """MiB of resident memory at the most, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEASURE, str(folder), str(members)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


def main() -> None:
    print("peak memory of an ensemble evaluation, 32,768 tokens, cpu S model")
    with tempfile.TemporaryDirectory() as folder:
        peak(Path(folder), 16)  # writes the members
        first = peak(Path(folder), 1)
        for members in (1, 2, 4, 8, 16):
            value = peak(Path(folder), members)
            print(f"  K = {members:2}   {value:7.0f} MiB   {value / first:.2f} x")


if __name__ == "__main__":
    main()

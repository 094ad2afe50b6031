"""MNIST-1D (Greydanus, 2020): 5,000 made-up signals of 40 values that look like digits drawn as curves.

The package generates them with its own fixed seed; its code is run in a process of its own, straight out of the verified wheel.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data.source import Labelled
from shared.data.wheel import in_wheel
from shared.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

SHA256 = "e780fadc12ab6e45994dcb02bbe728b347243e0a5d13790f2a86992500eceb86"
WHEEL = in_wheel("mnist1d", "mnist1d==0.0.2.post1", SHA256, 14_369)
GENERATE = """
import numpy
from mnist1d.data import get_dataset_args, make_dataset
made = make_dataset(get_dataset_args())
numpy.savez("made.npz", **{name: made[name] for name in ("x", "y", "x_test", "y_test")})
"""


def decode(folder: Path) -> "dict[str, np.ndarray]":
    import numpy as np  # here, since listing needs none

    environment = os.environ | {"PYTHONPATH": WHEEL["raw"], "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", GENERATE], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"mnist1d did not generate its data ({last}): run make venv for the packages it imports")
    with np.load(folder / "made.npz") as made:
        inputs = {f"{part}_inputs": made[name].astype(np.float32) for part, name in (("train", "x"), ("test", "x_test"))}
        labels = {f"{part}_labels": made[name].astype(np.uint8) for part, name in (("train", "y"), ("test", "y_test"))}
    return inputs | labels


SOURCE = Labelled(
    **{key: value for key, value in WHEEL.items() if key not in ("raw", "sha256")},
    about="MNIST-1D, 4,000 + 1,000 generated signals of 40 values in 10 classes",
    licence="Apache-2.0",
    space=5_000_000,
    classes=10,
    shape=(40,),
    files={WHEEL["raw"]: SHA256},
    decode=decode,
)

"""The 1,797 digits of 8 x 8 that come with scikit-learn: real pictures without a download, for tests and the scale `smoke`."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data.source import Labelled, Say, check_given

if TYPE_CHECKING:
    import numpy as np

RAW = "digits.csv.gz"
TRAIN = 1_397  # the last 400 are for testing


def fetch(folder: Path, given: Path | None, say: Say) -> None:
    if given is not None:
        check_given(given, SOURCE.alternative)
    shutil.copyfile(given or Path(find_spec("sklearn").origin).parent / "datasets" / "data" / RAW, folder / RAW)


def decode(folder: Path) -> "dict[str, np.ndarray]":
    """Grey levels 0 to 16 become 0 to 255."""
    import numpy as np  # here, since listing needs none

    rows = np.loadtxt(folder / RAW, delimiter=",")
    inputs, labels = np.rint(rows[:, :-1] * 255 / 16).astype(np.uint8).reshape(-1, 8, 8, 1), rows[:, -1].astype(np.uint8)
    return {"train_inputs": inputs[:TRAIN], "train_labels": labels[:TRAIN], "test_inputs": inputs[TRAIN:], "test_labels": labels[TRAIN:]}


SOURCE = Labelled(
    name="digits",
    about="1,397 + 400 handwritten digits, grey pictures of 8 x 8 in 10 classes, for tests",
    licence="UCI, Alpaydin and Kaynak 1998, CC BY 4.0; comes with scikit-learn",
    how="in the package scikit-learn",
    alternative="run make venv",
    size=57_523,
    space=2_000_000,
    network=False,
    fetch=fetch,
    classes=10,
    shape=(8, 8, 1),
    files={RAW: "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"},
    decode=decode,
)

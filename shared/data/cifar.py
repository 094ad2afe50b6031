"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): 60,000 coloured pictures of 32 x 32, from a binary version that the user has.

No package holds them, so there is nothing to fetch them with: a folder with the .bin files, or the archive they come in, is given.
"""

import shutil
import tarfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data.source import Labelled, Say, check_given
from shared.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

TEN = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
HUNDRED = {
    "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
    "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
}
PIXELS = 3 * 32 * 32


def fetch(name: str, files: dict[str, str], alternative: str, folder: Path, given: Path | None, say: Say) -> None:
    """The .bin files, from a folder or the archive."""
    if given is None:
        raise BadInput(f"{name} is in no package: {alternative}")
    if given.is_dir():
        for file in files:
            if not (given / file).is_file():
                raise BadInput(f"{given} lacks {file}: {alternative}")
            shutil.copyfile(given / file, folder / file)
        return
    check_given(given, alternative)
    try:
        with tarfile.open(given) as archive:
            for member in archive:
                if Path(member.name).name in files:
                    (folder / Path(member.name).name).write_bytes(archive.extractfile(member).read())
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BadInput(f"{given} is no whole archive ({error}): {alternative}") from None


def decode(files: dict[str, str], folder: Path) -> "dict[str, np.ndarray]":
    """A record is its labels (CIFAR-100: coarse, then fine, which counts), then the red, green and blue planes."""
    import numpy as np  # here, since listing needs none

    labels = len(files) == len(HUNDRED)
    found = {}
    for part, starts in (("train", ("data", "train")), ("test", ("test",))):
        rows = np.concatenate([
            np.frombuffer((folder / name).read_bytes(), np.uint8).reshape(-1, 1 + labels + PIXELS)
            for name in files
            if name.startswith(starts)
        ])  # fmt: skip
        found[f"{part}_inputs"] = np.ascontiguousarray(rows[:, -PIXELS:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        found[f"{part}_labels"] = rows[:, int(labels)].copy()
    return found


def source(classes: int, files: dict[str, str], size: int) -> Labelled:
    name, archive = f"cifar{classes}", f"cifar-{classes}-binary.tar.gz"
    alternative = f"get {archive} from Krizhevsky's page and run python -m launch data {name} --from it, or the folder of its .bin files"
    return Labelled(
        name=name,
        about=f"CIFAR-{classes}, 50,000 + 10,000 coloured pictures of 32 x 32 in {classes} classes; to be given",
        licence="none stated; cite Krizhevsky 2009; not redistributed here",
        how=f"{archive}, from its author's page",
        alternative=alternative,
        size=size,
        space=400_000_000,
        network=True,
        fetch=partial(fetch, name, files, alternative),
        classes=classes,
        shape=(32, 32, 3),
        files=files,
        decode=partial(decode, files),
    )


CIFAR10 = source(10, TEN, 170_052_171)
CIFAR100 = source(100, HUNDRED, 168_513_733)

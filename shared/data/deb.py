"""Files out of a Debian package, which need not be installed: it is fetched with apt, or given, and opened here."""

import io
import shutil
import tarfile
from pathlib import Path
from typing import NamedTuple

from shared.data.client import client
from shared.data.source import Say
from shared.errors import BadInput


class Package(NamedTuple):
    """What is wanted of a package."""

    name: str
    size: str  # in words
    installed: Path  # the folder where it puts the files
    files: tuple[str, ...]
    alternative: str  # what a person does when apt does not give it


def fetch(package: Package, data: str, folder: Path, given: Path | None, say: Say) -> None:
    """The files of the data set `data`, from a folder or a .deb file of the user's, from the installed package, or by apt."""
    if given is None and not any((package.installed / name).is_file() for name in package.files):
        say(f"{data}: downloading {package.name} ({package.size}) with apt-get")
        given = client("apt-get", ["apt-get", "download", package.name], package.name, folder, "*.deb", package.alternative)
    place = given or package.installed
    if place.is_dir():
        for name in package.files:
            if not (place / name).is_file():
                raise BadInput(f"{place} lacks {name}: {package.alternative}")
            shutil.copyfile(place / name, folder / name)
    else:
        unpack(package, place, folder)


def unpack(package: Package, file: Path, folder: Path) -> None:
    """The files out of a .deb, which is an ar archive with a tar archive inside. Raises BadInput."""
    try:
        with tarfile.open(fileobj=io.BytesIO(part_of(file.read_bytes(), b"data.tar"))) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in package.files:
                    (folder / name).write_bytes(archive.extractfile(member).read())
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise BadInput(f"{file} is no whole package {package.name} ({error}): {package.alternative}") from None


def part_of(archive: bytes, prefix: bytes) -> bytes:
    """The content of the first part of an ar archive whose name begins so."""
    place = len(b"!<arch>\n")
    while len(header := archive[place : place + 60]) == 60:
        size = int(header[48:58])
        if header.startswith(prefix):
            return archive[place + 60 : place + 60 + size]
        place += 60 + size + size % 2
    raise ValueError(f"no {prefix.decode()} in it")

"""A .deb that was made up."""

import io
import tarfile


def package(place: str, files: dict[str, bytes]) -> bytes:
    """An ar archive of two parts, the first of odd length; the files lie in the folder `place` of the second."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{place}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    parts = {"debian-binary": b"2.0", "data.tar.xz": inner.getvalue()}
    found = b"!<arch>\n"
    for name, data in parts.items():
        header = f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
        found += header.encode() + data + b"\n" * (len(data) % 2)
    return found

"""Freed memory stays with the process that asked for it, so that the next step finds its pages warm."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
from shared.allocator import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = bytearray(64 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def second_time(mode):
    """Page faults of touching 64 MB that were allocated, touched and freed before."""
    run = subprocess.run([sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_pages_are_touched_for_the_first_time_once():
    assert second_time("keep") < 100 < second_time("default")

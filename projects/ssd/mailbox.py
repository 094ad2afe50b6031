"""What the two processes say to each other: named arrays in memory both see, and a socket that wakes the other side.

The memory is a temporary file without a name, so nothing is left behind however the processes end. Whoever writes a
message writes the arrays first and rings then; the socket orders the two. It closes with its process: a ring that
fails, or the end of the stream where a ring was awaited, is the death of the other side.
"""

import contextlib
import math
import mmap
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

ALIGN = 64  # bytes: every array has cache lines of its own
ATTENTIVE = 0.005  # seconds for which a waiting side with cores of its own stays awake: being woken takes as long as a small draft's token
# What a ring means. To the draft: prompts are there; an outcome is there and waits for its answer; one is there that was answered from
# what is shown. From the draft: done; the answers to the next outcomes are shown.
START, ANSWER, TOLD, DONE, SHOWN = b"s", b"a", b"t", b"d", b"h"


class Sizes(NamedTuple):
    """What fixes the layout; the job file tells the child."""

    batch: int
    size: int  # slots of the cache: no prompt is longer [tokens]
    lookahead: int  # the largest K
    branches: int  # M, outcomes per speculation cache
    vocab: int


def fields(sizes: Sizes) -> dict[str, tuple[type, tuple[int, ...]]]:
    """Name -> dtype and shape of every array."""
    b, s, k, m, v = sizes
    return {
        "width": (np.int32, ()),  # columns of `prompts` in use
        "prompts": (np.int32, (b, s)),
        "lengths": (np.int32, (b,)),
        "ids": (np.int32, (b,)),
        "temperature": (np.float32, (b,)),
        "seed": (np.int64, ()),
        "outcome": (np.int32, (3, b)),  # k, bonus, active
        "lookahead": (np.int32, ()),  # K of this round
        "backup": (np.int32, ()),  # index into drafting.BACKUPS
        "tables": (np.int32, (4, m)),  # kidx and rank after a hit, kidx and rank after a miss
        "speculation": (np.int32, (b, k)),
        "q": (np.float32, (b, k, v)),
        "hit": (np.int32, (b,)),
        "rank": (np.int32, (b,)),
        "source": (np.int32, (b,)),
        "times": (np.float64, (2,)),  # begin and end of the last answer [s, perf_counter]
        # what answers.py shows, from one SHOWN to the next ANSWER or TOLD
        "kidx": (np.int32, (b, m)),
        "bonus": (np.int32, (b, m)),
        "answers": (np.int32, (b, m, k)),
        "laws": (np.float32, (b, m, k, v)),
        "trunk": (np.float32, (b, k + 1, v)),
        "ahead": (np.float64, (2,)),  # begin and end of the prespeculation that made it
    }


def offsets(sizes: Sizes) -> tuple[dict[str, int], int]:
    """Where each array begins, and the bytes of all."""
    at, end = {}, 0
    for name, (dtype, shape) in fields(sizes).items():
        at[name] = end
        end += -(-math.prod(shape) * np.dtype(dtype).itemsize // ALIGN) * ALIGN
    return at, end


def anonymous(size: int) -> int:
    """A descriptor of `size` bytes of memory that has no name in any folder."""
    folder = "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(size)
        return os.dup(file.fileno())


class Mailbox:
    """The arrays, as views of the shared memory behind `descriptor`."""

    def __init__(self, descriptor: int, sizes: Sizes):
        at, size = offsets(sizes)
        self.memory = mmap.mmap(descriptor, size)
        self.arrays = {
            name: np.frombuffer(self.memory, dtype, math.prod(shape), at[name]).reshape(shape)
            for name, (dtype, shape) in fields(sizes).items()
        }

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]


def ring(bell: socket.socket, meaning: bytes) -> None:
    """Raises EOFError when the other side is gone."""
    try:
        bell.sendall(meaning)
    except ConnectionError:
        raise EOFError from None


def wait(bell: socket.socket, attentive: bool = False) -> bytes:
    """What the other side means by its next ring; attentive: looks again and again for a while before it sleeps. Raises EOFError when
    the other side is gone."""
    asleep = time.perf_counter() + ATTENTIVE * attentive
    try:
        while time.perf_counter() < asleep:
            with contextlib.suppress(BlockingIOError):
                return heard(bell.recv(1, socket.MSG_DONTWAIT))
        return heard(bell.recv(1))
    except ConnectionError:
        raise EOFError from None


def heard(meaning: bytes) -> bytes:
    if not meaning:
        raise EOFError
    return meaning

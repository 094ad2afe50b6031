"""How our side of a bench begins: on its cores, keeping freed memory; and how it takes the time of a step."""

import os
import sys
import time
from collections.abc import Callable

from shared.allocator import keep_memory


def begin() -> None:
    """Of a command line TASK CORES ... Call it before jax is imported, which counts the cores that it sees."""
    os.sched_setaffinity(0, range(int(sys.argv[2])))
    keep_memory()


def seconds(step: Callable, *words: object) -> float:
    """Of one step, until what it returns is there."""
    import jax  # here, since it has to see the cores

    begin = time.perf_counter()
    jax.block_until_ready(step(*words))
    return time.perf_counter() - begin

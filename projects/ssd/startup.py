"""What has to be settled before jax starts: cores, memory, compiled programs.

Two processes pinned apart overlap perfectly; two devices of one process share its cores and hide little.
"""

import os
from collections.abc import Sequence

from shared.allocator import keep_memory
from shared.data import cache


def split() -> tuple[list[int], list[int]]:
    """Cores for the target and for the draft: the halves of what this process may use. A single core is the target's."""
    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    half = (len(mine) + 1) // 2
    return mine[:half], mine[half:]


spare: list[int] = []  # cores that this process keeps off, for the process of its draft


def keep_apart() -> None:
    """This process on the first half of its cores; the other half is for the draft's. Before jax starts."""
    mine, spare[:] = split()
    pin(mine)


def pin(cores: Sequence[int]) -> None:
    """This process on these cores (none: where it is), where the system can. jax counts them when it starts."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def start_jax() -> None:
    """Keeps freed memory in this process, and compiled programs for the next one.

    Whoever may write compiled programs may run code as you, so their folder is private.
    """
    keep_memory()
    compiled = cache.root() / "compiled"
    compiled.mkdir(parents=True, exist_ok=True, mode=0o700)
    import jax

    jax.config.update("jax_compilation_cache_dir", str(compiled))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

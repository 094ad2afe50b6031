"""One run over several processes, one for each host of its mesh: how they meet, and how they decide alike.

They run the same program on the same values. The first one alone logs and writes; what it alone can know (a file, a clock) it shares. Knows
jax only once there are several: $PAPERCLUB_PROCESS, the number of this process, is set then.
"""

import json
import os
from typing import Any

import numpy as np

HOURS = 3600  # a companion waits this long [s] for the first process, which may wait for runs that it needs


def first() -> bool:
    return os.environ.get("PAPERCLUB_PROCESS", "0") == "0"


def several() -> bool:
    return "PAPERCLUB_PROCESS" in os.environ


def meet(hosts: int, devices: int) -> None:
    """Starts jax in `hosts` processes, with `devices` among them all, as one program.

    They meet at $PAPERCLUB_COORDINATOR (address:port); without it where jax finds by itself: in a step of SLURM, on a TPU pod.
    """
    import jax

    place = os.environ.get("PAPERCLUB_COORDINATOR")
    known = {"coordinator_address": place, "num_processes": hosts, "process_id": int(os.environ["PAPERCLUB_PROCESS"])} if place else {}
    if jax.config.jax_platforms == "cuda":  # under SLURM jax would take one device of each host
        known["local_device_ids"] = list(range(devices // hosts))
    jax.distributed.initialize(**known, initialization_timeout=HOURS)


def share(value: Any) -> Any:
    """What the first process says, on all of them: anything that JSON can say."""
    if not several():
        return value
    from jax.experimental.multihost_utils import broadcast_one_to_all

    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    size = int(broadcast_one_to_all(np.int32(len(text))))
    return json.loads(broadcast_one_to_all(np.resize(text, size)).tobytes())


def together(values: np.ndarray) -> np.ndarray:
    """The same small array [n] of every process: [processes, n]."""
    from jax.experimental.multihost_utils import process_allgather

    return process_allgather(values)


def all_of(fact: bool) -> bool:
    """Whether it is so on every process."""
    return bool(together(np.asarray([fact])).all()) if several() else fact


def place(tree: Any, sharding: Any) -> Any:
    """Arrays that every process knows in whole, laid out over the devices of all: each process gives what its own devices hold."""
    import jax

    if not several():
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda leaf: jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index]), tree)


def whole(tree: Any) -> Any:
    """Arrays that lie over the devices of all, in whole on every process (as numpy, when there are several)."""
    if not several():
        return tree
    from jax.experimental.multihost_utils import process_allgather

    return process_allgather(tree, tiled=True)

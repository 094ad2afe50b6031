"""How the PyTorch side of a bench begins: told its task, on its cores, keeping freed memory as our side does."""

import argparse
import json
import os
from collections.abc import Sequence
from types import SimpleNamespace as Config

from shared.allocator import keep_memory


def begin(about: str, tasks: Sequence[str]) -> argparse.Namespace:
    """The command line TASK CORES CONFIG [--compile], where CONFIG is JSON, read as nested fields. Call it before PyTorch is imported,
    which sizes its thread pool by the cores that it sees."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("task", choices=tasks)
    parser.add_argument("cores", type=int)
    parser.add_argument("config", type=lambda text: json.loads(text, object_hook=lambda fields: Config(**fields)))
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, range(arguments.cores))
    keep_memory()
    import torch  # here, since it has to see the cores

    torch.set_num_threads(arguments.cores)
    torch.manual_seed(0)
    return arguments

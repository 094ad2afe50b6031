"""Lowers the programs of packs, in a process that shows jax as many virtual devices as their mesh has.

    python -m launch.lower JOB.json

The job file names, for every pack, the config that its members share, how many they are, how the mesh lies and what they need. Prints one
JSON line for every program before it is compiled, with what is known of it, and one after, with what was found out. What two packs share
is compiled once.
"""

import dataclasses
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from launch.worker import without
from shared.errors import BadInput, said
from shared.rundir import read_json


def main(path: str) -> int:
    job = read_json(Path(path))
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", job["devices"])
    known: dict[str, Any] = {}
    for index, pack in enumerate(job["packs"]):
        try:
            for program in programs(pack):
                report(index, program, pack, known)
        except BadInput as error:
            say(pack=index, wrong=str(error))
        except Exception as error:  # a mistake in one entry point hides no other's programs
            say(pack=index, wrong=said(error))
    return 0


def programs(pack: dict[str, Any]) -> list[Any]:
    """What its entry point will spend its time on."""
    from ml_collections import ConfigDict, FrozenConfigDict

    from shared.lowering import Ahead

    entry = importlib.import_module(f"projects.{pack['paper']}.{pack['config']['entry']}")
    if not hasattr(entry, "programs"):
        return []
    needs = {name: [ConfigDict(config) for config in configs] for name, configs in pack["needs"].items()}
    config = FrozenConfigDict(without(pack["config"], pack["config"]["packable"]))
    return entry.programs(config, Ahead(hyper(pack), mesh(pack), needs))


def hyper(pack: dict[str, Any]) -> dict[str, Any]:
    """Shapes of the fields in which members may differ."""
    import jax

    from shared.run import lookup, stack

    values = {key: stack([lookup(pack["config"], key)] * pack["members"]) for key in pack["config"]["packable"]}
    return {key: jax.ShapeDtypeStruct(value.shape, value.dtype) for key, value in values.items()}


def mesh(pack: dict[str, Any]) -> Any:
    from shared.sharding import make_mesh

    return make_mesh(pack["mesh"])


def report(index: int, program: Any, pack: dict[str, Any], known: dict[str, Any]) -> None:
    from shared import lowering

    traced, signature = lowering.trace(program, mesh(pack))
    facts = {name: getattr(program, name) for name in ("name", "calls", "parameters", "passes")}
    say(pack=index, program=facts | {"devices": lowering.devices(program), "signature": signature})
    known[signature] = known.get(signature) or dataclasses.asdict(lowering.lower(traced))
    say(pack=index, lowered=known[signature])


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""What SkyPilot is told of a job, as plain values: machines, files, and two constant scripts.

Whatever has a name reaches a script as a variable and in quotes. No secret is part of it: the command that hands the task over names the
variables whose values SkyPilot takes from its caller's environment.
"""

from pathlib import Path
from typing import Any

from configs.clusters import Sky
from configs.meshes import Mesh
from launch.plan import RunSpec
from shared.data import cache, registry

RUNS, DATA = "/paperclub/runs", "/paperclub/cache"  # on the machines of a job
PORT = 8476

SETUP = """\
python3 -m pip install --quiet uv
python3 -m uv venv --quiet --allow-existing --python 3.12 .venv
python3 -m uv pip install --quiet --python .venv -r requirements.txt "jax[$PAPERCLUB_EXTRAS]"
"""
# The first machine is where the others meet it.
MEET = f"""\
export PAPERCLUB_PROCESS="$SKYPILOT_NODE_RANK"
export PAPERCLUB_COORDINATOR="$(echo "$SKYPILOT_NODE_IPS" | head -n 1):{PORT}"
"""
RUN = """\
exec .venv/bin/python -m launch.worker "$PAPERCLUB_FILE"
"""


def task(name: str, settings: Sky, mesh: Mesh, machine: str, file: str, runs: list[RunSpec], root: Path) -> dict[str, Any]:
    """A task of SkyPilot. `machine`: accelerators of one; `file`: the job file below the folder of runs; `root`: of this repository."""
    slice = machine.startswith("tpu-")
    return {
        "name": name,
        "workdir": str(root),
        "num_nodes": 1 if slice else mesh.hosts,
        "resources": {
            "infra": settings.infra,
            "accelerators": machine,
            "use_spot": settings.spot,
            "disk_size": settings.disk,
            "job_recovery": {"strategy": "EAGER_NEXT_REGION"},
        },
        "envs": {
            "PAPERCLUB_RUNS": RUNS,
            "PAPERCLUB_CACHE": DATA,
            "PAPERCLUB_FILE": f"{RUNS}/{file}",
            "PAPERCLUB_JOB": name,
            "PAPERCLUB_EXTRAS": settings.extras,
        },
        "file_mounts": {
            # Written to as to a disk, and uploaded behind our back: a bucket alone knows neither appending nor renaming.
            RUNS: {"source": settings.bucket, "mode": "MOUNT_CACHED"},
            **{f"{DATA}/{folder.relative_to(cache.root())}": str(folder) for folder in data(runs)},
        },
        "setup": "".join(f"{line}\n" for line in settings.setup) + SETUP,
        "run": (MEET if mesh.hosts > 1 else "") + RUN,
    }


def data(runs: list[RunSpec]) -> list[Path]:
    """The prepared data sets that these runs read."""
    named = {part for run in runs if "data" in run.config for part in registry.parts(run.config["data"])}
    return sorted(registry.folder(name, vocab) for name, vocab in named)

"""What runs on the machine: one job, that is one pack of runs.

    python -m launch.worker JOB.json

The job file names the run directories, the mesh and the cores. Everything else is in the runs' own config.json.
"""

import json
import math
import os
import platform
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from shared.allocator import keep_memory
from shared.data import cache
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, read_json, write_atomic

DIFF_LIMIT = 1_000_000  # bytes of uncommitted changes worth keeping
SECRET = ("*.env", "*.pem", "*key*", "*secret*", "*token*.json")


def main(path: str) -> int:
    job = read_json(Path(path))
    if job["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])  # before jax counts the cores
    if job["platform"] == "cpu":
        keep_memory()
    members = [member for member in (RunDir(Path(run)) for run in job["runs"]) if take(member)]
    if not members:
        print("every run of this job is finished, cancelled or computed elsewhere", flush=True)
        return 0
    try:
        return compute(members, job)
    finally:
        for member in members:
            member.release()


def take(member: RunDir) -> bool:
    """Claims a run that still wants computing."""
    if not member.claim():
        return False
    if member.status()["state"] in (*FINISHED, "cancelled"):  # between the plan and the claim
        member.release()
        return False
    return True


def compute(members: list[RunDir], job: dict[str, Any]) -> int:
    record = members[0].record()
    for member in members:
        log = member.path / "log.txt"
        log.unlink(missing_ok=True)
        log.symlink_to(os.path.relpath(job["log"], member.path))
        attempt = member.status()["attempt"] + 1
        member.update(state="running", attempt=attempt, job=job["name"], started=time.time(), heartbeat=time.time(), error="")
    configure_jax(job)
    write_environment(members)

    import importlib

    from ml_collections import FrozenConfigDict

    from shared.run import Run

    needs = {name: [RunDir(Path(path)) for path in paths] for name, paths in job["needs"].items()}
    entry = importlib.import_module(f"projects.{record['paper']}.{record['config']['entry']}")
    config = FrozenConfigDict(without(record["config"], record["config"]["packable"]))
    with Run(members, tuple(record["config"]["packable"]), job["mesh"], needs) as run:
        run.install_signals()
        try:
            final = entry.run(config, run)
        except BaseException as error:
            lines = "".join(traceback.format_exception(error)).splitlines()
            text = str(error) if isinstance(error, BadInput) else "\n".join(lines[-20:])
            for index in range(len(run)):
                run.end(index, "preempted" if isinstance(error, KeyboardInterrupt) else "failed", error=text)
            print(text if isinstance(error, BadInput) else "\n".join(lines), file=sys.stderr, flush=True)
            return 1
        if final is None:
            for index in range(len(run)):
                run.end(index, run.stopped or "cancelled", step=run.step)
            return 0
        run.finish(final)
        run.drop_checkpoints()
    return 0


def configure_jax(job: dict[str, Any]) -> None:
    """Compiled programs are kept for the next process of the same user: whoever may write them may run code as you, so
    the folder is private."""
    compiled = cache.root() / "compiled"
    compiled.mkdir(parents=True, exist_ok=True, mode=0o700)
    import jax

    jax.config.update("jax_compilation_cache_dir", str(compiled))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_platforms", job["platform"] if job["platform"] != "gpu" else "cuda")
    if job["platform"] == "cpu":
        jax.config.update("jax_num_cpu_devices", math.prod(job["mesh"].values()))  # a CPU mesh is made of virtual devices


def without(config: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """The config that all members share: fields in which they differ are only in run.hyper."""
    config = json.loads(json.dumps(config))
    for key in keys:
        *path, last = key.split(".")
        node = config
        for part in path:
            node = node[part]
        del node[last]
    return config


def write_environment(members: list[RunDir]) -> None:
    """env.json (names and versions, never the values of the environment) and diff.patch."""
    import jax

    config = members[0].record()["config"]
    versions = {name: __import__(name).__version__ for name in ("jax", "flax", "optax", "numpy")}
    device = jax.devices()[0]
    record = {
        "python": platform.python_version(),
        "versions": versions,
        "data": fingerprint(config["data"]) if "data" in config else {},
        "device": f"{len(jax.devices())} x {device.device_kind}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "machine": platform.platform(),
        "host": platform.node(),
        "commit": git("rev-parse", "HEAD").strip(),
        "changed": git("status", "--porcelain").splitlines()[:50],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "packed_with": len(members),
    }
    diff = git("diff", "HEAD", "--", ".", *(f":!{pattern}" for pattern in SECRET))[:DIFF_LIMIT]
    for member in members:
        write_atomic(member.path / "env.json", json.dumps(record, indent=1))
        write_atomic(member.path / "diff.patch", diff)


def fingerprint(data: dict[str, Any]) -> dict[str, str]:
    """File -> sha256 of the prepared data sets that a config names."""
    from shared.data import labelled, registry, tokens  # not sooner: numpy counts the cores too

    sets = {name: labelled.load(name) if name in registry.LABELLED else tokens.load(name, vocab) for name, vocab in registry.parts(data)}
    prefix = {name: f"{name}/" if len(sets) > 1 else "" for name in sets}
    return {prefix[name] + file: facts["sha256"] for name, one in sets.items() for file, facts in one.meta["files"].items()}


def git(*words: str) -> str:
    here = Path(__file__).resolve().parent
    try:
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

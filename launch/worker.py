"""What runs on the machine: one job, that is one pack of runs, in one process or, over several hosts, in one on each.

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

from shared import hosts
from shared.allocator import keep_memory
from shared.data import cache
from shared.errors import BadInput, said
from shared.rundir import FINISHED, RunDir, read_json, run_at, write_atomic

DIFF_LIMIT = 1_000_000  # bytes of uncommitted changes worth keeping
SECRET = ("*.env", "*.pem", "*key*", "*secret*", "*token*.json")
TIME_UP = 75  # exit code of a worker that saved since its time was up: it goes on where it stopped when it is started again
LOOK_SECONDS = 2.0
SILENT_SECONDS = 30.0  # six heartbeats that did not come


def main(path: str, log: str = "") -> int:
    """Computes what a job file asks for. `log`: where the output goes, if only the engine knows it."""
    job = read_json(Path(path)) | ({"log": log} if log else {})
    process = int(os.environ.get("PAPERCLUB_PROCESS", "0"))
    if job["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"][process :: job["hosts"]] or job["cores"])  # before jax counts the cores
    if job["platform"] == "cpu":
        keep_memory()
    members, why = [run_at(run) for run in job["runs"]], ""
    if process == 0:  # it decides for its companions on other hosts
        why = unmet(job)
        members = [] if why else [member for member in members if take(member)]
    if not members:
        print(why or "every run of this job is finished, cancelled or computed elsewhere", flush=True)
    code = int(bool(why))
    try:
        if members or job["hosts"] > 1:
            code = compute(members, job) or code
    finally:
        for member in members if process == 0 else []:
            member.release()
    if code not in (0, TIME_UP) and job["hosts"] > 1:
        os._exit(code)  # jax would wait for the companions, which wait for this process
    return code


def take(member: RunDir) -> bool:
    """Claims a run that still wants computing.

    A job that its cluster started again may find the worker that it was before: the node lost its controller, no more. That worker may end.
    """
    me = os.environ.get("PAPERCLUB_JOB", "")
    while not member.claim(gone=me if time.time() - member.last_beat() > SILENT_SECONDS else ""):
        if not me or (member.holder() or {}).get("job") != me:
            return False
        time.sleep(LOOK_SECONDS)
    if member.status()["state"] in (*FINISHED, "cancelled"):  # between the plan and the claim
        member.release()
        return False
    return True


def unmet(job: dict[str, Any]) -> str:
    """Why a need is not done, when nobody is at work on it any more; '' when all are done."""
    for need in (run_at(path) for paths in job["needs"].values() for path in paths):
        while (state := need.state()) == "running":
            time.sleep(LOOK_SECONDS)
        if state != "done":
            return f"needs {need.id}, which is {state}"
    return ""


def compute(members: list[RunDir], job: dict[str, Any]) -> int:
    if hosts.first():
        begin(members, job)
    configure_jax(job)
    members = met(members, job)
    if not members:
        return 0
    if hosts.first():
        write_environment(members)
    record = members[0].record()

    import importlib

    from ml_collections import FrozenConfigDict

    from shared.run import Run

    needs = {name: [run_at(path) for path in paths] for name, paths in job["needs"].items()}
    entry = importlib.import_module(f"projects.{record['paper']}.{record['config']['entry']}")
    config = FrozenConfigDict(without(record["config"], record["config"]["packable"]))
    with Run(members, tuple(record["config"]["packable"]), job["mesh"], needs) as run:
        run.install_signals()
        try:
            final = entry.run(config, run)
        except BaseException as error:
            wrong = isinstance(error, BadInput)
            text = str(error) if wrong else last_lines(error)
            for index in range(len(run)):
                run.end(index, "preempted" if isinstance(error, KeyboardInterrupt) else "failed", error=text, bad_input=wrong)
            print(text if wrong else "".join(traceback.format_exception(error)), file=sys.stderr, flush=True)
            return 2 if wrong else 1
        if final is None:
            for index in range(len(run)):
                run.end(index, run.stopped or "cancelled", step=run.step)
            return TIME_UP if run.time_up else 0
        run.finish(final)
        run.drop_checkpoints()
    return 0


def last_lines(error: BaseException) -> str:
    """The end of its traceback. The very last line is what the error says, since whoever has room for one line shows that: neither the rest
    of a long message nor a note, as JAX adds one about the frames that it left out."""
    lines, head = "".join(traceback.format_exception(error)).splitlines(), said(error)
    return "\n".join(lines[-20:] if lines[-1].endswith(head) else [*lines[-19:], head])


def begin(members: list[RunDir], job: dict[str, Any]) -> None:
    for member in members:
        log = member.path / "log.txt"
        log.unlink(missing_ok=True)
        if job["log"]:  # otherwise the engine alone has it
            log.symlink_to(os.path.relpath(job["log"], member.path))
        attempt = member.status()["attempt"] + 1
        begun = {"job": job["name"], "started": time.time(), "heartbeat": time.time()}
        member.update(state="running", attempt=attempt, error="", bad_input=False, **begun)


def met(members: list[RunDir], job: dict[str, Any]) -> list[RunDir]:
    """Over several hosts: starts jax as one program, and takes the runs that the first process has claimed."""
    if job["hosts"] == 1:
        return members
    hosts.meet(job["hosts"], math.prod(job["mesh"].values()))
    return [RunDir(Path(path)) for path in hosts.share([str(member.path) for member in members])]


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
        devices = math.prod(job["mesh"].values()) // job["hosts"]
        jax.config.update("jax_num_cpu_devices", devices)  # a CPU mesh is made of virtual devices


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
    from launch import worker  # the module that others know, not a second one of the name __main__

    sys.exit(worker.main(sys.argv[1]))

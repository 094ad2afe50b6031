"""The verbs that compute: run, sweep, retry. Preview first, then launch what is not done yet."""

import argparse
import sys

from configs.meshes import MESHES, Mesh
from launch import configs, preview, progress
from launch import plan as planning
from launch.engines import local
from launch.plan import Plan
from launch.select import chosen
from launch.sweep import Sweep, create, record, recorded, reset
from launch.terminal import terminal
from shared.data import registry
from shared.errors import BadInput
from shared.rundir import FINISHED

ASK_ABOVE = 1000  # runs: more than that are launched only with --yes, whoever asks


def sweep(options: argparse.Namespace, overrides: list[str]) -> int:
    return launch(planning.build(options.config, options.scale, overrides, options.sweep), options, overrides)


def run(options: argparse.Namespace, overrides: list[str]) -> int:
    return launch(planning.build(options.config, options.scale, overrides, single=True), options, overrides)


def retry(options: argparse.Namespace, _: list[str]) -> int:
    """Launches again what is unfinished of the recorded sweeps that match, or else the runs that match, by way of their sweeps."""
    named = recorded(options.glob)
    matching = {run.id for run in chosen(options.glob)}
    sweeps = named or [item for item in recorded() if any(path.rpartition("/")[2] in matching for path in item["runs"])]
    if not sweeps:
        raise BadInput(f"no recorded sweep or run matches {options.glob!r}: `python -m launch status` shows them")
    codes = []
    for item in sweeps:
        plan = planning.build(item["name"], item["scale"], item["arguments"], item["tag"], single=item["single"])
        for spec in plan.runs.values():
            if spec.id in matching and spec.dir.status().get("state") == "cancelled":
                spec.dir.update(state="queued")
        only = None if named else [run_id for run_id in plan.runs if run_id in matching]
        if only == []:
            raise BadInput(f"{item['name']} no longer asks for {options.glob!r}: its config file has changed, launch it anew")
        codes.append(launch(plan, options, item["arguments"], only=only))
    return max(codes)


def launch(plan: Plan, options: argparse.Namespace, overrides: list[str], only: list[str] | None = None) -> int:
    """Preview, checks, launch, summary; with `only`, of these cells. Exit code 0: all done; 1: some failed; BadInput: nothing started."""
    console, whole = terminal(), plan
    if only is not None:
        plan = plan.only(only)
    if options.limit:
        plan = plan.only(plan.targets[: options.limit])
    mesh = mesh_of(plan)
    todo = preview.todo(plan, options.rerun)
    if len(plan.runs) > 1 or options.dry:
        preview.show(console, plan, todo, mesh, options.jobs)
    if options.dry:
        return 0
    if not todo:
        console.print(f"{plan.name} ({plan.scale}): all {len(plan.runs)} runs are done; nothing to do")
        return 0
    check_data(plan)
    local.slots(mesh, options.jobs)  # raises when this machine lacks the devices
    confirm(plan, len(todo), options.yes)
    for run_id in todo:
        if plan.runs[run_id].dir.state() in FINISHED:
            reset(plan.runs[run_id].dir)
    create(plan)
    record(whole, overrides, getattr(options, "sweep", ""))
    with progress.Table(console, plan) as table:
        work = Sweep(plan, mesh, options.jobs, options.fail_fast, table.update)
        fine = True
        if options.canary:
            fine = work.carry(only=todo[0])
        if fine:
            fine = work.carry()
    preview.summary(console, plan, work)
    return 0 if fine else 1


def mesh_of(plan: Plan) -> Mesh:
    """The mesh that the plan's cells name; their needs run on it too. Raises BadInput when it does not fit them."""
    names = sorted({plan.runs[target].config["mesh"] for target in plan.targets})
    if len(names) > 1:
        raise BadInput(f"the cells of {plan.name} name several meshes ({', '.join(names)}): launch each with its --config.mesh")
    if names[0] not in MESHES:
        raise BadInput(f"no mesh {names[0]!r}{configs.near(names[0], MESHES)}; configs/meshes.py has {', '.join(MESHES)}")
    mesh = MESHES[names[0]]
    sizes = {run.flat["train.batch_size"] for run in plan.runs.values() if "train.batch_size" in run.flat}
    for size in sorted(sizes):
        if size % (mesh.data * mesh.fsdp):
            raise BadInput(
                f"train.batch_size={size} does not divide over data * fsdp = {mesh.data * mesh.fsdp} devices of mesh {names[0]}: "
                "choose another --config.train.batch_size or --config.mesh"
            )
    return mesh


def check_data(plan: Plan) -> None:
    """Every data set must be there before the first run starts."""
    wanted = {(run.config["data"]["name"], run.config["data"]["vocab"]) for run in plan.runs.values() if "data" in run.config}
    for name, vocab in sorted(wanted):
        registry.folder(name, vocab)  # raises for an unknown name and an impossible vocabulary
        if not registry.available(name, vocab):
            raise BadInput(f"data set {name} with vocabulary {vocab} is not prepared: run {registry.command(name, vocab)}")


def confirm(plan: Plan, count: int, yes: bool) -> None:
    if yes or (len(plan.runs) == 1 and count == 1):
        return
    if count > ASK_ABOVE:
        raise BadInput(f"{count} runs are more than {ASK_ABOVE}: add --yes to launch them all, or --limit N for the first N cells")
    if not sys.stdin.isatty():
        raise BadInput("nobody is here to say yes: add --yes to launch, or --dry for the preview alone")
    if input(f"launch {count} run{'s' if count > 1 else ''}? [y/N] ").strip().lower() not in ("y", "yes"):
        raise BadInput("not launched")

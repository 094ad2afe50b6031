"""The verbs that compute: run, sweep, retry. Preview first, then launch what is not done yet."""

import argparse
import sys
from collections.abc import Collection

from configs.meshes import MESHES, Mesh
from launch import configs, engines, preview, progress
from launch import plan as planning
from launch.plan import Plan
from launch.select import chosen
from launch.sweep import Sweep, create, record, recorded, reset, revive
from launch.terminal import ask, terminal
from shared.data import registry
from shared.errors import BadInput, one_line
from shared.rundir import FINISHED, runs_root

ASK_ABOVE = 1000  # runs: more than that are launched only with --yes, whoever asks


def sweep(options: argparse.Namespace, overrides: list[str]) -> int:
    return launch(planning.build(options.config, options.scale, overrides, options.sweep), options, overrides, options.sweep)


def run(options: argparse.Namespace, overrides: list[str]) -> int:
    return launch(planning.build(options.config, options.scale, overrides, single=True), options, overrides)


def retry(options: argparse.Namespace, _: list[str]) -> int:
    """Launches again what is unfinished of the recorded sweeps that match, or else the runs that match, by way of their sweeps."""
    named = recorded(options.glob)
    matching = {run.id for run in chosen(options.glob)}
    sweeps = named or [item for item in recorded() if any(path.rpartition("/")[2] in matching for path in item["runs"])]
    if not sweeps:
        raise BadInput(f"no recorded sweep or run matches {options.glob!r}: `python -m launch status` shows them")
    parts, taken = [], set[str]()
    for item in reversed(sweeps):  # what several sweeps ask for is computed once, by way of the newest
        if not named and matching <= taken:
            break
        plan = planning.build(item["name"], item["scale"], item["arguments"], item["tag"], single=item["single"])
        wanted = plan.targets if named else [run_id for run_id in plan.runs if run_id in matching]
        only = [run_id for run_id in wanted if run_id not in taken]
        again = set(plan.only(only).runs if named else only) - taken
        if again:
            parts.append((item, plan, only, again))
            taken |= again
    if not parts:
        raise BadInput(f"{sweeps[-1]['name']} no longer asks for {options.glob!r}: its config file has changed, launch it anew")
    return max(launch(plan, options, item["arguments"], item["tag"], only, again) for item, plan, only, again in parts)


def launch(
    plan: Plan,
    options: argparse.Namespace,
    overrides: list[str],
    tag: str = "",
    only: list[str] | None = None,
    again: Collection[str] = (),
) -> int:
    """Preview, checks, launch, summary; with `only`, of these cells; `again`, of a retry: what was cancelled too, and of what is finished
    these alone may be repeated. Exit code 0: all done; 1: some failed or wait for a retry; 2: nothing failed but by bad input, which the
    runs alone could find; BadInput: nothing started."""
    console, whole = terminal(), plan
    if only is not None:
        plan = plan.only(only)
    if options.limit:
        plan = plan.only(plan.targets[: options.limit])
    mesh = mesh_of(plan)
    todo = preview.todo(plan, options.rerun, again)
    if len(plan.runs) > 1 or options.dry:
        preview.show(console, plan, todo, mesh, engines.width(options.on, mesh, options.jobs))
    if options.dry:
        if options.on != engines.LOCAL:
            console.print(engines.on(options.on, mesh, options.jobs).script(runs_root() / plan.name.split("/")[0] / "jobs"))
        return 0
    left = sum(run.dir.state() not in FINISHED for run in plan.runs.values())
    if not todo and left:
        console.print(f"nothing to do: {left} runs were cancelled or need one that was; `python -m launch retry {plan.name}` goes on")
        return 1
    if not todo:
        console.print(f"{plan.name} ({plan.scale}): all {len(plan.runs)} runs are done; nothing to do")
        return 0
    check_data(plan)
    if options.detach and options.on == engines.LOCAL:
        raise BadInput("--detach is for a cluster (--on): what runs on this machine ends with its launcher")
    engine = engines.on(options.on, mesh, options.jobs)
    engine.check([plan.runs[run_id] for run_id in todo])
    if options.detach and not engine.ahead:
        raise BadInput(f"--detach: {options.on} holds no job back until what it needs is done, so a launcher has to stay: leave it out")
    confirm(plan, len(todo), options.yes)
    for run in (plan.runs[run_id] for run_id in todo if options.rerun):  # a run that ended since the preview is no reason to repeat it
        if run.dir.state() in FINISHED and preview.repeats(run, options.rerun):
            reset(run.dir)
    create(plan)
    if again:
        revive(plan)
    record(whole, overrides, tag)
    with progress.Table(console, plan) as table:
        work = Sweep(plan, engine, options.fail_fast, table.update)
        fine = True
        if options.canary:
            fine = work.carry(only=todo[0])
        if fine:
            fine = work.carry(detach=options.detach)
    preview.summary(console, plan, work)
    if options.detach and work.jobs and not work.interrupted:
        return 0
    wrong = bad_input(plan)
    if wrong:
        print(f"error: {one_line(wrong)}", file=sys.stderr)
    return 2 if wrong else 0 if fine else 1


def bad_input(plan: Plan) -> str:
    """The one line of the runs that failed if all of them failed by bad input, such as a damaged file that only they have read."""
    failed = [status for status in (run.dir.status() for run in plan.runs.values()) if status["state"] == "failed"]
    return "; ".join(dict.fromkeys(status["error"] for status in failed)) if all(status.get("bad_input") for status in failed) else ""


def mesh_of(plan: Plan) -> Mesh:
    """The mesh that the plan's cells name; their needs run on it too. Raises BadInput when it does not fit them."""
    names = sorted({plan.runs[target].config["mesh"] for target in plan.targets})
    if len(names) > 1:
        raise BadInput(f"the cells of {plan.name} name several meshes ({', '.join(names)}): launch each with its --config.mesh")
    if names[0] not in MESHES:
        raise BadInput(f"no mesh {names[0]!r}{configs.near(names[0], MESHES)}; configs/meshes.py has {', '.join(MESHES)}")
    mesh = MESHES[names[0]]
    split = {  # field -> what it is divided over, and the field that changes it
        "train.batch_size": ("data * fsdp", mesh.data * mesh.fsdp, "train.batch_size"),
        "model.heads": ("tensor", mesh.tensor, "model.name"),
        "model.kv_heads": ("tensor", mesh.tensor, "model.name"),
    }
    for field, (axes, devices, choice) in split.items():
        for size in sorted({run.flat[field] for run in plan.runs.values() if field in run.flat}):
            if size % devices:
                raise BadInput(
                    f"{field}={size} does not divide over {axes} = {devices} devices of mesh {names[0]}: "
                    f"choose another --config.{choice} or --config.mesh"
                )
    return mesh


def check_data(plan: Plan) -> None:
    """Every data set must be there before the first run starts."""
    wanted = {part for run in plan.runs.values() if "data" in run.config for part in registry.parts(run.config["data"])}
    for name, vocab in sorted(wanted):
        registry.folder(name, vocab)  # raises for an unknown name and an impossible vocabulary
        if not registry.available(name, vocab):
            what = f"{name} with vocabulary {vocab}" if vocab else name
            raise BadInput(f"data set {what} is not prepared: run {registry.command(name, vocab)}")


def confirm(plan: Plan, count: int, yes: bool) -> None:
    if yes or (len(plan.runs) == 1 and count == 1):
        return
    if count > ASK_ABOVE:
        raise BadInput(f"{count} runs are more than {ASK_ABOVE}: add --yes to launch them all, or --limit N for the first N cells")
    ask(f"launch {count} run{'s' if count > 1 else ''}?", "add --yes to launch, or --dry for the preview alone", "not launched")

"""Reaches a goal in TwoRoom with a trained world model, and draws the way it went.

    python -m projects.lewm.reach --run RUN_ID --start 40,60 --goal 180,120

Places are x,y in pixels of the picture of 224, x right and y down. exit codes: 0 done, whether or not it got there; 1 it went wrong; 2 bad
input.
"""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import BadInput
from shared.rundir import RunDir, runs_root

if TYPE_CHECKING:
    import numpy as np

OUT = Path("out/lewm/reach.png")
TRAIN = "python -m launch run lewm/train"


def main(words: list[str] | None = None) -> int:
    args = parser().parse_args(words)
    try:
        return reach(args)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("python -m projects.lewm.reach", description=__doc__.split("\n")[0],
                                  epilog="exit codes: 0 done, whether or not it got there, 1 it went wrong, 2 bad input")  # fmt: skip
    top.add_argument("--run", default="", metavar="RUN_ID", help="of a trained model (default: the newest of TwoRoom)")
    top.add_argument("--start", required=True, metavar="X,Y", help="in pixels of the picture of 224")
    top.add_argument("--goal", required=True, metavar="X,Y")
    top.add_argument("--plans", type=int, default=4, metavar="N", help="of 5 blocks of actions each, at most (default 4)")
    top.add_argument("--seed", type=int, default=0)
    top.add_argument("--out", type=Path, default=OUT, metavar="FILE.png", help=f"the picture (default {OUT})")
    return top


def reach(args: argparse.Namespace) -> int:
    start, goal = place("--start", args.start), place("--goal", args.goal)
    check(args)
    run = chosen(args.run)
    from projects.lewm.envs import tworoom

    for name, (x, y) in (("--start", start), ("--goal", goal)):
        if not tworoom.LOW <= min(x, y) <= max(x, y) <= tworoom.HIGH:
            raise BadInput(f"{name} {x:g},{y:g} is outside the rooms: take numbers from {tworoom.LOW:g} to {tworoom.HIGH:g}")
        if abs(x - tworoom.WALL) < tworoom.REACH and abs(y - tworoom.DOOR) > tworoom.DOOR_HALF:
            sides = f"an x of at most {tworoom.WALL - tworoom.REACH:g} or at least {tworoom.WALL + tworoom.REACH:g}"
            raise BadInput(f"{name} {x:g},{y:g} is inside the wall: take {sides}, or the door's y of {tworoom.DOOR:g}")
    states, reached = attempt(run, start, goal, args.plans, args.seed)
    distance = math.dist(states[-1], goal)
    print(f"{'reached' if reached else 'not reached'}: {distance:.1f} px from the goal after {len(states) - 1} steps "
          f"({tworoom.GOAL_RADIUS:g} px would do at any step)")  # fmt: skip
    print(f"picture: {drawn(states, goal, args.out)}")
    return 0


def place(name: str, text: str) -> tuple[float, float]:
    """Raises BadInput unless it is two numbers."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        raise BadInput(f"{name} {text}: give two numbers, as in 40,60") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadInput(f"{name} {text}: give two finite numbers, as in 40,60")
    return x, y


def check(args: argparse.Namespace) -> None:
    """Raises BadInput for what no model could do, before any is looked for."""
    if args.plans < 1:
        raise BadInput(f"--plans {args.plans}: take at least 1")
    if not 0 <= args.seed < 1 << 31:
        raise BadInput(f"--seed {args.seed}: take a number from 0 to 2^31 - 1")
    if args.out.suffix not in (".png", ".svg", ".pdf"):
        raise BadInput(f"--out {args.out}: give a name that ends in .png, .svg or .pdf")
    if args.out != OUT and not args.out.absolute().parent.is_dir():
        raise BadInput(f"--out {args.out}: there is no folder {args.out.parent}; make it, or name another")


def chosen(name: str) -> RunDir:
    """The finished training with this run id, or the newest, of TwoRoom. Raises BadInput."""
    runs = [RunDir(path.parent) for path in sorted((runs_root() / "lewm" / "train").glob("*/config.json"))]
    done = [run for run in runs if run.state() == "done" and run.record()["config"]["env"]["name"] == "tworoom"]
    if not name and done:
        return max(done, key=lambda run: run.status()["ended"])
    for run in done:
        if run.id == name:
            return run
    known = f": choose {', '.join(run.id for run in done)}, or train one with `{TRAIN}`" if done else f": `{TRAIN}` trains one"
    raise BadInput(f"no finished model {name + ' ' if name else ''}of TwoRoom in {runs_root()}{known}")


def attempt(run: RunDir, start: tuple[float, float], goal: tuple[float, float], plans: int, seed: int) -> tuple["np.ndarray", bool]:
    """The places [steps + 1, 2] on the way, the start among them, and whether the goal was reached."""
    import numpy as np

    from projects.lewm.envs import environment
    from projects.lewm.episodes import from_list
    from projects.lewm.plan import judge, with_model
    from projects.lewm.trained import load

    trained, world = load(run), environment("tworoom")
    config = trained.config
    config.seed, config.protocol.budget = seed, plans * config.plan.horizon * config.clips.frameskip
    pair = from_list([(np.float32([start, goal]), np.zeros((1, 2), np.float32))])
    attempts = with_model(config, world, pair, trained, np.array([0]), np.array([1]), lambda: False)
    numbers, arrays = judge(world, attempts, pair.states[:1], pair.states[1:])
    states = arrays["states"][0]
    return states[np.isfinite(states).all(-1)], bool(numbers["success"])


def drawn(states: "np.ndarray", goal: tuple[float, float], out: Path) -> Path:
    """The way over the room, written to `out`. Raises BadInput when that cannot be written."""
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    from projects.lewm.envs import environment, tworoom

    figure = Figure(figsize=(4.4, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(environment("tworoom").photograph(np.float32(states[:1]), tworoom.SIZE)[0])
    axis.add_patch(Circle(goal, tworoom.GOAL_RADIUS, fill=False, color="#2a7f4f", linestyle="--"))
    axis.plot(*goal, marker="x", color="#2a7f4f")
    axis.plot(*states.T, color="#2b2b2b", linewidth=1.2, marker=".", markersize=3)
    axis.set_axis_off()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=150)
    except OSError as error:
        raise BadInput(f"--out {out} cannot be written ({error.strerror}): name another file") from None
    return out


if __name__ == "__main__":
    sys.exit(main())

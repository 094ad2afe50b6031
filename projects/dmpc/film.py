"""Films what a run of the planner did: its first episode, at the speed at which it happened, and as a strip.

    python -m projects.dmpc.film runs/dmpc/evaluate/RUN

Writes RUN.gif and RUN.png to out/dmpc. The runners are drawn by MuJoCo, which needs EGL or OSMesa; the ring needs neither.
"""

import argparse
import sys
import zipfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from ml_collections import ConfigDict
from PIL import Image

from projects.dmpc import camera
from shared.errors import BadInput
from shared.figures import style
from shared.figures.film import film
from shared.rundir import RunDir

SIZE = 160  # pixels of a picture
RATE = 25  # pictures per second at the most: a step of a runner may be 8 ms
SECONDS = 10  # of the moving film
COLUMNS = 10  # of the strip


def shoot(run: RunDir, out: Path) -> list[Path]:
    """The two files. Raises BadInput on a run that has no episode, where nothing can draw it, and where `out` cannot be written."""
    config, arrays = episode(run)
    name, version, qpos = config.env.name, config.env.version, arrays["qpos"]
    step = camera.seconds(name, version)
    chosen = spread(len(qpos), COLUMNS)
    stride = max(1, round(1 / (RATE * step)))
    moving = range(0, min(len(qpos), round(SECONDS / step)), stride)
    drawn = camera.pictures(name, version, qpos, [*chosen, *moving], SIZE)  # [n, SIZE, SIZE, 3]
    paths = [out / f"{run.id}.gif", out / f"{run.id}.png"]
    try:
        out.mkdir(parents=True, exist_ok=True)
        first, *others = (Image.fromarray(picture) for picture in drawn[len(chosen) :])
        first.save(paths[0], save_all=True, append_images=others, duration=round(1e3 * stride * step), loop=0)
        strip(drawn[: len(chosen)], chosen * step, f"{name}: {told(arrays)}").savefig(paths[1], dpi=150)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror}): name another folder with --out") from None
    return paths


def episode(run: RunDir) -> tuple[ConfigDict, dict[str, np.ndarray]]:
    """The config of a run of dmpc/evaluate and its arrays. Raises BadInput where it is another or has none."""
    config = ConfigDict(run.record().get("config", {"entry": ""}))
    if config.entry != "evaluate":
        raise BadInput(f"{run.path} is no run of the planner: give it the folder of a finished run of dmpc/evaluate")
    try:
        with np.load(run.path / "tables" / "arrays.npz") as file:
            return config, dict(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        raise BadInput(f"{run.path} has no episode to film: let it finish with `python -m launch retry {run.id}`") from None


def spread(count: int, columns: int) -> np.ndarray:
    """So many of `count` steps, evenly, the first and the last among them; all of them where there are fewer."""
    return np.unique(np.linspace(0, count - 1, columns).round().astype(int))


def told(arrays: dict[str, np.ndarray]) -> str:
    """What became of the first episode."""
    end = "failed" if arrays["failed"][0] else "not failed"
    return f"a return of {arrays['returns'][0]:.0f} in {arrays['lengths'][0]} steps, {end}"


def strip(pictures: np.ndarray, times: np.ndarray, title: str) -> Figure:
    """Pictures [n, h, w, 3] at times [n], s."""
    figure, [[axis]] = style.sheet(title, (1, 1), (1.1 * len(pictures) + 0.4, 1.9), "")
    film(axis, {"": pictures}, [f"{time:.1f} s" for time in times])
    return figure


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m projects.dmpc.film", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a run of dmpc/evaluate")
    parser.add_argument("--out", type=Path, default=Path("out/dmpc"), help="folder to write to (default: %(default)s)")
    options = parser.parse_args(words)
    try:
        for path in shoot(RunDir(options.run), options.out):
            print(path)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

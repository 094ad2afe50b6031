import sys
import textwrap
from pathlib import Path

import pytest

import configs as room
from launch import configs, figure, results
from launch.cli import main

BASE = """
from ml_collections import ConfigDict

def get_config(scale):
    return ConfigDict({
        "entry": "train", "scale": scale, "mesh": "cpu", "packable": ("seed",), "seed": 0, "name": "a", "flag": False, "sizes": (1, 2),
        "optim": {"lr": 1e-3, "beta": 0.9}, "train": {"steps": 3, "batch_size": 8}, "save": {"final": True},
    })

def resolve(config):
    if config.train.steps < 1:
        raise ValueError(f"train.steps={config.train.steps}: must be at least 1")
    return config

def cost(config):
    return {"flops": 1.0, "bytes": 1.0}
"""


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """A throw-away paper `toy`, the only one the launcher knows. paper(name, text) writes configs/toy/<name>.py: fields as in
    BASE, and what the text adds."""
    folder = tmp_path / "root" / "configs" / "toy"
    folder.mkdir(parents=True)
    monkeypatch.setattr(configs, "ROOT", tmp_path / "root")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(folder.parent)])

    def write(name: str, text: str = "") -> str:
        (folder / f"{name}.py").write_text(f'"""A toy."""\n{BASE}{textwrap.dedent(text)}')
        configs.names.cache_clear()
        return f"toy/{name}"

    yield write
    configs.names.cache_clear()
    for module in [name for name in sys.modules if name.startswith("configs.toy")]:
        del sys.modules[module]


@pytest.fixture(scope="session")
def reported(tmp_path_factory):
    """A folder with runs/ and the report.html of a world with two figures, one finished sweep and one committed table."""
    import fabricated

    folder = tmp_path_factory.mktemp("reported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder / "runs"))
        patch.setattr(results, "ROOT", folder)
        patch.setattr(figure, "drawable", lambda paper: ["demo", "fig2"])
        fabricated.sweep(fabricated.demo())
        main(["figure", fabricated.DEMO, "--scale=smoke", f"--out={folder}", "--record"])
        main(["report", "--scale=smoke", f"--out={folder}"])
    return folder


@pytest.fixture
def nothing_starts(monkeypatch):
    """A worker that is started is a failure."""
    from launch.engines import local

    def started(*_):
        raise AssertionError("a worker was started")

    monkeypatch.setattr(local, "start", started)


FAKE = """
import json, os, sys, time
from launch import worker

def compute(members, job):
    for member in members:
        status = member.status()
        member.update(state="running", attempt=status["attempt"] + 1, job=job["name"], heartbeat=time.time())
        with open(member.path.parent / "log", "a") as file:
            file.write(member.id + "\\n")
    time.sleep(0.2)
    for member in members:
        name = member.record()["config"]["name"]
        if name == "crash":
            raise RuntimeError("crashed as asked")
        if name == "die":
            os.kill(os.getpid(), 9)
        if name.startswith("bad"):
            member.update(state="failed", error=f"{name}.h5 is damaged: write it again", bad_input=True)
            return 2
        member.update(state="diverged" if name == "diverge" else "done", final={}, step=3)
    return 0

worker.compute = compute
sys.exit(worker.main(sys.argv[1]))
"""


@pytest.fixture
def fake_worker(tmp_path, monkeypatch):
    """Workers that claim and finish as real ones do, and compute nothing. Every start of a run is a line of the file `log`."""
    import subprocess

    from launch.engines import local

    program = tmp_path / "fake.py"
    program.write_text(FAKE)
    root = Path(local.__file__).parents[2]

    def start(job: Path, log: Path, devices: list[int]) -> subprocess.Popen:
        with open(log, "ab") as output:
            command = [sys.executable, str(program), str(job)]
            return subprocess.Popen(command, stdout=output, stderr=output, cwd=root)

    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.setattr(local, "start", start)
    return lambda runs: (runs / "toy" / "train" / "log").read_text().split()


@pytest.fixture
def toys(paper, tmp_path, monkeypatch):
    """The paper `toy` computed by bench/_counting.py, by workers of any engine and in any process below the test. cluster(...)
    describes a cluster `tried`."""
    import configs.clusters
    from bench import _counting

    clusters = tmp_path / "root" / "configs" / "clusters"
    clusters.mkdir()
    for name, value in _counting.site(tmp_path / "site", tmp_path / "root").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(configs.clusters, "__path__", [*configs.clusters.__path__, str(clusters)])

    def cluster(**fields) -> None:
        known = {"partition": "short", "minutes": 10, "grace": 30, "parallel": 4} | fields
        words = ", ".join(f"{key}={value!r}" for key, value in known.items())
        (clusters / "tried.py").write_text(f"from configs.clusters import Slurm\n\nCLUSTER = Slurm({words})\n")
        sys.modules.pop("configs.clusters.tried", None)

    cluster()
    return cluster

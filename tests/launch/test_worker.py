import json
import os
import subprocess

import helpers
import jax
import jax.numpy as jnp
import pytest

from launch import sweep, worker
from shared.data import cache, tokens
from shared.rundir import RunDir

RECORD = {"config": {"entry": "train", "packable": ["seed"], "seed": 0, "optim": {"lr": 0.1}}, "paper": "toy"}


def test_fields_in_which_members_differ_are_not_in_the_shared_config():
    config = {"seed": 1, "data": {"seed": 2, "name": "a"}, "optim": {"lr": 0.1}}
    assert worker.without(config, ["seed", "data.seed"]) == {"data": {"name": "a"}, "optim": {"lr": 0.1}}
    assert config["seed"] == 1


def test_it_takes_what_is_free_and_unfinished(tmp_path):
    runs = [RunDir(tmp_path / name) for name in ("free", "done", "diverged", "failed", "cancelled")]
    for run in runs:
        run.create(RECORD)
        if run.id != "free":
            run.update(state=run.id)
    assert [worker.take(run) for run in runs] == [True, False, False, True, False]
    assert [run.claimed() for run in runs] == [True, False, False, True, False]


def test_without_work_it_ends_well(tmp_path, capsys):
    run = RunDir(tmp_path / "done")
    run.create(RECORD)
    run.update(state="done")
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"runs": [str(run.path)], "needs": {}, "hosts": 1, "cores": [], "platform": "cpu"}))
    assert worker.main(str(job)) == 0
    assert run.status()["attempt"] == 0 and "finished, cancelled or computed elsewhere" in capsys.readouterr().out


def test_the_claim_ends_with_the_worker_however_it_ends():
    made = helpers.plan("train", seed=5, evaluation__tokens=1024 * 10_000)
    assert helpers.compute(made) == 2
    run = made.runs[made.targets[0]].dir
    status = run.status()
    assert not run.claimed() and status["state"] == "failed" and status["bad_input"]
    assert "\n" not in status["error"] and "fewer" in status["error"]


def test_a_programming_error_leaves_its_last_lines(monkeypatch):
    from projects.infinite_compute import train

    made = helpers.plan("train", seed=6)
    monkeypatch.setattr(train, "run", lambda config, run: 1 / 0)
    assert helpers.compute(made) == 1
    status = made.runs[made.targets[0]].dir.status()
    assert status["state"] == "failed" and status["error"].endswith("ZeroDivisionError: division by zero") and not status["bad_input"]


def noted(error: Exception, note: str) -> Exception:
    error.add_note(note)
    return error


@pytest.mark.parametrize(("error", "last"), [
    (ValueError("it does not fit"), "ValueError: it does not fit"),
    (noted(ValueError("it does not fit"), "----\nFor simplicity, JAX has removed its internal frames"), "ValueError: it does not fit"),
    (TypeError("not hashable\nsee https://docs.jax.dev\n"), "TypeError: not hashable"),
    (KeyError("lr"), "KeyError: 'lr'"),
    (SyntaxError("no", ("a.py", 3, 1, "x ==", 3, 2)), "SyntaxError: no (a.py, line 3)"),
    (noted(AssertionError(), "a note"), "AssertionError"),
])  # fmt: skip
def test_the_last_line_of_an_error_is_its_own(error, last):
    *others, found = worker.last_lines(error).splitlines()
    assert found == last and last not in others[-1:]


def test_an_error_in_a_compiled_program_says_what_went_wrong():
    with pytest.raises(TypeError) as caught:
        jax.jit(lambda x: jax.vmap(lambda y: jnp.zeros(3) + jnp.zeros(2))(x))(jnp.zeros(4))
    assert caught.value.__notes__ and worker.last_lines(caught.value).splitlines()[-1].startswith("TypeError: add got incompatible shapes")


def test_the_environment_is_written_down_without_its_values(trained_runs, monkeypatch):
    run = next(iter(trained_runs.runs.values())).dir
    record = json.loads((run.path / "env.json").read_text())
    assert {"python", "versions", "device", "cores", "commit", "host"} <= set(record) and record["packed_with"] == 2
    assert record["versions"].keys() == {"jax", "flax", "optax", "numpy"}
    meta = tokens.load("tiny", 256).meta["files"]
    assert record["data"] == {file: facts["sha256"] for file, facts in meta.items()} and "train.u16" in record["data"]
    text = (run.path / "env.json").read_text() + (run.path / "config.json").read_text()
    assert not any(value in text for name, value in os.environ.items() if "KEY" in name and value)


@pytest.mark.parametrize("value", ["", "elsewhere"])
def test_compiled_programs_lie_beside_the_data(monkeypatch, tmp_path, value):
    """An empty $PAPERCLUB_CACHE is none: nothing is written into the folder where the worker stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PAPERCLUB_CACHE", value)
    given = {}
    monkeypatch.setattr("jax.config.update", given.__setitem__)
    worker.configure_jax({"platform": "gpu"})
    assert given["jax_compilation_cache_dir"] == str(cache.root() / "compiled") and (cache.root() / "compiled").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [value or "home"]


def test_the_diff_leaves_out_what_may_be_secret(tmp_path, monkeypatch):
    def git(*words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout

    names = ("code.py", "prod.env", "my_key.txt", "a.pem", "secret.toml", "token.json")
    git("init")
    for name in names:
        (tmp_path / name).write_text("old")
    git("add", ".")
    git("commit", "-m", "all")
    for name in names:
        (tmp_path / name).write_text("new")
    monkeypatch.setattr(worker, "git", git)
    run = RunDir(tmp_path / "run")
    run.create(RECORD)
    worker.write_environment([run])
    diff = (run.path / "diff.patch").read_text()
    assert "code.py" in diff and not [name for name in names[1:] if name in diff]


@pytest.mark.slow
def test_a_worker_started_twice_computes_once(runs):
    made = helpers.plan("train", seed=7)
    sweep.create(made)
    pack = list(made.runs.values())
    workers = [helpers.start_worker(pack, name=f"twin{index}") for index in range(2)]
    assert [one.wait(200) for one in workers] == [0, 0]
    assert pack[0].dir.status()["attempt"] == 1 and pack[0].dir.state() == "done"

import helpers
import numpy as np
import pytest

from launch import plan


def test_a_finished_run_leaves_no_trace_of_its_work(trained_runs):
    for run in trained_runs.runs.values():
        status = run.dir.status()
        assert (status["state"], status["attempt"]) == ("done", 1)
        assert not {"claim.lock", "claim.takeover", "ckpt", "cancel"} & {path.name for path in run.dir.path.iterdir()}


def test_final_numbers_and_rows_of_a_training_run(trained_runs):
    run = next(iter(trained_runs.runs.values()))
    final, rows = helpers.final(run.dir), helpers.rows(run.dir)
    assert set(final) >= {"val/loss", "test/loss", "train/loss", "val/bits_per_byte", "probe/accuracy"}
    assert rows[-1]["step"] == run.config["train"]["steps"] == helpers.STEPS
    assert rows[-1]["val/loss"] == final["val/loss"]
    last_epoch = [row["train/loss"] for row in rows if row["step"] > helpers.STEPS // 2]
    assert final["train/loss"] == pytest.approx(np.mean(last_epoch))


def test_a_packed_member_equals_its_solo_run(trained, monkeypatch, runs):
    """Not bit by bit: XLA may add up a product over members in another order. Tolerance: 1e-5 relative on every number, and
    1e-4 on a weight, since Adam divides by the size of gradients and so makes the rounding of the smallest ones count."""
    folder, together = trained
    run = list(together.runs.values())[1]
    solo = helpers.plan("train", seed=1, data__seed=1)
    assert solo.targets == [run.id]
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    rows, final, weights = helpers.rows(run.dir), helpers.final(run.dir), helpers.weights(run)
    monkeypatch.setenv("PAPERCLUB_RUNS", str(runs))
    assert helpers.compute(solo) == 0
    mine = solo.runs[run.id]
    for ours, theirs in zip(helpers.rows(mine.dir), rows, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)
    assert helpers.final(mine.dir) == pytest.approx(final, rel=1e-5)
    for ours, theirs in zip(helpers.weights(mine), weights, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.slow
def test_a_diverging_member_changes_no_bit_of_its_neighbours(tmp_path, monkeypatch):
    outcome = {}
    for case, lr in (("healthy", 2e-3), ("sick", 1e6)):
        monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / case))
        pack = helpers.members(seed=[0, 0, 1], optim__lr=[3e-3, lr, 3e-3])
        assert helpers.compute(pack) == 0
        runs = list(pack.runs.values())
        assert [run.dir.status()["state"] for run in runs] == ["done", "done" if case == "healthy" else "diverged", "done"]
        outcome[case] = [(helpers.rows(run.dir), helpers.final(run.dir), helpers.weights(run)) for run in (runs[0], runs[2])]
    assert "optim.lr=1e+06" in runs[1].dir.status()["error"]
    for healthy, sick in zip(*outcome.values(), strict=True):
        assert healthy[:2] == sick[:2]
        assert all(map(np.array_equal, healthy[2], sick[2]))


def test_members_differ_in_what_the_config_says(trained_runs):
    """Same data order and other initial weights, and the other way round: four different runs, each deterministic."""
    ids = {tuple(helpers.plan("train", seed=seed, data__seed=order).targets) for seed in (0, 1) for order in (0, 1)}
    assert len(ids) == 4
    one, other = list(trained_runs.runs.values())[:2]
    assert helpers.rows(one.dir)[0]["train/loss"] != helpers.rows(other.dir)[0]["train/loss"]


@pytest.mark.slow
def test_continued_training_starts_from_the_other_runs_weights(trained, monkeypatch, runs):
    folder, together = trained
    start = next(iter(together.runs.values()))
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    settings = {"start__data": "tiny", "start__tokens": 2048, "start__batch_size": 8, "start__epochs": 2, "start__lr": 3e-3,
                "start__weight_decay": 0.8}  # fmt: skip
    continued = helpers.plan("train", optim__lr=1e-12, **settings)
    target = continued.runs[continued.targets[0]]
    assert target.needs == {"start": [start.id]}
    assert helpers.compute(continued.only(continued.targets)) == 0
    assert target.dir.status()["final"]["val/loss"] == pytest.approx(start.dir.status()["final"]["val/loss"], rel=1e-5)


@pytest.mark.slow
def test_the_demonstrations_sweep_through_the_launcher(runs):
    """Standard, regularised and ensemble as a person launches them; the second launch runs nothing."""
    words = ["sweep", "infinite_compute/demo", "--scale=smoke", "--yes"]
    first, second = helpers.launch(*words), helpers.launch(*words)
    assert first.returncode == second.returncode == 0, first.stderr
    assert "6 done" in first.stdout and "nothing to do" in second.stdout
    demo = plan.build("infinite_compute/demo", "smoke", [])
    for run in demo.runs.values():
        assert run.dir.status()["attempt"] == 1
        if run.config["entry"] == "ensemble":
            assert run.dir.metrics()[-1]["val/loss"] < run.dir.metrics()[-1]["member/loss"]

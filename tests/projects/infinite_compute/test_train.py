import helpers


def test_a_pack_leaves_what_solo_runs_leave(trained_runs):
    for run in trained_runs.runs.values():
        status = run.dir.status()
        assert (status["state"], status["attempt"]) == ("done", 1)
        assert not (run.dir.path / "claim.lock").exists() and not (run.dir.path / "ckpt").exists()
    print(trained_runs.runs)
    for run in trained_runs.runs.values():
        print(helpers.rows(run.dir)[-1:], run.dir.status()["final"])

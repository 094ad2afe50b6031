import pytest
import ssd_runs


@pytest.fixture(scope="session")
def trained_pair(tmp_path_factory):
    """(folder, plan) of a pair as a person trains one, tiny: the target, what it writes, the draft, and a measurement of both."""
    folder = tmp_path_factory.mktemp("pair")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        plan = ssd_runs.plan("measure")
        assert ssd_runs.compute(plan) == 0
    return folder, plan


@pytest.fixture
def pair_runs(trained_pair, monkeypatch):
    """The runs of `trained_pair` by entry, with the runs folder pointing at them."""
    folder, plan = trained_pair
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    return ssd_runs.by_entry(plan)

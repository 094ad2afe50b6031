"""Every test has a runs folder of its own and no W&B; the session shares one cache, also of compiled programs."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

COMPILED = "JAX_COMPILATION_CACHE_DIR"
ENVIRONMENT = {
    "WANDB_MODE": "disabled",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # Most of the session is compiling programs that run for milliseconds.
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
}


def pytest_configure(config):
    """Before any test file imports jax, which reads its settings then. The processes of pytest-xdist inherit them, and the one folder."""
    os.environ.update(ENVIRONMENT)
    if COMPILED not in os.environ:
        folder = tempfile.mkdtemp(prefix="paperclub-tests-")
        os.environ[COMPILED] = f"{folder}/compiled"
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(items):
    """Fast tests first."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session", autouse=True)
def cache():
    """$PAPERCLUB_CACHE of the session."""
    folder = Path(os.environ[COMPILED]).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_CACHE", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """$PAPERCLUB_RUNS of the test."""
    monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """(folder, plan) of what most tests look at: two tiny models trained as one pack, their ensemble, and the ensemble's samples."""
    import helpers

    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        plan = helpers.both_plans()
        helpers.compute(plan)
    return folder, plan


@pytest.fixture
def trained_runs(trained, monkeypatch):
    """The plan of `trained`, with the runs folder pointing at its results."""
    folder, plan = trained
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    return plan



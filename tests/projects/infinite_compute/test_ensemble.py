import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from projects.infinite_compute import ensemble, evaluation
from projects.infinite_compute.model import build
from shared.checkpoint import load_weights
from shared.data import tokens
from shared.lm import token_losses


@pytest.fixture
def members(trained_runs):
    """(model, member runs, validation tokens [batches, B, T], ensemble run) of the trained ensemble."""
    run = next(run for run in trained_runs.runs.values() if run.config["entry"] == "ensemble")
    config = ConfigDict(run.config)
    data = tokens.load(config.data.name, config.data.vocab)
    dirs = [trained_runs.runs[need].dir for need in run.needs["members"]]
    return build(config), dirs, evaluation.held_out(data, "val", config), run


def mean_loss(logits, rows) -> float:
    return float(np.mean([token_losses(values, batch).mean() for values, batch in zip(logits, rows, strict=True)]))


def test_its_rows_are_the_direct_computation(members):
    model, dirs, rows, run = members
    logits = [np.stack([model.apply(load_weights(member, model), batch) for batch in rows]) for member in dirs]
    for k, row in enumerate(run.dir.metrics(), 1):
        assert row["step"] == k
        assert row["val/loss"] == pytest.approx(mean_loss(np.mean(logits[:k], 0), rows), rel=1e-5)
        assert row["member/loss"] == pytest.approx(np.mean([mean_loss(own, rows) for own in logits[:k]]), rel=1e-5)


def test_the_members_are_what_the_training_runs_measured(members):
    _, dirs, _, run = members
    assert run.dir.metrics()[-1]["member/loss"] == pytest.approx(np.mean([d.status()["final"]["val/loss"] for d in dirs]), rel=1e-5)
    assert run.dir.metrics()[0]["test/loss"] == pytest.approx(dirs[0].status()["final"]["test/loss"], rel=1e-5)
    assert run.dir.metrics()[0]["probe/accuracy"] == pytest.approx(dirs[0].status()["final"]["probe/accuracy"])


def test_an_ensemble_is_never_worse_than_its_mean_member(members):
    for row in members[-1].dir.metrics():
        assert row["val/loss"] <= row["member/loss"] + 1e-6
    assert members[-1].dir.metrics()[-1]["val/loss"] < members[-1].dir.metrics()[-1]["member/loss"]


def test_final_numbers_are_those_of_all_members(members):
    run = members[-1].dir
    assert helpers.final(run) == {name: value for name, value in run.metrics()[-1].items() if name != "step"}


@pytest.mark.slow
@pytest.mark.parametrize("combine", ["logits", "weights"])
def test_a_curve_in_chunks_is_the_direct_computation(members, monkeypatch, combine):
    model, dirs, rows, _ = members
    three = [*dirs, dirs[0]]
    monkeypatch.setattr(ensemble, "CHUNK_BYTES", rows[0].size * 256 * 4)  # one batch at a time
    together, alone = ensemble.curve(model, three, rows, lambda losses: losses.mean((-2, -1)), combine)
    params = [load_weights(member, model) for member in three]
    for k in range(1, 4):
        if combine == "weights":
            soup = jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *params[:k])
            direct = mean_loss([model.apply(soup, batch) for batch in rows], rows)
        else:
            direct = mean_loss([np.mean([model.apply(p, batch) for p in params[:k]], 0) for batch in rows], rows)
        assert together[k - 1] == pytest.approx(direct, rel=1e-5)
    assert alone[0] == pytest.approx(alone[2]) == pytest.approx(mean_loss([model.apply(params[0], b) for b in rows], rows), rel=1e-5)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_members(members, monkeypatch):
    model, dirs, rows, _ = members

    def most_bytes(count: int) -> int:
        seen = []

        def load(member, model):
            seen.append(sum(array.nbytes for array in jax.live_arrays()))
            return load_weights(member, model)

        with monkeypatch.context() as patch:
            patch.setattr(ensemble.checkpoint, "load_weights", load)
            ensemble.curve(model, [dirs[0]] * count, rows, lambda losses: losses.mean((-2, -1)), "logits")
        return max(seen)

    jax.block_until_ready(jnp.zeros(1))
    most_bytes(2)
    assert most_bytes(8) == most_bytes(2)

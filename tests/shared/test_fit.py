"""The training loop on a least-squares problem small enough to know every bit of."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shared import checkpoint
from shared.fit import Fitted, Schedule, Task, averaged, build, fit
from shared.run import Run
from shared.rundir import RunDir
from shared.sharding import shardings

STEPS = 12
SCHEDULE = Schedule(steps=STEPS, log_every=3, evaluate_every=6, save_minutes=60.0)
DATA = np.random.default_rng(0).normal(size=(STEPS, 8, 4)).astype(np.float32)
MESH = {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}


class Crash(Exception):
    """Stands for kill -9: nothing is saved or closed."""


class Hours:
    """A clock on which little time passes but an hour in each of the given steps, after which the loop saves."""

    def __init__(self, steps: tuple[int, ...]):
        self.steps, self.now = steps, 0.0

    def monotonic(self) -> float:
        self.now += 1e-3
        return self.now

    def pass_by(self, step: int) -> None:
        self.now += 3601.0 * (step in self.steps)


def task(members: int, at_step: Callable[[int], None] = lambda step: None, ema: float | None = None) -> Task:
    def batch(step: int) -> np.ndarray:
        at_step(step)
        return np.broadcast_to(DATA[step], (members, 8, 4))

    def loss(params, rows, key, hyper):
        rows = rows + 0.1 * jax.random.normal(key, rows.shape)  # the random stream must survive a crash too
        return jnp.mean((rows @ params["w"] - 1) ** 2), {"norm": jnp.sum(params["w"] ** 2)}

    return Task(
        init=lambda key, hyper: {"w": jax.random.normal(key, (4, 2))},
        loss=loss,
        optimizer=lambda hyper: optax.adam(hyper["lr"]),
        batch=batch,
        evaluate=lambda params: {"val/loss": np.asarray(jnp.sum(params["w"] ** 2, (1, 2)))},
        axes={"w": ("embed", "mlp")},
        tokens_per_batch=8,
        ema=ema,
    )


def pack(root: Path, lrs: list[float]) -> list[RunDir]:
    members = [RunDir(root / f"member{index}") for index in range(len(lrs))]
    for index, (member, lr) in enumerate(zip(members, lrs, strict=True)):
        member.create({"config": {"seed": index, "lr": lr}})
        member.update(state="running")
    return members


def train(
    members: list[RunDir], at_step: Callable[[Run, int], None] = lambda run, step: None, ema: float | None = None
) -> tuple[Run, Fitted | None]:
    with Run(members, ("seed", "lr"), MESH, {}) as run:
        return run, fit(task(len(members), lambda step: at_step(run, step), ema), SCHEDULE, run)


def crash(members: list[RunDir], at: int, saves: tuple[int, ...], ema: float | None = None) -> None:
    """Trains until step `at`; checkpoints `saves` are written on the way."""
    clock = Hours(tuple(step - 1 for step in saves))

    def at_step(run: Run, step: int) -> None:
        if step == at:
            raise Crash
        clock.pass_by(step) if run.step == step else None  # not when the loop only looks at the shape of a batch

    with mock.patch("shared.fit.time", clock), pytest.raises(Crash):
        train(members, at_step, ema)


def resume(members: list[RunDir], ema: float | None = None) -> tuple[list[int], Fitted]:
    """(the steps that were trained, the result)."""
    seen = []
    _, fitted = train(members, lambda run, step: seen.append(step), ema)
    return seen[2:], fitted  # the first two only show their shape


def rows(members: list[RunDir]) -> list[list[dict]]:
    return [[{k: v for k, v in row.items() if not k.startswith("perf/")} for row in member.metrics()] for member in members]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Rows and parameters of two members trained without interruption."""
    members = pack(tmp_path_factory.mktemp("straight"), [0.1, 0.01])
    _, fitted = train(members)
    return rows(members), np.asarray(fitted.params["w"])


def same(straight, members, fitted) -> None:
    assert rows(members) == straight[0]
    assert np.array_equal(np.asarray(fitted.params["w"]), straight[1])


def test_what_is_logged_and_when(straight):
    for member in straight[0]:
        assert [row["step"] for row in member] == [3, 6, 9, 12]
        assert ["val/loss" in row for row in member] == [False, True, False, True]


def slow(*values) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("at, saves", [(7, (5, 6)), slow(1, ()), slow(7, (5,)), slow(11, (3, 6)), slow(5, (5,))])
def test_after_a_crash_it_goes_on_bit_by_bit(tmp_path, straight, at, saves):
    members = pack(tmp_path, [0.1, 0.01])
    crash(members, at, saves)
    assert checkpoint.steps(members[0].path / "ckpt") == list(saves)
    trained, fitted = resume(members)
    same(straight, members, fitted)
    assert trained == list(range(max(saves, default=0), STEPS))  # no step twice, none missing


def test_a_pack_that_was_killed_between_two_members_saves(tmp_path, straight):
    members = pack(tmp_path, [0.1, 0.01])
    crash(members, 7, (5, 6))
    shutil.rmtree(members[1].path / "ckpt" / "6")
    trained, fitted = resume(members)
    same(straight, members, fitted)
    assert trained[0] == 5


def damage(folder: Path) -> None:
    """Cuts every data file of a checkpoint in half."""
    for file in folder.rglob("d/*"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def foreign(folder: Path) -> None:
    shutil.rmtree(folder)
    checkpoint.save(folder, {"something": np.ones(3)})


def other_shape(folder: Path) -> None:
    """The state of a wider model, under the same names."""
    opt = optax.adam(0.1).init({"w": jnp.ones((5, 2))})
    sums = {"train/loss": jnp.zeros(()), "norm": jnp.zeros(())}
    shutil.rmtree(folder)
    checkpoint.save(folder, {"params": {"w": jnp.ones((5, 2))}, "opt": opt, "step": jnp.int32(7), "sums": sums})


@pytest.mark.parametrize("spoil", [damage, slow(foreign), slow(other_shape), slow(lambda folder: (folder / "_METADATA").unlink())])
def test_a_bad_checkpoint_costs_one_line_and_one_step_back(tmp_path, straight, capsys, spoil):
    members = pack(tmp_path, [0.1, 0.01])
    crash(members, 7, (5, 6))
    spoil(members[0].path / "ckpt" / "6")
    capsys.readouterr()
    trained, fitted = resume(members)
    same(straight, members, fitted)
    assert trained[0] == 5
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "ckpt/6" in out and "going one back" in out


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [damage, shutil.rmtree])
def test_without_a_readable_checkpoint_for_all_it_says_that_it_starts_again(tmp_path, straight, capsys, spoil):
    members = pack(tmp_path, [0.1, 0.01])
    crash(members, 7, (6,))
    spoil(members[1].path / "ckpt" / "6")
    trained, fitted = resume(members)
    same(straight, members, fitted)
    assert trained[0] == 0
    assert "starting again from step 0" in capsys.readouterr().out


def test_asked_to_stop_it_saves_and_goes_on_later(tmp_path, straight):
    members = pack(tmp_path, [0.1, 0.01])

    def stop(run: Run, step: int) -> None:
        run.stopped = "preempted" if step == 4 else ""

    run, fitted = train(members, stop)
    assert fitted is None and run.step == 5
    assert checkpoint.steps(members[0].path / "ckpt") == [5]
    trained, fitted = resume(members)
    same(straight, members, fitted)
    assert trained[0] == 5


@pytest.mark.slow
def test_asked_to_stop_in_the_last_step_it_finishes(tmp_path, straight):
    members = pack(tmp_path, [0.1, 0.01])

    def stop(run: Run, step: int) -> None:
        run.stopped = "preempted" if step == STEPS - 1 else ""

    same(straight, members, train(members, stop)[1])


@pytest.mark.parametrize("bad", [1e30, slow(float("inf")), slow(float("nan"))])
def test_a_diverging_member_changes_no_bit_of_its_neighbours(tmp_path, bad):
    healthy, sick = pack(tmp_path / "healthy", [0.1, 0.1, 0.01]), pack(tmp_path / "sick", [0.1, bad, 0.01])
    (_, one), (run, other) = train(healthy), train(sick)
    assert [member.status()["state"] for member in sick] == ["running", "diverged", "running"]
    assert "loss not finite by step" in sick[1].status()["error"]
    assert run.active == [True, False, True]
    for neighbour in (0, 2):
        assert rows(sick)[neighbour] == rows(healthy)[neighbour]
        assert np.array_equal(other.params["w"][neighbour], one.params["w"][neighbour])
    assert max((row["step"] for row in rows(sick)[1]), default=0) < STEPS


@pytest.mark.slow
def test_when_all_members_diverge_it_stops(tmp_path):
    members = pack(tmp_path, [float("inf")])
    run, fitted = train(members)
    assert fitted is None and run.step < STEPS and members[0].status()["state"] == "diverged"


def test_a_member_of_a_pack_is_its_solo_run(tmp_path, straight):
    """Not bit by bit: XLA may sum a product over a batch of members in another order. Tolerance: 1e-5 relative."""
    members = pack(tmp_path, [0.1, 0.01])[1:]
    _, fitted = train(members)
    assert np.asarray(fitted.params["w"][0]) == pytest.approx(straight[1][1], rel=1e-5)
    for ours, theirs in zip(rows(members)[0], straight[0][1], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
def test_one_more_metric_or_member_shifts_no_random_stream(tmp_path, straight):
    members = pack(tmp_path, [0.1, 0.01, 0.3])
    _, fitted = train(members)
    assert np.asarray(fitted.params["w"][:2]) == pytest.approx(straight[1], rel=1e-5)


@pytest.mark.slow
def test_only_the_newest_checkpoints_stay(tmp_path):
    members = pack(tmp_path, [0.1])
    crash(members, 9, (2, 4, 6, 8))
    assert {path.name for path in (members[0].path / "ckpt").iterdir()} == {"6", "8"}


def test_the_step_is_compiled_once(tmp_path, caplog):
    members = pack(tmp_path, [0.1, 0.2])
    with jax.log_compiles(), caplog.at_level("WARNING"):
        train(members)
    assert sum("Compiling jit(step_one)" in record.getMessage() for record in caplog.records) == 1


def test_buffers_are_what_the_loss_says_and_no_gradient_moves_them(tmp_path):
    """A running mean of the batches, beside a weight that is trained: the optimiser sees the weight alone, and a crash loses neither."""

    def loss(params, rows, key, hyper):
        return jnp.mean((rows @ params["w"] - params["seen"]["mean"].sum()) ** 2), {
            "norm": jnp.sum(params["w"] ** 2),
            "seen": {"mean": 0.5 * params["seen"]["mean"] + 0.5 * rows.mean(0)},
        }

    def buffered(at_step: Callable[[int], None] = lambda step: None) -> Task:
        plain = task(2, at_step)
        return Task(
            init=lambda key, hyper: {"w": jax.random.normal(key, (4, 2)), "seen": {"mean": jnp.zeros(4)}},
            loss=loss, optimizer=lambda hyper: optax.sgd(hyper["lr"]), batch=plain.batch, evaluate=lambda params: {},
            axes={"w": ("embed", "mlp"), "seen": {"mean": (None,)}}, tokens_per_batch=8, buffers=("seen",),
        )  # fmt: skip

    with Run(pack(tmp_path, [0.1, 0.0]), ("seed", "lr"), MESH, {}) as run:
        params = fit(buffered(), SCHEDULE, run).params
    mean = np.zeros(4)
    for rows in DATA:
        mean = 0.5 * mean + 0.5 * rows.mean(0)
    np.testing.assert_allclose(params["seen"]["mean"], [mean, mean], rtol=1e-5)
    start = [jax.random.normal(jax.random.fold_in(jax.random.key(seed), 0), (4, 2)) for seed in (0, 1)]
    assert not np.allclose(params["w"][0], start[0])
    np.testing.assert_array_equal(params["w"][1], start[1])  # a rate of 0
    assert all("seen" not in row for member in run.members for row in member.metrics())


DECAY = 0.8


@pytest.fixture(scope="module")
def mean(tmp_path_factory):
    """Rows and mean parameters of the two members of `straight`."""
    members = pack(tmp_path_factory.mktemp("mean"), [0.1, 0.01])
    _, fitted = train(members, ema=DECAY)
    return rows(members), np.asarray(fitted.params["w"])


def test_the_mean_of_parameters_is_what_a_hand_computes(tmp_path, straight, mean):
    """Evaluated after every step, a training shows its parameters; weights fall by DECAY per step of age and add up to one."""
    shown = []
    plain = replace(task(2), evaluate=lambda params: shown.append(np.asarray(params["w"], np.float64)) or {"val/loss": np.zeros(2)})
    with Run(pack(tmp_path, [0.1, 0.01]), ("seed", "lr"), MESH, {}) as run:
        fit(plain, replace(SCHEDULE, evaluate_every=1), run)
    for step, row in ((6, 1), (STEPS, 3)):  # evaluations see the mean too
        weights = DECAY ** np.arange(step)[::-1]
        hand = np.tensordot(weights / weights.sum(), np.stack(shown[:step]), 1)  # [members, 4, 2]
        assert [member[row]["val/loss"] for member in mean[0]] == pytest.approx(np.sum(hand**2, (1, 2)), rel=1e-5)
    np.testing.assert_allclose(mean[1], hand, rtol=1e-5)
    for with_mean, without in zip(mean[0], straight[0], strict=True):  # the training itself does not know of it
        assert [row["train/loss"] for row in with_mean] == [row["train/loss"] for row in without]


def test_the_first_mean_has_no_bias_towards_its_start():
    first = averaged({"w": jnp.zeros(3)}, {"w": jnp.array([1.0, -2.0, 3e4])}, 0.999, jnp.int32(1))
    np.testing.assert_allclose(first["w"], [1.0, -2.0, 3e4], rtol=1e-6)


def test_after_a_crash_the_mean_goes_on_bit_by_bit(tmp_path, mean):
    members = pack(tmp_path, [0.1, 0.01])
    crash(members, 7, (5,), DECAY)
    trained, fitted = resume(members, DECAY)
    same(mean, members, fitted)
    assert trained[0] == 5


def test_the_mean_of_a_member_is_that_of_its_solo_run(tmp_path, mean):
    """Tolerance as for the parameters themselves."""
    _, fitted = train(pack(tmp_path, [0.1, 0.01])[1:], ema=DECAY)
    assert np.asarray(fitted.params["w"][0]) == pytest.approx(mean[1][1], rel=1e-5)


def test_a_state_has_a_mean_only_where_one_is_asked_for_and_it_lies_as_its_parameters_do():
    hyper = {"seed": jnp.arange(2), "lr": jnp.ones(2)}
    without, with_mean = (jax.eval_shape(build(task(2, ema=ema), 3)[0], hyper) for ema in (None, DECAY))
    assert set(without) == {"params", "opt", "step", "sums"} and set(with_mean) == {*without, "ema"}
    mesh = jax.sharding.AbstractMesh((2, 1, 2, 1), tuple(MESH))
    layout = shardings(with_mean, task(2).axes, mesh)
    assert layout["ema"]["w"].spec == layout["params"]["w"].spec == jax.sharding.PartitionSpec("member", "fsdp", "tensor")


def test_buffers_are_not_averaged(tmp_path):
    """Those of the last step stand beside the mean of the weights."""

    def loss(params, rows, key, hyper):
        return jnp.mean((rows @ params["w"]) ** 2), {"norm": jnp.sum(params["w"] ** 2), "seen": params["seen"] + 1}

    counting = replace(
        task(2, ema=DECAY), loss=loss, buffers=("seen",), axes={"w": ("embed", "mlp"), "seen": ()}, evaluate=lambda params: {},
        init=lambda key, hyper: {"w": jax.random.normal(key, (4, 2)), "seen": jnp.zeros(())},
    )  # fmt: skip
    with Run(pack(tmp_path, [0.1, 0.0]), ("seed", "lr"), MESH, {}) as run:
        params = fit(counting, SCHEDULE, run).params
    np.testing.assert_array_equal(params["seen"], [STEPS, STEPS])
    start = jax.random.normal(jax.random.fold_in(jax.random.key(1), 0), (4, 2))
    np.testing.assert_allclose(params["w"][1], start, rtol=1e-6)  # a rate of 0: a mean of equal parameters

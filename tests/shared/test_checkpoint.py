import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shared import checkpoint
from shared.errors import BadInput

TREE = {"a": jnp.arange(6.0).reshape(2, 3), "b": {"c": jnp.int32(7)}}


def abstract(tree):
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), tree)


def test_what_is_saved_comes_back_bit_by_bit(tmp_path):
    checkpoint.save(tmp_path / "1", TREE)
    back = checkpoint.restore(tmp_path / "1", abstract(TREE))
    assert jax.tree.all(jax.tree.map(np.array_equal, back, TREE))
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_saving_again_replaces(tmp_path):
    checkpoint.save(tmp_path / "1", TREE)
    checkpoint.save(tmp_path / "1", {"a": jnp.zeros(3)})
    assert checkpoint.restore(tmp_path / "1", abstract({"a": jnp.zeros(3)}))["a"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("wanted", [
    {"a": jnp.zeros((2, 4)), "b": {"c": jnp.int32(0)}}, {"a": jnp.zeros((3, 3)), "b": {"c": jnp.int32(0)}}, {"a": jnp.zeros((2, 3))},
    {"other": jnp.zeros(3)},
])  # fmt: skip
def test_another_model_is_refused_in_one_line(tmp_path, wanted):
    checkpoint.save(tmp_path / "1", TREE)
    with pytest.raises(ValueError) as caught:
        checkpoint.restore(tmp_path / "1", abstract(wanted))
    assert "\n" not in str(caught.value) and str(tmp_path / "1") in str(caught.value)


def test_every_damaged_file_is_noticed(tmp_path):
    """Each file of a checkpoint in turn: gone, cut, emptied. It must raise, or give the very same arrays."""
    checkpoint.save(tmp_path / "1", TREE)
    files = [path for path in (tmp_path / "1").rglob("*") if path.is_file()]
    assert files
    for file in files:
        whole = file.read_bytes()
        for spoilt in (None, whole[: len(whole) // 2], b""):
            file.unlink() if spoilt is None else file.write_bytes(spoilt)
            try:
                back = checkpoint.restore(tmp_path / "1", abstract(TREE))
                assert jax.tree.all(jax.tree.map(np.array_equal, back, TREE)), file
            except ValueError as error:
                assert "\n" not in str(error)
            file.write_bytes(whole)


def test_pruning_keeps_the_newest_and_sweeps_what_a_kill_left(tmp_path):
    for name in ("3", "12", "5", "12.orbax-checkpoint-tmp", "7.orbax-checkpoint-tmp-0"):
        (tmp_path / name).mkdir()
    checkpoint.prune(tmp_path)
    assert checkpoint.steps(tmp_path) == [5, 12]
    assert {path.name for path in tmp_path.iterdir()} == {"5", "12"}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 256 KiB; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_said_in_one_line_and_the_old_checkpoint_stays(small_disk: Path):
    checkpoint.save(small_disk / "1", TREE)
    noise = np.random.default_rng(0).normal(size=200_000)
    with pytest.raises(BadInput, match="no disk space left"):
        checkpoint.save(small_disk / "2", {"a": noise})
    checkpoint.prune(small_disk)
    assert checkpoint.steps(small_disk) == [1]
    assert checkpoint.restore(small_disk / "1", abstract(TREE))["b"]["c"] == 7

import json

import helpers
import jax
import pytest
from jax.sharding import PartitionSpec

from configs.meshes import MESHES
from shared import sharding
from shared.errors import BadInput

ONE = {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}
FAKES = {name: mesh.axes for name, mesh in MESHES.items() if name.startswith("cpu8")}


def test_a_name_becomes_a_mesh_axis():
    assert sharding.spec(("member", "embed", "mlp", None, "layers")) == PartitionSpec("member", "fsdp", "tensor", None, None)


def test_a_name_without_a_rule_is_an_error():
    with pytest.raises(KeyError, match="'wings' has no rule"):
        sharding.spec(("embed", "wings"))


def test_a_mesh_of_another_size_than_the_machine_is_refused():
    with pytest.raises(BadInput, match=r"wants 8 devices and this machine shows \d+.*--config.mesh"):
        sharding.make_mesh({"member": 4, "data": 2})


def test_a_batch_that_does_not_divide_is_refused():
    class Mesh:
        shape = {"member": 1, "data": 2, "fsdp": 2, "tensor": 2}

    with pytest.raises(BadInput, match="6 rows does not divide over 4"):
        sharding.batch_sharding(Mesh, 1, 6)


def test_heads_that_do_not_divide_are_refused_and_members_stay_whole():
    """Replicated in silence, all devices of the axis would compute the same."""
    mesh = jax.sharding.AbstractMesh((4, 1, 1, 2), ("member", "data", "fsdp", "tensor"))
    axes = {"query": ("embed", "heads", None), "step": ()}
    state = {"step": jax.ShapeDtypeStruct((3,), "int32"), "query": jax.ShapeDtypeStruct((3, 8, 6, 4), "float32")}
    found = sharding.shardings(state, axes, mesh)
    assert found["query"].spec == PartitionSpec(None, "fsdp", "tensor", None) and found["step"].spec == PartitionSpec(None)
    state["query"] = jax.ShapeDtypeStruct((4, 8, 3, 4), "float32")
    with pytest.raises(BadInput, match=r"3 heads of \['query'\] do not divide over tensor=2 devices.*--config.mesh"):
        sharding.shardings(state, axes, mesh)


def test_every_parameter_name_of_the_decoder_has_a_rule():
    from projects.infinite_compute.model import build

    run = next(iter(helpers.plan("train").runs.values()))
    from ml_collections import ConfigDict

    axes = jax.tree.leaves(build(ConfigDict(run.config)).axes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    assert axes and all(sharding.spec(names) is not None for names in axes)


# Four members of a tiny decoder on 8 devices over each of the meshes: losses, and how parameters and moments are split.
PROGRAM = """
    import json, sys
    import jax
    meshes, count = json.loads(sys.argv[1]), int(sys.argv[2])
    jax.config.update("jax_num_cpu_devices", count)
    from pathlib import Path
    import jax.numpy as jnp
    import numpy as np
    from shared import checkpoint
    from shared.fit import Schedule, Task, fit
    from shared.lm import next_token_loss
    from shared.nn.decoder import Decoder, DecoderConfig
    from shared.nn.pure import pure
    from shared.optim import adamw, decay_mask, warmup_cosine
    from shared.run import Run
    from shared.rundir import RunDir

    config = DecoderConfig(vocab=32, layers=2, width=16, heads=4, kv_heads=2, mlp_width=32, head_dim=4, context=16)
    model = pure(lambda rngs: Decoder(config, rngs))
    tokens = np.random.default_rng(0).integers(0, 32, (6, 8, 16)).astype(np.int32)
    task = Task(
        init=lambda key, hyper: model.init(key),
        loss=lambda params, rows, key, hyper: (next_token_loss(model.apply(params, rows), rows), {}),
        optimizer=lambda hyper: adamw(warmup_cosine(hyper["lr"], 6, 0.01), 0.1, decay_mask(model.axes), 0.9, 0.95, 1e-8, 1.0),
        batch=lambda step: np.stack([tokens[step]] * 4),
        evaluate=lambda params: {},
        axes=model.axes,
        tokens_per_batch=128,
    )

    class Watched(Run):
        def save(self, step, state):
            def shards(tree):
                flat = jax.tree_util.tree_leaves_with_path(tree)
                return {jax.tree_util.keystr(path): [leaf.shape, leaf.addressable_shards[0].data.shape] for path, leaf in flat}
            self.shapes = shards({"params": state["params"], "opt": state["opt"]})
            super().save(step, state)

    def losses(root, axes, stop=0):
        members = [RunDir(Path(root) / str(index)) for index in range(4)]
        for index, member in enumerate(members):
            member.create({"config": {"seed": index, "lr": 0.01}})
        with Watched(members, ("seed", "lr"), axes, {}) as run:
            whole = task.batch
            def batch(step):
                run.stopped = "preempted" if step + 1 == stop else ""
                return whole(step)
            import dataclasses
            fit(dataclasses.replace(task, batch=batch), Schedule(6, 1, 6, 60.0), run)
        return [[row["train/loss"] for row in member.metrics()] for member in members], getattr(run, "shapes", {})

    root = sys.argv[3]
    out = {name: losses(f"{root}/{name}", axes, stop=4) for name, axes in meshes.items()}
    names = list(meshes)
    for name, other in zip(names, names[1:] + names[:1]):  # goes on, on the next mesh
        out[name] = [losses(f"{root}/{name}", meshes[other])[0], out[name][1]]
    print(json.dumps(out))
"""


@pytest.mark.slow
def test_every_mesh_gives_the_same_losses_and_really_splits(tmp_path):
    one = json.loads(helpers.script(PROGRAM, json.dumps({"one": ONE}), "1", str(tmp_path)))["one"]
    many = json.loads(helpers.script(PROGRAM, json.dumps(FAKES), "8", str(tmp_path)))
    for losses, _ in many.values():
        for member, expected in zip(losses, one[0], strict=True):
            assert len(member) == 6 and member == pytest.approx(expected, abs=1e-5)

    def shard(mesh: str, end: str) -> list[list[int]]:
        """Shard shapes of the parameter whose path ends so, and of its two moments."""
        found = [shapes[1] for path, shapes in many[mesh][1].items() if path.endswith(end)]
        assert len(found) == 3
        return found

    up, head = "['mlp']['up']['kernel']", "['head']['kernel']"  # [members, layers, 16, 32] and [members, 16, 32]
    assert shard("cpu8-cube", up) == [[4, 2, 8, 16]] * 3
    assert shard("cpu8-cube", head) == [[4, 8, 16]] * 3
    assert shard("cpu8-cube", "['embedding']['table']") == [[4, 16, 8]] * 3
    assert shard("cpu8-cube", "['attention']['query']['kernel']") == [[4, 2, 8, 2, 4]] * 3
    assert shard("cpu8-data", up) == [[4, 2, 16, 32]] * 3
    assert shard("cpu8-member", up) == [[1, 2, 16, 32]] * 3
    assert all(shapes[1][0] == 1 for shapes in many["cpu8-member"][1].values())


@pytest.mark.slow
def test_the_launcher_runs_on_fake_devices(runs):
    """A real run over the cube gives the numbers of one device."""
    (run,) = helpers.plan("train").runs.values()
    rows = {}
    for mesh in ("cpu8-cube", "cpu"):
        done = helpers.launch("run", "infinite_compute/train", "--scale=smoke", f"--config.mesh={mesh}", *helpers.flags())
        assert done.returncode == 0, done.stdout
        rows[mesh] = helpers.rows(run.dir)
        run.dir.path.rename(runs / mesh)
    for ours, theirs in zip(*rows.values(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)

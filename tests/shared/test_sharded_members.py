"""A pack whose members lie on different devices, stopped and gone on with on another layout, is its members one by one."""

import json

import helpers
import numpy as np

# Eight members of a least-squares problem: the parameters of all after 12 steps, stopped after `stop` of them on the first of the meshes.
PROGRAM = """
    import json, sys
    import jax
    meshes, devices, members, stop = json.loads(sys.argv[1])
    jax.config.update("jax_num_cpu_devices", devices)
    from pathlib import Path
    import jax.numpy as jnp
    import numpy as np
    import optax
    from shared.fit import Schedule, Task, fit
    from shared.run import Run
    from shared.rundir import RunDir

    data = np.random.default_rng(0).normal(size=(12, 8, 4)).astype(np.float32)

    def loss(params, rows, key, hyper):
        rows = rows + 0.1 * jax.random.normal(key, rows.shape)
        return jnp.mean((rows @ params["w"] - 1) ** 2), {}

    def task(run, until):
        def batch(step):
            run.stopped = "preempted" if step + 1 == until else ""
            return np.broadcast_to(data[step], (len(run), 8, 4))

        return Task(
            init=lambda key, hyper: {"w": jax.random.normal(key, (4, 2))}, loss=loss, optimizer=lambda hyper: optax.adam(hyper["lr"]),
            batch=batch, evaluate=lambda params: {}, axes={"w": ("embed", "mlp")}, tokens_per_batch=8,
        )

    folders = [RunDir(Path(sys.argv[2]) / str(member)) for member in members]
    for member, folder in zip(members, folders):
        folder.create({"config": {"seed": member, "lr": 0.01 * (member + 1)}})
    for axes, until in zip(meshes, (stop, 0)[-len(meshes):]):
        with Run(folders, ("seed", "lr"), axes, {}) as run:
            fitted = fit(task(run, until), Schedule(12, 3, 12, 60.0), run)
            assert (fitted is None) == bool(until)
    w = fitted.params["w"]
    print(json.dumps({"w": np.asarray(w).tolist(), "shard": w.addressable_shards[0].data.shape, "from": sorted(
        int(row["step"]) for row in folders[0].metrics())}))
"""


def axes(**lengths: int) -> dict[str, int]:
    return {"member": 1, "data": 1, "fsdp": 1, "tensor": 1} | lengths


def trained(folder, meshes, devices, members, stop=0) -> dict:
    return json.loads(helpers.script(PROGRAM, json.dumps([meshes, devices, members, stop]), str(folder)).splitlines()[-1])


def test_members_on_devices_of_their_own_are_their_solo_runs(tmp_path):
    pack = trained(tmp_path / "pack", [axes(member=8), axes(member=4, data=2)], 8, list(range(8)), stop=5)
    assert pack["shard"] == [2, 4, 2] and pack["from"] == [3, 6, 9, 12]  # two on each of four pairs; no row twice, none missing
    solo = trained(tmp_path / "solo", [axes()], 1, [6])
    np.testing.assert_allclose(pack["w"][6], solo["w"][0], atol=1e-6)


def test_members_that_a_mesh_does_not_divide_are_whole_on_every_device(tmp_path):
    pack = trained(tmp_path, [axes(member=2)], 2, [0, 1, 2])
    assert pack["shard"] == [3, 4, 2]

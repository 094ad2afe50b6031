"""A training step lowered for eight devices, in a process that has them."""

import json

import helpers
import pytest

PROGRAM = """
    import json, sys
    import jax
    jax.config.update("jax_num_cpu_devices", 8)
    import jax.numpy as jnp
    from shared.fit import Schedule, Task
    from shared.lm import next_token_loss
    from shared.lowering import QUICK, Ahead, devices, lower, step, trace
    from shared.nn.decoder import Decoder, DecoderConfig, parameter_count
    from shared.nn.pure import pure
    from shared.optim import adamw, decay_mask
    from shared.sharding import make_mesh

    config = DecoderConfig(vocab=64, layers=2, width=32, heads=4, kv_heads=4, mlp_width=64, head_dim=8, context=64)
    model = pure(lambda rngs: Decoder(config, rngs))
    out = {"parameters": parameter_count(config)["total"]}
    for name, axes, members in json.loads(sys.argv[1]):
        task = Task(
            init=lambda key, hyper: model.init(key),
            loss=lambda params, rows, key, hyper: (next_token_loss(model.apply(params, rows), rows), {}),
            optimizer=lambda hyper: adamw(hyper["lr"], 0.1, decay_mask(model.axes), 0.9, 0.95, 1e-8, 1.0),
            batch=lambda step: jax.ShapeDtypeStruct((members, 16, 64), jnp.int32),
            evaluate=lambda params: {},
            axes=model.axes,
            tokens_per_batch=1,
        )
        hyper = {key: jax.ShapeDtypeStruct((members,), kind) for key, kind in (("seed", jnp.int32), ("lr", jnp.float32))}
        mesh = make_mesh(axes)
        program = step(task, Schedule(100, 10, 10, 1.0), Ahead(hyper, mesh, {}))
        traced, signature = trace(program, mesh)
        lowered = lower(traced)
        one = traced.lower().compile(compiler_options=QUICK).cost_analysis()["flops"]
        out[name] = {"program": [program.name, program.calls, program.parameters, devices(program)], "one": one, "signature": signature,
                     "flops": lowered.flops, "given": lowered.given, "working": lowered.working, "collectives": lowered.collectives}
    print(json.dumps(out))
"""
MESHES = [
    ("members", {"member": 8, "data": 1, "fsdp": 1, "tensor": 1}, 8),
    ("data", {"member": 1, "data": 8, "fsdp": 1, "tensor": 1}, 1),
    ("fsdp", {"member": 1, "data": 1, "fsdp": 8, "tensor": 1}, 1),
    ("cube", {"member": 2, "data": 1, "fsdp": 2, "tensor": 2}, 4),
]


@pytest.fixture(scope="module")
def found():
    return json.loads(helpers.script(PROGRAM, json.dumps(MESHES)).splitlines()[-1])


def test_the_program_is_the_training_step(found):
    for name, _, _ in MESHES:
        assert found[name]["program"] == ["training step", 100, found["parameters"], 8]


def test_no_device_computes_what_another_does(found):
    """XLA's own count of one device's operations, elementwise ones among them."""
    for name, _, _ in MESHES:
        assert found[name]["flops"] < 8 * found[name]["one"] < 1.6 * found[name]["flops"]


def test_no_device_holds_rows_of_another(found):
    """Parameters that are split take no more memory for activations than whole ones do."""
    assert found["fsdp"]["working"] < 1.1 * found["data"]["working"]


def test_flops_are_of_all_members(found):
    assert found["members"]["flops"] == 8 * found["data"]["flops"] == 2 * found["cube"]["flops"]


def test_parameters_and_moments_lie_where_the_mesh_says(found):
    state = 12 * found["parameters"]
    for name, copies in (("members", 1), ("data", 1), ("fsdp", 1 / 8)):
        assert found[name]["given"] == pytest.approx(copies * state, rel=0.06)  # and a batch, counters and sums


def test_members_on_devices_of_their_own_say_next_to_nothing_to_each_other(found):
    assert sum(size for _, size in found["members"]["collectives"].values()) < 1_000  # but their metrics
    assert set(found["data"]["collectives"]) == {"all-reduce"}
    assert "all-gather" in found["fsdp"]["collectives"]


def test_gradients_that_are_reduced_are_as_large_as_the_parameters(found):
    count, size = found["data"]["collectives"]["all-reduce"]
    assert count and size == pytest.approx(4 * found["parameters"], rel=0.05)


def test_other_places_are_another_program(found):
    assert len({found[name]["signature"] for name, _, _ in MESHES}) == len(MESHES)

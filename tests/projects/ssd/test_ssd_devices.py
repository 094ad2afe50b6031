"""Target and draft on devices of their own, the target alone or cut over a mesh: the same text."""

import json

import helpers
import pytest

SCRIPT = """
    import dataclasses, json, sys
    sys.path.insert(0, "tests/projects/ssd")
    import jax
    jax.config.update("jax_num_cpu_devices", 3)
    from jax.sharding import AxisType
    import ssd_pairs
    from projects.ssd.engine import Engine, Sampling, Spec
    from shared.errors import BadInput

    ssd_pairs.CONFIG = dataclasses.replace(ssd_pairs.CONFIG, vocab=64)  # it divides over two devices
    pair, some = ssd_pairs.pair(), ssd_pairs.prompts(4)

    def mesh(count):
        return jax.make_mesh((1, 1, 1, count), ("member", "data", "fsdp", "tensor"), axis_types=(AxisType.Auto,) * 4,
                             devices=jax.devices()[:count])

    def texts(spec, place, temperature):
        with Engine(pair, spec, 3, 40, place=place) as engine:
            done = engine.generate(some, Sampling(temperature, seed=2, max_new=16))
            devices = {device.id for leaf in jax.tree.leaves(engine.target.params) for device in leaf.devices()}
            draft = {device.id for leaf in jax.tree.leaves(engine.drafter.params) for device in leaf.devices()} if engine.drafter else []
        return {"texts": done.tokens, "hits": int((done.rounds.columns()["hit"] == 1).sum()), "target": [*devices], "draft": [*draft]}

    ssd, sd = (Spec(mode, 3, 8, (2, 2, 2, 2)) for mode in ("ssd", "sd"))
    for temperature in (0.0, 0.8):
        for spec, place in ((ssd, None), (ssd, mesh(2)), (Spec("ar") if temperature == 0 else sd, None)):
            print(json.dumps(texts(spec, place, temperature)))
    try:
        Engine(pair, Spec("ar"), 1, 40, place=mesh(3))
    except BadInput as error:
        print(json.dumps(str(error)))
"""


@pytest.mark.slow
def test_a_target_cut_over_a_mesh_and_a_draft_beside_it():
    *found, refused = map(json.loads, helpers.script(SCRIPT).splitlines())
    assert "does not divide over tensor of the mesh: choose another mesh" in refused
    for plain, cut, known in (found[:3], found[3:]):
        assert plain["texts"] == cut["texts"] == known["texts"]
        assert plain["hits"] == cut["hits"] > 0
        assert (plain["target"], plain["draft"], cut["target"], cut["draft"]) == ([0], [2], [0, 1], [2])

from dataclasses import replace

import helpers
import pytest

from configs.meshes import MESHES, Mesh
from launch.pack import LONG_SECONDS, arrange

CPU = MESHES["cpu"]
GPU = MESHES["h200"]  # 141 GB


@pytest.fixture
def eight():
    return list(helpers.members(seed=list(range(8))).runs.values())


def sizes(packs):
    return [len(pack.runs) for pack in packs]


def test_small_runs_share_one_program(eight):
    assert sizes(arrange(eight, 2, CPU)) == [8]


def test_larger_runs_are_dealt_out_over_the_cores(eight):
    long = [replace(run, flops=1e12) for run in eight]
    assert sizes(arrange(long, 2, CPU)) == [4, 4]
    assert sizes(arrange(long, 3, CPU)) == [3, 3, 2]


def test_long_runs_go_alone_on_a_cpu(eight):
    long = [replace(run, flops=CPU.rate * LONG_SECONDS) for run in eight]
    assert sizes(arrange(long, 2, CPU)) == [1] * 8
    assert sizes(arrange([replace(run, flops=run.flops / 3) for run in long], 2, CPU)) == [3, 3, 2]
    assert sizes(arrange(long, 2, replace(GPU, utilisation=2e-5))) == [4, 4]


def test_a_pack_fits_into_memory(eight):
    big = [replace(run, flops=1e18, bytes=30e9) for run in eight]
    assert sizes(arrange(big, 1, GPU)) == [3, 3, 2]
    assert sizes(arrange([replace(run, bytes=1e15) for run in big], 1, GPU)) == [1] * 8


def test_a_pack_has_a_widest_size(eight):
    assert sizes(arrange(eight, 1, Mesh(widest=3))) == [3, 3, 2]


def test_members_differ_only_in_packable_fields():
    runs = list(helpers.members(seed=[0, 0, 1], optim__lr=[0.1, 0.2, 0.1], train__epochs=[2, 2, 4]).runs.values())
    packs = arrange(runs, 1, CPU)
    assert [[run.config["seed"] for run in pack.runs] for pack in packs] == [[0, 0], [1]]


def test_every_run_is_dealt_once(eight):
    mixed = eight + list(helpers.both_plans().runs.values())
    dealt = [run.id for pack in arrange(mixed, 2, CPU) for run in pack.runs]
    assert sorted(dealt) == sorted(run.id for run in mixed)


def test_an_interrupted_pack_goes_on_as_it_was(eight):
    for run, job in zip(eight, ("one", "one", "two"), strict=False):
        run.dir.create(run.record("", ""))
        run.dir.update(state="preempted", job=job)
    assert sizes(arrange(eight, 2, CPU)) == [2, 1, 5]


def test_an_interrupted_pack_is_not_split_over_the_workers(eight):
    for run in eight:
        run.dir.path.mkdir(parents=True, exist_ok=True)
        run.dir.update(state="preempted", job="one")
    assert [len(pack.runs) for pack in arrange(list(eight), 2, MESHES["cpu"])] == [len(eight)]

from dataclasses import replace

import helpers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.meshes import MESHES, Mesh
from launch.layout import ROOM, lay_out, share
from launch.pack import arrange

PLAN = helpers.members(seed=list(range(100)))
RUN = replace(next(iter(PLAN.runs.values())), bytes=3e9, state=1e9)
POD = MESHES["v5p-128"]  # 64 devices of 95 GB: data 8, fsdp 8


def axes(mesh: Mesh) -> tuple[int, int, int, int]:
    return mesh.member, mesh.data, mesh.fsdp, mesh.tensor


def test_small_members_get_a_device_each():
    lying, size = lay_out(RUN, POD, 64)
    assert (axes(lying), size) == ((64, 1, 1, 1), 64)


def test_what_does_not_fit_a_device_is_spread_and_the_batch_is_split_first():
    lying, size = lay_out(replace(RUN, bytes=200e9, state=10e9), POD, 64)
    assert (axes(lying), size) == ((16, 4, 1, 1), 16)
    lying, size = lay_out(replace(RUN, bytes=200e9, state=200e9), POD, 64)  # no batch makes the parameters smaller
    assert (axes(lying), size) == ((16, 1, 4, 1), 16)


def test_a_run_alone_has_the_mesh_as_it_is_named():
    assert lay_out(RUN, POD, 1) == (POD, 1)
    assert lay_out(replace(RUN, bytes=1e15), POD, 64) == (POD, 1)


def test_devices_of_a_cpu_lie_as_the_mesh_says():
    assert axes(lay_out(RUN, MESHES["cpu8-cube"], 64)[0]) == axes(MESHES["cpu8-cube"])


def test_packs_over_a_pod_are_multiples_of_its_members():
    packs = arrange([replace(run, bytes=30e9, state=1e9) for run in PLAN.runs.values()], 1, POD)
    assert [(len(pack.runs), pack.mesh.member) for pack in packs] == [(64, 64), (32, 32), (4, 4)]
    assert {run.id for pack in packs for run in pack.runs} == set(PLAN.runs)


sizes = st.sampled_from([1, 2, 4, 8])


@settings(max_examples=50, deadline=None)
@given(st.tuples(sizes, sizes, sizes), st.integers(1, 200), st.floats(1e6, 1e12), st.floats(0, 1))
def test_no_device_idles_and_none_is_overfull(lengths, count, held, part):
    mesh, run = Mesh(*lengths, device=POD.device), replace(RUN, bytes=held, state=part * held)
    lying, size = lay_out(run, mesh, count)
    assert lying.devices == mesh.devices and 1 <= size <= count and size % lying.member == 0
    assert [theirs % ours for ours, theirs in zip(axes(lying)[1:], axes(mesh)[1:], strict=True)] == [0, 0, 0]
    if size > 1:
        assert size // lying.member * share(run, lying) <= ROOM * mesh.memory * (1 + 1e-9)


@pytest.mark.parametrize("count", [5, 24, 63])
def test_a_pack_that_goes_on_lies_as_it_lay(count):
    """Its members are as many as it took, or fewer."""
    run = replace(RUN, bytes=90e9, state=10e9)
    lying, size = lay_out(run, POD, count)
    assert lay_out(run, POD, size) == (lying, size)

"""Every entry point that says what it will compute can be traced without data and without weights."""

import json

import jax
import pytest

from configs.meshes import MESHES
from launch import ahead, lower
from launch.pack import arrange
from launch.plan import build
from shared import lowering
from shared.errors import BadInput

# config -> its programs at scale smoke
ENTRIES = {
    "infinite_compute/train": ["training step"],
    "infinite_compute/ensemble": ["a member's logits"],
    "infinite_compute/sample": ["a stretch of text"],
    "ssd/train": ["training step"],
    "ssd/sample": ["rows of text"],
    "ssd/distil": ["the target reads", "training step"],
    "ssd/fig3": ["verification of 2 tokens", "prespeculation of 4 outcomes"],
    "lewm/train": ["training step"],
    "lewm/plan": ["plans of 4 episodes"],
    "lewm/probe": ["256 frames"],
    "lewm/imagine": ["training step"],
    "dmpc/behave": ["updates of a round"],
    "dmpc/train": ["training step"],
    "dmpc/adapt": ["training step"],
    "dmpc/distil": ["plans of 32 episodes", "training step"],
    "dmpc/evaluate": ["plans of 2 episodes"],
    "dmpc/error": ["rollouts"],
    "generalization/train": ["training step"],
    "generalization/subspace": ["training step"],
    "generalization/compress": ["training step"],
    "generalization/gp": ["a kernel of all pictures"],
    "generalization/fourier": ["2,000 random features"],
}
ONES = {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}


def programs(name: str, **changes) -> list[lowering.Program]:
    plan = build(name, "smoke", [f"--config.{key}={value}" for key, value in changes.items()], single=True)
    run = plan.runs[plan.targets[0]]
    (pack,) = arrange([run], 1, MESHES["cpu"])
    return lower.programs(ahead.told(plan, pack) | {"mesh": ONES})


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_point_is_traced_as_it_will_run(name):
    found = programs(name)
    assert [program.name for program in found] == ENTRIES[name]
    for program in found:
        traced, signature = lowering.trace(program, lower.mesh({"mesh": ONES}))
        assert lowering.flops(traced.jaxpr.jaxpr) > 0 and signature and lowering.devices(program) == 1
        assert program.calls > 0


def test_an_entry_point_that_fails_says_why_and_hides_no_other(tmp_path, monkeypatch, capsys):
    def broken(pack):
        error = TypeError(f"{pack} is not it\nmore of it")
        error.add_note("For simplicity, JAX has removed its internal frames")
        raise error

    monkeypatch.setattr(lower, "programs", broken)
    monkeypatch.setattr(type(jax.config), "update", lambda *_: None)  # of a process of its own
    (tmp_path / "job.json").write_text('{"devices": 1, "packs": ["one", "two"]}')
    assert lower.main(str(tmp_path / "job.json")) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"pack": 0, "wrong": "TypeError: one is not it"}, {"pack": 1, "wrong": "TypeError: two is not it"},
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["generalization/polynomials", "dmpc/collect"])
def test_what_a_host_computes_has_no_programs(name):
    assert programs(name) == []


def test_the_count_of_parameters_is_that_of_the_config():
    from configs.infinite_compute import base
    from configs.infinite_compute.train import resolve

    (program,) = programs("infinite_compute/train")
    assert program.parameters == base.parameters(resolve(base.get_config("smoke").unlock()))["total"]


def test_members_are_a_leading_axis():
    plan = build("dmpc/train", "smoke", [], single=True)
    (pack,) = arrange(list(plan.only(plan.targets).runs.values())[-1:], 1, MESHES["cpu"])
    (program,) = lower.programs(ahead.told(plan, pack) | {"mesh": ONES, "members": 3})
    state, batch, hyper = program.arguments
    assert {leaf.shape[0] for leaf in jax.tree.leaves((state, batch, hyper))} == {3}


def test_a_draft_that_holds_its_targets_embedding_is_not_known_ahead():
    with pytest.raises(BadInput, match="embedding, which is not known ahead of time"):
        programs("ssd/distil", **{"distil.outputs": 16})

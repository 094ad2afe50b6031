"""`show --mesh`: programs lowered for devices that are not here."""

import json
import sys
from dataclasses import replace

import helpers
import pytest

from configs.meshes import MESHES
from launch import ahead, forecast
from launch.pack import arrange
from launch.plan import build


@pytest.fixture(scope="module")
def shown():
    """What four tiny members write, on eight devices."""
    words = ["show", "infinite_compute/sample", "--scale=smoke", "--mesh", "cpu8-member", "--config.model.name=nano"]
    return helpers.launch(*words, "--config.ensemble.members=4")


def test_every_program_of_a_plan_is_lowered(shown):
    assert shown.returncode == 0, shown.stderr
    assert "train, training step of 4 members, over member 4 x data 2" in shown.stdout
    assert "sample, a stretch of text, on one device, while 7 have nothing to do" in shown.stdout
    assert "collectives: " in shown.stdout and "all-reduce" in shown.stdout


def test_a_mesh_of_cpus_has_no_price(shown):
    assert "USD" not in shown.stdout and "list price" not in shown.stdout


ONE = {"name": "training step", "calls": 100.0, "parameters": 7, "passes": 1, "devices": 64, "signature": "a"}
MADE_UP = {"flops": 1e15, "given": 2e9, "working": 3e9, "collectives": {"all-reduce": (3, 4e6)}, "seconds": 1.0}


def kind(name: str = "v5p-128", program: dict | None = None, lowered: dict | None = None) -> ahead.Kind:
    runs = list(helpers.members(seed=[0]).runs.values())
    (pack,) = arrange(runs, 1, MESHES[name])
    return ahead.Kind([pack], [(ONE | (program or {}), MADE_UP | (lowered or {}))])


def test_time_is_of_the_arithmetic_or_of_the_reading():
    mesh = MESHES["v5p-128"]
    assert kind().hours(ONE, MADE_UP) == pytest.approx(100 * 1e15 / (64 * mesh.rate) / 3600)
    writing, small = ONE | {"passes": 1000}, MADE_UP | {"flops": 1.0}
    assert kind().hours(writing, small) == pytest.approx(100 * 1000 * 2e9 / mesh.device.bandwidth / 3600)
    assert kind().hours(ONE | {"devices": 1}, MADE_UP) == pytest.approx(64 * kind().hours(ONE, MADE_UP))


def test_the_bill_is_for_every_device_of_the_mesh():
    lines = list(forecast.assumed([kind()], MESHES["v5p-128"]))
    hours = 64 * kind().hours(ONE, MADE_UP)
    assert f"{hours:,.1f} device-hours, ${hours * 4.2:,.0f}" in lines[0]
    assert "44% of 459 TFLOP/s" in lines[1] and "list price" in lines[2] and "yours may differ" in lines[2]


def test_what_is_not_lowered_is_named():
    host, broken = kind(), kind()
    host.found, broken.found, broken.wrong = [], [], "no room"
    lines = list(forecast.assumed([host, broken], MESHES["v5p-128"]))
    assert lines[-2:] == ["nothing to lower, hosts compute it: train", "not lowered: train: no room"]


def test_a_process_that_dies_costs_one_kind(monkeypatch, tmp_path):
    """The others are lowered by the next one."""
    program = tmp_path / "lower.py"
    program.write_text(
        "import json, os, sys\n"
        "for index, pack in enumerate(json.load(open(sys.argv[1]))['packs']):\n"
        "    print(json.dumps({'pack': index, 'program': {'name': str(pack['members'])}}), flush=True)\n"
        "    if pack['members'] == 2:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    print(json.dumps({'pack': index, 'lowered': {'flops': pack['members']}}), flush=True)\n"
    )
    monkeypatch.setattr(ahead, "COMMAND", [sys.executable, str(program)])
    two = helpers.members(seed=[0, 1], train__epochs=[4, 4])
    plan = helpers.merged(helpers.members(seed=[0, 1, 2]), two, helpers.plan("train", data__reshuffle=True))
    kinds = ahead.kinds(plan, arrange(list(plan.runs.values()), 1, MESHES["h200"]))
    assert list(ahead.lower(plan, kinds)) == kinds
    assert [kind.found[0][1] for kind in kinds] == [{"flops": 3}, {}, {"flops": 1}]
    assert [kind.wrong != "" for kind in kinds] == [False, True, False] and "memory" in kinds[1].wrong


def test_packs_that_differ_in_packable_fields_alone_are_one_kind():
    plan = helpers.members(seed=list(range(5)))
    found = ahead.kinds(plan, arrange(list(plan.runs.values()), 1, replace(MESHES["h200"], widest=2)))
    assert [[len(pack.runs) for pack in kind.packs] for kind in found] == [[2, 2], [1]]


@pytest.mark.parametrize(
    "words, says",
    [
        (["infinite_compute/train", "--mesh", "v5p-129"], "no mesh 'v5p-129' (did you mean 'v5p-128'?)"),
        (["infinite_compute/train", "--mesh", "v5p-128", "--config.train.batch_size=16"], "does not divide over data * fsdp = 64 devices"),
    ],
)
def test_a_mesh_that_is_unknown_or_does_not_divide_is_refused(words, says):
    done = helpers.launch("show", *words)
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1


def test_what_does_not_fit_is_said_in_the_end(monkeypatch):
    from shared.errors import BadInput

    plan = build("infinite_compute/train", "smoke", ["--config.mesh=v5p-8"], single=True)

    def lowered(plan, kinds):
        for one in kinds:
            one.found = [(ONE, MADE_UP | {"working": 1e12})]
            yield one

    monkeypatch.setattr(forecast, "lower", lowered)
    with pytest.raises(BadInput, match=r"train, training step: 1 TB do not fit into the 95 GB of a TPU v5p: take a --mesh"):
        forecast.show(forecast.Console(record=True), plan, "v5p-8")


def test_the_numbers_are_read_by_people():
    assert [forecast.size(count) for count in (12, 1200, 2.5e6, 3e9, 4.56e12)] == ["12 B", "1.2 kB", "2.5 MB", "3 GB", "4.56 TB"]
    assert [forecast.time(hours) for hours in (100, 5, 0.5, 0.001)] == ["4.2 days", "5.0 h", "30.0 min", "3.6 s"]


def test_a_job_holds_nothing_in_which_members_differ():
    plan = helpers.members(seed=[3, 4], optim__lr=[0.1, 0.2])
    runs = tuple(plan.runs.values())
    (pack,) = arrange(list(runs), 1, MESHES["h200"])
    told = json.loads(json.dumps(ahead.told(plan, pack)))
    assert (told["config"]["seed"], told["config"]["optim"]["lr"], told["members"]) == (0, 0.0, 2)

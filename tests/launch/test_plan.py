import itertools
import time

import helpers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.infinite_compute import base
from launch import configs, plan, start
from shared.errors import BadInput

PAPER = "infinite_compute"
PLAIN = configs.flatten(configs.resolved(base, base.get_config("smoke"), {})[1])
INSIDE = sorted(key for key in PLAIN if key.split(".")[0] not in (*plan.OUTSIDE_IDENTITY, "ladders"))
OUTSIDE = sorted(set(PLAIN) - set(INSIDE))


def nested(flat):
    tree = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return tree


def changed(value):
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else value + 1


@settings(deadline=None)
@given(st.sampled_from(INSIDE))
def test_every_field_that_may_change_the_result_changes_the_id(key):
    assert plan.identity(PAPER, nested(PLAIN), {}) != plan.identity(PAPER, nested(PLAIN | {key: changed(PLAIN[key])}), {})


@settings(deadline=None)
@given(st.sampled_from(OUTSIDE), st.one_of(st.text(), st.integers(), st.booleans()))
def test_mesh_saving_scale_and_packing_do_not_change_the_id(key, value):
    assert plan.identity(PAPER, nested(PLAIN), {}) == plan.identity(PAPER, nested(PLAIN | {key: value}), {})


def test_a_paper_names_its_own_fields_outside_the_id(paper):
    paper("a")
    assert configs.outside("toy", "train") == ()
    paper("base", "OUTSIDE_IDENTITY = ('optim',)")
    assert toy(optim=1) == toy(optim=2)
    assert toy(seed=0) != toy(seed=1)


def test_what_an_entry_does_not_read_is_outside_its_id(paper):
    paper("a")
    paper("base", "OUTSIDE_IDENTITY = {'train': ('prompts',)}")
    assert toy(prompts=1) == toy(prompts=2)
    assert toy(entry="measure", prompts=1) != toy(entry="measure", prompts=2)


def test_a_single_field_of_a_section_may_be_outside(paper):
    paper("a")
    paper("base", "OUTSIDE_IDENTITY = {'train': ('data.vocab', 'absent.field')}")
    assert toy(data={"name": "a", "vocab": 1}) == toy(data={"name": "a", "vocab": 2}) == toy(data={"name": "a"})
    assert toy(data={"name": "a", "vocab": 1}) != toy(data={"name": "b", "vocab": 1})
    assert toy(entry="measure", data={"vocab": 1}) != toy(entry="measure", data={"vocab": 2})


def test_a_field_of_the_command_line_that_no_run_keeps_is_refused(paper):
    """Where resolve() puts aside what other choices leave unread. One cell that reads it is enough."""
    aside = """
    first = resolve
    def resolve(config):
        if config.name == 'a':
            config.optim.lr = 1e-3
        return first(config)
    """
    name = paper("a", aside)
    assert plan.build(name, "cpu", ["--config.optim.lr=0.001"]).targets == plan.build(name, "cpu", []).targets
    with pytest.raises(BadInput, match="^optim.lr: with the other choices no run of toy/a reads it: leave out --config.optim.lr$"):
        plan.build(name, "cpu", ["--config.optim.lr=0.5"])
    both = paper("b", aside + "\n    def sweep(config):\n        return [{'name': 'a'}, {'name': 'b'}]")
    assert [run.flat["optim.lr"] for run in plan.build(both, "cpu", ["--config.optim.lr=0.5"]).runs.values()] == [1e-3, 0.5]


def toy(**config):
    return plan.identity("toy", {"entry": "train", **config}, {})


@settings(deadline=None)
@given(st.permutations(sorted(PLAIN)))
def test_the_order_of_fields_does_not_change_the_id(keys):
    assert plan.identity(PAPER, nested({key: PLAIN[key] for key in keys}), {}) == plan.identity(PAPER, nested(PLAIN), {})


@given(st.dictionaries(st.text("ab", min_size=1), st.lists(st.text("01", min_size=12, max_size=12)), min_size=1))
def test_needs_are_part_of_the_id(needs):
    assert plan.identity(PAPER, nested(PLAIN), needs) != plan.identity(PAPER, nested(PLAIN), {})


def test_ids_are_the_same_in_another_process():
    here = list(helpers.both_plans().runs)
    there = helpers.script("import sys; sys.path.insert(1, 'tests'); import helpers; print(*helpers.both_plans().runs)")
    assert there.split() == here


@pytest.mark.parametrize("one, other", [({"optim.lr": 1}, {"optim.lr": 1.0}), ({"sizes": (1, 2)}, {"sizes": [1, 2]}), ({}, {"seed": 0})])
def test_equal_values_written_differently_are_one_run(paper, one, other):
    module = configs.load(paper("a"))
    ids = {plan.identity("toy", configs.resolved(module, module.get_config("cpu"), cell)[1], {}) for cell in (one, other)}
    assert len(ids) == 1


def test_a_cell_and_the_command_line_give_the_same_run(paper):
    name = paper("a", "def sweep(config):\n    yield {'optim.lr': 1}")
    assert plan.build(name, "cpu", []).targets == plan.build(name, "cpu", ["--config.optim.lr=1"], single=True).targets


def test_duplicates_are_folded_and_counted(paper):
    name = paper("a", "def sweep(config):\n    for seed in (1, 2, 1, 1):\n        yield {'seed': seed}")
    built = plan.build(name, "cpu", [])
    assert (len(built.targets), built.duplicates) == (2, 2)


def test_needs_come_first_and_once():
    built = helpers.both_plans()
    order = list(built.runs)
    assert [run.config["entry"] for run in built.runs.values()] == ["train", "train", "ensemble", "sample"]
    for run in built.runs.values():
        assert all(order.index(need) < order.index(run.id) for need in itertools.chain(*run.needs.values()))


def test_a_run_is_labelled_by_what_tells_it_apart():
    built = plan.build("infinite_compute/demo", "smoke", [])
    labels = [built.label(run_id) for run_id in built.targets]
    assert len(set(labels)) == len(labels)
    assert labels[0] == "weight_decay=0.1 seed=0"


def test_two_figures_share_their_runs():
    one, other = (plan.build(f"infinite_compute/{name}", "smoke", []) for name in ("fig3", "fig4"))
    assert set(one.runs) & set(other.runs)


@pytest.mark.parametrize("scale", ["gpu", "paper"])
def test_every_config_file_fits_the_mesh_of_its_scale(scale):
    for name in configs.names():
        assert start.mesh_of(plan.build(name, scale, [])).platform != "cpu", name


def test_the_plan_of_a_sweep_of_1000_runs_knows_no_jax(capsys):
    text = """
        import sys, time, types
        from launch import configs, plan
        module = configs.load("infinite_compute/train")
        module.sweep = lambda config: ({"seed": seed} for seed in range(1000))
        start = time.perf_counter()
        built = plan.build("infinite_compute/train", "cpu", [])
        print(len(built.targets), "jax" in sys.modules, time.perf_counter() - start)
    """
    start = time.perf_counter()
    count, jax, seconds = helpers.script(text).split()
    with capsys.disabled():
        print(f"\nplan of 1000 runs: {float(seconds):.2f} s, {time.perf_counter() - start:.2f} s with start-up")
    assert (count, jax) == ("1000", "False")


def test_bad_cells_are_all_named_at_once(paper):
    name = paper("a", "def sweep(config):\n    yield {'sed': 1, 'optim.lr': 'high'}\n    yield {'flag': 1, 'train.steps': 1.5}")
    with pytest.raises(BadInput) as caught:
        plan.build(name, "cpu", [])
    for part in ("'sed'", "did you mean 'seed'", "optim.lr", "flag", "train.steps"):
        assert part in str(caught.value)


def test_files_that_share_a_builder_have_the_plans_that_they_have_alone(paper):
    """And one that is broken leaves nothing behind."""
    paper("teacher", "def sweep(config):\n    return ({'seed': seed} for seed in range(3))")
    needs = "def needs(config):\n    return {'teachers': [('toy/teacher', {'seed': seed}) for seed in (1, 2)]%s}\n"
    names = [paper("broken", needs % ", 'other': ('toy/teacher', {'sed': 1})"), "toy/teacher", *(paper(word, needs % "") for word in "ab")]
    builder = plan.Builder("cpu")
    for arguments in ([], ["--config.optim.lr=0.5"], ["--config.optim.lr=0.25"]):
        with pytest.raises(BadInput, match="did you mean 'seed'"):
            plan.build(names[0], "cpu", arguments, builder=builder)
        for name in names[1:]:
            shared, alone = plan.build(name, "cpu", arguments, builder=builder), plan.build(name, "cpu", arguments)
            assert set(shared.runs) == set(alone.runs) and shared.targets == alone.targets and shared.duplicates == alone.duplicates
            assert all(run.config == alone.runs[run_id].config for run_id, run in shared.runs.items())
    assert not builder.open

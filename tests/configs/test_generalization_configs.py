"""The experiments of `generalization` resolve at every scale, and say in one line what is wrong with a choice."""

import pytest

from configs.generalization import base, kinds
from launch import pack, plan
from launch.configs import names
from shared.data import registry
from shared.errors import BadInput

FILES = [name for name in names() if name.startswith("generalization/")]


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("name", FILES)
def test_every_config_makes_a_plan(name, scale):
    made = plan.build(name, scale, [])
    assert made.targets and all(run.flops > 0 and run.bytes > 0 for run in made.runs.values())


def test_the_data_sets_are_those_of_the_registry():
    assert kinds.DATA.keys() == registry.LABELLED.keys()
    assert {name: row[3] for name, row in kinds.DATA.items()} == {name: one.classes for name, one in registry.LABELLED.items()}


@pytest.mark.parametrize("name", ["polynomials", "orders", "weak", "linear", "volume"])
def test_made_up_data_ask_for_no_data_set(name):
    runs = plan.build(f"generalization/{name}", "paper", []).runs.values()
    assert {part for run in runs for part in registry.parts(run.config["data"])} == set()


def targets(name: str, *flags: str) -> list[str]:
    return plan.build(f"generalization/{name}", "cpu", [f"--config.{flag}" for flag in flags]).targets


@pytest.mark.parametrize(
    ("name", "flag"),
    [("gp", "linear.alpha=2.0"), ("weak", "gp.jitter=0.1"), ("polynomials", "features.train=100")],
)
def test_what_an_entry_does_not_read_makes_no_new_run(name, flag):
    assert targets(name) == targets(name, flag)
    assert targets("gp") != targets("gp", "gp.jitter=0.1")


def test_who_asks_for_other_pictures_where_data_are_made_up_is_told_so():
    with pytest.raises(BadInput, match="no run of generalization/linear reads it: leave out --config.data.train"):
        targets("linear", "data.train=50")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("data.train", 9, "at least 10"), ("data.train", 70_000, "has 60000"), ("data.test", 0, "take 1 to 10000"),
        ("data.name", "imagenet", "choose one of digits"), ("gp.altered", (0.0, 1.2), "between 0 and 1"),
        ("gp.lengthscale", 0.0, "above 0"),
        ("features.counts", (), "at least one number"), ("polynomial.growths", (0.0,), "above 0"), ("polynomial.low", 4.0, "not below"),
        ("linear.features", 7, "even"), ("polynomial.basis", "chebyshev", "legendre"), ("gp.jitter", -1.0, "at least 0"),
        ("spirals.hidden", (), "at least one number"), ("spirals.poison", 0, "at least 1"), ("volume.tau", 0.0, "above 0"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    config = base.ConfigDict(base.get_config("cpu").to_dict())
    config.update_from_flattened_dict({"entry": "gp", field: value})
    with pytest.raises(ValueError, match=said) as error:
        base.resolve(config)
    assert "\n" not in str(error.value)


def test_good_and_poisoned_networks_are_trained_as_one_program_and_a_basin_has_its_own():
    made = plan.build("generalization/volume", "cpu", [])
    trained = [run for run in made.runs.values() if run.config["entry"] == "spirals"]
    assert len(made.targets) == len(trained) == 6
    assert len({pack.group_key(run) for run in trained}) == 1 and len({pack.group_key(made.runs[target]) for target in made.targets}) == 6

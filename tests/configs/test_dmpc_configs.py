"""The experiments of `dmpc` resolve at every scale, and say in one line what is wrong with a choice."""

import pytest

from configs.dmpc import base
from launch import plan
from launch.configs import names
from projects.dmpc import envs

FILES = [name for name in names() if name.startswith("dmpc/")]


def resolved(scale="cpu", **fields):
    config = base.ConfigDict(base.get_config(scale).to_dict())
    config.update_from_flattened_dict({name.replace("__", "."): value for name, value in fields.items()})
    return base.resolve(config)


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("name", FILES)
def test_every_config_makes_a_plan(name, scale):
    made = plan.build(name, scale, [])
    assert made.targets and all(run.flops >= 0 for run in made.runs.values())


@pytest.mark.parametrize("name", base.ENVIRONMENTS)
def test_configs_know_what_environments_are(name):
    for version in base.VERSIONS[name]:
        config = resolved(env__name=name, env__version=version)
        spec = envs.environments(config.env, 1).spec
        assert (config.env.states, config.env.actions) == (spec.state_size, spec.action_size)
    assert resolved(env__name=name).env.version == base.VERSIONS[name][0]


def ids(name, *flags):
    return plan.build(name, "cpu", [f"--config.{flag}" for flag in flags], single=True).targets


def test_what_an_entry_does_not_read_makes_no_new_run():
    assert ids("dmpc/collect") == ids("dmpc/collect", "windows.horizon=4", "behave.width=8", "seed=5")
    assert ids("dmpc/behave") == ids("dmpc/behave", "windows.horizon=4", "collect.set=expert")
    for flag in ("collect.seed=1", "collect.set=expert", "env.version=v5", "env.defect_joint=2"):
        assert ids("dmpc/collect") != ids("dmpc/collect", flag)
    assert ids("dmpc/behave") != ids("dmpc/behave", "seed=5")


def test_the_sweeps_are_the_papers_table():
    assert len(plan.build("dmpc/behave", "cpu", []).targets) == 3
    assert len(plan.build("dmpc/collect", "paper", []).targets) == 6


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("env.name", "ant", "choose ring"), ("env.version", "v2", "of halfcheetah there is v4 and v5"), ("env.states", 11, "it is 17"),
        ("env.defect_joint", 6, "actuators 0 to 5"), ("env.defect_limit", -0.1, "at least 0"), ("collect.set", "full", "medium-replay"),
        ("behave.round", 51, "multiple of behave.copies=2"), ("behave.steps", 20_010, "multiple of behave.round=50"),
        ("behave.warmup", 500_000, "less than behave.steps"), ("behave.lr", 0.0, "above 0"), ("windows.discount", 1.5, "share"),
        ("windows.horizon", 0, "at least 1"), ("collect.file", "data.h5", "that data set is there already"), ("entry", "trian", "choose"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    with pytest.raises(ValueError, match=said) as error:
        resolved(**{field.replace(".", "__"): value})
    assert "\n" not in str(error.value)


def test_an_unknown_scale():
    with pytest.raises(ValueError, match="smoke, cpu, gpu, paper"):
        base.get_config("huge")

"""The experiments of `dmpc` resolve at every scale, and say in one line what is wrong with a choice."""

import jax
import pytest

from configs.dmpc import base
from launch import plan
from launch.configs import names
from projects.dmpc import envs
from projects.dmpc.parts import part

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


TRAIN = ("dmpc/train", "train.part=dynamics")


def test_another_planner_or_objective_trains_no_new_model():
    for name in base.PARTS:
        train = ("dmpc/train", f"train.part={name}")
        assert ids(*train) == ids(*train, "plan.candidates=4", "evaluate.episodes=1", "behave.width=8", "evaluate.seed=3")
    for flag in ("windows.horizon=8", "model.width=32", "diffusion.predicts=v", "optim.ema=0.9", "collect.set=expert", "seed=1"):
        assert ids(*TRAIN) != ids(*TRAIN, flag)
    flags = ("plan.candidates=1", "plan.dynamics_steps=2", "evaluate.seed=1")
    whole = plan.build("dmpc/evaluate", "cpu", [], single=True)
    other = plan.build("dmpc/evaluate", "cpu", [f"--config.{flag}" for flag in flags], single=True)
    assert whole.targets != other.targets and set(whole.runs) - {*whole.targets} == set(other.runs) - {*other.targets}


def needed(*flags):
    made = plan.build("dmpc/evaluate", "cpu", [f"--config.{flag}" for flag in ("env.name=hopper", *flags)], single=True)
    (target,) = made.targets
    return {name: run for name, (run,) in made.runs[target].needs.items()}, made


def test_an_evaluation_needs_what_its_objective_asks_for_all_of_the_same_data():
    needs, made = needed()
    assert set(needs) == set(base.PARTS) and len({made.runs[run].needs["data"][0] for run in needs.values()}) == 1
    assert all(made.runs[run].config["train"]["part"] == name for name, run in needs.items())
    assert set(needed("objective.kind=height")[0]) == {"proposal", "dynamics"}
    assert set(needed("objective.kind=sum")[0]) == set(base.PARTS)
    assert set(needed("objective.kind=sum", "objective.return_weight=0.0")[0]) == {"proposal", "dynamics"}
    file, made = needed("collect.file=data.h5")
    assert len(made.runs) == 4 and all(made.runs[run].config["collect"]["file"] == "data.h5" for run in file.values())


def test_a_part_is_trained_once_for_all_that_differ_in_what_it_does_not_read():
    needs = needed()[0]
    for flag, same in (("diffusion.predicts=v", {"value"}), ("model.layers=3", {"value"}), ("windows.history=2", {"value"}),
                       ("windows.discount=0.9", {"proposal", "dynamics"}), ("model.value_layers=3", {"proposal", "dynamics"}),
                       ("env.defect_joint=2", set(base.PARTS)), ("seed=1", set())):  # fmt: skip
        other = needed(flag)[0]
        assert {name for name in base.PARTS if other[name] == needs[name]} == same, flag


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("history", (1, 3))
def test_parameters_are_counted(scale, history):
    for name in base.PARTS:
        config = resolved(scale, train__part=name, windows__history=history)
        weights = jax.eval_shape(part(config).init, jax.random.key(0))["weights"]
        assert base.parameters(config)[name] == sum(leaf.size for leaf in jax.tree.leaves(weights))


def test_limits_are_those_of_the_environments():
    for name, limit in base.LIMITS.items():
        assert envs.environments(resolved(env__name=name).env, 1).spec.limit == limit


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
        ("model.dtype", "float16", "float32 or bfloat16"), ("model.width", 31, "take an even one"), ("diffusion.predicts", "x", "x0 or v"),
        ("diffusion.schedule", "sine", "cosine or linear"), ("diffusion.levels", 8, "at most diffusion.levels=8"),
        ("plan.proposal_steps", 1_001, "at most diffusion.levels=1000"), ("plan.candidates", 0, "at least 1"),
        ("plan.samples", 0, "at least 1"), ("train.part", "rho", "proposal, dynamics or value"), ("train.validation", 1.0, "below 1"),
        ("train.validation", 0.0, "above 0"), ("train.schedule_steps", 9, "at least train.steps=10000"), ("optim.ema", 1.0, "below 1"),
        ("optim.ema", 0.0, "above 0"), ("optim.warmup", 20_000, "the schedule has 10000 steps"), ("optim.lr", 0.0, "above 0"),
        ("objective.kind", "speed", "return, height or sum"), ("objective.kind", "height", "halfcheetah tells no height"),
        ("objective.variance", 0.0, "above 0"), ("evaluate.episodes", 0, "at least 1"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    with pytest.raises(ValueError, match=said) as error:
        resolved(**{field.replace(".", "__"): value})
    assert "\n" not in str(error.value)


def test_an_unknown_scale():
    with pytest.raises(ValueError, match="smoke, cpu, gpu, paper"):
        base.get_config("huge")

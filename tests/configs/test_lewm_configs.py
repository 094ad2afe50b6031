"""The experiments of `lewm` resolve at every scale, and say in one line what is wrong with a choice."""

import pytest

from configs.lewm import base
from launch import plan
from launch.configs import names

FILES = [name for name in names() if name.startswith("lewm/") and name != "lewm/base"]


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("name", FILES)
def test_every_config_makes_a_plan(name, scale):
    made = plan.build(name, scale, [])
    assert made.targets and all(run.flops >= 0 for run in made.runs.values())


def trained(name: str, *flags: str) -> set[str]:
    return {key for key, run in plan.build(name, "cpu", list(flags)).runs.items() if run.config["entry"] == "train"}


def test_looking_at_a_model_otherwise_trains_no_new_one():
    models = trained("lewm/table3")
    for flag in ("probe.epochs=3", "plan.samples=70", "decoder.width=64", "imagine.lr=0.1", "surprise.trajectories=9", "protocol.pairs=50"):
        assert trained("lewm/table3", f"--config.{flag}") == models
    assert trained("lewm/table3", "--config.optim.lr=0.002").isdisjoint(models)


def test_a_policy_without_a_model_needs_none():
    made = plan.build("lewm/plan", "cpu", ["--config.plan.policy=random"], single=True)
    assert {run.config["entry"] for run in made.runs.values()} == {"plan", "collect"}


def test_floors_on_different_files_are_different_runs():
    flags = (["--config.plan.policy=noop", f"--config.collect.file={file}"] for file in ("one.h5", "other.h5"))
    one, other = (plan.build("lewm/plan", "cpu", words, single=True).targets for words in flags)
    assert one != other


def test_a_file_of_episodes_takes_the_place_of_played_ones():
    made = plan.build("lewm/probe", "cpu", ["--config.collect.file=episodes.h5"], single=True)
    assert {run.config["entry"] for run in made.runs.values()} == {"probe", "train"}


def test_the_curves_are_of_the_models_that_plan():
    models = trained("lewm/fig6")
    for name in ("table1", "fig7", "fig9", "fig10", "fig13", "fig17", "fig19", "plans"):
        assert trained(f"lewm/{name}") <= models, name
    seeds = models | trained("lewm/table5")
    for name in ("table3", "fig18", "protocol"):
        assert trained(f"lewm/{name}") <= seeds, name
    assert len(seeds - models) == 4  # two more seeds of LeWM and of PLDM, in TwoRoom


def test_solvers_are_compared_on_a_model_of_the_ablations():
    ablated = trained("lewm/table9")
    assert len(trained("lewm/table10") & ablated) == 1


def test_shorter_trainings_of_one_schedule_share_its_beginning():
    runs = [run.config["train"] for run in plan.build("lewm/fig8", "cpu", []).runs.values() if run.config["entry"] == "train"]
    assert len({run["schedule_steps"] for run in runs}) == 1 and len({run["steps"] for run in runs}) == len(runs) > 2


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("env.name", "maze", "choose tworoom"), ("images.size", 60, "multiple of 8"), ("encoder.heads", 5, "multiple of 5"),
        ("plan.history", 4, "clips.history"), ("plan.elites", 1_000, "plan.samples"), ("collect.steps", 20, "take more"),
        ("protocol.budget", 52, "multiple of clips.frameskip"), ("train.schedule_steps", 10, "train.steps"),
        ("predictor.dropout", 1.5, "share"), ("optim.lr", 0.0, "above 0"), ("train.batch_size", 1, "at least 2"),
        ("collect.pixels", 64, "it is 0"), ("plan.solver", "bfgs", "cem"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    config = base.ConfigDict(base.get_config("cpu").to_dict())
    config.update_from_flattened_dict({field: value})
    with pytest.raises(ValueError, match=said) as error:
        base.resolve(config)
    assert "\n" not in str(error.value)


def test_a_file_is_no_setting_of_what_is_played():
    config = base.ConfigDict(base.get_config("cpu").to_dict())
    config.update_from_flattened_dict({"entry": "collect", "collect.file": "episodes.h5"})
    with pytest.raises(ValueError, match="collect.file"):
        base.resolve(config)


def test_a_batch_that_a_mesh_does_not_divide_is_refused():
    from launch.start import mesh_of
    from shared.errors import BadInput

    made = plan.build("lewm/train", "cpu", ["--config.mesh=cpu8-data", "--config.train.batch_size=60"])
    with pytest.raises(BadInput, match="train.batch_size=60 does not divide"):
        mesh_of(made)

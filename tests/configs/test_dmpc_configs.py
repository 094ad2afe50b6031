"""The experiments of `dmpc` resolve at every scale, and say in one line what is wrong with a choice."""

import jax
import pytest

from configs.dmpc import base, costs, methods
from launch import plan
from launch.configs import names
from projects.dmpc import distil, envs, models
from projects.dmpc.parts import part, student
from shared.errors import BadInput

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
    for name in methods.PARTS:
        train = ("dmpc/train", f"train.part={name}")
        assert ids(*train) == ids(*train, "plan.candidates=4", "evaluate.episodes=1", "behave.width=8", "evaluate.seed=3")
    for flag in ("windows.horizon=4", "model.width=32", "diffusion.predicts=v", "optim.ema=0.9", "collect.set=expert", "seed=1"):
        assert ids(*TRAIN) != ids(*TRAIN, flag)
    flags = ("plan.candidates=4", "plan.dynamics_steps=2", "evaluate.seed=1")
    whole = plan.build("dmpc/evaluate", "cpu", [], single=True)
    other = plan.build("dmpc/evaluate", "cpu", [f"--config.{flag}" for flag in flags], single=True)
    assert whole.targets != other.targets and set(whole.runs) - {*whole.targets} == set(other.runs) - {*other.targets}


def needed(*flags):
    made = plan.build("dmpc/evaluate", "cpu", [f"--config.{flag}" for flag in ("env.name=hopper", *flags)], single=True)
    (target,) = made.targets
    return {name: run for name, (run,) in made.runs[target].needs.items()}, made


DMPC = {"proposal", "dynamics", "value"}


def test_an_evaluation_needs_what_its_objective_asks_for_all_of_the_same_data():
    needs, made = needed()
    assert set(needs) == DMPC and len({made.runs[run].needs["data"][0] for run in needs.values()}) == 1
    assert all(made.runs[run].config["train"]["part"] == name for name, run in needs.items())
    assert set(needed("objective.kind=height")[0]) == {"proposal", "dynamics"}
    assert set(needed("objective.kind=sum")[0]) == DMPC
    assert set(needed("objective.kind=sum", "objective.return_weight=0.0")[0]) == {"proposal", "dynamics"}
    file, made = needed("collect.file=data.h5")
    assert len(made.runs) == 4 and all(made.runs[run].config["collect"]["file"] == "data.h5" for run in file.values())


def test_a_part_is_trained_once_for_all_that_differ_in_what_it_does_not_read():
    needs = needed()[0]
    for flag, same in (("diffusion.predicts=v", {"value"}), ("model.layers=3", {"value"}), ("windows.history=2", {"value"}),
                       ("windows.discount=0.9", {"proposal", "dynamics"}), ("model.value_layers=3", {"proposal", "dynamics"}),
                       ("env.defect_joint=2", DMPC), ("seed=1", set())):  # fmt: skip
        other = needed(flag)[0]
        assert {name for name in DMPC if other[name] == needs[name]} == same, flag


def test_novel_rewards_and_dynamics_train_no_new_proposal_and_no_new_value():
    """A height, wherever it is, and a sum of both are ranked by with the models that there are; who adapts has new dynamics alone."""
    needs = needed()[0]
    for flags in (("objective.kind=height", "objective.target=1.3"), ("objective.kind=sum", "objective.height_weight=0.5")):
        assert needed(*flags)[0].items() <= needs.items()
    adapted, made = needed("evaluate.adapted=true", "env.defect_joint=2", "collect.noise=0.1")
    assert {name for name in DMPC if adapted[name] == needs[name]} == {"proposal", "value"}
    adapt = made.runs[adapted["dynamics"]]
    assert adapt.needs["base"] == [needs["dynamics"]]
    data = made.runs[adapt.needs["data"][0]].config
    assert data["collect"]["set"] == "play" and data["collect"]["noise"] == 0.1 and data["env"]["defect_joint"] == 2
    control, made = needed("evaluate.adapted=true", "env.defect_joint=2", "collect.noise=0.1", "adapt.whole=true")
    longer = made.runs[control.pop("dynamics")]
    assert control == {name: needs[name] for name in ("proposal", "value")} and longer.needs["base"] == adapt.needs["base"]
    whole = made.runs[longer.needs["data"][0]].config
    assert whole["collect"] == data["collect"] and whole["env"]["defect_joint"] == -1
    joint, made = needed("evaluate.adapted=true", "plan.kind=guided")
    assert made.runs[joint["joint"]].config["entry"] == "adapt" and made.runs[joint["value"]].config["entry"] == "train"


def test_a_planner_is_distilled_once_for_all_evaluations():
    needs, made = needed("evaluate.distilled=true")
    assert set(needs) == {"proposal"} and set(made.runs[needs["proposal"]].needs) == {"data", *DMPC}
    assert needed("evaluate.distilled=true", "evaluate.seed=3", "env.defect_joint=2")[0] == needs
    for flag in ("plan.candidates=8", "distil.hidden=64", "distil.steps=9000", "distil.lr=1e-3", "train.steps=9000", "windows.horizon=4"):
        assert needed("evaluate.distilled=true", flag)[0] != needs, flag


def test_a_student_knows_of_models_and_windows_by_its_planner_alone():
    """What the parts are trained by is theirs, and what none of them reads is nobody's."""
    for flag in ("model.hidden=64", "model.members=5"):
        assert ids("dmpc/distil", flag) == ids("dmpc/distil")
    alone = ("plan.candidates=1", "model.proposal=single_mlp")
    for flag in ("windows.history=3", "windows.discount=0.5", "diffusion.levels=50", "model.layers=1"):
        assert ids("dmpc/distil", *alone, flag) == ids("dmpc/distil", *alone)
    for flag in ("windows.horizon=4", "model.layers=1", "diffusion.predicts=v", "train.steps=9000", "optim.lr=1e-3", "optim.ema=0.9",
                 "train.batch_size=8", "distil.hidden=64", "distil.steps=9000", "distil.lr=1e-3", "seed=1"):  # fmt: skip
        assert ids("dmpc/distil", flag) != ids("dmpc/distil"), flag
    whole, other = (plan.build("dmpc/distil", "cpu", flags, single=True) for flags in ([], ["--config.distil.lr=1e-3"]))
    assert set(whole.runs) - {*whole.targets} == set(other.runs) - {*other.targets}
    assert whole.runs[whole.targets[0]].config["packable"] == ["seed", "distil.lr"]


def test_a_students_schedule_is_its_own():
    with pytest.raises(ValueError, match="distil.lr=0.0001: its cosine falls to optim.final_lr=0.0003"):
        resolved(entry="distil", distil__lr=1e-4)
    with pytest.raises(ValueError, match="optim.warmup=300: the schedule of distil.lr has 200 steps"):
        resolved(entry="distil", distil__steps=200)
    assert resolved(entry="train", distil__steps=200).distil.steps == 200


METHODS = [  # flags, parts, the proposal's model, the dynamics' model
    ((), DMPC, "multi_diffusion", "multi_diffusion"),
    (("plan.candidates=1",), {"proposal"}, "multi_diffusion", ""),
    (("plan.candidates=1", "model.proposal=state_mlp"), {"proposal"}, "state_mlp", ""),
    (("plan.kind=mbop",), {"proposal", "dynamics", "truncated"}, "single_mlp", "single_mlp"),
    (("plan.kind=guided",), {"joint", "value"}, "", ""),
    (("plan.kind=guided", "objective.kind=height"), {"joint"}, "", ""),
    (("plan.kind=guided", "plan.candidates=1"), {"joint", "value"}, "", ""),
    (("plan.kind=simulated",), {"proposal", "value"}, "multi_diffusion", ""),
    (("model.dynamics=autoregressive",), DMPC, "multi_diffusion", "autoregressive"),
    (("model.proposal=single_mlp", "model.dynamics=single_diffusion"), DMPC, "single_mlp", "single_diffusion"),
    (("model.proposal=single_mlp", "model.dynamics=single_mlp", "objective.kind=height"), DMPC - {"value"}, "single_mlp", "single_mlp"),
]  # fmt: skip


@pytest.mark.parametrize("flags, parts, proposal, dynamics", METHODS)
def test_needs_follow_from_the_method(flags, parts, proposal, dynamics):
    found, made = needed(*flags)
    assert set(found) == parts
    for name, model in (("proposal", proposal), ("dynamics", dynamics)):
        assert name not in parts or made.runs[found[name]].config["model"][name] == model
    assert all(made.runs[run].config["train"]["part"] == name for name, run in found.items())


@pytest.mark.parametrize("flags", [flags for flags, *_ in METHODS])
def test_what_a_method_does_not_read_makes_no_new_run(flags):
    """In a cell of a sweep it is put aside. On a command line, where it would be ignored in silence, it is one line."""
    fields = {"entry": "evaluate", "env.name": "hopper"}
    for name, value in (flag.split("=") for flag in flags):
        fields[name] = int(value) if value.isdecimal() else value
    known = resolved(**fields)
    words = {"objective.kind": "sum", "model.proposal": "single_diffusion", "model.dynamics": "multi_mlp",
             "evaluate.adapted": True, "adapt.whole": True}  # fmt: skip
    for name in base.unread(known):
        section, field = name.split(".")
        value = words.get(name, known[section][field] + 1 if isinstance(known[section][field], int) else 0.125)
        if name not in fields:
            assert resolved(**fields, **{name: value}).to_dict() == known.to_dict(), name
            with pytest.raises(BadInput, match=f"{name}: with the other choices no run of dmpc/evaluate reads it") as error:
                needed(*flags, f"{name}={value}")
            assert "\n" not in str(error.value)


def test_what_a_training_does_not_read_makes_no_new_run():
    for flags, unread in ((("train.part=joint",), "windows.discount=0.5"), (("train.part=value",), "windows.history=3"),
                          (("train.part=dynamics", "model.dynamics=single_mlp"), "model.width=32"),
                          (("train.part=truncated",), "diffusion.predicts=v"), (("train.part=proposal",), "model.dynamics=multi_mlp"),
                          (("train.part=dynamics", "model.dynamics=autoregressive"), "model.hidden=9")):  # fmt: skip
        name = unread.split("=")[0]
        with pytest.raises(BadInput, match=f"{name}: with the other choices no run of dmpc/train reads it"):
            ids("dmpc/train", *flags, unread)


def test_a_limit_on_no_joint_makes_no_new_run():
    for name in ("collect", "train", "adapt", "evaluate", "distil"):
        entry = {"entry": name, "train__part": "dynamics"}
        assert resolved(**entry, env__defect_limit=0.1).to_dict() == resolved(**entry).to_dict()
        with pytest.raises(BadInput, match="env.defect_limit: with the other choices no run of"):
            ids(f"dmpc/{name}", "env.defect_limit=0.1")
    assert ids("dmpc/collect", "env.defect_joint=2") != ids("dmpc/collect", "env.defect_joint=2", "env.defect_limit=0.1")


PLAYED = {"collect.set": "play", "collect.noise": 0.1, "collect.transitions": 9, "collect.seed": 3}


def test_beside_a_file_what_would_have_been_played_makes_no_new_run():
    """Unless a set is played as well, to adapt to or to measure errors on."""
    for entry, read in (("train", set()), ("distil", set()), ("evaluate", set()), ("error", set()), ("adapt", {"noise", "seed"})):
        fields = {"entry": entry, "train.part": "dynamics", "collect.file": "data.h5"}
        known = resolved(**fields).to_dict()
        for name, value in PLAYED.items():
            kept = resolved(**fields, **{name: value}).to_dict() != known
            assert kept == (name.removeprefix("collect.") in read), (entry, name)
    assert ids("dmpc/train", "collect.file=data.h5") != ids("dmpc/train", "collect.file=other.h5")
    error = resolved(entry="error", collect__file="data.h5", error__set="play", **PLAYED | {"collect.set": "expert"}).collect
    assert (error.noise, error.transitions, error.seed, error.set) == (0.1, 9, 3, "medium")
    with pytest.raises(BadInput, match="env.defect_joint: with the other choices no run of dmpc/train reads it"):
        ids("dmpc/train", "collect.file=data.h5", "env.defect_joint=2")


def test_an_error_needs_its_dynamics_and_the_set_it_is_measured_on():
    made = plan.build("dmpc/error", "cpu", ["--config.error.set=expert", "--config.model.dynamics=multi_mlp"], single=True)
    run = made.runs[made.targets[0]]
    dynamics, data = (made.runs[run.needs[name][0]] for name in ("dynamics", "data"))
    assert dynamics.config["model"]["dynamics"] == "multi_mlp" and data.config["collect"]["set"] == "expert"
    assert made.runs[dynamics.needs["data"][0]].config["collect"]["set"] == "medium"
    assert ids("dmpc/error") == ids("dmpc/error", "error.set=medium") != ids("dmpc/error", "error.windows=10")
    (target,) = ids("dmpc/error", "collect.file=data.h5")
    assert set(plan.build("dmpc/error", "cpu", ["--config.collect.file=data.h5"], single=True).runs[target].needs) == {"dynamics"}


def test_configs_know_which_models_there_are():
    for kind, known in (("PROPOSALS", methods.PROPOSALS), ("DYNAMICS", methods.DYNAMICS), ("PARTS", methods.PARTS)):
        assert tuple(getattr(models, kind)) == known


@pytest.mark.parametrize("scale", ("smoke", "paper"))
@pytest.mark.parametrize("history", (1, 3))
def test_parameters_are_counted(scale, history):
    for name, choices in models.PARTS.items():
        for model in choices:
            named = {f"model.{name}": model} if model else {}
            config = resolved(scale, entry="train", train__part=name, windows__history=history, **named)
            weights = jax.eval_shape(part(config).init, jax.random.key(0))["weights"]
            assert costs.parameters(config)[name] == sum(leaf.size for leaf in jax.tree.leaves(weights)), (name, model)


def test_a_student_costs_an_mlp_and_its_distilling_the_planners_answers_and_its_training():
    config = resolved(entry="evaluate", evaluate__distilled=True)
    size = sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(student(config).init, jax.random.key(0))["weights"]))
    found = costs.cost(config)
    assert costs.parameters(config)["student"] == found["params"] == size
    assert found["flops"] == 2 * size * 1_000 * config.evaluate.episodes
    assert costs.cost(resolved(entry="evaluate", evaluate__distilled=True, plan__candidates=64)) == found
    short, long = (costs.cost(resolved(entry="distil", distil__steps=steps)) for steps in (1_000, 2_000))
    assert long["flops"] - short["flops"] == 6 * size * config.train.batch_size * 1_000
    asked = costs.cost(resolved(entry="distil", distil__states=6_000))["flops"] - costs.cost(resolved(entry="distil"))["flops"]
    planned = costs.cost(resolved(entry="evaluate", evaluate__episodes=3))["flops"]  # in 3,000 states
    assert asked == pytest.approx(planned) and costs.TOGETHER == distil.BATCH


def test_limits_are_those_of_the_environments():
    for name, limit in costs.LIMITS.items():
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
        ("plan.samples", 0, "at least 1"), ("train.part", "rho", "value, truncated or joint"), ("train.validation", 1.0, "below 1"),
        ("train.validation", 0.0, "above 0"), ("train.schedule_steps", 9, "at least train.steps=3000"), ("optim.ema", 1.0, "below 1"),
        ("optim.ema", 0.0, "above 0"), ("optim.warmup", 20_000, "the schedule of optim.lr has 3000 steps"), ("optim.lr", 0.0, "above 0"),
        ("optim.lr", 1e-4, "falls to optim.final_lr=0.0003; take no less, or lower that one"),
        ("objective.kind", "speed", "return, height or sum"), ("objective.kind", "height", "halfcheetah tells no height"),
        ("plan.kind", "cem", "ssr, mbop, guided or simulated"), ("model.proposal", "multi_mlp", "single_mlp or state_mlp"),
        ("model.dynamics", "mlp", "multi_mlp or autoregressive"), ("plan.beta", 1.5, "share"),
        ("error.set", "all", "choose random, medium, medium-replay, expert or play"),
        ("objective.variance", 0.0, "above 0"), ("evaluate.episodes", 0, "at least 1"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    with pytest.raises(ValueError, match=said) as error:
        resolved(**{field.replace(".", "__"): value})
    assert "\n" not in str(error.value)


def test_the_simulator_stands_in_for_dynamics_only_where_somebody_acts():
    with pytest.raises(ValueError, match="here nobody acts: take ssr, mbop or guided"):
        resolved(entry="distil", plan__kind="simulated")
    with pytest.raises(ValueError, match="with plan.kind=simulated take multi_diffusion"):
        resolved(entry="evaluate", plan__kind="simulated", model__proposal="single_mlp")


def test_a_policy_of_one_step_wants_dynamics_of_one_step():
    with pytest.raises(ValueError, match="takes turns with dynamics of one step: take model.dynamics=single_diffusion or single_mlp"):
        resolved(entry="evaluate", model__proposal="single_mlp")
    assert resolved(entry="evaluate", model__proposal="single_mlp", plan__candidates=1).plan.sigma == base.get_config("cpu").plan.sigma


def test_an_unknown_scale():
    with pytest.raises(ValueError, match="smoke, cpu, gpu, paper"):
        base.get_config("huge")

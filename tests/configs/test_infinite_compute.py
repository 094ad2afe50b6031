"""Every config file of the paper, at every scale: it resolves, expands, says what it is, and costs what it should."""

import importlib
import json
from pathlib import Path

import pytest

from configs.infinite_compute import base, recipes
from configs.infinite_compute.scopes import SCOPES
from configs.infinite_compute.tuned import EXTRAPOLATED, LADDERS, REGULARISED, STANDARD, member
from projects.infinite_compute.certificate import neighbours

FOLDER = Path(base.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if "get_config" in path.read_text() and path.stem != "base")
FIGURES = [name for name in NAMES if name not in ("train", "ensemble", "sample", "certify")]


def module(name: str):
    return importlib.import_module(f"configs.infinite_compute.{name}")


def resolved(name: str, scale: str, overrides: dict):
    config = module(name).get_config(scale)
    config.update_from_flattened_dict(overrides)
    return module(name).resolve(config)


def text(config) -> str:
    return json.dumps(json.loads(config.to_json()), sort_keys=True)


def expand(name: str, scale: str, runs: dict[str, float], overrides: dict) -> str:
    """Adds a run and everything it needs: its text -> its FLOPs. Returns its text."""
    config = resolved(name, scale, overrides)
    for wanted in base.needs(config).values():
        for file, changes in wanted if isinstance(wanted, list) else [wanted]:
            expand(file.removeprefix("infinite_compute/"), scale, runs, changes)
    runs[text(config)] = base.cost(config)["flops"]
    return text(config)


def everything(name: str, scale: str) -> dict[str, float]:
    runs: dict[str, float] = {}
    for overrides in module(name).sweep(module(name).get_config(scale)):
        expand(name, scale, runs, overrides)
    return runs


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name):
    doc = module(name).__doc__
    assert len(doc) > 100 and ("python -m " in doc or "make demo" in doc)


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "demo"])
def test_says_what_it_costs(name):
    found = {scale: everything(name, scale) for scale in ("cpu", "gpu", "paper")}
    costs = "; ".join(f"{scale} {len(runs)}, {sum(runs.values()):.0e}".replace("e+", "e") for scale, runs in found.items())
    assert f"Runs and FLOPs: {costs}.\n" in module(name).__doc__


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("name", NAMES)
def test_resolves_to_plain_json(name, scale):
    config = resolved(name, scale, {})
    assert None not in json.loads(text(config)).values()
    assert resolved(name, scale, {}) == module(name).resolve(config), "resolving twice changes nothing"


@pytest.mark.parametrize("scale", ("smoke", "cpu", "gpu"))
@pytest.mark.parametrize("name", FIGURES)
def test_sweep_expands_with_its_needs(name, scale):
    assert all(flops > 0 for flops in everything(name, scale).values())


def test_smoke_takes_seconds_and_the_cpu_scale_hours():
    smoke, cpu = ({text: flops for name in FIGURES for text, flops in everything(name, scale).items()} for scale in ("smoke", "cpu"))
    assert sum(smoke.values()) < 1e12
    assert sum(cpu.values()) < 2.5e14
    assert sum(everything("demo", "cpu").values()) < 6e12


def test_figures_share_runs():
    """The ensemble with single-model hypers is made of the tuned runs of figure 3; figure 1 adds no run to 2, 3, 4, 6 and 7."""
    assert set(everything("fig3", "cpu")) & set(everything("fig4", "cpu"))
    others = {run for name in ("fig2", "fig3", "fig4", "fig6", "fig7") for run in everything(name, "cpu")}
    assert set(everything("fig1", "cpu")) <= others
    for name in ("fig8", "fig12", "fig20"):
        assert set(everything(name, "cpu")) <= others


# Section 1.2 of the paper: name -> (embedding, body, total) in millions.
PAPER_SIZES = {
    "150M": (131.3, 22.8, 154.1),
    "300M": (197.0, 102.6, 299.6),
    "600M": (262.7, 339.8, 602.5),
    "1.4B": (525.3, 906.0, 1431),
    "1.5B": (394, 1147, 1541),
    "3.2B": (525, 2718, 3243),
}


@pytest.mark.parametrize("name", PAPER_SIZES)
def test_paper_architectures(name):
    count = base.parameters(resolved("train", "paper", {"model.name": name}))
    assert (count["embedding"] / 1e6, count["body"] / 1e6, count["total"] / 1e6) == pytest.approx(PAPER_SIZES[name], rel=2e-3)


@pytest.mark.parametrize("name", base.MODELS)
def test_parameters_agree_with_the_model(name):
    decoder = importlib.import_module("shared.nn.decoder")
    config = resolved("train", "paper", {"model.name": name})
    fields = {key: config.model[key] for key in ("layers", "width", "heads", "kv_heads", "mlp_width", "head_dim")}
    built = decoder.DecoderConfig(vocab=config.data.vocab, context=config.data.context, **fields)
    assert decoder.parameter_count(built) == base.parameters(config)


@pytest.mark.parametrize(("epochs", "steps"), ((1, 800), (16, 12_800)))
def test_paper_steps(epochs, steps):
    assert resolved("train", "paper", {"train.epochs": epochs}).train.steps == steps


@pytest.mark.parametrize(("weight", "steps"), ((0.0, 12_800), (0.75, 51_200), (0.9, 128_000), (1.0, 12_800)))
def test_synthetic_text_adds_steps_so_that_real_passes_stay(weight, steps):
    assert resolved("train", "paper", {"synthetic.weight": weight, "train.epochs": 16}).train.steps == steps


MEMBERS = {  # the paper's table of ensemble members, verbatim
    209_715_200: {"150M": (3e-3, 32, 0.4), "300M": (3e-3, 32, 0.8), "600M": (1e-3, 16, 1.6), "1.4B": (1e-3, 16, 1.6)},
    419_430_400: {"150M": (3e-3, 64, 0.4), "300M": (3e-3, 32, 0.4), "600M": (1e-3, 16, 0.8), "1.4B": (1e-3, 16, 1.6)},
    838_860_800: {"150M": (3e-3, 128, 0.2), "300M": (3e-3, 32, 0.2), "600M": (3e-3, 32, 0.2), "1.4B": (1e-3, 16, 0.8)},
    1_677_721_600: {"150M": (3e-3, 128, 0.1), "300M": (1e-3, 64, 0.2), "600M": (1e-3, 32, 0.4), "1.4B": (1e-3, 16, 0.4)},
}


def test_member_rule_gives_the_papers_table():
    found = {tokens: {model: member(point) for model, point in row.items()} for tokens, row in REGULARISED["paper"].items()}
    assert found == MEMBERS


@pytest.mark.parametrize("scale", base.SCALES)
def test_tuned_points_lie_on_the_ladders(scale):
    scope = SCOPES[scale]
    standard = [(tokens, model) for tokens in (*scope.other_tokens, *scope.standard_tokens) for model in scope.side_models]
    regularised = [(tokens, model) for tokens in scope.other_tokens for model in scope.side_models]
    main = [(scope.tokens, model) for model in scope.models]
    points = [STANDARD[scale][tokens][model] for tokens, model in main + standard]
    points += [REGULARISED[scale][tokens][model] for tokens, model in main + regularised]
    points += EXTRAPOLATED[scale].values()
    assert all(value in LADDERS[axis] for point in points for value, axis in zip(point, recipes.AXES, strict=True))


def test_neighbours_are_those_of_the_certificate():
    ladders = {axis: LADDERS[axis] for axis in recipes.AXES}
    for point in ((3e-3, 16, 1.6), (1e-4, 128, 0.0), (3e-2, 1, 25.6)):
        assert sorted(recipes.neighbours(point)) == sorted(neighbours(point, ladders))


@pytest.mark.parametrize(
    ("overrides", "names"),
    (
        ({"model.name": "XXL"}, "model.name"),
        ({"entry": "evaluate"}, "entry"),
        ({"data.tokens": 65_000}, "data.tokens"),
        ({"train.epochs": 0}, "train.epochs"),
        ({"train.batch_size": 0}, "train.batch_size"),
        ({"synthetic.weight": 1.5}, "synthetic.weight"),
        ({"synthetic.weight": 0.7777}, "synthetic.weight"),
        ({"evaluation.tokens": 1000}, "evaluation.tokens"),
        ({"evaluation.times": 0}, "evaluation.times"),
        ({"ensemble.members": 0}, "ensemble.members"),
        ({"model.name": "custom", "model.width": 0}, "model."),
    ),
)
def test_bad_fields_are_named_in_one_line(overrides, names):
    with pytest.raises(ValueError, match=names) as caught:
        resolved("train", "cpu", overrides)
    assert "\n" not in str(caught.value)


def test_unknown_scale_lists_the_scales():
    with pytest.raises(ValueError, match="smoke, cpu, gpu, paper"):
        base.get_config("cluster")


def test_members_are_the_runs_they_say():
    config = resolved("ensemble", "cpu", {"ensemble.members": 3, "ensemble.vary": "init"})
    changes = [overrides for _, overrides in base.needs(config)["members"]]
    assert [(change["seed"], change["data.seed"]) for change in changes] == [(0, 0), (1, 0), (2, 0)]
    assert resolved("train", "cpu", changes[0]) == resolved("train", "cpu", {})


def test_students_of_one_teacher_share_its_text():
    texts = [
        expand("sample", "cpu", {}, base.needs(resolved("fig9", "cpu", overrides))["synthetic"][1])
        for overrides in recipes.students(base.get_config("cpu"))
    ]
    assert len(set(texts)) == 2, "one for the ensemble, one for self-distillation"

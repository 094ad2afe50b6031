"""The experiments of `ssd` resolve at every scale, and say in one line what is wrong with a choice."""

import pytest

from configs.ssd import base, measure
from launch import plan
from launch.configs import names

FILES = [name for name in names() if name.startswith("ssd/") and name != "ssd/base"]


@pytest.mark.parametrize("scale", base.SCALES)
@pytest.mark.parametrize("name", FILES)
def test_every_config_makes_a_plan(name, scale):
    made = plan.build(name, scale, [])
    assert made.targets and all(run.flops >= 0 for run in made.runs.values())


def test_a_prompt_trains_no_new_target():
    one, other = (plan.build("ssd/tableA", "cpu", [f"--config.prompts.new={new}"]) for new in (64, 96))
    trained = [{key for key, run in made.runs.items() if run.config["entry"] != "measure"} for made in (one, other)]
    assert trained[0] == trained[1]
    assert not set(one.targets) & set(other.targets)


def test_theorem7_is_made_of_the_other_figures():
    cells = set(plan.build("ssd/theorem7", "cpu", []).targets)
    for name in ("tableA", "fig4", "fig6", "fig7", "ksweep", "fsweep"):
        assert set(plan.build(f"ssd/{name}", "cpu", []).targets) <= cells


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pair.name", "gpt"), ("spec.backup", "none"), ("spec.fanout", "wide"), ("spec.saguaro", 1.5), ("sampling.temperature", -1.0),
        ("spec.lookahead", 0), ("prompts.new", 10_000), ("prompts.domain", ""),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value):
    config = measure.get_config("cpu")
    config.update_from_flattened_dict({field: value})
    with pytest.raises(ValueError, match=field) as error:
        base.resolve(config)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", [name for name in base.MODELS if name.startswith(("Llama", "Qwen"))])
def test_the_published_models_have_their_published_size(name):
    vocab = 128_256 if name.startswith("Llama") else 151_936
    billions = {"Llama-3.1-70B": 69.5, "Llama-3.2-1B": 1.24, "Qwen3-32B": 32.0, "Qwen3-0.6B": 0.6}[name]  # a tied head is counted once
    assert base.parameters(name, vocab) / 1e9 == pytest.approx(billions, rel=0.02)

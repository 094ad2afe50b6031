"""Trained networks: their sizes are right, what one does not read makes no new run, and a choice that cannot be is named."""

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.generalization import base, kinds, sizes
from launch import plan
from projects.generalization import modes, networks


def resolved(scale="cpu", **fields):
    config = base.ConfigDict(base.get_config(scale).to_dict())
    config.update_from_flattened_dict({"entry": "train"} | {name.replace("__", "."): value for name, value in fields.items()})
    return base.resolve(config)


def test_configs_know_what_there_is():
    assert base.CHOICES["modes.curve"] == tuple(modes.CURVES)


@settings(deadline=None, max_examples=8)
@given(st.sampled_from(("mlp", "resnet")), st.integers(1, 40), st.integers(1, 3), st.sampled_from((3, 4)),
       st.sampled_from(("digits", "cifar100")))  # fmt: skip
def test_parameters_are_counted(name, width, depth, stages, data):
    config = resolved(classifier__name=name, classifier__width=width, classifier__depth=depth, classifier__stages=stages, data__name=data,
                      data__train=200, data__test=200)  # fmt: skip
    _, _, shape, classes = kinds.DATA[data]
    model = networks.classifier(config.classifier, shape, classes)
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == sizes.classifier(config).parameters


@pytest.mark.parametrize(("scale", "name", "said"), [
    ("paper", "altered", 270_000),  # ResNet-20 has 0.27 million (He et al., 2016)
    ("paper", "widths", 11_200_000),  # ResNet-18 of width 64: 11.2 million (Nakkiran et al., 2019)
])  # fmt: skip
def test_published_networks_have_their_size(scale, name, said):
    runs = plan.build(f"generalization/{name}", scale, []).runs.values()
    largest = max((run.config for run in runs), key=lambda config: config["classifier"]["width"])
    assert sizes.classifier(base.ConfigDict(largest)).parameters == pytest.approx(said, rel=0.02)


def test_the_flops_of_a_resnet_are_those_published():
    """ResNet-20: 41 million products of 32 x 32 pixels."""
    config = resolved("paper", classifier__name="resnet")
    assert sizes.classifier(config).flops / 2 == pytest.approx(41e6, rel=0.02)


def targets(name: str, *flags: str) -> list[str]:
    return plan.build(f"generalization/{name}", "cpu", [f"--config.{flag}" for flag in flags], single=True).targets


def test_what_a_network_does_not_read_makes_no_new_run():
    assert targets("train", "classifier.name=lenet") == targets("train", "classifier.name=lenet", "gp.jitter=0.1")
    assert resolved(classifier__name="lenet", classifier__width=7) == resolved(classifier__name="lenet")
    assert resolved(classifier__stages=4) == resolved() and resolved(measure__probes=3) == resolved()
    assert targets("train") != targets("train", "classifier.width=8") != targets("train", "measure.evidence=true")


def test_a_curve_joins_two_networks_of_the_same_points():
    made = plan.build("generalization/modes", "cpu", [], single=True)
    ends = [made.runs[made.runs[made.targets[0]].needs[name][0]].config for name in modes.ENDS]
    assert [one["seed"] for one in ends] == [0, 1]
    assert all(ends[0][section] == ends[1][section] for section in ("data", "train", "classifier"))
    polychain = plan.build("generalization/modes", "cpu", ["--config.modes.curve=polychain"], single=True)
    assert polychain.runs[polychain.targets[0]].needs == made.runs[made.targets[0]].needs


def test_the_map_shares_the_networks_of_the_widths():
    ours, others = (set(plan.build(f"generalization/{name}", "cpu", []).targets) for name in ("map", "widths"))
    assert len(ours & others) == 5


@pytest.mark.parametrize(("field", "value", "said"), [
    ("classifier.name", "vit", "mlp, lenet or resnet"), ("classifier.width", 0, "both at least 1"),
    ("classifier.depth", 0, "both at least 1"), ("train.altered", 1.5, "a share"), ("train.lr", 0.0, "above 0"),
    ("train.steps", 0, "at least 1"), ("train.optimizer", "lion", "adam or sgd"),
    ("measure.steps", 10, "take at least 2"), ("modes.first", 1, "take two seeds"), ("modes.points", 2, "at least 3"),
    ("data.train", 5, "at least 10"),
])  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    with pytest.raises(ValueError, match=said) as error:
        resolved(**{field.replace(".", "__"): value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["lenet", "resnet"])
def test_a_network_for_pictures_takes_no_signals(name):
    with pytest.raises(ValueError, match="takes pictures.*choose mlp"):
        resolved(classifier__name=name, data__name="mnist1d", data__test=1_000)


def test_a_resnet_has_three_or_four_stages():
    with pytest.raises(ValueError, match="take 3, as ResNet-20, or 4, as ResNet-18"):
        resolved(classifier__name="resnet", classifier__stages=5)

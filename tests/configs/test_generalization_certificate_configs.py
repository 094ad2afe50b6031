"""Certificates: one training serves many, and a choice that cannot be is named in one line."""

import pytest

from configs.generalization import base
from launch import plan
from projects.generalization import networks, projectors, quantise


def resolved(scale="cpu", **fields):
    config = base.ConfigDict(base.get_config(scale).to_dict())
    config.update_from_flattened_dict({"entry": "compress"} | {name.replace("__", "."): value for name, value in fields.items()})
    return base.resolve(config)


def test_configs_know_what_there_is():
    assert base.CHOICES["network.name"] == tuple(networks.NETWORKS)
    assert base.CHOICES["subspace.projector"] == tuple(projectors.PROJECTORS)
    assert base.CHOICES["quantise.kind"] == quantise.KINDS


def test_one_training_serves_every_codebook():
    """And every seed has one of its own."""

    def trained(*flags):
        made = plan.build("generalization/compress", "cpu", [f"--config.{flag}" for flag in flags], single=True)
        return made.runs[made.targets[0]].needs["trained"], made.targets

    known, target = trained()
    for flag in ("quantise.levels=5", "quantise.kind=learned", "quantise.steps=0", "bound.delta=0.01"):
        needs, other = trained(flag)
        assert needs == known and other != target
    for flag in ("seed=1", "subspace.dimension=400", "subspace.altered=1", "network.name=lenet"):
        assert trained(flag)[0] != known


@pytest.mark.parametrize("field, value, said", [
    ("data.name", "imagenet", "choose one of digits"), ("network.name", "vit", "mlp or lenet"), ("subspace.altered", 1.5, "a share"),
    ("subspace.dimension", 500, "kronecker takes a square, as 484 or 529"), ("subspace.dimension", 640_000, "at most so many"),
    ("subspace.projector", "qr", "kronecker, sparse or dense"), ("quantise.levels", 1, "at least 2"),
    ("quantise.levels", 300, "at most 256"),
    ("quantise.kind", "odd", "learned or even"), ("quantise.lr", 0.0, "above 0"), ("quantise.price", -1.0, "at least 0"),
    ("bound.delta", 0.0, "above 0 and below 1"), ("bound.delta", 1.0, "above 0 and below 1"), ("entry", "trian", "subspace, compress"),
    ("data.name", "", "choose one of digits"),
])  # fmt: skip
def test_a_choice_that_cannot_be_is_named(field, value, said):
    with pytest.raises(ValueError, match=said) as error:
        resolved(**{field.replace(".", "__"): value})
    assert "\n" not in str(error.value)


def test_a_network_for_pictures_takes_no_signals():
    for name in ("mnist1d", "digits"):
        with pytest.raises(ValueError, match="takes pictures of 16 x 16 at least"):
            resolved(network__name="lenet", data__name=name)

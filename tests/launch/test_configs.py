import pytest
from ml_collections import ConfigDict

from launch import configs
from shared.errors import BadInput


def config(name: str, *words: str) -> ConfigDict:
    return configs.base_config(configs.load(name), "cpu", list(words))


def test_every_config_file_resolves_to_plain_values_at_every_scale():
    for name in configs.names():
        module = configs.load(name)
        for scale in configs.SCALES:
            flat = configs.flatten(configs.resolved(module, configs.base_config(module, scale, []), {})[1])
            assert all(isinstance(value, (bool, int, float, str, list)) for value in flat.values()), name  # never None


def test_overrides_are_parsed_by_the_type_of_the_field(paper):
    name = paper("a")
    changed = config(name, "--config.optim.lr=5", "--config.flag=true", "--config.seed=3", "--config.sizes=(3,)")
    assert (changed.optim.lr, changed.flag, changed.seed, changed.sizes) == (5.0, True, 3, (3,))
    assert isinstance(changed.optim.lr, float)


def test_the_last_of_two_overrides_wins(paper):
    assert config(paper("a"), "--config.seed=3", "--config.seed=4").seed == 4


def test_all_wrong_overrides_are_named_at_once(paper):
    with pytest.raises(BadInput, match="seed.*whole number.*flag.*truth value"):
        config(paper("a"), "--config.seed=1.5", "--config.flag=no")


def test_a_config_is_found_by_name_and_by_path():
    module = configs.load("infinite_compute/train")
    assert module is configs.load("configs/infinite_compute/train.py") is configs.load("infinite_compute/train.py")
    assert configs.name_of(module) == "infinite_compute/train"


@pytest.mark.parametrize("old, new, same", [
    (1, 2, True), (1, True, False), (True, 1, False), (1.0, 2, True), (1, 2.0, False), ("a", 1, False), ((1,), [2], True), ("a", "b", True),
])  # fmt: skip
def test_kinds_of_values(old, new, same):
    assert configs.same_kind(old, new) is same

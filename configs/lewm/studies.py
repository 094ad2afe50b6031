"""What several figures have in common: which environments a scale can afford, and the small study that the ablations are made of."""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base
from configs.sweeps import Overrides, chain, product

SEEDS = {"smoke": 1, "cpu": 3, "gpu": 3, "paper": 3}  # training seeds of a table


def environments(scale: str) -> tuple[str, ...]:
    """Without the cube where there is no accelerator: its pictures come from a simulator, at a dozen a second in software."""
    return ("tworoom",) if scale == "smoke" else ("tworoom", "pusht", "reacher") if scale == "cpu" else tuple(base.ENVIRONMENTS)


def seeds(scale: str, environment: str = "tworoom") -> list[Overrides]:
    """The training seeds of a table. At scale cpu one for the environments that take longer: their intervals are over pairs, not seeds."""
    count = 1 if scale == "cpu" and environment != "tworoom" else SEEDS[scale]
    return [{"seed": seed} for seed in range(count)]


def trained(scale: str, environment: str, *kinds: str) -> Iterator[Overrides]:
    """Models of one environment: LeWM and what it is compared with (loss.kind), over the seeds."""
    return product([{"env.name": environment}], [{"loss.kind": kind} for kind in kinds], seeds(scale, environment))


def everywhere(scale: str, *kinds: str) -> Iterator[Overrides]:
    """Models of every environment that the scale affords, over the seeds. At scale cpu the first seed alone: a model takes twenty minutes
    of a core, and Tables 3 and 5 tell what TwoRoom's seeds differ in."""
    models = chain(*(trained(scale, name, *kinds) for name in environments(scale)))
    return (model for model in models if scale != "cpu" or model["seed"] == 0)


def first(scale: str, *kinds: str) -> Iterator[Overrides]:
    """Of every environment that the scale affords the models of the first seed."""
    return (model for model in everywhere(scale, *kinds) if model["seed"] == 0)


def small(entry: str, scale: str) -> ConfigDict:
    """One cell of an ablation, whose every variant is trained anew: Push-T at scales gpu and paper, as in the paper; at scale cpu TwoRoom
    in 32 pixels, for so short that success is not yet near its ceiling, where all variants would look alike."""
    config = base.get_config(scale)
    config.entry = entry
    if scale == "cpu":
        config.images.size = 32
        config.train.steps = 300
        config.protocol.pairs = 100
        config.evaluation.times = 4
    elif scale != "smoke":
        config.env.name = "pusht"
    return config

"""What several figures have in common: which environments a scale can afford, and the small study that the ablations are made of."""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base
from configs.sweeps import Overrides, product

SEEDS = {"smoke": 1, "cpu": 3, "gpu": 3, "paper": 3}  # training seeds of a table
STEPS = {"pusht": 2_000}  # at scale cpu, where an environment wants more than the default


def environments(scale: str) -> tuple[str, ...]:
    """Without the cube where there is no accelerator: its pictures come from a simulator, at a dozen a second in software."""
    return ("tworoom",) if scale == "smoke" else ("tworoom", "pusht", "reacher") if scale == "cpu" else tuple(base.ENVIRONMENTS)


def trained_on(environment: str, scale: str) -> Overrides:
    """The fields of a training on one environment."""
    steps = {"train.steps": STEPS[environment]} if scale == "cpu" and environment in STEPS else {}
    return {"env.name": environment, **steps}


def seeds(scale: str) -> list[Overrides]:
    return [{"seed": seed} for seed in range(SEEDS[scale])]


def models(scale: str, *kinds: str) -> Iterator[Overrides]:
    """LeWM and what it is compared with (by loss.kind), over the training seeds."""
    return product([{"loss.kind": kind} for kind in kinds], seeds(scale))


def small(entry: str, scale: str) -> ConfigDict:
    """One cell of an ablation, whose every variant is trained anew: Push-T at scales gpu and paper, as in the paper; at scale cpu TwoRoom
    in 32 pixels, for so short that success is not yet near its ceiling, where all variants would look alike."""
    config = base.get_config(scale)
    config.entry = entry
    if scale == "cpu":
        config.images.size = 32
        config.decoder.patch = 8
        config.train.steps = 300
        config.protocol.pairs = 100
        config.evaluation.times = 4
    elif scale != "smoke":
        config.env.name = "pusht"
    return config

"""What several figures have in common: the data sets that a scale can afford, the methods and the training seeds."""

from collections.abc import Iterator

from configs.dmpc import base
from configs.sweeps import Overrides, chain, product

DMPC: Overrides = {}
POLICY: Overrides = {"plan.candidates": 1}  # does what the proposal would do
CLONING: Overrides = {"plan.candidates": 1, "model.proposal": "single_mlp"}
MBOP: Overrides = {"plan.kind": "mbop"}
JOINT: Overrides = {"plan.kind": "guided"}
PERFECT: Overrides = {"plan.kind": "simulated"}  # the simulator for its dynamics
STUDENT: Overrides = {"evaluate.distilled": True}
METHODS = (DMPC, POLICY, CLONING, MBOP)


def environments(scale: str) -> tuple[str, ...]:
    cpu = ("hopper", "halfcheetah")
    return {"smoke": ("ring",), "cpu": cpu}.get(scale, tuple(name for name in base.ENVIRONMENTS if name != "ring"))


def seeds(scale: str, chosen: str = "medium-replay") -> list[Overrides]:
    """Of the training; each sees starts of its own, the same for every method, so that methods are compared in pairs. At scale cpu two
    on the mixed data, from which a planner has something to choose, and one on that of a single actor."""
    count = {"smoke": 1, "cpu": 2 if chosen == "medium-replay" else 1, "gpu": 2, "paper": 5}[scale]
    return trainings(count)


def trainings(count: int) -> list[Overrides]:
    """So many seeds from 0 on."""
    return [{"seed": seed, "evaluate.seed": seed} for seed in range(count)]


def sets(scale: str) -> Iterator[Overrides]:
    """Every data set that the scale affords, over the seeds."""
    names = ("medium-replay",) if scale == "smoke" else ("medium-replay", "medium")
    each = ([{"collect.set": name}] for name in names)
    worlds = [{"env.name": name} for name in environments(scale)]
    return product(worlds, chain(*(product(one, seeds(scale, one[0]["collect.set"])) for one in each)))


def one(scale: str) -> Iterator[Overrides]:
    """The set of the studies of a single one: mixed data of the first environment, over the seeds. At scale cpu of the first seed,
    whose models the main table has trained."""
    where = {"env.name": environments(scale)[0], "collect.set": "medium-replay"}
    return product([where], seeds(scale)[:1] if scale == "cpu" else seeds(scale))

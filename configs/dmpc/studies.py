"""What several figures have in common: the data sets that a scale can afford, the methods and the training seeds."""

from collections.abc import Iterator

from configs.sweeps import Overrides, chain, product

DMPC: Overrides = {}
POLICY: Overrides = {"plan.candidates": 1}  # does what the proposal would do
CLONING: Overrides = {"plan.candidates": 1, "model.proposal": "state_mlp"}
COPYING: Overrides = {"plan.candidates": 1, "model.proposal": "single_mlp"}  # it sees the action before as well
MBOP: Overrides = {"plan.kind": "mbop"}
JOINT: Overrides = {"plan.kind": "guided"}
PERFECT: Overrides = {"plan.kind": "simulated"}  # the simulator for its dynamics
STUDENT: Overrides = {"evaluate.distilled": True}
METHODS = (DMPC, POLICY, CLONING, COPYING, MBOP)


def environments(scale: str) -> tuple[str, ...]:
    return ("ring",) if scale == "smoke" else ("hopper", "halfcheetah", "walker2d")


def seeds(scale: str, chosen: str = "medium-replay") -> list[Overrides]:
    """Of the training; each sees starts of its own, the same for every method, so that methods are compared in pairs. At scale cpu three
    on the mixed data, from which a planner has something to choose, and one on that of a single actor."""
    count = {"smoke": 1, "cpu": 3 if chosen == "medium-replay" else 1, "gpu": 3, "paper": 5}[scale]
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
    """The set of the studies of a single one, over the seeds: mixed data of the first environment, a part of the main table."""
    return product([{"env.name": environments(scale)[0], "collect.set": "medium-replay"}], seeds(scale))


def first(scale: str) -> Iterator[Overrides]:
    """The same, at scale cpu of the first training alone."""
    return iter([next(one(scale))]) if scale == "cpu" else one(scale)

"""Goes on training one part of a planner, p_d, on data that somebody played in another environment, such as one with a defective joint.

The weights begin where they were, with a fresh optimiser, and the scales stay as they are. rho and J are not touched. The joint model is
adapted likewise, for the comparison: it cannot learn how the world moves without learning how whoever played the data moves in it.
"""

from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

from projects.dmpc.collect import load_transitions
from projects.dmpc.parts import part
from projects.dmpc.train import learn, learning, split
from projects.dmpc.trained import load
from projects.dmpc.windows import Windows
from shared.lowering import Ahead, Program
from shared.optim import adamw
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole fine-tuning. Returns its final numbers, or None when it was asked to stop before the end."""
    old, transitions = load(run.needs["base"][0]), load_transitions(config, run)
    rows = split(transitions, config.train.validation)
    windows = Windows(transitions, config.windows, old.variables["stats"])
    return learn(config, run, old.part, lambda key: old.variables, windows.at, rows, config.adapt.steps, rule(config))


def rule(config: ConfigDict) -> Callable:
    return lambda hyper: adamw(hyper["adapt.lr"], 0.0, None, 0.9, 0.999, 1e-8, config.optim.clip)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    return [learning(config, ahead, part(config), config.adapt.steps, rule(config))]

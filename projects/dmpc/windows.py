"""Windows: what models see of the data. The last H states up to a step and the action before each of them, the F actions from there, the F
states that follow them, their rewards, and the return to go.

Index convention: states s[t - H + 1] ... s[t], actions a[t - H] ... a[t - 1]; then a[t] ... a[t + F - 1] and s[t + 1] ... s[t + F]. No
window crosses the end of an episode, be it a failure or the time limit: behind it the last state is repeated, actions and rewards are 0,
with a mask that says so. Before an episode's beginning it is likewise, without one: that much a planner knows as well.
"""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.transitions import Transitions
from shared.errors import BadInput

FLOOR = 1e-3  # least standard deviation: a number that hardly changes is not blown up


@dataclass(frozen=True)
class Normaliser:
    """Mean and standard deviation of each number of a state or of an action."""

    mean: np.ndarray  # float32 [n]
    std: np.ndarray  # float32 [n], at least FLOOR

    @classmethod
    def of(cls, rows: np.ndarray) -> "Normaliser":
        """Over all rows [N, n]."""
        mean, std = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float32), np.maximum(std, FLOOR).astype(np.float32))

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """[..., n] -> [..., n]; numpy or JAX."""
        return (values - self.mean) / self.std

    def denormalise(self, values: np.ndarray) -> np.ndarray:
        """[..., n] -> [..., n]; numpy or JAX."""
        return values * self.std + self.mean


def returns_to_go(transitions: Transitions, discount: float, penalty: float) -> np.ndarray:
    """float64 [N]: the discounted sum of the rewards from each row to the end of its episode, less a penalty in the last row of one that
    ended by failure. What would have come after a time limit is left out, as in Diffuser."""
    found = transitions.rewards.astype(np.float64) - penalty * transitions.terminals
    ends, lengths = transitions.ends, transitions.lengths
    for behind in range(1, int(lengths.max())):
        rows = ends[lengths > behind] - behind
        found[rows] += discount * found[rows + 1]
    return found


class Windows:
    """The windows of a data set, by the row that each begins in.

    A batch: `history` [B, H, S], `past` [B, H, A], `actions` [B, F, A], `states` [B, F, S], all normalised; `mask` [B, F], 1 where the
    step was made, 0 behind the end of the episode; `rewards` [B, F] and `value` [B], the return to go, divided by `reward_scale` and
    `value_scale`, the standard deviations of all of them. All float32.
    """

    def __init__(self, transitions: Transitions, windows: ConfigDict, stats: Any = None):
        """`windows`: the config's section. With `stats`, as in units.py, all is normalised by those of other data. Raises BadInput where no
        episode is as long as the horizon."""
        longest = int(transitions.lengths.max())
        if longest < windows.horizon:
            raise BadInput(f"windows.horizon={windows.horizon}: the longest episode has {longest} steps: take a shorter one or other data")
        self.transitions, self.horizon, self.history = transitions, windows.horizon, windows.history
        self.first = np.repeat(transitions.offsets, transitions.lengths)  # [N], of each row's episode
        self.last = np.repeat(transitions.ends, transitions.lengths)  # [N]
        values = returns_to_go(transitions, windows.discount, windows.penalty)
        if stats is None:
            self.states, self.actions = Normaliser.of(transitions.observations), Normaliser.of(transitions.actions)
            self.value_scale = float(max(values.std(), FLOOR))
            self.reward_scale = float(max(transitions.rewards.std(dtype=np.float64), FLOOR))
        else:
            kinds = [stats[kind] for kind in ("states", "actions")]
            self.states, self.actions = (Normaliser(np.asarray(kind["mean"]), np.asarray(kind["std"])) for kind in kinds)
            self.value_scale, self.reward_scale = float(stats["value"]), float(stats["reward"])
        self.values = (values / self.value_scale).astype(np.float32)

    def at(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The windows that begin in these rows [B]."""
        found = self.raw(rows)
        scales = {"history": self.states, "past": self.actions, "actions": self.actions, "states": self.states}
        found |= {name: scale.normalise(found[name]) for name, scale in scales.items()}
        return found | {"rewards": (found["rewards"] / self.reward_scale).astype(np.float32), "value": self.values[rows]}

    def raw(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The same in the environment's units, without the returns to go."""
        data, first, last = self.transitions, self.first[rows][:, None], self.last[rows][:, None]  # [B, 1]
        steps = rows[:, None] + np.arange(self.horizon)  # [B, F]
        mask = steps <= last
        steps = np.minimum(steps, last)
        before = rows[:, None] + np.arange(-self.history, 1)  # [B, H + 1]
        known = before >= first
        before = np.maximum(before, first)
        return {
            "history": data.observations[before[:, 1:]],
            "past": data.actions[before[:, :-1]] * known[:, :-1, None],
            "actions": data.actions[steps] * mask[..., None],
            "states": data.next_observations[steps],
            "mask": mask.astype(np.float32),
            "rewards": data.rewards[steps] * mask,
        }


def shapes(config: ConfigDict, lead: tuple[int, ...]) -> dict[str, jax.ShapeDtypeStruct]:
    """Of a batch [*lead, ...] of windows."""
    known, ahead, env = config.windows.history, config.windows.horizon, config.env
    sizes = {
        "history": (known, env.states), "past": (known, env.actions), "actions": (ahead, env.actions), "states": (ahead, env.states),
        "mask": (ahead,), "rewards": (ahead,), "value": (),
    }  # fmt: skip
    return {name: jax.ShapeDtypeStruct((*lead, *size), np.float32) for name, size in sizes.items()}

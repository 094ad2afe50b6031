"""Is a model surprised when something teleports, or changes its colour, in the middle of a trajectory? (The paper's violation of
expectation.)

Every trajectory is seen in three versions that are the same until the event: as it was, with another colour from then on, and with a
teleport, after which the same actions go on from there.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict
from scipy.stats import ttest_rel
from sklearn.metrics import roc_auc_score

from projects.lewm import monitor
from projects.lewm.envs import Environment, environment
from projects.lewm.sight import Sight, looking, thumbnails
from projects.lewm.trained import Trained, load
from shared.errors import BadInput
from shared.lowering import Ahead, Program
from shared.run import Run

FRAMES = 20  # of a trajectory, a model step apart
EVENT = 10  # the first frame that is not as it was
AFTER = 4  # frames from the event on: while it is in the context of predictions
STRIP = slice(EVENT - 2, EVENT + AFTER)  # frames of the example's pictures
FALSE_ALARMS = 0.01  # share of normal frames
VERSIONS = ("normal", "visual", "teleport")
TRIES = 20  # rounds of play until enough episodes are long enough

Versions = dict[str, np.ndarray]  # by name, in the order of VERSIONS


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/arrays.npz. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    trained, world = load(run.needs["model"][0]), environment(config.env.name)
    rng, skip, count = np.random.default_rng((config.seed, EVENT)), trained.config.clips.frameskip, config.surprise.trajectories
    # as many again, to say what is normal
    states, actions = trajectories(world, config.surprise.policy, 2 * count, (FRAMES - 1) * skip, rng)
    versions = violate(world, states, actions, skip, rng)
    blocks = trained.scale.normalise(actions).reshape(len(actions), FRAMES - 1, -1)
    found = judge(trained, Sight(trained, world), versions, blocks, lambda: run.stopping)
    if found is None:
        return None
    calibration = monitor.calibrate(found["normal"][count:], trained.config.clips.history)
    found = {name: values[:count] for name, values in found.items()}
    told = {f"calibration_{name}": value for name, value in calibration._asdict().items()}
    shown = example(world, trained.config.images.size, versions, found)
    np.savez_compressed(run.table(0, "arrays.npz"), **curves(found), **shown, **told)
    return numbers(found, calibration)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """What it looks at: frames before the event once, those behind it in every version, of as many trajectories again."""
    frames = 2 * config.surprise.trajectories * (EVENT + len(VERSIONS) * (FRAMES - EVENT))
    return looking(ahead.needs["model"][0], frames)


def trajectories(world: Environment, policy: str, count: int, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """States [N, steps + 1, S] and actions [N, steps, A] of fresh episodes; those that end sooner are left out. Raises BadInput."""
    long = []
    for _ in range(TRIES):
        played = world.collect(policy, count, steps, int(rng.integers(1 << 31)))
        long += [(states, actions) for states, actions in played if len(actions) == steps]
        if len(long) >= count:
            states, actions = zip(*long[:count], strict=True)
            return np.stack(states), np.stack(actions)
    raise BadInput(f"surprise.policy={policy}: nearly all of its episodes end before {steps} steps; choose another")


def violate(world: Environment, states: np.ndarray, actions: np.ndarray, skip: int, rng: np.random.Generator) -> Versions:
    """The states of the frames of every version, [N, FRAMES, S], from those after every action."""
    event, normal = EVENT * skip, states[:, ::skip]
    moved = world.teleport(states[:, event], rng)
    later = world.rollout(moved, actions[:, event:])
    teleport = np.concatenate([normal[:, :EVENT], moved[:, None], later[:, skip - 1 :: skip]], 1)
    return {"normal": normal, "visual": normal, "teleport": teleport}


def judge(trained: Trained, sight: Sight, versions: Versions, blocks: np.ndarray, stopping: Callable[[], bool]) -> Versions | None:
    """Surprises [N, FRAMES - 1]. What the versions share is looked at once. None when it was asked to stop."""

    def latents(states: np.ndarray, changed: bool) -> np.ndarray:
        z = sight.states(states.reshape(-1, states.shape[-1]), changed)
        return z.reshape(*states.shape[:2], *z.shape[1:])

    surprise = jax.jit(lambda variables, z, blocks: monitor.errors(trained.model, variables, z, blocks))
    past, found = latents(versions["normal"][:, :EVENT], False), {}
    for name in VERSIONS:
        if stopping():
            return None
        z = np.concatenate([past, latents(versions[name][:, EVENT:], name == "visual")], 1)
        found[name] = np.asarray(surprise(trained.variables, z, blocks), np.float64)  # p values need its range
    return found


def numbers(found: Versions, calibration: monitor.Calibration) -> dict[str, float]:
    """From surprises [N, FRAMES - 1]. `surprise`: mean at the event; `ratio`: to the normal version's; `p`: of a paired t-test against it;
    `peak_...`: the same of the largest of AFTER frames. `detected`: share of trajectories whose highest score of all is exactly the
    event's; `auroc`: scores at the event against those of all normal frames; `alarms`: share of frames with p <= FALSE_ALARMS, at the
    event, or of all normal ones."""
    at = EVENT - 1  # the first frame has no surprise
    events = {name: values[:, at] for name, values in found.items()}
    peaks = {name: values[:, at : at + AFTER].max(1) for name, values in found.items()}
    scores = {name: monitor.scores(values, calibration) for name, values in found.items()}
    alarms = {name: monitor.p_value(values, calibration) <= FALSE_ALARMS for name, values in scores.items()}

    row = {f"surprise/{name}": values.mean() for name, values in events.items()} | {"alarms/normal": alarms["normal"].mean()}
    for name in VERSIONS[1:]:
        for prefix, statistic in (("", events), ("peak_", peaks)):
            row[f"{prefix}ratio/{name}"] = statistic[name].mean() / statistic["normal"].mean()
            row[f"{prefix}p/{name}"] = ttest_rel(statistic[name], statistic["normal"]).pvalue
        row[f"detected/{name}"] = (scores[name].argmax(1) == at).mean()
        row[f"auroc/{name}"] = auroc(scores[name][:, at], scores["normal"].ravel())
        row[f"alarms/{name}"] = alarms[name][:, at].mean()
    return {name: float(value) for name, value in row.items()}


def auroc(high: np.ndarray, low: np.ndarray) -> float:
    """How often one of `high` exceeds one of `low`."""
    return roc_auc_score(np.repeat([1, 0], [len(high), len(low)]), np.concatenate([high, low]))


def curves(found: Versions) -> dict[str, np.ndarray]:
    """Of every version the mean surprise [FRAMES - 1], and the 10th, 50th and 90th percentile [3, FRAMES - 1]."""
    means = {f"{name}_mean": values.mean(0) for name, values in found.items()}
    return means | {f"{name}_quantiles": np.quantile(values, (0.1, 0.5, 0.9), 0) for name, values in found.items()}


def example(world: Environment, size: int, versions: Versions, found: Versions) -> dict[str, np.ndarray]:
    """The first trajectory, by VERSIONS: surprises [3, FRAMES - 1], states [3, FRAMES, S], pictures of STRIP [3, 6, h, w, 3]."""
    states = np.stack([versions[name][0] for name in VERSIONS])
    before, now = slice(STRIP.start, EVENT), slice(EVENT, STRIP.stop)
    strips = [
        np.concatenate([world.photograph(row[before], size), world.photograph(row[now], size, name == "visual")])
        for name, row in zip(VERSIONS, states, strict=True)
    ]
    return {
        "example_surprises": np.stack([found[name][0] for name in VERSIONS]),
        "example_states": states,
        "example_frames": thumbnails(np.stack(strips) / 255),
    }

"""How far a dynamics model is off at every step of its rollout: it is given the actions of held-out episodes, and the states that it
foretells are held against those that came. No planner has a say."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.collect import load_transitions
from projects.dmpc.parts import part
from projects.dmpc.train import held_out, split
from projects.dmpc.trained import Trained, load
from projects.dmpc.transitions import Transitions
from projects.dmpc.units import scales
from projects.dmpc.windows import Windows, shapes
from shared.errors import BadInput
from shared.lowering import Ahead, Program, parameter_count
from shared.run import Run

BATCH = 256  # windows that are rolled out together


def run(config: ConfigDict, run: Run) -> dict[str, Any]:
    """Leaves one row per step of the rollout, 1 to F. Returns the numbers of the last one, and how many windows there were."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    model = load(run.needs["dynamics"][0])
    rows = errors(model, load_transitions(config, run), config.error.windows, config.plan.dynamics_steps)
    run.steps = len(rows["rmse"])
    for step in range(run.steps):
        run.step = step + 1
        run.log(run.step, {name: float(values[step]) for name, values in rows.items()})
    return {name: float(values[-1]) for name, values in rows.items()}


def errors(model: Trained, transitions: Transitions, count: int, steps: int) -> dict[str, np.ndarray]:
    """name -> [F], over at most `count` windows of held-out episodes that are whole:

      rmse     root of the mean square of what is wrong, in standard deviations of the states that the model was trained on
      median   over windows, of the same
      still    rmse of a forecast that nothing moves
      windows  how many there were

    A model that draws its states draws them once. Raises BadInput where no held-out episode is as long as the horizon.
    """
    windows = Windows(transitions, model.config.windows, model.variables["stats"])
    _, unseen = split(transitions, model.config.train.validation)
    whole = unseen[windows.last[unseen] - unseen >= windows.horizon - 1]
    if not len(whole):
        raise BadInput(f"no held-out episode has windows.horizon={windows.horizon} steps: take a set with longer ones, or more of them")
    batches = held_out(windows.raw, whole, count, BATCH)  # [n, B, ...]
    spread = scales(model.variables)[0].std

    def judge(variables: Any, batch: dict[str, jax.Array], key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Squares [B, F] of what is wrong with the model's forecast, and with that of standing still."""
        history, states = batch["history"], batch["states"]
        found = model.part.predict(variables, history, batch["past"], batch["actions"], key, steps)
        return tuple(jnp.mean(((one - states) / spread) ** 2, -1) for one in (found, history[:, -1:]))

    program = jax.jit(lambda variables, *each: jax.lax.map(lambda one: judge(variables, *one), each))
    keys = jax.random.split(jax.random.key(0), len(batches["mask"]))
    squares, still = (np.concatenate(each) for each in program(model.variables, batches, keys))  # [windows, F] each
    return {
        "rmse": np.sqrt(squares.mean(0)),
        "median": np.median(np.sqrt(squares), axis=0),
        "still": np.sqrt(still.mean(0)),
        "windows": np.full(squares.shape[1], len(squares)),
    }


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """A batch of windows rolled out, on one device."""
    trained = ahead.needs["dynamics"][0]
    model, rows = part(trained), shapes(trained, (min(BATCH, config.error.windows),))
    variables = jax.eval_shape(model.init, jax.random.key(0))
    key = jax.eval_shape(lambda: jax.random.key(0))
    roll = jax.jit(lambda *given: model.predict(*given, config.plan.dynamics_steps))
    given = (variables, *(rows[name] for name in ("history", "past", "actions")), key)
    return [Program("rollouts", roll, given, -(-config.error.windows // BATCH), parameter_count(variables["weights"]))]

"""gym-pusht's side of bench/lewm.py: its own renderer, pygame, which draws one frame at a time on a canvas of 512 pixels and shrinks it.

Runs in bench/.venv (bench/requirements-pusht.txt) as `python -m bench._pusht_gym CONFIG`, on one core; CONFIG is that of bench/_lewm.py.
"""

import itertools
import json
import os
import sys
import time

os.sched_setaffinity(0, {0})
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"  # it would be taken for an answer

import cv2  # noqa: E402
from gym_pusht.envs.pusht import PushTEnv  # noqa: E402

from bench import _side  # noqa: E402


def place(table: PushTEnv, state: list[float]) -> None:
    """Sets the bodies where our state (agent xy, block xy, block angle, ...) says."""
    table.agent.position = tuple(state[:2])
    table.block.angle = state[4]  # about the centre of gravity: it moves the position, which is set after it
    table.block.position = tuple(state[2:4])
    for body in (table.agent, table.block):
        table.space.reindex_shapes_for_body(body)


def main() -> None:
    config = json.loads(sys.argv[1])
    size, states = config["images"]["size"], itertools.cycle(config["states"])
    cv2.setNumThreads(1)
    table = PushTEnv(obs_type="pixels", observation_width=size, observation_height=size)
    table.reset()

    def timed() -> float:
        place(table, next(states))
        begin = time.perf_counter()
        table.get_obs()
        return time.perf_counter() - begin

    means = []
    for state in config["states"]:
        place(table, state)
        means.append(table.get_obs().mean() / 255)
    _side.serve(timed, mean=sum(means) / len(means))


main()

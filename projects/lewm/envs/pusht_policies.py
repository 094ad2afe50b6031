"""Who plays Push-T's episodes. A policy is a generator: it is sent states [7] and yields actions [2] in [-1, 1]^2.

The authors train on the expert episodes of DINO-WM, which cannot be made again; `mixed` takes their place.
"""

import math
from collections.abc import Callable, Generator, Sequence

import numpy as np

from projects.lewm.envs.pusht_physics import REACH
from projects.lewm.envs.pusht_tee import CANVAS, CENTRE, OUTLINE, RADIUS, Point, Pose, clearance, placed, turned

Policy = Generator[np.ndarray, np.ndarray, None]
Bout = Generator[np.ndarray, np.ndarray, np.ndarray]  # a part of an episode; returns the state it ends in

CRUISE = 40.0  # canvas pixels per step that the agent makes under a steady action of 1
NOISE = 0.05  # of every action of a primitive
NEAR, ROUND = 85.0, 115.0  # a way nearer than this to the block's centre goes round it on a circle of that radius
TRAVEL, PUSH, WANDER = 22, 18, 25  # most steps of each
AHEAD, ROOM = 60.0, 100.0  # where a push takes the block's centre, and how far from the canvas's edge that is to be
TRIES = 50  # of a place to push from


def random(rng: np.random.Generator) -> Policy:
    """Uniform actions."""
    yield
    while True:
        yield rng.uniform(-1, 1, 2)


def weak(rng: np.random.Generator) -> Policy:
    """The authors' weak policy. It pushes the block through walls, which do not stop the agent: a sixth of its frames show no block."""
    state = yield
    while True:
        state = yield from wander(rng, state)


def primitives(rng: np.random.Generator) -> Policy:
    """One push after another."""
    state = yield
    while True:
        state = yield from push(rng, state)


def mixed(rng: np.random.Generator) -> Policy:
    """Seven pushes, three weak bouts: these only while the block is well on the canvas."""
    state = yield
    while True:
        weakly = rng.random() < 0.3 and on_canvas(centre(state), ROOM)
        state = yield from (wander if weakly else push)(rng, state)


POLICIES: dict[str, Callable[[np.random.Generator], Policy]] = {one.__name__: one for one in (mixed, primitives, weak, random)}


def wander(rng: np.random.Generator, state: np.ndarray) -> Bout:
    """Uniform actions whose target is pulled into a square around the block, of half width 60 or 100 (the authors' is 100). Over when the
    block is near a wall."""
    width = rng.choice((60.0, 100.0))
    for _ in range(WANDER):
        target = np.clip(state[:2] + REACH * rng.uniform(-1, 1, 2), state[2:4] - width, state[2:4] + width)
        state = yield np.clip((target - state[:2]) / REACH, -1, 1)
        if not on_canvas(centre(state), ROOM):
            break
    return state


def push(rng: np.random.Generator, state: np.ndarray) -> Bout:
    """Goes to a random place beside the block without touching it, and pushes from there."""
    start, inward = standoff(rng, tuple(state[2:5]))
    for _ in range(TRAVEL):
        if math.dist(start, state[:2]) < 10:
            break
        state = yield noisy(rng, towards(state[:2], way(tuple(state[:2]), start, centre(state))))
    direction = np.array(turned(inward, rng.uniform(-0.5, 0.5)))
    pace, length, origin = rng.uniform(12, 35), rng.uniform(40, 160), state[:2]
    for _ in range(PUSH):
        if math.dist(origin, state[:2]) > length:
            break
        state = yield noisy(rng, direction * pace / CRUISE)
    return state


def standoff(rng: np.random.Generator, block: Pose) -> tuple[Point, Point]:
    """A place 25 to 45 pixels outside a random point of the block's outline, and the normal that leads back. Rather one that is free and on
    the canvas, and from which a push does not carry the block into a wall."""
    for _ in range(TRIES):
        edge = int(rng.integers(len(OUTLINE)))
        (x0, y0), (x1, y1) = OUTLINE[edge - 1], OUTLINE[edge]
        along, off, length = rng.random(), rng.uniform(25, 45), math.dist((x0, y0), (x1, y1))
        inward = (y0 - y1) / length, (x1 - x0) / length
        point = placed((x0 + along * (x1 - x0) - off * inward[0], y0 + along * (y1 - y0) - off * inward[1]), block)
        inward = turned(inward, block[2])
        pushed = [c + AHEAD * n for c, n in zip(placed(CENTRE, block), inward, strict=True)]
        if clearance(point, block) > RADIUS and on_canvas(point, RADIUS) and on_canvas(pushed, ROOM):
            break
    return point, inward


def centre(state: np.ndarray) -> Point:
    """The block's, of gravity."""
    return placed(CENTRE, tuple(state[2:5]))


def on_canvas(point: Sequence[float], margin: float) -> bool:
    return min(point) > margin and max(point) < CANVAS - margin


def way(agent: Point, goal: Point, middle: Point) -> Point:
    """Where to head for: the goal, or a point of the circle round the block's middle where the straight way would touch it."""
    (ax, ay), (gx, gy) = ((x - middle[0], y - middle[1]) for x, y in (agent, goal))
    dx, dy = gx - ax, gy - ay
    nearest = min(1.0, max(0.0, -(ax * dx + ay * dy) / max(dx * dx + dy * dy, 1e-9)))
    here = math.atan2(ay, ax)
    turn = (math.atan2(gy, gx) - here + math.pi) % (2 * math.pi) - math.pi
    if abs(turn) < 0.5 or math.hypot(ax + nearest * dx, ay + nearest * dy) > NEAR:
        return goal
    there = here + math.copysign(min(abs(turn), 0.6), turn)
    return middle[0] + ROUND * math.cos(there), middle[1] + ROUND * math.sin(there)


def towards(agent: np.ndarray, goal: Point) -> np.ndarray:
    """The action that aims at the goal, no longer than 1."""
    action = (np.array(goal) - agent) / REACH
    return action / max(1.0, float(np.hypot(*action)))


def noisy(rng: np.random.Generator, action: np.ndarray) -> np.ndarray:
    return np.clip(action + rng.normal(0, NOISE, 2), -1, 1)

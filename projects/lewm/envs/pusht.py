"""Push-T: a disc pushes a T-shaped block about a table. gym-pusht's physics and colours, with the relative actions of the authors' code.

State (7): agent xy, block xy, block angle, agent velocity xy. An action of 1 puts the agent's target 100 pixels off, on the canvas of 512
pixels or not.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from projects.lewm.envs import Environment, photographer, raster, square
from projects.lewm.envs.pusht_physics import REACH, step
from projects.lewm.envs.pusht_policies import POLICIES
from projects.lewm.envs.pusht_tee import BAR, CANVAS, RADIUS, STEM, WALLS, random_poses
from shared.errors import BadInput

GOAL = (256.0, 256.0, np.pi / 4)  # where the green T is painted; the goals of the protocol are other images
WHITE, LIGHT_GREEN, LIGHT_GRAY = (255, 255, 255), (144, 238, 144), (211, 211, 211)
ROYAL_BLUE, LIGHT_SLATE_GRAY, TOMATO = (65, 105, 225), (119, 136, 153), (255, 99, 71)


def draw(states: jax.Array, size: int, changed: jax.Array | bool) -> jax.Array:
    """The table from above. `changed` paints the block tomato."""
    cover = partial(raster.cover, pixel=CANVAS / size)
    centres = (jnp.arange(size) + 0.5) * (CANVAS / size) - 0.5
    x, y = jnp.meshgrid(centres, centres)  # [H, W]
    agent_x, agent_y, block_x, block_y, angle, *_ = raster.numbers(states)
    changed = jnp.asarray(changed)[..., None, None]
    border = [jnp.where(changed, new, old) for old, new in zip(LIGHT_SLATE_GRAY, TOMATO, strict=True)]

    goal = tee(*raster.turned(x - GOAL[0], y - GOAL[1], GOAL[2]))
    room = raster.box(x, y, (WALLS[0],) * 2, (WALLS[1],) * 2)
    block = tee(*raster.turned(x - block_x, y - block_y, angle))
    agent = raster.disc(x - agent_x, y - agent_y, RADIUS)
    planes = [jnp.full((size, size), float(white)) for white in WHITE]
    planes = raster.over(planes, LIGHT_GREEN, cover(goal))
    planes = raster.over(planes, LIGHT_GRAY, cover(room - 2) - cover(room + 2))
    planes = raster.over(planes, border, cover(block - 2))
    planes = raster.over(planes, lighter(border), cover(block + 2))
    planes = raster.over(planes, ROYAL_BLUE, cover(agent))
    planes = raster.over(planes, lighter(ROYAL_BLUE), cover(agent + 4))
    return raster.frames(planes)


def tee(x: jax.Array, y: jax.Array) -> jax.Array:
    """Distance from the block, in its frame."""
    return jnp.minimum(raster.box(x, y, *BAR), raster.box(x, y, *STEM))


def lighter(colour: raster.Colour) -> raster.Colour:
    """What gym-pusht fills a shape with that has a border of `colour`."""
    return [jnp.minimum(1.2 * jnp.asarray(c), 255) for c in colour]


def rollout(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """states [N, 7], actions [N, T, 2] -> states [N, T, 7]."""
    found = np.empty((*actions.shape[:2], states.shape[-1]), np.float32)
    for state, row, to in zip(states, actions, found, strict=True):
        for t, action in enumerate(row):
            state = to[t] = step(state, action)
    return found


def collect(policy: str, episodes: int, steps: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Episodes of `steps` actions each, from random poses at rest. Raises BadInput on an unknown policy."""
    if policy not in POLICIES:
        raise BadInput(f"collect.policy={policy!r}: Push-T is played by {', '.join(POLICIES)}")
    found = []
    for episode in range(episodes):
        rng = np.random.default_rng((seed, episode))
        states, actions = np.zeros((steps + 1, 7), np.float32), np.empty((steps, 2), np.float32)
        states[0, :5] = random_poses(rng)
        player = POLICIES[policy](rng)
        next(player)
        for t in range(steps):
            actions[t] = player.send(states[t])
            states[t + 1] = step(states[t], actions[t])
        found.append((states, actions))
    return found


def random_actions(rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
    return rng.uniform(-1, 1, (count, steps, 2)).astype(np.float32)


def scripted(states: np.ndarray, goals: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """The agent goes straight to where it is in the goal, whatever lies in between: what is won without a thought for the block."""
    found = np.empty((len(states), steps, 7), np.float32)
    for state, goal, to in zip(states, goals, found, strict=True):
        for t in range(steps):
            state = to[t] = step(state, np.clip((goal[:2] - state[:2]) / REACH, -1, 1))
    return found


def success(states: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Agent and block within 20 pixels (all four numbers together) and the block's angle within pi / 9: the authors' code."""
    turn = np.abs(states[..., 4] - goals[..., 4]) % (2 * np.pi)
    return (np.linalg.norm(states[..., :4] - goals[..., :4], axis=-1) < 20) & (np.minimum(turn, 2 * np.pi - turn) < np.pi / 9)


def teleport(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Agent and block at random poses; the agent's velocity stays."""
    poses = np.stack([random_poses(rng) for _ in states])
    return np.concatenate([poses, states[:, 5:]], 1).astype(np.float32)


def grid(side: int) -> np.ndarray:
    """Places of the block upright, the agent always as far to its left."""
    block = 120 + square(side) * (380 - 120)
    rest = np.zeros_like(block[:, :1])
    return np.concatenate([block - (90, 0), block, rest, rest, rest], 1).astype(np.float32)


ENVIRONMENT = Environment(
    name="pusht",
    action_size=2,
    state_size=7,
    quantities={
        "agent location": lambda states: states[:, :2],
        "block location": lambda states: states[:, 2:4],
        "block angle": lambda states: np.stack([np.cos(states[:, 4]), np.sin(states[:, 4])], 1),
    },
    draw=draw,
    photograph=photographer(draw),
    rollout=rollout,
    collect=collect,
    random_actions=random_actions,
    scripted=scripted,
    success=success,
    teleport=teleport,
    grid=grid,
)

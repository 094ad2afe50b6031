"""TwoRoom: a dot walks through the door between two rooms. State and pictures as in the authors' environment, in pure JAX.

A state is the agent's place (x, y), in pixels of a 224 x 224 picture, x right and y down. An action is a move in [-1, 1]^2 times 5 pixels.
"""

import jax
import jax.numpy as jnp
import numpy as np

from projects.lewm.envs import Environment, photographer, square
from shared.errors import BadInput

SIZE = 224
SPEED = 5.0  # pixels per step
RADIUS = 7.0  # of the agent
LOW, HIGH = 14.0 + RADIUS, SIZE - 14.0 - RADIUS  # where the borders stop the agent
WALL = 112.0  # centre of the wall, 5 pixels to either side
REACH = 5.0 + RADIUS  # nearer than this to the wall's centre, the agent touches it
DOOR = 49.0  # y of the door's centre, 14 pixels to either side
DOOR_HALF, DOOR_MARGIN = 14.0, 1.75
GOAL_RADIUS = 16.0
DOOR_RADIUS = 10.5  # nearer than this to the door's centre, the expert heads for its goal
NOISE = 2.0  # standard deviation, per axis, of what is added to the expert's unit direction
POLICIES = ("expert", "random")


# -- moving -----------------------------------------------------------------------------------------------------------------------------
def step(place: jax.Array, action: jax.Array) -> jax.Array:
    """[2], [2] -> [2]. Only the end of a move is tested, so whatever ends within the door's span passes."""
    moved = jnp.clip(place + SPEED * jnp.clip(action, -1.0, 1.0), LOW, HIGH)
    x, y = moved
    barred = jnp.abs(y - DOOR) > DOOR_HALF + DOOR_MARGIN
    left = place[0] < WALL
    stopped = jnp.where(left, WALL - REACH - 0.5, WALL + REACH + 0.5)
    touching = jnp.where(left, x > WALL - REACH, x < WALL + REACH)
    return jnp.where(touching & barred, jnp.stack([stopped, y]), moved)


def towards(place: jax.Array, target: jax.Array) -> jax.Array:
    """The unit vector [2] from place to target; zero where they meet."""
    way = target - place
    length = jnp.linalg.norm(way)
    return way / jnp.maximum(length, 1e-8)


def expert(place: jax.Array, goal: jax.Array, key: jax.Array) -> jax.Array:
    """The authors' expert: to the door's centre if the goal is in the other room, then to the goal; with much noise."""
    door = jnp.array([WALL, DOOR])
    other = (place[0] > WALL) != (goal[0] > WALL)
    far = jnp.linalg.norm(door - place) > DOOR_RADIUS
    direction = towards(place, jnp.where(other & far, door, goal))
    return jnp.clip(direction + NOISE * jax.random.normal(key, (2,)), -1.0, 1.0)


def careful(place: jax.Array, goal: jax.Array) -> jax.Array:
    """Without noise the expert is caught between the door's centre and a goal right below it: this one walks through the door first."""
    right = goal[0] > WALL
    behind = jnp.array([jnp.where(right, WALL + REACH + 0.5, WALL - REACH - 0.5), DOOR])
    target = jnp.where((place[0] > WALL) != right, behind, goal)
    distance = jnp.linalg.norm(target - place)
    return towards(place, target) * jnp.minimum(1.0, distance / SPEED)


@jax.jit
def rollout(places: jax.Array, actions: jax.Array) -> jax.Array:
    """[N, 2], [N, T, 2] -> the places after each action, [N, T, 2]."""

    def one(place: jax.Array, actions: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda place, action: (step(place, action),) * 2, place, actions)[1]

    return jax.vmap(one)(places, actions)


@jax.jit(static_argnums=2)
def walk(places: jax.Array, goals: jax.Array, steps: int) -> jax.Array:
    """[N, 2], [N, 2] -> the places [N, steps, 2] of the careful controller on its way to the goals."""

    def move(place: jax.Array, goal: jax.Array) -> tuple[jax.Array, jax.Array]:
        place = step(place, careful(place, goal))
        return place, place

    return jax.vmap(lambda place, goal: jax.lax.scan(lambda at, _: move(at, goal), place, length=steps)[1])(places, goals)


# -- playing ----------------------------------------------------------------------------------------------------------------------------
def anywhere(uniform: np.ndarray) -> np.ndarray:
    """Two numbers [..., 2] uniform in [0, 1) as a place uniform in [14, 209]^2 that does not touch the wall. numpy or JAX."""
    left, right = WALL - REACH - 14.0, 209.0 - WALL - REACH  # width of the rooms
    x = 14.0 + uniform[..., :1] * (left + right)
    x = x + (x >= WALL - REACH) * 2 * REACH
    y = 14.0 + uniform[..., 1:] * 195.0
    return jnp.concatenate([x, y], axis=-1) if isinstance(uniform, jax.Array) else np.concatenate([x, y], axis=-1)


def other_room(place: jax.Array, uniform: jax.Array) -> jax.Array:
    """A goal, uniform in the room that `place` [2] is not in."""
    left, right = WALL - REACH - 14.0, 209.0 - WALL - REACH
    x = jnp.where(place[0] < WALL, WALL + REACH + uniform[0] * right, 14.0 + uniform[0] * left)
    return jnp.stack([x, 14.0 + uniform[1] * 195.0])


@jax.jit(static_argnums=(0, 1, 2))
def play(policy: str, episodes: int, steps: int, seed: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """States [E, steps + 1, 2], actions [E, steps, 2] and the number [E] of actions until the goal was reached, `steps` if it was not."""

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        start_key, goal_key, key = jax.random.split(key, 3)
        start = anywhere(jax.random.uniform(start_key, (2,)))
        goal = other_room(start, jax.random.uniform(goal_key, (2,)))

        def move(place: jax.Array, key: jax.Array) -> tuple[jax.Array, tuple]:
            action = expert(place, goal, key) if policy == "expert" else jax.random.uniform(key, (2,), minval=-1.0)
            place = step(place, action)
            return place, (place, action, jnp.linalg.norm(place - goal) < GOAL_RADIUS)

        _, (places, actions, there) = jax.lax.scan(move, start, jax.random.split(key, steps))
        ended = there & (policy == "expert")  # random play has no goal
        length = jnp.where(ended.any(), jnp.argmax(ended) + 1, steps)
        return jnp.concatenate([start[None], places]), actions, length

    return jax.vmap(one)(jax.random.split(jax.random.key(seed), episodes))


def collect(policy: str, episodes: int, steps: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Episodes from a random place to a goal in the other room. Raises BadInput on an unknown policy."""
    if policy not in POLICIES:
        raise BadInput(f"collect.policy={policy!r}: TwoRoom is played by {' or '.join(POLICIES)}")
    states, actions, lengths = (np.asarray(array) for array in play(policy, episodes, steps, seed))
    return [(s[: length + 1], a[:length]) for s, a, length in zip(states, actions, lengths, strict=True)]


# -- drawing ----------------------------------------------------------------------------------------------------------------------------
def background(size: int) -> np.ndarray:
    """Bool [size, size]: black walls False, all else True; sampled where the centres of the pixels are in the picture of 224."""
    at = (np.arange(size) + 0.5) * (SIZE / size) - 0.5
    border = ((at >= 10) & (at < 14)) | ((at >= 210) & (at < 214))
    wall = (np.abs(at - WALL) <= 5)[None, :] & (np.abs(at - DOOR) > DOOR_HALF)[:, None]
    return ~(wall | border[None, :] | border[:, None])


def draw(states: jax.Array, size: int, changed: jax.Array | bool) -> jax.Array:
    """States [..., 2] -> frames float32 [..., size, size, 3]. The agent is a blob, exp(-d^2 / (2 * 7^2)), brightest at the pixel (of 224)
    nearest to it, red or, where `changed` [...], blue. Values are truncated to k / 255, as the authors' are; but red on white is 255 here,
    where rounding makes some of theirs 254."""
    at = ((np.arange(size) + 0.5) * (SIZE / size) - 0.5).astype(np.float32)
    off = states - jnp.round(states)
    along = jnp.exp(((off**2)[..., None] - (at - states[..., None]) ** 2) / (2 * RADIUS**2))  # [..., 2, size]: over x, over y
    alpha = jnp.minimum(along[..., 1, :, None] * along[..., 0, None, :], 1.0)  # [..., y, x]
    white = background(size)
    own = jnp.where(white, 255, jnp.floor(255 * alpha)) / 255  # the channel of the agent's colour
    other = jnp.where(white, jnp.floor(255 * (1 - alpha)), 0) / 255
    changed = jnp.asarray(changed)[..., None, None]
    return jnp.stack([jnp.where(changed, other, own), other, jnp.where(changed, own, other)], axis=-1)


ENVIRONMENT = Environment(
    name="tworoom",
    action_size=2,
    state_size=2,
    quantities={"agent location": lambda states: states},
    draw=draw,
    photograph=photographer(draw),
    rollout=lambda states, actions: np.asarray(rollout(states, actions)),
    collect=collect,
    random_actions=lambda rng, count, steps: rng.uniform(-1, 1, (count, steps, 2)).astype(np.float32),
    scripted=lambda states, goals, steps, rng: np.asarray(walk(states, goals, steps)),
    success=lambda states, goals: np.linalg.norm(states - goals, axis=-1) < GOAL_RADIUS,
    teleport=lambda states, rng: anywhere(rng.random(states.shape)).astype(np.float32),
    grid=lambda side: anywhere(square(side)).astype(np.float32),
)

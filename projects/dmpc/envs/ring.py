"""Ring: a point runs around the origin, as fast as it can without leaving a ring. A damped double integrator in the plane, in pure JAX.

State: place (x, y) and velocity, in a plane without a simulator. Action: acceleration in [-1, 1]^2, for DT seconds. The reward is the speed
around the origin, anticlockwise, less a little for the effort. Who leaves the ring has failed. What is best for the next step, to push
along the ring, ends outside of it within a quarter of a turn: a bend has to be begun before it is reached, and a speed that the
acceleration can still bend must not be exceeded.
"""

import jax
import jax.numpy as jnp
import numpy as np

from projects.dmpc.envs import Environments, Spec, check_version

VERSIONS = ("v0",)
DT = 0.1  # s
DAMPING = 0.1  # 1/s
INNER, OUTER = 0.6, 1.4  # radii of the ring, m; around the middle an acceleration of 1 bends a speed of 1
EFFORT = 0.05  # of the squared acceleration
LIMIT = 200  # steps: about three turns
JITTER = 0.05  # standard deviation of radius and velocity at the start


def step(state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """[..., 4], [..., 2] -> the next state [..., 4], the reward [...] and whether the ring was left [...]."""
    place, velocity = state[..., :2], state[..., 2:]
    push = jnp.clip(action, -1.0, 1.0)
    velocity = velocity + DT * (push - DAMPING * velocity)
    place = place + DT * velocity
    radius = jnp.linalg.norm(place, axis=-1)
    around = (place[..., 0] * velocity[..., 1] - place[..., 1] * velocity[..., 0]) / jnp.maximum(radius, 1e-6)
    failed = (radius < INNER) | (radius > OUTER)
    return jnp.concatenate([place, velocity], axis=-1), around - EFFORT * jnp.sum(push**2, axis=-1), failed


stepped = jax.jit(step)


class Ring(Environments):
    def _begin(self, copy: int, rng: np.random.Generator) -> None:
        angle, radius = rng.uniform(-np.pi, np.pi), 1 + JITTER * rng.normal()
        self._place(copy, radius * np.array([np.cos(angle), np.sin(angle)]), JITTER * rng.normal(size=2))

    def _place(self, copy: int, qpos: np.ndarray, qvel: np.ndarray) -> None:
        self.observations[copy] = np.concatenate([qpos, qvel])
        self.qpos[copy], self.qvel[copy] = np.split(self.observations[copy], 2)

    def _step(self, copies: np.ndarray, torques: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        for mine, new in zip((self.observations, rewards, terminals), stepped(self.observations, torques), strict=True):
            mine[copies] = np.asarray(new)[copies]
        self.qpos[copies], self.qvel[copies] = self.observations[copies, :2], self.observations[copies, 2:]


def make(name: str, version: str, count: int, joint: int, limit: float) -> Ring:
    check_version(name, version, VERSIONS)
    return Ring(Spec(name, version, 4, 2, 2, 2, LIMIT), count, joint, limit)

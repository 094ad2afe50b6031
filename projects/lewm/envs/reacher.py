"""Reacher: two links turn about a shoulder and a wrist. MuJoCo moves them; a flat picture shows what dm_control's does, but no target.

State (4): angles of shoulder and wrist [rad], and how fast they turn [rad / s]. An action is the torques in [-1, 1]^2, held for 0.04 s.
The shoulder's angle has no bounds: it counts the turns.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from projects.lewm.envs import Environment, package, photographer, raster, square
from shared.errors import BadInput

mujoco = package("mujoco")

LINK, HAND, FINGER, THICK = 0.12, 0.10, 0.12, 0.01  # metres: shoulder to wrist; the hand's length; wrist to finger; radius of all of them
WRIST = np.deg2rad(160.0)  # most that the wrist bends
REPEAT = 2  # simulator steps of 0.02 s under an action, as in the authors' library

# dm_control's reacher as far as it moves. Starting each solve from nothing makes the next state a function of this one.
MODEL = f"""
<mujoco>
  <option timestep="0.02"><flag contact="disable" warmstart="disable"/></option>
  <default>
    <joint type="hinge" axis="0 0 1" damping="0.01"/>
    <motor gear="0.05" ctrlrange="-1 1" ctrllimited="true"/>
  </default>
  <worldbody>
    <body pos="0 0 0.01">
      <geom type="capsule" fromto="0 0 0 {LINK} 0 0" size="{THICK}"/>
      <joint name="shoulder"/>
      <body pos="{LINK} 0 0">
        <geom type="capsule" fromto="0 0 0 {HAND} 0 0" size="{THICK}"/>
        <joint name="wrist" limited="true" range="-160 160"/>
        <body pos="{FINGER} 0 0"><geom type="sphere" size="{THICK}"/></body>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="shoulder"/><motor joint="wrist"/></actuator>
</mujoco>
"""
POLICIES = ("random",)
STIFFNESS, DAMPING = 2.0, 0.1  # of the scripted controller: torque per rad, per rad / s

HALF = 0.74 * np.tan(np.pi / 8)  # metres from the middle of the picture to its edge; the camera is that high above the arm
ARENA = 0.3 * 0.74 / 0.75  # where the floor meets the walls, seen at that height
ROOT = 0.011  # radius of the shoulder
# as dm_control's lights make them look
DARK, LIGHT, WALL, ARM, TIP, SHOULDER = (40, 80, 120), (75, 112, 150), (40, 66, 92), (255, 235, 145), (255, 165, 85), (197, 255, 255)
MAGENTA = (230, 60, 200)


# -- moving -----------------------------------------------------------------------------------------------------------------------------
class Arm:
    def __init__(self):
        self.model = mujoco.MjModel.from_xml_string(MODEL)
        self.data = mujoco.MjData(self.model)

    def step(self, state: np.ndarray, action: np.ndarray) -> np.ndarray:
        """state [4] float32, action [2] -> state float32. Torques beyond 1 count as 1."""
        self.data.qpos, self.data.qvel, self.data.ctrl = state[:2], state[2:], action
        mujoco.mj_step(self.model, self.data, REPEAT)
        return np.concatenate([self.data.qpos, self.data.qvel]).astype(np.float32)


def rollout(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """states [N, 4], actions [N, T, 2] -> states [N, T, 4]."""
    arm, found = Arm(), np.empty((*actions.shape[:2], 4), np.float32)
    for state, row, to in zip(states, actions, found, strict=True):
        for t, action in enumerate(row):
            state = to[t] = arm.step(state, action)
    return found


def scripted(states: np.ndarray, goals: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """A spring on each joint, damped, that is at rest where the goal's angles are. It knows the angles: a ceiling."""
    arm, found = Arm(), np.empty((len(states), steps, 4), np.float32)
    for state, goal, to in zip(states, goals, found, strict=True):
        for t in range(steps):
            state = to[t] = arm.step(state, np.clip(STIFFNESS * (goal[:2] - state[:2]) - DAMPING * state[2:], -1, 1))
    return found


# -- playing ----------------------------------------------------------------------------------------------------------------------------
def random_actions(rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
    return rng.uniform(-1, 1, (count, steps, 2)).astype(np.float32)


def random_angles(rng: np.random.Generator, count: int) -> np.ndarray:
    """[count, 2], as dm_control begins its episodes."""
    return rng.uniform((-np.pi, -WRIST), (np.pi, WRIST), (count, 2)).astype(np.float32)


def collect(policy: str, episodes: int, steps: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Episodes of `steps` actions each, from rest at random angles; uniform actions, as in the released data. BadInput on others."""
    if policy not in POLICIES:
        raise BadInput(f"collect.policy={policy!r}: Reacher is played by {', '.join(POLICIES)}")
    rng = np.random.default_rng(seed)
    first = np.concatenate([random_angles(rng, episodes), np.zeros((episodes, 2), np.float32)], 1)
    actions = random_actions(rng, episodes, steps)
    states = np.concatenate([first[:, None], rollout(first, actions)], 1)
    return list(zip(states, actions, strict=True))


def success(states: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Both angles within 0.05 rad of the goal's. As in the authors' code a full turn of the shoulder counts, though no picture shows it."""
    return (np.abs(states[..., :2] - goals[..., :2]) < 0.05).all(-1)


def teleport(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both joints at random angles; they turn on as fast as before."""
    return np.concatenate([random_angles(rng, len(states)), states[:, 2:]], 1)


def finger(states: np.ndarray) -> np.ndarray:
    """Where it is [N, 2], metres from the shoulder."""
    first, second = states[:, 0], states[:, 0] + states[:, 1]
    return LINK * np.stack([np.cos(first), np.sin(first)], 1) + FINGER * np.stack([np.cos(second), np.sin(second)], 1)


# -- drawing ----------------------------------------------------------------------------------------------------------------------------
def draw(states: jax.Array, size: int, changed: jax.Array | bool) -> jax.Array:
    """The arm from above, x to the right and y up. `changed` paints hand and finger magenta."""
    pixel = 2 * HALF / size
    cover = partial(raster.cover, pixel=pixel)
    centres = (jnp.arange(size) + 0.5) * pixel - HALF
    x, y = jnp.meshgrid(centres, -centres)  # [H, W]
    shoulder, wrist, *_ = raster.numbers(states)
    changed = jnp.asarray(changed)[..., None, None]
    hand, tip = ([jnp.where(changed, new, old) for old, new in zip(colour, MAGENTA, strict=True)] for colour in (ARM, TIP))

    right, above = cover(-x), cover(-y)
    planes = [jnp.full((size, size), float(dark)) for dark in DARK]
    planes = raster.over(planes, LIGHT, right * above + (1 - right) * (1 - above))
    planes = raster.over(planes, WALL, cover(-raster.box(x, y, (-ARENA, -ARENA), (ARENA, ARENA))))
    x, y = raster.turned(x, y, shoulder)  # along the first link
    root = raster.disc(x, y, ROOT)
    planes = raster.over(planes, ARM, cover(raster.capsule(x, y, LINK, THICK)))
    x, y = raster.turned(x - LINK, y, wrist)  # along the second
    planes = raster.over(planes, hand, cover(raster.capsule(x, y, HAND, THICK)))
    planes = raster.over(planes, tip, cover(raster.disc(x - FINGER, y, THICK)))
    planes = raster.over(planes, SHOULDER, cover(root))
    return raster.frames(planes)


def grid(side: int) -> np.ndarray:
    """Angles of both joints, at rest."""
    angles = (2 * square(side) - 1) * (np.pi, WRIST)
    return np.concatenate([angles, np.zeros_like(angles)], 1).astype(np.float32)


ENVIRONMENT = Environment(
    name="reacher",
    action_size=2,
    state_size=4,
    quantities={
        "joint angles": lambda states: np.concatenate([np.cos(states[:, :2]), np.sin(states[:, :2])], 1),
        "joint velocities": lambda states: states[:, 2:],
        "finger position": finger,
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

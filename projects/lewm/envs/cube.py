"""Cube: an arm with a gripper picks up a cube and puts it elsewhere. OGBench's single-cube environment, played by its own oracle.

State (41): MuJoCo's positions (21: six joints of the arm, eight of the gripper, place and quaternion of the cube) and velocities (20). An
action (5) in [-1, 1] moves the gripper, turns it and opens or closes it, for 0.05 s. Only the simulator can draw it; without shadows and
smooth edges, since a GPU is not always there: the camera, the arm's transparency and the colours are those of the authors.
"""

import os
from functools import cache
from typing import Any

import numpy as np

from projects.lewm.envs import Environment
from shared import opengl
from shared.errors import BadInput

# Without dependencies, for dm_control asks for a package that newer Pythons cannot install and that the cube does not touch.
PIP = (
    "pip install --no-deps ogbench==1.2.2 dm_control==1.0.34 gymnasium==1.4.0 farama-notifications==0.0.6 cloudpickle==3.1.3 lxml==6.1.3 "
    "dm-env==1.6 dm-tree==0.1.10 wrapt==2.5.2"
)
os.environ["MUJOCO_GL"] = opengl.kind("the cube")  # read when mujoco is imported
try:
    import mujoco
    from ogbench.manipspace import lie
    from ogbench.manipspace.envs.cube_env import CubeEnv
    from ogbench.manipspace.oracles.markov.cube_markov import CubeMarkovOracle
except ImportError as error:
    raise BadInput(f"the cube needs packages of its own ({error}): python -m {PIP}") from None

POSITIONS = 21  # numbers of a state that are positions
ARM, GRIPPER, CUBE, TURN = slice(0, 6), slice(6, 7), slice(14, 17), slice(17, 21)  # in a state: joints, opening, place, quaternion
CUBE_SPEED = slice(POSITIONS + 14, POSITIONS + 20)
NEAR = 0.04  # metres
NOISE = 0.1  # most that is added to an expert's actions in an episode
LARGEST = 1024  # pixels
POLICIES = ("expert", "random")


class Unseen(CubeEnv):
    """OGBench looks at every state that it makes; here only those that are asked for."""

    def compute_observation(self) -> None:
        return None


class Simulator:
    """One state at a time. The next state follows from it and the action alone: the solver starts from nothing at every step."""

    def __init__(self):
        self.env = Unseen(
            "single", ob_type="pixels", mode="data_collection", visualize_info=False, terminate_at_goal=False, width=LARGEST, height=LARGEST
        )
        self.env.reset(seed=0)
        self.model, self.data = self.env.model, self.env.data
        self.model.vis.quality.offsamples = 0
        self.oracle = CubeMarkovOracle(env=self.env)
        self.pinch = self.model.site("ur5e/robotiq/pinch").id
        self.renderers: dict[int, Any] = {}

    def begin(self, seed: int) -> np.ndarray:
        """The state at the start of an episode: arm, cube and the cube's target at random places."""
        self.env.reset(seed=seed)
        return self.state()

    def state(self) -> np.ndarray:
        return np.concatenate([self.data.qpos, self.data.qvel]).astype(np.float32)

    def set(self, state: np.ndarray) -> None:
        self.data.qpos, self.data.qvel, self.data.qacc_warmstart = state[:POSITIONS], state[POSITIONS:], 0
        mujoco.mj_forward(self.model, self.data)

    def step(self, state: np.ndarray, action: np.ndarray) -> np.ndarray:
        self.set(state)
        self.env.set_control(np.clip(action, -1, 1).astype(float))
        self.data.qacc_warmstart = 0
        mujoco.mj_step(self.model, self.data, nstep=25)  # of 0.002 s
        return self.state()

    def start_oracle(self, rng: np.random.Generator) -> None:
        """Towards the target that is set; and where it rests afterwards."""
        self.oracle.reset(None, None)
        self.oracle._final_pos = rng.uniform(*self.env._arm_sampling_bounds)  # it would ask numpy's global generator
        self.oracle._final_yaw = rng.uniform(-np.pi, np.pi)

    def ask_oracle(self, state: np.ndarray) -> np.ndarray:
        self.set(state)
        mujoco.mj_rnePostConstraint(self.model, self.data)  # it feels whether the gripper holds something
        return self.oracle.select_action(None, self.env.compute_ob_info())

    def aim(self, goal: np.ndarray) -> None:
        """The cube of the state `goal` becomes the target."""
        self.data.mocap_pos[0], self.data.mocap_quat[0] = goal[CUBE], goal[TURN]

    def photograph(self, state: np.ndarray, size: int, colour: str) -> np.ndarray:
        if size not in self.renderers:
            self.renderers[size] = renderer(self.model, size)
        self.set(state)
        for geom in self.env._cube_geom_ids_list[0]:
            self.model.geom(geom).rgba = self.env._colors[colour]
        self.renderers[size].update_scene(self.data, camera="front_pixels")
        return self.renderers[size].render()

    def effector(self, state: np.ndarray) -> tuple[np.ndarray, float]:
        """Where the gripper is [3] and its yaw [rad]."""
        self.set(state)
        turn = lie.SO3.from_matrix(self.data.site_xmat[self.pinch].reshape(3, 3))
        return self.data.site_xpos[self.pinch].copy(), turn.compute_yaw_radians()


def renderer(model: Any, size: int) -> Any:
    if size > LARGEST:
        raise BadInput(f"images.size={size}: the cube is photographed with at most {LARGEST} pixels")
    found = mujoco.Renderer(model, size, size)
    found.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
    found.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
    return found


simulator = cache(Simulator)  # seconds to build


def photograph(states: np.ndarray, size: int, changed: bool = False) -> np.ndarray:
    """states [N, 41] -> uint8 [N, size, size, 3]. `changed` paints the cube blue."""
    colour = "blue" if changed else "red"
    return np.stack([simulator().photograph(state, size, colour) for state in states])


def rollout(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """states [N, 41], actions [N, T, 5] -> states [N, T, 41]."""
    found = np.empty((*actions.shape[:2], states.shape[-1]), np.float32)
    for state, row, to in zip(states, actions, found, strict=True):
        for t, action in enumerate(row):
            state = to[t] = simulator().step(state, action)
    return found


def collect(policy: str, episodes: int, steps: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Episodes of `steps` actions each. The expert carries the cube to one target after another; how noisy its actions are differs from
    episode to episode, as in the authors' data. Raises BadInput on an unknown policy."""
    if policy not in POLICIES:
        raise BadInput(f"collect.policy={policy!r}: Cube is played by {' or '.join(POLICIES)}")
    return [play(policy, steps, np.random.default_rng((seed, episode))) for episode in range(episodes)]


def play(policy: str, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """states [steps + 1, 41], actions [steps, 5]."""
    table = simulator()
    states, actions = np.empty((steps + 1, 41), np.float32), np.empty((steps, 5), np.float32)
    states[0] = table.begin(int(rng.integers(2**31)))
    table.start_oracle(rng)
    noise = rng.uniform(0, NOISE) * np.array([1, 1, 1, 3, 10])
    for t in range(steps):
        if policy == "expert":
            actions[t] = np.clip(table.ask_oracle(states[t]) + rng.normal(0, noise), -1, 1)
        else:
            actions[t] = rng.uniform(-1, 1, 5)
        states[t + 1] = table.step(states[t], actions[t])
        if table.oracle.done:
            table.env.set_new_target(return_info=False)
            table.start_oracle(rng)
    return states, actions


def random_actions(rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
    return rng.uniform(-1, 1, (count, steps, 5)).astype(np.float32)


def scripted(states: np.ndarray, goals: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """OGBench's oracle with the goal's cube as its target: it knows where everything is."""
    table, found = simulator(), np.empty((len(states), steps, 41), np.float32)
    for state, goal, to in zip(states, goals, found, strict=True):
        table.aim(goal)
        table.start_oracle(rng)
        for t in range(steps):
            state = to[t] = table.step(state, table.ask_oracle(state))
    return found


def success(states: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The cube's centre within 0.04 m of the goal's, however it is turned."""
    return np.linalg.norm(states[..., CUBE] - goals[..., CUBE], axis=-1) <= NEAR


def teleport(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The cube at rest at a random place of the table, turned at random."""
    found, yaw = states.copy(), rng.uniform(0, 2 * np.pi, len(states))
    found[:, CUBE] = np.concatenate([rng.uniform((0.3, -0.3), (0.55, 0.3), (len(states), 2)), np.full((len(states), 1), 0.02)], 1)
    found[:, TURN] = np.stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)], 1)
    found[:, CUBE_SPEED] = 0
    return found


def effector_place(states: np.ndarray) -> np.ndarray:
    return np.stack([simulator().effector(state)[0] for state in states])


def effector_yaw(states: np.ndarray) -> np.ndarray:
    return circle(np.array([simulator().effector(state)[1] for state in states]))


def cube_yaw(states: np.ndarray) -> np.ndarray:
    return circle(np.array([lie.SO3(wxyz=turn.astype(float)).compute_yaw_radians() for turn in states[:, TURN]]))


def circle(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], 1)


ENVIRONMENT = Environment(
    name="cube",
    action_size=5,
    state_size=41,
    quantities={  # Table 4; an angle as cosine and sine
        "joint position": lambda states: states[:, ARM],
        "joint velocity": lambda states: states[:, POSITIONS : POSITIONS + 6],
        "end-effector position": effector_place,
        "end-effector yaw": effector_yaw,
        "gripper": lambda states: np.clip(states[:, GRIPPER] / 0.8, 0, 1),
        "block position": lambda states: states[:, CUBE],
        "block quaternion": lambda states: states[:, TURN],
        "block yaw": cube_yaw,
    },
    draw=None,
    photograph=photograph,
    rollout=rollout,
    collect=collect,
    random_actions=random_actions,
    scripted=scripted,
    success=success,
    teleport=teleport,
    grid=None,
)

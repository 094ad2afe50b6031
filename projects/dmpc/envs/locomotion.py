"""HalfCheetah, Hopper and Walker2d: Gymnasium's MuJoCo environments, simulator, rewards and ends as they are there.

Version v4 has the physics and rewards of D4RL's v2 data sets, v5 those of Minari's. HalfCheetah never fails.
"""

import warnings

import numpy as np

from projects.dmpc.envs import Environments, Spec, bits, check_version, doubles, package

VERSIONS = ("v4", "v5")
IDS = {"halfcheetah": "HalfCheetah", "hopper": "Hopper", "walker2d": "Walker2d"}
LIMIT = 1000  # steps, Gymnasium's time limit


class Locomotion(Environments):
    def __init__(self, name: str, version: str, count: int, joint: int, limit: float):
        check_version(name, version, VERSIONS)
        self.mujoco, gymnasium = package("mujoco"), package("gymnasium")
        package("gymnasium.envs.mujoco")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*is out of date")  # v4 is meant
            # bare: no checks of every step, and the time limit is that of Environments
            self.copies = [gymnasium.make(f"{IDS[name]}-{version}", disable_env_checker=True).unwrapped for _ in range(count)]
        model = self.copies[0].model
        for world in self.copies:
            world.model = model  # they are equal, and one stays in the processor's cache
        size = self.copies[0].observation_space.shape[0]
        super().__init__(Spec(name, version, size, model.nu, model.nq, model.nv, LIMIT), count, joint, limit)

    def _begin(self, copy: int, rng: np.random.Generator) -> None:
        world = self.copies[copy]
        world.np_random = rng
        self.observations[copy], _ = world.reset()
        self.qpos[copy], self.qvel[copy] = world.data.qpos, world.data.qvel

    def _place(self, copy: int, qpos: np.ndarray, qvel: np.ndarray) -> None:
        world = self.copies[copy]
        self.mujoco.mj_resetData(world.model, world.data)
        world.set_state(qpos, qvel)
        self.observations[copy], self.qpos[copy], self.qvel[copy] = world._get_obs(), qpos, qvel

    def _step(self, copies: np.ndarray, torques: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        for copy in copies.tolist():
            world = self.copies[copy]
            self.observations[copy], rewards[copy], terminals[copy], _, _ = world.step(torques[copy])
            self.qpos[copy], self.qvel[copy] = world.data.qpos, world.data.qvel

    def snapshot(self) -> dict[str, np.ndarray]:
        """The simulators' own states too: their solver starts from its last solution."""
        all_of_it = self.mujoco.mjtState.mjSTATE_INTEGRATION
        states = np.empty((self.count, self.mujoco.mj_stateSize(self.copies[0].model, all_of_it)))
        for world, row in zip(self.copies, states, strict=True):
            self.mujoco.mj_getState(world.model, world.data, row, all_of_it)
        return {**super().snapshot(), "simulators": bits(states)}

    def resume(self, snapshot: dict[str, np.ndarray]) -> None:
        super().resume(snapshot)
        for world, row in zip(self.copies, doubles(snapshot["simulators"]), strict=True):
            self.mujoco.mj_setState(world.model, world.data, row, self.mujoco.mjtState.mjSTATE_INTEGRATION)


make = Locomotion

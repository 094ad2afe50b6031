"""Pictures of an episode, from the positions it went through: runners by MuJoCo without a screen, the ring by matplotlib."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from projects.dmpc.envs import locomotion, package, ring
from shared import opengl

FINER = 2  # pixels drawn for one that is shown, each way: their mean is smooth, and cheaper in software than the smooth edges of OpenGL
TRAIL = 25  # steps of the ring whose path is shown


def pictures(name: str, version: str, qpos: np.ndarray, steps: Sequence[int], size: int) -> np.ndarray:
    """uint8 [n, size, size, 3] of these steps of an episode of the environment `name` with positions qpos [T, P]. Raises BadInput where
    nothing can draw a runner."""
    drawn = circling(qpos, steps, size) if name == "ring" else running(name, version, qpos, steps, size)
    return np.stack(list(drawn))


def seconds(name: str, version: str) -> float:
    """Of a step."""
    return ring.DT if name == "ring" else locomotion.make(name, version, 1, -1, 1.0).copies[0].dt


# -- runners ----------------------------------------------------------------------------------------------------------------------------
def running(name: str, version: str, qpos: np.ndarray, steps: Sequence[int], size: int) -> Iterator[np.ndarray]:
    """From the side, by the camera of Gymnasium's model that goes along. Without shadows and mirrors, which cost software most."""
    mujoco, world, side = package("mujoco"), locomotion.make(name, version, 1, -1, 1.0).copies[0], FINER * size
    world.model.vis.global_.offwidth = world.model.vis.global_.offheight = side
    world.model.vis.quality.offsamples = 0
    context = opengl.context(name, side)
    scene = mujoco.MjvScene(world.model, maxgeom=1_000)
    scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
    view, options = mujoco.MjvCamera(), mujoco.MjvOption()
    view.type, view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, world.model.camera("track").id
    renderer, area = mujoco.MjrContext(world.model, mujoco.mjtFontScale.mjFONTSCALE_100), mujoco.MjrRect(0, 0, side, side)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, renderer)
    pixels = np.empty((side, side, 3), np.uint8)
    try:
        for step in steps:
            world.set_state(qpos[step], np.zeros(world.model.nv))
            mujoco.mjv_updateScene(world.model, world.data, options, None, view, mujoco.mjtCatBit.mjCAT_ALL, scene)
            mujoco.mjr_render(area, scene, renderer)
            mujoco.mjr_readPixels(pixels, None, area, renderer)
            yield pixels[::-1].reshape(size, FINER, size, FINER, 3).mean((1, 3)).astype(np.uint8)  # OpenGL begins below
    finally:
        renderer.free()
        context.free()


# -- ring -------------------------------------------------------------------------------------------------------------------------------
def circling(qpos: np.ndarray, steps: Sequence[int], size: int) -> Iterator[np.ndarray]:
    """From above: the ring, the point and where it has been for the last TRAIL steps, fading."""
    figure = Figure(figsize=(1, 1), dpi=size)
    canvas, axis = FigureCanvasAgg(figure), figure.add_axes((0, 0, 1, 1))
    reach = 1.15 * ring.OUTER
    for radius, color in ((ring.OUTER, "#dfe6ec"), (ring.INNER, "white")):
        axis.add_patch(Circle((0, 0), radius, color=color, linewidth=0))
    trail, point = LineCollection([], linewidths=1.2), Circle((0, 0), 0.11, color="#c8553d", zorder=3)
    axis.add_collection(trail)
    axis.add_patch(point)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axis.set_axis_off()
    for step in steps:
        path = qpos[max(0, step - TRAIL) : step + 1, :2]  # [n + 1, 2]
        trail.set_segments(np.stack([path[:-1], path[1:]], 1))
        trail.set_color([to_rgba("#c8553d", alpha) for alpha in np.linspace(0, 1, len(path))[1:]])
        point.set_center(path[-1])
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()

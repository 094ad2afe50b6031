"""Push-T's block: two boxes that form a T. Its position is that of its frame's origin, the middle of the bar's outer edge."""

import math

import numpy as np

CANVAS = 512  # everything of Push-T is in its pixels: x to the right, y down
RADIUS = 15.0  # of the agent, a disc
WALLS = (5.0, 506.0)  # where the four walls run, each 2 to both sides
BAR = ((-60.0, 0.0), (60.0, 30.0))  # opposite corners, in the block's frame
STEM = ((-15.0, 30.0), (15.0, 120.0))
CENTRE = (0.0, 45.0)  # of gravity
OUTLINE = ((-60, 0), (60, 0), (60, 30), (15, 30), (15, 120), (-15, 120), (-15, 30), (-60, 30))  # the inside lies to the left of every edge

Pose = tuple[float, float, float]  # x, y, angle [rad]
Point = tuple[float, float]


def turned(vector: Point, angle: float) -> Point:
    cos, sin = math.cos(angle), math.sin(angle)
    return cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1]


def placed(point: Point, block: Pose) -> Point:
    """Where a point of the block's frame lies on the canvas."""
    x, y = turned(point, block[2])
    return block[0] + x, block[1] + y


def clearance(point: Point, block: Pose) -> float:
    """Distance of a point of the canvas from the block; 0 inside."""
    x, y = turned((point[0] - block[0], point[1] - block[1]), -block[2])
    return min(
        math.hypot(max(low[0] - x, x - high[0], 0), max(low[1] - y, y - high[1], 0)) for low, high in (BAR, STEM)
    )


def random_poses(rng: np.random.Generator) -> np.ndarray:
    """Agent xy, block xy and angle [5]: the agent in [50, 450], the block in [100, 400] as in the authors' code, but nothing overlaps."""
    while True:
        poses = rng.uniform((50, 50, 100, 100, 0), (450, 450, 400, 400, 2 * math.pi))
        agent, block = poses[:2], tuple(poses[2:])
        corners = np.array([placed(corner, block) for corner in OUTLINE])
        if clearance(agent, block) > RADIUS and corners.min() > WALLS[0] + 2 and corners.max() < WALLS[1] - 2:
            return poses

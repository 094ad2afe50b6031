"""Push-T's physics as a function: the next state follows from the state and the action alone, bit for bit.

A rigid-body simulator remembers more than a state shows: the block's velocity and how it was to be pushed out of others, the contacts of
the last steps, the order in which shapes came. The velocity serves once, for the next move, since damping 0 stops everything that nothing
pushes; so a step ends with that move, and the block is at rest. All else only makes a simulator faster: every step begins with a new one.
"""

import math

import numpy as np

from projects.lewm.envs import package
from projects.lewm.envs.pusht_tee import BAR, CENTRE, RADIUS, STEM, WALLS

pymunk = package("pymunk")

SUBSTEPS, DT = 10, 0.01  # an environment step is 0.1 s
STIFFNESS, DAMPING = 100.0, 20.0  # of the controller that moves the agent
REACH = 100.0  # canvas pixels from the agent to its target, for an action of 1


class Table:
    """Four walls, the agent (a disc that nothing stops: walls hold back the block only) and the block.

    Contacts are free of friction, as in gym-pusht and the authors' code: they set it on the body, where the library reads none.
    """

    def __init__(self, state: np.ndarray):
        """state [7] as in `step`."""
        x, y, block_x, block_y, angle, vx, vy = map(float, state)
        self.space = pymunk.Space()
        self.space.damping = 0
        low, high = WALLS
        corners = [(low, low), (high, low), (high, high), (low, high)]
        self.space.add(*(pymunk.Segment(self.space.static_body, corners[i - 1], corners[i], 2) for i in range(4)))
        self.agent = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
        self.agent.position, self.agent.velocity = (x, y), (vx, vy)
        self.block = pymunk.Body(1, MOMENT)
        self.block.center_of_gravity = CENTRE
        self.block.angle = angle  # turns about the centre of gravity, so the position comes after it
        self.block.position = block_x, block_y
        self.shapes = [pymunk.Circle(self.agent, RADIUS), *(pymunk.Poly(self.block, corners_of(part)) for part in (BAR, STEM))]
        self.space.add(self.agent, self.block, *self.shapes)


def corners_of(box: tuple[tuple[float, float], tuple[float, float]]) -> list[tuple[float, float]]:
    low, high = box
    return [low, (high[0], low[1]), high, (low[0], high[1])]


MOMENT = 2 * pymunk.moment_for_poly(1, corners_of(BAR))  # gym-pusht takes the bar's for the stem too


def step(state: np.ndarray, action: np.ndarray) -> np.ndarray:
    """state [7] float32: agent xy, block xy, block angle in [0, 2 pi], agent velocity xy [per s]; action [2] -> state float32."""
    table = Table(state)
    x, y, _, _, _, vx, vy = map(float, state)
    to_x, to_y = x + REACH * float(action[0]), y + REACH * float(action[1])
    for _ in range(SUBSTEPS):
        vx += (STIFFNESS * (to_x - x) - DAMPING * vx) * DT
        vy += (STIFFNESS * (to_y - y) - DAMPING * vy) * DT
        x, y = x + vx * DT, y + vy * DT
        table.agent.velocity = vx, vy
        table.space.step(DT)
    pymunk.Body.update_position(table.block, DT)
    return np.array([x, y, *table.block.position, table.block.angle % (2 * math.pi), vx, vy], np.float32)

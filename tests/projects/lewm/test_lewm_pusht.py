"""Push-T: the state is all there is, the physics is gym-pusht's, the picture shows it, the policies play."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.lewm.envs import environment, pusht
from projects.lewm.envs.pusht_physics import Table, step
from projects.lewm.envs.pusht_policies import POLICIES, on_canvas
from projects.lewm.envs.pusht_tee import CENTRE, OUTLINE, RADIUS, clearance, placed
from shared.errors import BadInput

PUSHT = environment("pusht")


@pytest.fixture(scope="module")
def episodes():
    return {name: PUSHT.collect(name, 20, 100, 3) for name in POLICIES}


def state(agent=(60, 60), block=(256, 256), angle=0.0, velocity=(0, 0)):
    return np.array([*agent, *block, angle, *velocity], np.float32)


# -- the simulator ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("start", [0, 37])
def test_rollout_visits_the_states_of_the_episode_bit_for_bit(episodes, name, start):
    states, actions = (np.stack(column) for column in zip(*episodes[name], strict=True))
    assert states.shape == (20, 101, 7) and actions.shape == (20, 100, 2)
    assert np.array_equal(PUSHT.rollout(states[:, start], actions[:, start:]), states[:, start + 1 :])


def test_the_next_state_does_not_depend_on_what_came_before():
    """Weak play squeezes the block into walls, where many contacts meet."""
    for states, actions in PUSHT.collect("weak", 10, 60, 7):
        for t in np.random.default_rng(0).permutation(60):
            assert np.array_equal(step(states[t], actions[t]), states[t + 1])


def gym_pusht(first, actions):
    """Block xy and angle after each action of a simulator that is never interrupted: gym-pusht's loop, with relative actions."""
    table = Table(first)
    found = []
    for action in actions:
        target = np.array(table.agent.position) + 100 * action
        for _ in range(10):
            force = 100 * (target - table.agent.position) - 20 * np.array(table.agent.velocity)
            table.agent.velocity = tuple(table.agent.velocity + force * 0.01)
            table.space.step(0.01)
        found.append([*table.block.position, table.block.angle])
    return np.array(found)


@pytest.mark.parametrize("angle", [2.0, 3.0, 4.0, 5.0])
def test_forgetting_contacts_between_steps_costs_nothing(angle):
    """The block moves one hundredth of a second earlier than in the uninterrupted simulator: after a step without a push both agree."""
    first = state(agent=(256, 60), angle=angle)
    actions = np.array([[0.02, 0.7]] * 6 + [[0, -0.5]] * 3, np.float32)
    ours = PUSHT.rollout(first[None], actions[None])[0]
    theirs = gym_pusht(first, actions)
    assert np.abs(theirs[-1, :2] - first[2:4]).max() > 5  # it was pushed
    assert np.abs(ours[-1, 2:4] - theirs[-1, :2]).max() < 1e-3
    assert abs(math.remainder(ours[-1, 4] - theirs[-1, 2], 2 * math.pi)) < 1e-5


def test_agent_follows_its_target_and_no_wall_stops_it():
    after = PUSHT.rollout(state(agent=(20, 100))[None], np.full((1, 10, 2), (-1, 0), np.float32))[0]
    assert after[0, 0] == pytest.approx(20 - 100 * (1 - 2 / math.e), abs=4)  # critically damped, 10 / s, from rest for 0.1 s
    assert np.allclose(np.diff(after[3:, 0]), -40.7, atol=0.1)  # and then at a steady pace
    assert np.array_equal(after[:, 2:5], np.tile(state()[2:5], (10, 1)))


def test_a_wall_stops_the_block():
    first = state(agent=(240, 256), block=(190, 256), angle=math.pi / 2)
    after = PUSHT.rollout(first[None], np.full((1, 3, 2), (-0.5, 0), np.float32))[0, -1]
    assert after[2] < first[2] - 10
    corners = np.array([placed(corner, tuple(after[2:5])) for corner in OUTLINE])
    assert corners.min() > 0


def test_block_has_the_inertia_of_gym_pusht():
    table = Table(state())
    block = table.block
    assert block.mass == 1 and block.moment == pytest.approx(3000) and tuple(block.center_of_gravity) == CENTRE
    assert [shape.friction for shape in table.shapes] == [0, 0, 0]


def test_position_is_that_of_the_bar_whatever_the_angle():
    for angle in (0.0, 1.0, 4.0):
        table = Table(state(block=(200, 180), angle=angle))
        assert tuple(table.block.local_to_world((0, 0))) == pytest.approx((200, 180))
        assert tuple(table.block.local_to_world((15, 120))) == pytest.approx(placed((15, 120), (200, 180, angle)))


@given(x=st.floats(0, 512), y=st.floats(0, 512), angle=st.floats(0, 6.28))
@settings(max_examples=50, deadline=None)
def test_clearance_is_the_simulators_distance(x, y, angle):
    table = Table(state(angle=angle))
    far = min(shape.point_query((x, y)).distance for shape in table.shapes[1:])
    assert clearance((x, y), (256, 256, angle)) == pytest.approx(max(far, 0), abs=1e-3)


# -- playing ----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", POLICIES)
def test_actions_are_in_range(episodes, name):
    actions = np.stack([actions for _, actions in episodes[name]])
    assert np.abs(actions).max() <= 1
    assert actions.std() > 0.2


def test_mixed_pushes_a_block_that_stays_in_sight(episodes):
    states = np.stack([states for states, _ in episodes["mixed"]])
    moved = np.linalg.norm(np.diff(states[..., 2:4], axis=1), axis=-1) > 0.05
    assert 0.25 < moved.mean() < 0.6
    assert moved.any(1).all()
    centres = [placed(CENTRE, tuple(one[2:5])) for one in states.reshape(-1, 7)]
    assert np.mean([on_canvas(centre, 0) for centre in centres]) > 0.98


def test_pushes_are_smooth_and_weak_play_is_not(episodes):
    def lag(name):
        actions = np.stack([actions for _, actions in episodes[name]])
        return np.corrcoef(actions[:, 1:].ravel(), actions[:, :-1].ravel())[0, 1]

    assert lag("primitives") > 0.5
    assert abs(lag("weak")) < 0.2
    assert abs(lag("random")) < 0.05


def test_episodes_follow_from_the_seed():
    once, again, other = (PUSHT.collect("mixed", 2, 20, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for one, two in zip(once, again, strict=True) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(once[0][0], other[0][0])
    assert not np.array_equal(once[0][0], once[1][0])
    assert np.array_equal(PUSHT.collect("mixed", 1, 20, 1)[0][0], once[0][0])


def test_unknown_policy_is_one_line():
    with pytest.raises(BadInput, match="played by mixed"):
        PUSHT.collect("expert", 1, 10, 0)


def test_scripted_controller_comes_to_where_the_agent_is_in_the_goal(episodes):
    states = np.stack([states for states, _ in episodes["mixed"]])
    visited = PUSHT.scripted(states[:, 0], states[:, 40], 30, np.random.default_rng(0))
    assert visited.shape == (20, 30, 7)
    assert np.linalg.norm(visited[:, -1, :2] - states[:, 40, :2], axis=1).max() < 5


def test_success_counts_agent_and_block_together_and_angles_around_the_circle():
    goal = state(angle=0.1)
    assert PUSHT.success(goal, goal)
    assert PUSHT.success(state(angle=2 * math.pi - 0.1), goal)
    assert not PUSHT.success(state(angle=0.5), goal)
    assert PUSHT.success(state(agent=(70, 70), block=(266, 256), angle=0.1), goal)  # sqrt(3) * 10
    assert not PUSHT.success(state(agent=(70, 70), block=(266, 267), angle=0.1), goal)
    assert PUSHT.success(np.stack([goal, state(angle=3)])[None], goal[None, None]).tolist() == [[True, False]]


def test_teleport_puts_agent_and_block_apart_and_within_the_walls(episodes):
    states = np.stack([states[-1] for states, _ in episodes["mixed"]])
    found = PUSHT.teleport(states, np.random.default_rng(0))
    assert found.dtype == np.float32 and np.array_equal(found[:, 5:], states[:, 5:])
    assert np.abs(found[:, :4] - states[:, :4]).mean() > 30
    for one in found:
        block = tuple(one[2:5])
        assert clearance(tuple(one[:2]), block) > RADIUS - 1e-3
        assert all(on_canvas(placed(corner, block), 6) for corner in OUTLINE)


def test_quantities_have_an_angle_without_a_jump():
    near = np.stack([state(angle=1e-3), state(angle=2 * math.pi - 1e-3)])
    found = {name: read(near) for name, read in PUSHT.quantities.items()}
    assert list(found) == ["agent location", "block location", "block angle"] and all(value.shape == (2, 2) for value in found.values())
    assert np.abs(np.diff(found["block angle"], axis=0)).max() < 0.01


# -- the picture ------------------------------------------------------------------------------------------------------------------------
def with_pillow(one):
    """The 512 x 512 picture drawn by another library, as gym-pusht draws it: filled shapes with a darker border of 4 pixels."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (512, 512), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    bar, stem = OUTLINE[:3] + OUTLINE[7:], OUTLINE[3:7]
    for part in (bar, stem):
        draw.polygon([placed(corner, (256, 256, math.pi / 4)) for corner in part], (144, 238, 144))
    draw.rectangle((5, 5, 506, 506), outline=(211, 211, 211), width=1)
    draw.rectangle((3, 3, 508, 508), outline=(211, 211, 211), width=4)
    for part in (bar, stem):
        corners = [placed(corner, tuple(one[2:5])) for corner in part]
        draw.polygon(corners, (143, 163, 184))
        draw.line([*corners, corners[0], corners[1]], (119, 136, 153), 4)
    x, y = one[:2]
    draw.ellipse((x - 15, y - 15, x + 15, y + 15), (65, 105, 225))
    draw.ellipse((x - 11, y - 11, x + 11, y + 11), (78, 126, 255))
    return image


@pytest.mark.parametrize("size", [32, 64, 224, 512])
def test_picture_agrees_with_another_librarys(episodes, size):
    image = pytest.importorskip("PIL.Image")
    states = np.stack([states[::40] for states, _ in episodes["mixed"][:4]]).reshape(-1, 7)
    states = states[[on_canvas(tuple(one[:2]), RADIUS + 10) for one in states]]  # gym-pusht draws the walls over an agent that leaves
    ours = PUSHT.photograph(states, size)
    theirs = np.stack([np.asarray(with_pillow(one).resize((size, size), image.Resampling.BOX)) for one in states])
    assert ours.shape == theirs.shape and ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - theirs).mean() < 1.0  # of 255; the shapes cover a tenth of the picture in strong colours


def test_visual_edit_changes_the_block_and_nothing_else():
    one = state(agent=(100, 400), block=(300, 150), angle=0.3)
    plain, edited = (np.asarray(pusht.draw(one, 64, changed)) for changed in (False, True))
    differs = np.abs(plain - edited).max(-1) > 0
    rows, columns = np.nonzero(differs)
    far = [clearance(((c + 0.5) * 8, (r + 0.5) * 8), tuple(one[2:5])) for r, c in zip(rows, columns, strict=True)]
    assert max(far) < 8 and differs.sum() > 0.8 * (120 * 30 + 30 * 90) / 64


def test_any_leading_axes():
    states = np.stack([states[:-1] for states, _ in PUSHT.collect("random", 4, 6, 0)])
    changed = np.arange(24).reshape(4, 6) % 2 == 0
    together = np.asarray(jax.jit(pusht.draw, static_argnums=1)(states, 16, changed))
    assert together.shape == (4, 6, 16, 16, 3)
    alone = np.stack([[pusht.draw(s, 16, bool(c)) for s, c in zip(*row, strict=True)] for row in zip(states, changed, strict=True)])
    assert np.abs(together - alone).max() <= 1 / 255 + 1e-6  # a value that lies between two bytes may round to either
    assert np.mean(together != alone) < 1e-3


def test_photograph_is_the_drawing():
    states = np.stack([states[0] for states, _ in PUSHT.collect("random", 5, 2, 0)])
    drawn = jax.jit(pusht.draw, static_argnums=(1, 2))(states, 32, False)
    assert np.array_equal(PUSHT.photograph(states, 32), np.rint(255 * np.asarray(drawn)))


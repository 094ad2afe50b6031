"""Clips: each lies in one episode, none is forgotten, what is held out stays so, and a batch depends on seed and step alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.lewm.base import get_config
from projects.lewm.clips import ActionScale, Clips, permutation, shapes, split, split_episodes, starts
from projects.lewm.episodes import Episodes, from_list
from shared.errors import BadInput

SPAN = 20
lengths = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def config(**fields):
    made = get_config("smoke").unlock()
    made.update_from_flattened_dict({name.replace("__", "."): value for name, value in fields.items()})
    return made


def counted(lengths) -> Episodes:
    """Episodes whose states say (episode, step) and whose actions are (1000 episode + step, a constant)."""
    played = []
    for number, length in enumerate(lengths):
        states = np.stack([np.full(length, number), np.arange(length)], axis=1).astype(np.float32)
        actions = np.stack([1000 * number + np.arange(length - 1), np.full(length - 1, 0.25)], axis=1)
        played.append((states, actions))
    return from_list(played)


def clips(episodes, chosen, seed=0, **fields):
    plain = ActionScale(np.zeros(2, np.float32), np.ones(2, np.float32))
    return Clips(config(**fields), episodes, plain, chosen, seed)


# -- where they begin -------------------------------------------------------------------------------------------------------------------
@given(lengths)
def test_clips_begin_wherever_they_fit(lengths):
    episodes = counted(lengths)
    rows = starts(episodes.lengths, episodes.offsets, SPAN)
    fitting = [offset + step for offset, length in zip(episodes.offsets, lengths, strict=True) for step in range(length - SPAN + 1)]
    assert rows.tolist() == fitting


@given(st.lists(st.integers(20, 60), min_size=2, max_size=8), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_a_clip_lies_in_one_episode_and_is_what_was_played(lengths, seed):
    episodes = counted(lengths)
    batch = clips(episodes, starts(episodes.lengths, episodes.offsets, SPAN), seed, train__batch_size=2)(0)
    states, blocks = batch["states"], batch["actions"].reshape(2, 20, 2)
    assert states.shape == (2, 4, 2) and batch["actions"].shape == (2, 4, 10) and batch["actions"].dtype == np.float32
    for clip, block in zip(states, blocks, strict=True):
        episode, first = clip[0]
        assert (clip[:, 0] == episode).all()
        assert (clip[:, 1] == first + 5 * np.arange(4)).all()
        known = min(20, lengths[int(episode)] - 1 - int(first))  # the last row of an episode leads nowhere: 0
        assert (block[:known, 0] == 1000 * episode + first + np.arange(known)).all()
        assert (block[known:] == 0).all() and known >= 19


def test_the_shape_of_a_clip_follows_the_config():
    episodes = counted([30])
    batch = clips(episodes, np.array([3]), clips__history=2, clips__frameskip=4).first(1)
    assert batch["states"][0, :, 1].tolist() == [3, 7, 11] and batch["actions"].shape == (1, 3, 8)


def test_pixels_come_before_states():
    states = counted([30, 30])
    pixels = np.arange(60, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    batch = clips(Episodes(states.actions, states.states, pixels, states.lengths, states.offsets), np.arange(60)).at(np.array([0, 31]))
    assert set(batch) == {"actions", "pixels"} and batch["pixels"].dtype == np.uint8
    assert batch["pixels"][..., 0, 0, 0].tolist() == [[0, 5, 10, 15], [31, 36, 41, 46]]


# -- in which order ---------------------------------------------------------------------------------------------------------------------
@given(st.integers(0, 2**31 - 1), st.integers(0, 50), st.integers(1, 500))
def test_an_order_is_a_permutation(seed, epoch, count):
    assert sorted(permutation(seed, epoch, count)) == list(range(count))


def begun(batch):
    """Which clips a batch has."""
    return [tuple(clip[0]) for clip in batch["states"]]


@given(st.integers(0, 1000), st.lists(st.integers(0, 40), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_batch_depends_on_seed_and_step_alone(seed, steps):
    episodes = counted([30, 25])
    rows = starts(episodes.lengths, episodes.offsets, SPAN)
    used = clips(episodes, rows, seed, train__batch_size=3)
    for step in steps:
        fresh = clips(episodes, rows, seed, train__batch_size=3)(step)
        for name, values in used(step).items():
            np.testing.assert_array_equal(values, fresh[name])


def test_an_epoch_takes_every_clip_once_and_drops_what_fills_no_batch():
    episodes = counted([30, 25])  # 11 and 6 clips
    batches = clips(episodes, starts(episodes.lengths, episodes.offsets, SPAN), train__batch_size=5)
    epochs = [[clip for step in range(3 * epoch, 3 * epoch + 3) for clip in begun(batches(step))] for epoch in range(20)]
    for epoch in epochs:
        assert len(epoch) == len(set(epoch)) == 15
    assert len({tuple(epoch) for epoch in epochs}) == 20
    assert len(set(sum(epochs, []))) == 17  # who is left out once is not left out for ever


def test_seeds_differ():
    episodes = counted([60, 60])
    rows = starts(episodes.lengths, episodes.offsets, SPAN)
    assert begun(clips(episodes, rows, 0)(0)) != begun(clips(episodes, rows, 1)(0))


def test_the_first_clips_are_the_beginning_of_the_first_epoch_or_all_there_are():
    episodes = counted([30, 25])
    some = clips(episodes, starts(episodes.lengths, episodes.offsets, SPAN), train__batch_size=5)
    assert begun(some.first(5)) == begun(some(0))
    assert len(begun(some.first(1000))) == 17


def test_too_few_clips_for_a_batch_names_the_remedy():
    with pytest.raises(BadInput, match="train.batch_size=8: there are only 2 clips"):
        clips(counted([21]), np.array([0, 1]))(0)


# -- what is held out -------------------------------------------------------------------------------------------------------------------
@given(st.lists(st.integers(20, 60), min_size=2, max_size=12), st.floats(0.05, 0.5), st.sampled_from(["episodes", "clips"]))
@settings(max_examples=60, deadline=None)
def test_what_is_held_out_is_not_trained_on(lengths, share, kind):
    episodes = counted(lengths)
    training, validation = split(config(clips__split=kind, clips__validation=share), episodes)
    assert sorted([*training, *validation]) == starts(episodes.lengths, episodes.offsets, SPAN).tolist()
    if kind == "episodes":
        assert not set(episodes.episode[training]) & set(episodes.episode[validation])


def test_a_tenth_is_held_out_and_always_the_same():
    episodes = counted([30] * 50)
    for kind, count in (("episodes", 5 * 11), ("clips", 55)):
        training, validation = split(config(clips__split=kind), episodes)
        assert len(validation) == count
        np.testing.assert_array_equal(split(config(clips__split=kind, seed=7), episodes)[1], validation)
    held = split_episodes(config(), episodes)[1]
    assert set(held) == set(episodes.episode[split(config(), episodes)[1]])
    assert not np.array_equal(held, np.arange(5)) and not np.array_equal(held, np.arange(45, 50))


def test_episodes_shorter_than_a_clip_are_left_out():
    episodes = counted([5, 30, 19, 25, 1])
    training, validation = split_episodes(config(), episodes)
    assert sorted([*training, *validation]) == [1, 3]
    assert len(split(config(), episodes)[0]) in (6, 11)


@pytest.mark.parametrize(
    ("lengths", "fields", "words"),
    [
        ([5, 19], {}, "a clip takes 20 rows and the longest episode has 19"),
        ([40], {}, "leaves 0 clips to train on and 21"),
        ([40, 40], {"clips__validation": 0.0}, "leaves 42 clips to train on and 0"),
        ([40, 40], {"clips__validation": 1.0}, "leaves 0 clips to train on and 42"),
    ],
)
def test_nothing_to_learn_from_or_to_be_judged_by(lengths, fields, words):
    with pytest.raises(BadInput, match=words):
        split(config(**fields), counted(lengths))


# -- the scale of actions ---------------------------------------------------------------------------------------------------------------
def test_the_scale_is_that_of_all_known_actions():
    episodes = counted([4, 3])  # actions 0, 1, 2 and 1000, 1001
    scale = ActionScale.of(episodes)
    known = np.array([0, 1, 2, 1000, 1001])
    assert scale.mean[0] == pytest.approx(known.mean())
    assert scale.std[0] == pytest.approx(np.sqrt(((known - known.mean()) ** 2).sum() / 4))
    normal = scale.normalise(episodes.actions)
    assert np.isfinite(normal).all() and normal.dtype == np.float32
    assert (normal[[3, 6]] == 0).all()  # what is not known is the mean
    assert (normal[:, 1] == 0).all()  # what never changes tells nothing


@given(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=30, unique=True))
def test_denormalising_undoes_it(values):
    actions = np.array(values, np.float32)[:, None]
    scale = ActionScale.of(Episodes(actions, None, None, np.array([len(values)]), np.array([0])))
    np.testing.assert_allclose(scale.denormalise(scale.normalise(actions)), actions, atol=1e-4)


def test_the_shapes_of_a_batch_are_known_without_episodes():
    episodes = counted([40, 30])
    batch = clips(episodes, starts(episodes.lengths, episodes.offsets, SPAN), train__batch_size=3)(0)
    expected = {name: (values.shape, values.dtype) for name, values in batch.items()}
    asked = config(env__actions=2)
    assert {name: (leaf.shape, leaf.dtype) for name, leaf in shapes(asked, (3,), 2).items()} == expected
    assert shapes(config(env__actions=2, collect__pixels=16), (3,), 2)["pixels"].shape == (3, 4, 16, 16, 3)
